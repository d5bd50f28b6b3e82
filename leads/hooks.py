"""Hooks: who of the brand's own systems wants to be told at once, and what each still has to be told.

What happened and that it has to be told are written in one transaction. A delivery holds numbers alone: its words are
made when it is sent (leads/letters.py), so that nothing of a fan is kept here or told after he took it back.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Index, and_, or_, text, update
from sqlmodel import Field, Session, SQLModel, col, select

from optin.schema import belongs_to, counted, document, known, write_all

LEASE = timedelta(minutes=2)  # longer than a post may take: past it, who posted is dead, and another may try


class Event(StrEnum):
    LEAD_QUALIFIED = "lead.qualified"
    LEAD_UPDATED = "lead.updated"
    LEAD_ERASED = "lead.erased"
    OFFER_CLAIMED = "offer.claimed"
    CONSENT_CHANGED = "consent.changed"
    TEST = "webhook.test"  # by a manager's button; nobody has to ask for it


class State(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"  # for good, unless a manager has it sent again


class Shut(StrEnum):
    """Why an endpoint is told nothing any more."""

    GONE = "gone"  # it said so, by 410
    FAILING = "failing"  # for days
    MANAGER = "manager"


class Endpoint(SQLModel, table=True):
    """`secret` is sealed (bot/sealing.py). After a change the one before signs beside it for a while."""

    __tablename__ = "webhook_endpoint"

    id: UUID = known()
    url: str
    events: list[str] = document()
    secret: str
    secret_before: str = ""
    before_until: datetime | None = None
    created_at: datetime
    failing_since: datetime | None = None  # since when nothing has arrived
    rests_until: datetime | None = None
    shut_at: datetime | None = None
    shut_why: str = Field(default="", max_length=10)


_TABLE = Endpoint.__table__  # type: ignore[attr-defined]


class Delivery(SQLModel, table=True):
    """One thing to tell one endpoint. Whose it is goes with him: what is left is that a lead was erased."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state.value) for state in State)})", name="state"),
        Index(
            "ix_webhook_delivery_due",
            "due_at",
            postgresql_where=text("state IN ('waiting', 'sending')"),
            sqlite_where=text("state IN ('waiting', 'sending')"),
        ),
    )

    id: int = counted()
    endpoint_id: UUID = belongs_to("webhook_endpoint")
    event: str = Field(max_length=20)
    fan_id: UUID | None = belongs_to("fan", nullable=True)
    claim_id: UUID | None = belongs_to("claim", nullable=True)
    lead_id: UUID | None = None
    at: datetime  # when it happened
    state: str = Field(default=State.WAITING.value, max_length=10)
    due_at: datetime  # when it is posted next; while it is being posted, when its poster counts as dead
    attempts: int = 0
    status: int | None = None  # of the last answer
    trouble: str = Field(default="", max_length=40)  # why there was none, or none that counts
    done_at: datetime | None = None

    @property
    def word(self) -> str:
        """Its name outside, the same at each attempt, by which a receiver knows what he has had before."""
        return f"msg_{self.endpoint_id.hex}_{self.id}"


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that whoever asked for it is told."""

    event: Event
    fan_id: UUID | None = None
    lead_id: UUID | None = None
    claim_id: UUID | None = None


ANYBODY = sa.exists().where(col(Endpoint.shut_at).is_(None))  # wants to be told
_ASKED = sa.select(col(Endpoint.id), col(Endpoint.events)).where(col(Endpoint.shut_at).is_(None))


def note(session: Session, happened: Sequence[Happened], now: datetime) -> None:
    """Write down whom to tell, in the transaction in which it happened."""
    if not happened:
        return
    asked = session.connection().execute(_ASKED).all()
    rows = [_row(known_as, one, now) for one in happened for known_as, events in asked if one.event in events]
    write_all(session, Delivery, rows)


def test(session: Session, endpoint: Endpoint, now: datetime) -> None:
    """Tell it something that did not happen."""
    write_all(session, Delivery, [_row(endpoint.id, Happened(Event.TEST), now)])


def _row(endpoint_id: UUID, one: Happened, now: datetime) -> dict[str, Any]:
    subject = {"fan_id": one.fan_id, "lead_id": one.lead_id, "claim_id": one.claim_id}
    return {"endpoint_id": endpoint_id, "event": one.event.value, "at": now, "due_at": now} | subject


def _is_due(now: datetime) -> Any:
    open_ = col(Delivery.state).in_([State.WAITING.value, State.SENDING.value])
    rested = or_(col(Endpoint.rests_until).is_(None), col(Endpoint.rests_until) <= now)
    return and_(open_, col(Delivery.due_at) <= now, col(Endpoint.shut_at).is_(None), rested)


def _due(now: datetime) -> Any:
    due = select(Delivery, Endpoint).join(Endpoint, col(Endpoint.id) == col(Delivery.endpoint_id)).where(_is_due(now))
    return due.order_by(col(Delivery.due_at), col(Delivery.id))


def anything_due(session: Session, now: datetime) -> bool:
    return session.execute(_due(now).limit(1)).first() is not None


def take(session: Session, most: int, now: datetime) -> list[tuple[Delivery, Endpoint]]:
    """The next ones to be posted. Nobody else posts them before LEASE has run out; each taking counts as an attempt."""
    taken = session.execute(_due(now).limit(most).with_for_update(skip_locked=True, of=Delivery)).all()
    for delivery, _ in taken:
        delivery.state, delivery.attempts, delivery.due_at = State.SENDING.value, delivery.attempts + 1, now + LEASE
    session.flush()
    return [(delivery, endpoint) for delivery, endpoint in taken]


def finish(session: Session, taken: Delivery, state: State, **told: Any) -> bool:
    """Write what became of an attempt. False where it is no longer ours: we took too long, or its fan was erased."""
    ours = update(Delivery).where(
        col(Delivery.id) == taken.id,
        col(Delivery.state) == State.SENDING.value,
        col(Delivery.attempts) == taken.attempts,
    )
    done: Any = session.execute(ours.values(state=state.value, **told))
    return bool(done.rowcount)


def replay(session: Session, delivery: Delivery, now: datetime) -> bool:
    """Send it once more, under the same name. False while it is on its way anyhow."""
    ended = [State.DELIVERED.value, State.FAILED.value]
    again = update(Delivery).where(col(Delivery.id) == delivery.id, col(Delivery.state).in_(ended))
    done: Any = session.execute(again.values(state=State.WAITING.value, due_at=now, attempts=0, done_at=None))
    return bool(done.rowcount)


def arrived(session: Session, endpoint_id: UUID) -> None:
    """It answers: whatever was wrong is over."""
    failing = (col(Endpoint.id) == endpoint_id, col(Endpoint.failing_since).is_not(None))
    session.execute(update(Endpoint).where(*failing).values(failing_since=None, rests_until=None))


def failed(session: Session, endpoint_id: UUID, rests_until: datetime, now: datetime) -> datetime:
    """It did not answer as it should: leave it alone for a moment. Says since when that is so."""
    began = col(Endpoint.failing_since)
    since = sa.func.coalesce(began, sa.literal(now, _TABLE.c.failing_since.type))
    noted = update(Endpoint).where(col(Endpoint.id) == endpoint_id).values(failing_since=since, rests_until=rests_until)
    found: datetime = session.execute(noted.returning(began)).scalar_one()
    return found


def shut(session: Session, endpoint_id: UUID, why: Shut, now: datetime) -> bool:
    """Tell it nothing any more. False where that was so before."""
    still_open = update(Endpoint).where(col(Endpoint.id) == endpoint_id, col(Endpoint.shut_at).is_(None))
    done: Any = session.execute(still_open.values(shut_at=now, shut_why=why.value))
    return bool(done.rowcount)


def reopen(session: Session, endpoint_id: UUID) -> bool:
    """Tell it again, beginning with what still waits. What happened while it was shut it finds in the feed."""
    closed = update(Endpoint).where(col(Endpoint.id) == endpoint_id, col(Endpoint.shut_at).is_not(None))
    done: Any = session.execute(closed.values(shut_at=None, shut_why="", failing_since=None, rests_until=None))
    return bool(done.rowcount)


def troubled(session: Session) -> Sequence[Endpoint]:
    """Those that were shut by themselves."""
    by_itself = col(Endpoint.shut_why).in_([Shut.GONE.value, Shut.FAILING.value])
    return session.exec(select(Endpoint).where(by_itself).order_by(col(Endpoint.shut_at))).all()


def counts(session: Session) -> dict[UUID, dict[str, int]]:
    """How many deliveries of each endpoint are in each state."""
    grouped = select(Delivery.endpoint_id, Delivery.state, sa.func.count()).group_by(
        col(Delivery.endpoint_id), col(Delivery.state)
    )
    found: dict[UUID, dict[str, int]] = {}
    for endpoint_id, state, count in session.exec(grouped):
        found.setdefault(endpoint_id, {})[state] = count
    return found


def listed(session: Session) -> Sequence[Endpoint]:
    return session.exec(select(Endpoint).order_by(col(Endpoint.created_at), col(Endpoint.id))).all()


def wanted(events: Collection[str]) -> list[str]:
    """Of these words, the events that can be asked for."""
    return [event.value for event in Event if event is not Event.TEST and event.value in events]
