"""The outbox: what we decided to say, written before it is said, and what became of it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Index, Integer, SmallInteger, and_, bindparam, exists, func, text, update
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from bot import lanes
from bot.inbox import Inbox, Waiting
from connectors import Ask, Button, Way
from optin.fans import Profile
from optin.schema import among, belongs_to, document, known, write_all

LEASE = timedelta(seconds=45)  # longer than any call to a platform may take: past it, who was sending is dead


class State(StrEnum):
    DRAFT = "draft"  # a person decides
    WAITING = "waiting"  # with its place under the caps reserved, where it has to have one
    DEFERRED = "deferred"  # there was no room: it competes again when it is due
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"  # by the platform, by our own rules, or by a person; `reason` says which
    UNCERTAIN = "uncertain"  # it may have gone out; a person or an echo decides
    LAPSED = "lapsed"  # the window closed before it could go out


def _where(these: str, name: str, column: str) -> Index:
    """An index of these rows alone."""
    return Index(name, column, postgresql_where=text(these), sqlite_where=text(these))


class Outgoing(SQLModel, table=True):
    """One message. `once` says for what there may be only one: the schema refuses a second."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state.value) for state in State)})", name="state"),
        _where("state = 'waiting'", "ix_message_due", "due_at"),
        _where("state = 'deferred'", "ix_message_deferred", "due_at"),
        _where("weight > 0", "ix_message_counted", "fan_id"),
        _where("state = 'sending'", "ix_message_sending", "taken_at"),
        Index("ix_message_state", "state", "created_at"),
    )

    id: UUID = known()
    once: str = Field(unique=True)
    platform: str = Field(max_length=40)
    account: str
    way: str = Field(max_length=10)
    recipient: str
    handle: str  # whom it is for, by the platform's id of the person
    lane: int = Field(sa_type=SmallInteger)
    answers: str = ""  # the platform's id of what it answers
    fan_id: UUID = belongs_to("fan")
    profile_id: UUID = belongs_to("profile")
    inbox_id: int | None = belongs_to("inbox", nullable=True)  # what it answers; None where we began
    claim_id: UUID | None = belongs_to("claim", nullable=True)
    offer_id: UUID | None = belongs_to("offer", nullable=True, index=False)
    purpose: str = Field(max_length=20)  # "offer", "answer", "stop", "pointer", "confirm"
    solicits: str = Field(default="", max_length=40)  # for which purpose; "" for an answer, which is no solicitation
    weight: int = Field(default=0, sa_type=SmallInteger)  # under the caps, where 100 is a whole message
    segment: str = Field(default="", max_length=20)  # of the fan, when this was brought to him (offers/segments.py)
    priority: int = 0  # of those due at one time, the highest competes first
    language: str = Field(max_length=8)
    title: str = ""  # of a mail
    text: str
    buttons: list[dict[str, str]] = document()
    then_text: str = ""  # a public line that tells where to look, once this one is sent
    state: str = Field(max_length=10)
    reason: str = ""
    why: str = ""  # the permit's reason, as it stood when this was last decided
    said_by: str = "bot"
    due_at: datetime
    valid_until: datetime | None = None
    created_at: datetime
    attempts: int = Field(default=0, sa_type=SmallInteger)
    taken_at: datetime | None = None
    sent_at: datetime | None = None
    external_id: str = Field(default="", index=True)


def to_profile(message_id: UUID, profile: Profile, now: datetime, **told: Any) -> Outgoing:
    """A private message to this profile, that waits from now on unless `told` says otherwise."""
    known: dict[str, Any] = {
        "id": message_id, "platform": profile.platform, "account": profile.account, "way": Way.DIRECT.value,
        "recipient": profile.handle, "handle": profile.handle, "fan_id": profile.fan_id, "profile_id": profile.id,
        "lane": lanes.standing_of(profile.platform, profile.account, profile.handle),
        "language": "", "text": "", "buttons": [], "state": State.WAITING.value, "due_at": now, "created_at": now,
    }  # fmt: skip
    return Outgoing(**(known | told))


# Made once: to build a statement takes longer than the database needs to answer it.
_TABLE = Outgoing.__table__  # type: ignore[attr-defined]
_NOW: Any = bindparam("now", type_=_TABLE.c.due_at.type)
_IS_DUE = and_(col(Outgoing.state) == State.WAITING.value, col(Outgoing.due_at) <= _NOW)
_SAID = sa.select(col(Outgoing.once)).where(among(col(Outgoing.once), "once"))
_ANY_DUE = sa.select(col(Outgoing.id)).where(_IS_DUE).limit(1)


def _taking() -> Any:
    unheard = exists().where(
        col(Inbox.state) == Waiting,
        col(Inbox.lane) == col(Outgoing.lane),
        col(Inbox.author) == col(Outgoing.handle),
    )
    earlier = aliased(Outgoing)
    on_its_way = exists().where(
        col(earlier.state) == State.SENDING.value, col(earlier.profile_id) == col(Outgoing.profile_id)
    )
    elsewhere = ~among(col(Outgoing.platform), "full")
    due = sa.select(col(Outgoing.id)).where(_IS_DUE, elsewhere, ~unheard, ~on_its_way)
    first = due.order_by(col(Outgoing.due_at), col(Outgoing.id)).limit(bindparam("most", type_=Integer))
    chosen = first.with_for_update(skip_locked=True, of=Outgoing).cte("due")
    take = update(Outgoing).where(col(Outgoing.id) == chosen.c.id)
    taken = take.values(state=State.SENDING.value, taken_at=_NOW, attempts=Outgoing.attempts + 1).returning(Outgoing)
    return sa.select(Outgoing).from_statement(taken)


_TAKE = _taking()


def put(session: Session, messages: Sequence[dict[str, Any]]) -> None:
    write_all(session, Outgoing, messages)


def said(session: Session, once: Collection[str]) -> set[str]:
    """Which of these things, for each of which there may be one message only, have it."""
    return set(session.connection().execute(_SAID, {"once": list(once)}).scalars())


def take(session: Session, most: int, full: Collection[str], now: datetime) -> list[Outgoing]:
    """Take what is due and mark it as being sent, but for what goes to platforms that are full.

    A fan's unheard word, or what is on its way to him, goes first.
    """
    taken = session.scalars(_TAKE, {"most": most, "full": full, "now": now})
    return sorted(taken, key=lambda one: (one.due_at, one.id))


def put_back(taken: Iterable[Outgoing]) -> None:
    """As if these had not been taken: to be called in the transaction that took them."""
    for one in taken:
        one.state, one.attempts, one.taken_at = State.WAITING.value, one.attempts - 1, None


def anything_due(session: Session, now: datetime) -> bool:
    return session.connection().execute(_ANY_DUE, {"now": now}).first() is not None


def anything_deferred(session: Session, now: datetime) -> bool:
    due = select(Outgoing.id).where(Outgoing.state == State.DEFERRED.value, col(Outgoing.due_at) <= now).limit(1)
    return session.exec(due).first() is not None


def deferred(session: Session, most: int, now: datetime) -> Sequence[Outgoing]:
    """What was deferred until now, locked: the highest priority competes first."""
    due = select(Outgoing).where(Outgoing.state == State.DEFERRED.value, col(Outgoing.due_at) <= now)
    best_first = due.order_by(col(Outgoing.priority).desc(), col(Outgoing.created_at), col(Outgoing.id))
    return session.exec(best_first.limit(most).with_for_update(skip_locked=True, of=Outgoing)).all()


def written(buttons: Sequence[Button]) -> list[dict[str, str]]:
    """Buttons as the table keeps them."""
    return [{"label": one.label, "ask": one.ask.value, "payload": one.payload} for one in buttons]


def buttons_of(message: Outgoing) -> tuple[Button, ...]:
    return tuple(Button(one["label"], Ask(one["ask"]), one["payload"]) for one in message.buttons)


def drafts(session: Session, most: int = 100) -> Sequence[Outgoing]:
    waiting = select(Outgoing).where(Outgoing.state == State.DRAFT.value)
    return session.exec(waiting.order_by(col(Outgoing.created_at)).limit(most)).all()


def counts(session: Session) -> dict[tuple[str, str], int]:
    """How many messages stand in each state."""
    grouped = session.execute(select(Outgoing.state, func.count()).group_by(col(Outgoing.state)))
    return {("outbox", state): count for state, count in grouped}
