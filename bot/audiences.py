"""Audiences: whose hash shall be in which custom audience at a platform, and what the platform was told of it so far.

A row is a promise that outlives its fan: it stays until the platform has said that the hash is out again.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Index, and_, delete, false, func, or_, text, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from optin.schema import among, belongs_to

# Troubles that end by themselves, unless they last for longer than PATIENCE.
PASSING = ("rate_limited", "temporary", "no_connection", "no_answer", "garbled_answer")
PATIENCE = timedelta(hours=1)

_PENDING = text("NOT wanted OR state <> 'in'")


class State(StrEnum):
    """Whether the platform has the hash."""

    OUT = "out"
    MAYBE = "maybe"  # it was told, and may or may not have heard
    IN = "in"


class AudienceList(SQLModel, table=True):
    """One audience that a manager has connected once. `offer_id`: only those for whom this offer is."""

    __tablename__ = "audience"

    id: str = Field(primary_key=True, max_length=40)  # the platform's
    connected: bool = True
    offer_id: UUID | None = belongs_to("offer", nullable=True, index=False)
    synced_at: datetime | None = None  # when the platform last had all that it was to have
    rests_until: datetime | None = None  # it asked for a pause, or does not answer
    failing_since: datetime | None = None
    failures: int = 0  # in a row
    trouble: str = Field(default="", max_length=40)  # the last failure
    invalid: int = 0  # rows of the last exchange that the platform could not read


class Member(SQLModel, table=True):
    """A hash that is in an audience, or is to be. Without a fan it is only there to be taken out."""

    __tablename__ = "audience_member"
    __table_args__ = (
        CheckConstraint("state IN ('out', 'maybe', 'in')", name="state"),
        CheckConstraint("fan_id IS NOT NULL OR NOT wanted", name="whose"),
        CheckConstraint("wanted OR state <> 'out'", name="needed"),
        Index("ix_audience_member_pending", "audience_id", postgresql_where=_PENDING, sqlite_where=_PENDING),
    )

    audience_id: str = Field(primary_key=True, foreign_key="audience.id", max_length=40)
    hash: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=10)  # of what it is a hash
    fan_id: UUID | None = belongs_to("fan", nullable=True)
    wanted: bool
    state: str = Field(max_length=10)


_TO_ADD = and_(col(Member.wanted).is_(True), col(Member.state) != State.IN.value)
_TO_REMOVE = col(Member.wanted).is_(False)


def all_of_them(session: Session) -> Sequence[AudienceList]:
    return session.exec(select(AudienceList).order_by(AudienceList.id)).all()


def troubled(session: Session, reached: Collection[str], now: datetime) -> Sequence[AudienceList]:
    """Those that a person has to look after. `reached` are those whose settings are there: of the others nobody can be
    taken out any more."""
    lasts = or_(col(AudienceList.trouble).not_in(PASSING), col(AudienceList.failing_since) <= now - PATIENCE)
    fails = and_(col(AudienceList.id).in_(reached), col(AudienceList.trouble) != "", lasts)
    holds_somebody = sa.exists().where(col(Member.audience_id) == col(AudienceList.id))
    lost = and_(col(AudienceList.id).not_in(reached), holds_somebody)
    return session.exec(select(AudienceList).where(or_(fails, lost)).order_by(AudienceList.id)).all()


def is_any_connected(session: Session) -> bool:
    return session.exec(select(AudienceList.id).where(col(AudienceList.connected)).limit(1)).first() is not None


def connect(session: Session, audience_id: str, offer_id: UUID | None) -> AudienceList:
    """Let people in: everybody who allows it, or of them those for whom an offer is."""
    known = session.get(AudienceList, audience_id) or AudienceList(id=audience_id)
    known.connected, known.offer_id, known.rests_until = True, offer_id, None
    session.add(known)
    session.flush()
    return known


def disconnect(session: Session, audience: AudienceList) -> None:
    """Everybody in it is to be taken out."""
    audience.connected, audience.rests_until = False, None
    session.add(audience)
    session.flush()
    _let_out(session, col(Member.audience_id) == audience.id)


def let_go(session: Session, fan_ids: Collection[UUID]) -> None:
    """These fans are erased: of who may be in an audience the hash alone stays, until the platform has removed it."""
    _let_out(session, among(Member.fan_id, fan_ids), fan_id=None)


def held(session: Session, audience_id: str, fan_ids: Collection[UUID], hashes: Collection[str]) -> list[Member]:
    """What these fans have in it, and what anybody has under these hashes."""
    its = select(Member).where(Member.audience_id == audience_id)
    queries = [its.where(among(Member.fan_id, fan_ids)), its.where(col(Member.hash).in_(hashes))]
    return list({one.hash: one for query in queries for one in session.exec(query)}.values())


def want(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """These are to be in. Who is in already, or on the way out, stays."""
    if not rows:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    new = dialect.insert(Member.__table__)  # type: ignore[attr-defined]
    anew = {"fan_id": new.excluded.fan_id, "wanted": true()}
    plain = [{**row, "wanted": True, "state": State.OUT.value} for row in rows]
    session.connection().execute(new.on_conflict_do_update(index_elements=["audience_id", "hash"], set_=anew), plain)


def unwant(session: Session, audience_id: str, hashes: Collection[str]) -> None:
    """These are to be out."""
    if hashes:
        _let_out(session, and_(col(Member.audience_id) == audience_id, col(Member.hash).in_(hashes)))


def _let_out(session: Session, which: sa.ColumnElement[bool], **told: Any) -> None:
    """What the platform was never told of needs no removal."""
    session.execute(delete(Member).where(which, col(Member.state) == State.OUT.value))
    session.execute(update(Member).where(which).values(wanted=False, **told))


def pending(session: Session, audience_id: str, *, add: bool) -> int:
    waits = _TO_ADD if add else _TO_REMOVE
    count = select(func.count()).select_from(Member).where(Member.audience_id == audience_id, waits)
    return session.exec(count).one()


def begin(session: Session, audience_id: str, most: int, *, add: bool) -> tuple[str, list[str]]:
    """The next hashes of one kind to be told. From now on the platform may have what is added: it has to be removed."""
    its = (col(Member.audience_id) == audience_id, _TO_ADD if add else _TO_REMOVE)
    kind = session.exec(select(Member.kind).where(*its).order_by(Member.kind).limit(1)).first()
    if kind is None:
        return "", []
    next_ones = select(Member.hash).where(*its, Member.kind == kind).order_by(Member.hash).limit(most)
    hashes = list(session.exec(next_ones))
    if add:
        theirs = and_(col(Member.audience_id) == audience_id, col(Member.hash).in_(hashes))
        session.execute(update(Member).where(theirs).values(state=State.MAYBE.value))
    return kind, hashes


def added(session: Session, audience_id: str, hashes: Collection[str]) -> None:
    theirs = and_(col(Member.audience_id) == audience_id, col(Member.hash).in_(hashes))
    session.execute(update(Member).where(theirs).values(state=State.IN.value))


def removed(session: Session, audience_id: str, hashes: Collection[str]) -> None:
    """The platform has let them go, and so do we; but who was let in meanwhile is to be told again."""
    theirs = and_(col(Member.audience_id) == audience_id, col(Member.hash).in_(hashes))
    session.execute(delete(Member).where(theirs, col(Member.wanted) == false()))
    session.execute(update(Member).where(theirs).values(state=State.OUT.value))


def counts(session: Session) -> dict[str, dict[str, int]]:
    """How many are in each audience, wait to be added, and wait to be removed."""
    rows = session.execute(
        sa.select(
            col(Member.audience_id),
            func.count().filter(col(Member.wanted).is_(True), col(Member.state) == State.IN.value),
            func.count().filter(_TO_ADD),
            func.count().filter(_TO_REMOVE),
        ).group_by(col(Member.audience_id))
    )
    return {audience_id: {"in": there, "add": add, "remove": remove} for audience_id, there, add, remove in rows}
