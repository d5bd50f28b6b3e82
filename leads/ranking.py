"""The ranking: in what order leads are shown by their score. What is kept serves the order alone: the score that is
shown is worked out each time.

Whoever changes a score gives the lead a new revision (leads/pipeline.py) and writes nothing here. Places are given in
the order of the revisions, so that whoever stands above the last of them waits for his: a page finds a place for the
first of those by itself, and the clock for all of them (bot/ranking.py).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import BigInteger, Index, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col

from leads import deeds, pipeline, release, scoring
from leads.deeds import Deeds
from leads.pipeline import Lead
from leads.scoring import Score
from optin import people
from optin.people import Person
from optin.schema import among

UNSCORED = -1  # who wants no score comes last
AT_SIGHT = 100  # whom a page finds a place for by itself


class Rank(SQLModel, table=True):
    """The points that a lead had at this revision of his. Worked out anew, so nothing is lost with it."""

    __tablename__ = "lead_rank"
    __table_args__ = (Index("ix_lead_rank_points_revision", "points", "revision"),)

    fan_id: UUID = Field(primary_key=True, foreign_key="fan.id")
    points: int
    revision: int = Field(sa_type=BigInteger, index=True)


class Place(NamedTuple):
    """The higher comes first: of equal points whichever changed last."""

    points: int
    revision: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """A piece of the order. `whole` unless leads wait for their places who stand in none, or in an old one."""

    places: Mapping[UUID, Place]  # by fan, the highest first
    whole: bool


def best(session: Session, after: Place | None, most: int) -> Ranking:
    """Who comes after this place. Changes nothing, however many have changed since the clock was here."""
    waiting = unplaced(session, AT_SIGHT + 1)
    fresh = places(session, dict(list(waiting.items())[:AT_SIGHT]))
    kept = sa.select(col(Rank.fan_id), col(Rank.points), col(Rank.revision)).where(~among(Rank.fan_id, list(fresh)))
    if after is not None:
        kept = kept.where(sa.tuple_(col(Rank.points), col(Rank.revision)) < after)
    rows = session.execute(kept.order_by(col(Rank.points).desc(), col(Rank.revision).desc()).limit(most))
    found = {fan_id: place for fan_id, place in fresh.items() if after is None or place < after}
    found |= {fan_id: Place(*place) for fan_id, *place in rows}
    first = sorted(found, key=found.__getitem__, reverse=True)[:most]
    return Ranking({fan_id: found[fan_id] for fan_id in first}, len(waiting) <= AT_SIGHT)


_LAST = sa.select(func.coalesce(func.max(col(Rank.revision)), 0)).scalar_subquery()


def unplaced(session: Session, most: int) -> dict[UUID, int]:
    """The fans whose leads changed since the last of whom a place is kept, each with the revision, in their order."""
    return _changed(session, _LAST, most)


def placed(session: Session, after: int, most: int) -> dict[UUID, int]:
    """The same of those who have a place, from this revision on."""
    return _changed(session, after, most, col(Lead.revision) <= _LAST)


def _changed(session: Session, after: Any, most: int, *which: sa.ColumnElement[bool]) -> dict[UUID, int]:
    leads = sa.select(col(Lead.fan_id), col(Lead.revision)).where(col(Lead.revision) > after, *which)
    return dict(map(tuple, session.execute(leads.order_by(col(Lead.revision)).limit(most))))


def places(session: Session, revisions: Mapping[UUID, int]) -> dict[UUID, Place]:
    """Where these fans' leads belong, whose revisions were read before. Who is gone by now belongs nowhere."""
    everybody = people.load(session, revisions)
    did = deeds.of(session, everybody)
    known = {fan_id: everybody[fan_id] for fan_id in revisions if fan_id in everybody}
    scores = {fan_id: score(person, did[person.id]) for fan_id, person in known.items()}
    return {fan_id: Place(UNSCORED if his is None else his.points, revisions[fan_id]) for fan_id, his in scores.items()}


def score(person: Person, did: Deeds) -> Score | None:
    """None for who wants none, by any of his fans."""
    spoken_of = {line.channel for line in person.lines}
    if all(release.may_be_scored(partial(person.standing, one), spoken_of) for one in person.fan_ids):
        return scoring.of(did.counts)
    return None


def unlike_kept(session: Session, found: Mapping[UUID, Place]) -> dict[UUID, Place]:
    """Those of these places that are not kept so already."""
    theirs = sa.select(col(Rank.fan_id), col(Rank.points), col(Rank.revision)).where(among(Rank.fan_id, list(found)))
    kept = {fan_id: Place(*place) for fan_id, *place in session.execute(theirs)}
    return {fan_id: place for fan_id, place in found.items() if kept.get(fan_id) != place}


def keep(session: Session, found: Mapping[UUID, Place]) -> None:
    """Keep these places, but of whoever changed or was erased since they were worked out."""
    pipeline.stand_in_line(session)
    rows = [
        {"fan_id": fan_id, "points": found[fan_id].points, "revision": revision}
        for fan_id, revision in _revisions(session, found)
        if revision == found[fan_id].revision
    ]
    if rows:
        session.connection().execute(_replacing(session), rows)


def _revisions(session: Session, fan_ids: Collection[UUID]) -> Any:
    return session.execute(sa.select(col(Lead.fan_id), col(Lead.revision)).where(among(Lead.fan_id, list(fan_ids))))


def _replacing(session: Session) -> Any:
    insert = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(Rank)
    new = {"points": insert.excluded.points, "revision": insert.excluded.revision}
    return insert.on_conflict_do_update(index_elements=["fan_id"], set_=new)
