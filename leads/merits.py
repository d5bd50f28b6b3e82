"""Merits: what fans did for the brand, a row each.

No words are kept here, and no name of a friend. What of it counts is asked when it is read (leads/scores.py).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import UniqueConstraint, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from leads import ambassadors
from leads.ambassadors import Kind
from offers.arrivals import Ends
from optin import people
from optin.fans import Profile
from optin.history import Touchpoint
from optin.schema import belongs_to, counted

READ_BY_OTHERS = ("comment", "post", "mention")  # what may help them


class Merit(SQLModel, table=True):
    """`evidence` is the platform's id of the words, or the arrival; `other_id` the fan for whom it was, while we know
    him."""

    __table_args__ = (UniqueConstraint("fan_id", "kind", "evidence"),)

    id: int = counted()
    fan_id: UUID = belongs_to("fan", index=False)
    kind: str = Field(max_length=10)
    at: datetime
    span: str = Field(max_length=10)
    evidence: str
    other_id: UUID | None = Field(default=None, foreign_key="fan.id", ondelete="SET NULL", nullable=True, index=True)


@dataclass(frozen=True, slots=True)
class Thanks:
    """A fan thanked or praised right below a comment, by the platform's id of it. `of_brand` is what counts where that
    was no fan's: then it was said to the brand."""

    platform: str
    account: str
    comment: str
    by: UUID
    at: datetime
    of_brand: tuple[dict[str, Any], ...] = ()


def merit(fan_id: UUID, kind: Kind, at: datetime, evidence: str, other_id: UUID | None = None) -> dict[str, Any]:
    span = ambassadors.span(kind, at)
    return {
        "fan_id": fan_id, "kind": kind.value, "at": at, "span": span, "evidence": evidence, "other_id": other_id,
    }  # fmt: skip


def write(session: Session, merits: Sequence[dict[str, Any]]) -> None:
    """Each once, however often it is told."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    if merits:
        session.connection().execute(dialect.insert(Merit).on_conflict_do_nothing(), list(merits))


def thanked(session: Session, thanks: Collection[Thanks]) -> None:
    """Who wrote what was thanked for has helped, if we know him and he is another."""
    if not thanks:
        return
    columns = (Touchpoint.subject, Touchpoint.fan_id, Profile.platform, Profile.account)
    wrote = sa.select(*map(col, columns)).join(Profile, col(Profile.id) == col(Touchpoint.profile_id))
    comments = {one.comment for one in thanks}
    theirs = wrote.where(col(Touchpoint.subject).in_(comments), col(Touchpoint.said_by) == "fan")
    rows = session.execute(theirs.where(col(Touchpoint.kind).in_(READ_BY_OTHERS)))
    helpers = {(platform, account, subject): fan_id for subject, fan_id, platform, account in rows}
    named = ((helpers.get((one.platform, one.account, one.comment)), one) for one in thanks)
    write(session, [row for he, one in named for row in _merited(he, one)])


def _merited(he: UUID | None, thanks: Thanks) -> Sequence[dict[str, Any]]:
    if he is None:
        return thanks.of_brand
    return [merit(he, Kind.HELPED, thanks.at, thanks.comment, thanks.by)] if he != thanks.by else ()


def brought(session: Session, came: Ends | None, now: datetime) -> None:
    """Somebody who came so took a code: whoever's link made us know him has brought a friend."""
    if came is None or came.shared_by is None:
        return
    sharer = people.one(session, came.shared_by)
    if came.fan_id not in sharer.fan_ids and not sharer.objects_to_profiling:
        write(session, [merit(came.shared_by, Kind.FRIEND, now, f"arrival:{came.first}", came.fan_id)])


def may_help(words: Touchpoint) -> bool:
    """Whether these are a fan's own words that others can read."""
    return words.said_by == "fan" and words.kind in READ_BY_OTHERS and bool(words.subject)


def mark(session: Session, words: Touchpoint) -> None:
    """A manager saw that this helped somebody."""
    write(session, [merit(words.fan_id, Kind.HELPED, words.at, words.subject)])


def unmark(session: Session, words: Touchpoint) -> None:
    take_back(session, {(words.fan_id, words.subject)}, (Kind.HELPED,))


def take_back(session: Session, words: Iterable[tuple[UUID, str]], kinds: Sequence[Kind] = tuple(Kind)) -> None:
    """What was said in these words, by their fan and the platform's id, counts no more."""
    for fan_id, subject in words:
        his = delete(Merit).where(col(Merit.fan_id) == fan_id, col(Merit.evidence) == subject)
        session.execute(his.where(col(Merit.kind).in_([kind.value for kind in kinds])))


def helpful(session: Session, fan_ids: Collection[UUID]) -> set[tuple[UUID, str]]:
    """Which words of these fans helped, by their fan and the platform's id."""
    theirs = select(Merit.fan_id, Merit.evidence).where(col(Merit.fan_id).in_(fan_ids))
    return set(session.exec(theirs.where(Merit.kind == Kind.HELPED.value)))
