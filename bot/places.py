"""Places: what a fan had of us, or has coming, that counts under the caps; and which offers he was brought."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from bot.outbox import LEASE, Outgoing, State
from optin.fans import Fan
from optin.pressure import Counted
from optin.schema import among

_TIME = Outgoing.__table__.c.due_at.type  # type: ignore[attr-defined]

# A place is reserved from the decision on, used up by sending, and free again with any other ending.
COUNTED = (State.WAITING.value, State.SENDING.value, State.SENT.value, State.UNCERTAIN.value)
_is_uncertain = col(Outgoing.state) == State.UNCERTAIN.value
_gone_at = sa.case((_is_uncertain, col(Outgoing.taken_at)), else_=col(Outgoing.sent_at))
_COUNTED = sa.select(
    col(Outgoing.fan_id), col(Outgoing.id), col(Outgoing.state), _gone_at, col(Outgoing.solicits), col(Outgoing.weight)
).where(
    among(Outgoing.fan_id, "fan_ids"),
    col(Outgoing.weight) > 0,
    col(Outgoing.state).in_(COUNTED),
    sa.or_(_gone_at.is_(None), _gone_at > bindparam("since", type_=_TIME)),
)


def counted(
    session: Session, fan_ids: Collection[UUID], since: datetime, now: datetime
) -> dict[UUID, list[tuple[UUID, str, Counted]]]:
    """What these fans had of us that counts under the caps, with message and state. What is reserved counts as now."""
    found: dict[UUID, list[tuple[UUID, str, Counted]]] = {}
    asked = {"fan_ids": fan_ids, "since": since - LEASE}
    rows = session.connection().execute(_COUNTED, asked) if fan_ids else ()
    for fan_id, message_id, state, at, purpose, weight in rows:
        left_at = at + LEASE if at and state == State.UNCERTAIN.value else at or now  # it may have left as late as that
        found.setdefault(fan_id, []).append((message_id, state, Counted(left_at, purpose, weight)))
    return found


_BROUGHT = sa.select(col(Outgoing.fan_id), col(Outgoing.offer_id)).where(
    among(Outgoing.fan_id, "fan_ids"),
    col(Outgoing.solicits) != "",
    col(Outgoing.state).in_((*COUNTED, State.DEFERRED.value)),
)


def brought_to(session: Session, fan_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Which offers these fans were brought, or are about to be, without having asked."""
    found: dict[UUID, set[UUID]] = {}
    for fan_id, offer_id in session.execute(_BROUGHT, {"fan_ids": fan_ids}) if fan_ids else ():
        found.setdefault(fan_id, set()).add(offer_id)
    return found


def went_out(session: Session, since: datetime, most: int) -> list[tuple[UUID, str, Counted]]:
    """The solicitations that went out since then, with person and way, oldest first: of many the newest."""
    columns = (Fan.person_id, Outgoing.way, Outgoing.sent_at, Outgoing.solicits, Outgoing.weight)
    gone = sa.select(*map(col, columns)).join(Fan, col(Fan.id) == col(Outgoing.fan_id))
    lately = gone.where(col(Outgoing.weight) > 0, col(Outgoing.sent_at) > since)
    rows = session.execute(lately.order_by(col(Outgoing.sent_at).desc()).limit(most)).all()
    return [(person, way, Counted(at, purpose, weight)) for person, way, at, purpose, weight in reversed(rows)]


def brought(session: Session, fan_ids: Collection[UUID], claim_id: UUID) -> UUID | None:
    """The message that brought this claim to one of these fans, if any did."""
    first = select(Outgoing.id).where(col(Outgoing.fan_id).in_(fan_ids), Outgoing.claim_id == claim_id)
    return session.exec(first.order_by(col(Outgoing.created_at), col(Outgoing.id)).limit(1)).first()
