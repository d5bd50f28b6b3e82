"""Bringing an offer to one fan, and what waits for its time: a manager's own decisions about solicitations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col

from bot import changes, desk, own_words, soliciting
from bot.assembly import Bot
from bot.changes import Subject, What
from bot.desk import BY_MANAGER, TIME_TO_UNDO, Done, TooLate
from bot.managers import Manager
from bot.outbox import Outgoing, State
from bot.soliciting import Proposed
from bot.weighing import Choice
from offers.catalog import Offer


def propose(
    session: Session,
    bot: Bot,
    fan_id: UUID,
    offer: Offer,
    manager: Manager,
    now: datetime,
    choice: Choice | None = None,
) -> Proposed:
    """A manager solicits by the rules that hold for the bot, and has a moment to think better of it."""
    mine = own_words.signature(manager)
    proposed = soliciting.propose(session, bot, fan_id, offer, now, mine, now + TIME_TO_UNDO, choice=choice)
    if proposed.message_id is not None:
        told = {"offer": offer.name, "text": session.get_one(Outgoing, proposed.message_id).text}
        changes.record(session, manager, What.PROPOSED, Subject.MESSAGE, proposed.message_id, {}, told, now)
    return proposed


def drop(session: Session, message_id: UUID, because: str, manager: Manager, now: datetime) -> Done | TooLate:
    """What was put off is not to be said any more. `because` is the manager's own note of why."""
    message = session.get(Outgoing, message_id)
    if message is None:
        return desk.too_late(session, message, message_id)
    values = {"state": State.REFUSED.value, "reason": BY_MANAGER}
    told = {"because": because.strip()[:500]}
    return desk.decide(session, message, _is_put_off(), values, What.DROPPED, manager, now, told)


def let_compete(session: Session, message_id: UUID, manager: Manager, now: datetime) -> Done | TooLate:
    """Decide anew about what was put off, now and not on its day. The rules stay as they are."""
    message = session.get(Outgoing, message_id)
    if message is None:
        return desk.too_late(session, message, message_id)
    due_at = now + TIME_TO_UNDO
    told = {"was_due_at": message.due_at.isoformat(), "due_at": due_at.isoformat()}
    return desk.decide(session, message, _is_put_off(), {"due_at": due_at}, What.LET_COMPETE, manager, now, told)


def _is_put_off() -> ColumnElement[bool]:
    return col(Outgoing.state) == State.DEFERRED.value
