"""Endings: what became of what we decided to say. It was sent, refused, withdrawn or too late, or nobody knows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import bindparam, true, update
from sqlmodel import Session, col, select

from bot.outbox import LEASE, Outgoing, State
from optin.schema import among
from optin.standing import EVERYWHERE

_CAN_STILL_GO = col(Outgoing.state).in_([State.DRAFT.value, State.WAITING.value, State.DEFERRED.value])
_TABLE = Outgoing.__table__  # type: ignore[attr-defined]
# Uncertain ones too: who sent for longer than LEASE was given up for dead, and knows better. In the order of their ids:
# else who notes an echo and who notes a receipt may wait for each other.
_OPEN = (
    sa.select(_TABLE)
    .where(
        among(_TABLE.c.id, "ids"),
        _TABLE.c.state.in_([State.SENDING.value, State.UNCERTAIN.value]),
    )
    .order_by(_TABLE.c.id)
    .with_for_update()
)
_BEING_SENT = _OPEN.with_only_columns(_TABLE.c.id)
_PROVEN = sa.select(Outgoing).from_statement(_OPEN)
_NOTED = ("state", "reason", "due_at", "sent_at", "external_id")
_WRITE = (
    update(_TABLE).where(_TABLE.c.id == bindparam("row")).values({name: bindparam(f"new_{name}") for name in _NOTED})
)


def note(message: Outgoing, state: State, reason: str = "", **more: Any) -> None:
    """What became of a message. Who took it in this transaction writes it by ending it, who sent it calls `write`."""
    for name, value in {"state": state.value, "reason": reason, **more}.items():
        setattr(message, name, value)


def write(session: Session, noted: Iterable[Outgoing]) -> None:
    """Write what was noted of messages that another transaction had taken."""
    rows = [{"row": one.id, **{f"new_{name}": getattr(one, name) for name in _NOTED}} for one in noted]
    if rows:
        session.connection().execute(_WRITE, rows)


def being_sent(session: Session, message_ids: Collection[UUID]) -> set[UUID]:
    """Those of these messages whose fate is open, locked: of the others somebody else has decided."""
    return set(session.connection().execute(_BEING_SENT, {"ids": list(message_ids)}).scalars())


def gone(session: Session, message_ids: Collection[UUID]) -> set[UUID]:
    """Those of these messages whose fan was erased while they went out: nothing of them is kept."""
    if not message_ids:
        return set()
    here = session.exec(select(Outgoing.id).where(col(Outgoing.id).in_(message_ids))).all()
    return set(message_ids).difference(here)


def confirm(session: Session, echoes: Mapping[UUID, str], now: datetime) -> Sequence[Outgoing]:
    """Echoes, with the platform's ids, prove that these messages went out. Returns those of which we weren't sure."""
    if not echoes:
        return []
    proven = session.scalars(_PROVEN, {"ids": list(echoes)}).all()
    for one in proven:
        one.state, one.reason, one.external_id, one.sent_at = State.SENT.value, "echo", echoes[one.id], now
    session.flush()
    return proven


def give_up_on_the_dead(session: Session, now: datetime) -> int:
    """What a dead worker was sending may have gone out: nobody sends it again, and a person sees it."""
    dead = update(Outgoing).where(col(Outgoing.state) == State.SENDING.value, col(Outgoing.taken_at) < now - LEASE)
    done: Any = session.execute(dead.values(state=State.UNCERTAIN.value, reason="worker_died"))
    return int(done.rowcount)


def let_lapse(session: Session, now: datetime) -> int:
    """Drafts and messages whose window has closed can't go out any more."""
    late = update(Outgoing).where(_CAN_STILL_GO, col(Outgoing.valid_until) <= now)
    done: Any = session.execute(late.values(state=State.LAPSED.value, reason="window_closed"))
    return int(done.rowcount)


def withdraw(session: Session, fan_ids: Collection[UUID], channel: str, reason: str) -> None:
    """Nothing that waits for these fans on this channel goes out any more."""
    _refuse(session, col(Outgoing.fan_id).in_(fan_ids), channel, reason)


def withdraw_solicitations(
    session: Session, fan_ids: Collection[UUID], channel: str, purposes: Collection[str], reason: str
) -> None:
    """Nothing that we meant to bring to these fans for these purposes goes out on this channel any more; answers do."""
    _refuse(session, col(Outgoing.fan_id).in_(fan_ids) & col(Outgoing.solicits).in_(purposes), channel, reason)


def _refuse(session: Session, these: Any, channel: str, reason: str) -> None:
    here = true() if channel == EVERYWHERE else col(Outgoing.platform) == channel
    refused = update(Outgoing).where(these, here, _CAN_STILL_GO)
    session.execute(refused.values(state=State.REFUSED.value, reason=reason))


def touchpoint(message: Outgoing, external_id: str, now: datetime) -> dict[str, Any]:
    """A message that went out, as part of what passed between the fan and us."""
    return {
        "fan_id": message.fan_id,
        "profile_id": message.profile_id,
        "at": now,
        "said_by": message.said_by,
        "kind": message.way,
        "text": message.text,
        "thread": message.recipient,
        "subject": external_id,
        "inbox_id": message.inbox_id,
        "message_id": message.id,
    }
