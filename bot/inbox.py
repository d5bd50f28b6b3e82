"""The inbox: what the platforms told us, kept before anyone thinks about it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import (
    CheckConstraint,
    Connection,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from connectors import Interaction, Kind
from optin.fans import Profile
from optin.schema import among, counted, document

Waiting = "waiting"
Heard = "heard"
Aside = "aside"


class Outcome(StrEnum):
    """What became of an interaction. Beside it stands a reason."""

    ANSWERED = "answered"  # an answer was decided
    DRAFTED = "drafted"  # a person decides on the answer
    SILENT = "silent"  # heard, and nothing to say
    STOPPED = "stopped"  # the fan wants no more
    WISHED = "wished"  # the fan said how he wants to be written to
    CLAIMED = "claimed"  # the fan took a step with an offer
    NOTED = "noted"  # no fan's word: an echo, a receipt, another machine
    UNKNOWN = "unknown"  # kept with its raw JSON, since we have no name for it
    ASIDE = "aside"  # it broke us; a person looks


class Inbox(SQLModel, table=True):
    """One interaction. Unique by the platform's own id, so a redelivery is nothing new."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("platform", "account", "key"),
        CheckConstraint("state IN ('waiting', 'heard', 'aside')", name="state"),
        Index(
            "ix_inbox_waiting",
            "lane",
            "id",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )

    id: int = counted()
    platform: str = Field(max_length=40)
    account: str
    key: str
    kind: str = Field(max_length=40)
    author: str = Field(index=True)
    lane: int = Field(sa_type=SmallInteger)
    at: datetime
    received_at: datetime
    interaction: dict[str, Any] = document()  # in our words
    raw: dict[str, Any] = document()  # in the platform's
    state: str = Field(default=Waiting, max_length=10)
    attempts: int = Field(default=0, sa_type=SmallInteger)
    outcome: str = Field(default="", max_length=20)
    reason: str = Field(default="")
    heard_at: datetime | None = None
    emptied_at: datetime | None = None  # since then neither words nor raw JSON are kept


@dataclass(frozen=True, slots=True)
class Entry:
    """An interaction that waits, with its place in the inbox."""

    id: int
    lane: int
    interaction: Interaction


# Made once: to build a statement takes longer than the database needs to answer it.
_TABLE = Inbox.__table__  # type: ignore[attr-defined]
_KEEP = {
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(),
}
_IN_WORDS = tuple(
    name for name in Interaction.__dataclass_fields__ if name not in ("platform", "account", "id", "kind", "at", "raw")
)
_COLUMNS = tuple(
    col(one)
    for one in (Inbox.id, Inbox.lane, Inbox.platform, Inbox.account, Inbox.key, Inbox.kind, Inbox.at, Inbox.interaction)
)
_WAITING = (
    sa.select(*_COLUMNS)
    .where(among(col(Inbox.lane), "lanes"), col(Inbox.state) == Waiting)
    .order_by(col(Inbox.id))
    .limit(bindparam("most", type_=Integer))
)
_THESE = among(col(Inbox.id), "rows")
_ASKED = sa.select(col(Inbox.id), col(Inbox.kind), col(Inbox.at)).where(_THESE)
_ANY_WAITING = sa.select(col(Inbox.id)).where(col(Inbox.state) == Waiting).limit(1)
_MARK_HEARD = (
    update(_TABLE)
    .where(among(_TABLE.c.id, "rows"))
    .values(state=Heard, outcome=bindparam("outcome"), reason=bindparam("reason"), heard_at=bindparam("heard_at"))
)


_HIS = and_(
    col(Profile.platform) == col(Inbox.platform),
    col(Profile.account) == col(Inbox.account),
    col(Profile.handle) == col(Inbox.author),
)
_THEIRS = sa.select(col(Profile.fan_id)).join(Inbox, _HIS).where(among(col(Profile.fan_id), "fan_ids"))
# The state is spelled out: PostgreSQL looks into the small index of what waits for no other.
_UNHEARD = _THEIRS.where(col(Inbox.state) == sa.literal_column(f"'{Waiting}'"))
_BROKEN = _THEIRS.where(col(Inbox.state) == sa.literal_column(f"'{Aside}'"))


def keep(
    connection: Connection, interactions: Iterable[Interaction], lane_of: Callable[[Interaction], int], now: datetime
) -> None:
    """Keep what is new, in one statement. What we have already is left as it is."""
    rows = [_row(one, lane_of(one), now) for one in interactions]
    if rows:
        connection.execute(_KEEP[connection.dialect.name], rows)


def waiting(session: Session, lanes: Collection[int], most: int) -> list[Entry]:
    """What waits on these lanes, in its order."""
    return [_entry(*row) for row in session.connection().execute(_WAITING, {"lanes": list(lanes), "most": most})]


def unheard_of(session: Session, fan_ids: Collection[UUID]) -> list[Entry]:
    """What these fans did that nobody has heard yet, in its order."""
    theirs = sa.select(*_COLUMNS).join(Profile, _HIS).where(col(Profile.fan_id).in_(fan_ids))
    return [_entry(*row) for row in session.execute(theirs.where(col(Inbox.state) == Waiting).order_by(col(Inbox.id)))]


def asked(session: Session, rows: Collection[int]) -> dict[int, tuple[Kind, datetime]]:
    """What the fan did, and when, for each of these entries."""
    found = session.connection().execute(_ASKED, {"rows": list(rows)})
    return {row: (Kind(kind), at) for row, kind, at in found}


def unheard(session: Session, fan_ids: Collection[UUID]) -> set[UUID]:
    """Which of these fans did something that nobody has heard yet."""
    return set(session.connection().execute(_UNHEARD, {"fan_ids": list(fan_ids)}).scalars()) if fan_ids else set()


def broken(session: Session, fan_ids: Collection[UUID]) -> set[UUID]:
    """Which of these fans did something that broke us, and that nobody has looked at yet."""
    return set(session.connection().execute(_BROKEN, {"fan_ids": list(fan_ids)}).scalars()) if fan_ids else set()


def by_keys(session: Session, platform: str, account: str, keys: Collection[str]) -> dict[str, Inbox]:
    """What has these ids of the platform's."""
    here = select(Inbox).where(Inbox.platform == platform, Inbox.account == account, col(Inbox.key).in_(keys))
    return {row.key: row for row in session.exec(here)} if keys else {}


def anything_waiting(session: Session) -> bool:
    return session.connection().execute(_ANY_WAITING).first() is not None


def oldest_waiting(session: Session) -> datetime | None:
    return session.exec(select(func.min(Inbox.received_at)).where(Inbox.state == Waiting)).one()


def mark_heard(session: Session, heard: Sequence[tuple[int, str, str]], now: datetime) -> None:
    """Note (id, outcome, reason) of each: a statement for each outcome and reason, of which a batch has few."""
    alike: dict[tuple[str, str], list[int]] = {}
    for row, outcome, reason in heard:
        alike.setdefault((outcome, reason), []).append(row)
    for (outcome, reason), rows in alike.items():
        values = {"outcome": outcome, "reason": reason, "heard_at": now}
        session.connection().execute(_MARK_HEARD, {"rows": rows, **values})


def count_attempt(session: Session, row: int) -> int:
    """One more try of an entry that broke us before; says how many that makes."""
    tried = update(Inbox).where(col(Inbox.id) == row).values(attempts=Inbox.attempts + 1)
    return int(session.execute(tried.returning(col(Inbox.attempts))).scalar_one())


def set_aside(session: Session, row: int, why: str, now: datetime) -> None:
    """Let nobody try this entry again until a person has looked."""
    aside = {"state": Aside, "outcome": Outcome.ASIDE.value, "reason": why, "heard_at": now}
    session.execute(update(Inbox).where(col(Inbox.id) == row).values(**aside))


def try_again(session: Session, row: int) -> bool:
    """A person asks for one more try of what was set aside."""
    again = {"state": Waiting, "outcome": "", "reason": "", "attempts": 0, "heard_at": None}
    done: Any = session.execute(update(Inbox).where(col(Inbox.id) == row, col(Inbox.state) == Aside).values(**again))
    return bool(done.rowcount)


def naming(
    session: Session, platform: str, account: str, handle: str, after: int, until: int
) -> list[tuple[int, dict[str, Any]]]:
    """What others did, from one id to another, in whose raw JSON this handle may stand."""
    there = sa.cast(col(Inbox.raw), sa.Text).contains(handle, autoescape=True)
    here = (Inbox.platform == platform, Inbox.account == account, Inbox.author != handle)
    found = select(Inbox.id, Inbox.raw).where(col(Inbox.id) > after, col(Inbox.id) <= until, *here, there)
    return [(row, raw) for row, raw in session.execute(found)]


def retell(session: Session, row: int, raw: dict[str, Any]) -> None:
    session.execute(update(Inbox).where(col(Inbox.id) == row).values(raw=raw))


def let_go(session: Session, rows: Collection[int]) -> None:
    """Keep nothing of these: they are of somebody who is forgotten."""
    if rows:
        session.execute(delete(Inbox).where(col(Inbox.id).in_(rows)))


def aside_about(session: Session, authors: Collection[str], subjects: Collection[str]) -> set[int]:
    """What these wrote under these ids of the platform and nobody could hear."""
    if not authors:
        return set()
    theirs = select(Inbox.id, Inbox.interaction).where(col(Inbox.author).in_(authors), Inbox.state == Aside)
    return {row for row, words in session.execute(theirs) if words.get("subject") in subjects}


def empty(session: Session, rows: Collection[int], now: datetime) -> None:
    """That something was done stays; in which words goes. What a person had to look at, he need not any more."""
    these = update(Inbox).where(col(Inbox.id).in_(rows))
    if rows:
        session.execute(these.values(interaction={}, raw={}, emptied_at=now))
        aside = {"state": Heard, "outcome": Outcome.SILENT.value, "reason": "removed", "heard_at": now}
        session.execute(these.where(col(Inbox.state) == Aside).values(**aside))


def _row(one: Interaction, lane: int, now: datetime) -> dict[str, Any]:
    words = {name: value for name in _IN_WORDS if (value := getattr(one, name))}
    return {
        "platform": one.platform,
        "account": one.account,
        "key": one.id,
        "kind": one.kind.value,
        "author": one.author,
        "lane": lane,
        "at": one.at,
        "received_at": now,
        "interaction": words,
        "raw": dict(one.raw),
        "state": Waiting,
        "attempts": 0,
        "outcome": "",
        "reason": "",
    }


def _entry(
    row: int, lane: int, platform: str, account: str, key: str, kind: str, at: datetime, words: dict[str, Any]
) -> Entry:
    return Entry(row, lane, Interaction(platform, account, key, Kind(kind), at, **words))


def counts(session: Session) -> dict[tuple[str, str], int]:
    """How many entries stand in each state."""
    grouped = session.execute(select(Inbox.state, func.count()).group_by(col(Inbox.state)))
    return {("inbox", state): count for state, count in grouped}


def outcomes(session: Session, platform: str, prefix: str) -> list[tuple[str, str, str, int]]:
    """State, outcome and reason of the entries whose keys begin so, and how many of each; "" stands for all."""
    kinds = (col(Inbox.state), col(Inbox.outcome), col(Inbox.reason))
    asked = select(*kinds, func.count()).group_by(*kinds)
    if platform:
        asked = asked.where(Inbox.platform == platform)
    if prefix:  # not LIKE: on SQLite it takes "a" for "A", and on both "_" for anything
        asked = asked.where(func.substr(col(Inbox.key), 1, len(prefix)) == prefix)
    return [(state, outcome, reason, count) for state, outcome, reason, count in session.execute(asked)]
