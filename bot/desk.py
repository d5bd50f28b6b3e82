"""The managers' desk: what a person decides about messages, and about what the bot could not do alone.

Each decision is one conditional statement, so that of two managers at once one decides and the other is told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from bot import accounts, changes, endings, inbox, outbox, own_words
from bot.accounts import AccountState
from bot.assembly import Bot
from bot.changes import Change, Subject, What
from bot.inbox import Inbox, Outcome
from bot.managers import Manager
from bot.outbox import Outgoing, State
from bot.own_words import Unfit
from connectors import Way
from offers import catalog
from offers.catalog import Offer
from optin import history, people
from optin.people import Person
from optin.standing import Purpose

TIME_TO_UNDO = timedelta(seconds=5)  # between a manager's yes and the message's leaving
BY_MANAGER = "by_manager"
DISMISSED = "dismissed_by_manager"


@dataclass(frozen=True, slots=True)
class Done:
    """It is decided."""

    message_id: UUID


@dataclass(frozen=True, slots=True)
class TooLate:
    """Somebody, or the bot itself, was faster. `change` is the last decision of a manager on it."""

    state: str
    reason: str = ""
    change: Change | None = None


def approve(
    session: Session, bot: Bot, message_id: UUID, text: str, manager: Manager, now: datetime
) -> Done | TooLate | Unfit:
    """Let a draft go out, in the manager's words. The worker asks once more whether it may."""
    draft = session.get(Outgoing, message_id)
    if draft is None or draft.state != State.DRAFT.value:
        return too_late(session, draft, message_id)
    words = own_words.tidy(text)
    against = _unfit(session, bot, draft, words, now)
    if against:
        return against
    mine = own_words.signature(manager)
    values = {"state": State.WAITING.value, "reason": "", "text": words, "said_by": mine, "due_at": now + TIME_TO_UNDO}
    return decide(session, draft, is_draft(), values, What.APPROVED, manager, now)


def reject(session: Session, message_id: UUID, because: str, manager: Manager, now: datetime) -> Done | TooLate:
    """A draft stays unsaid. `because` is the manager's own note of why."""
    draft = session.get(Outgoing, message_id)
    if draft is None:
        return too_late(session, draft, message_id)
    values = {"state": State.REFUSED.value, "reason": BY_MANAGER}
    return decide(session, draft, is_draft(), values, What.REJECTED, manager, now, {"because": because.strip()[:500]})


def reopen(session: Session, message_id: UUID, manager: Manager, now: datetime) -> Done | TooLate:
    """Take back a manager's last decision about a message, unless it has left already."""
    message = session.get(Outgoing, message_id)
    change = changes.last(session, Subject.MESSAGE, message_id)
    if message is None or change is None or change.what not in TAKEN_BACK:
        return too_late(session, message, message_id)
    still, values = TAKEN_BACK[change.what](change)
    return decide(session, message, still, values, What.REOPENED, manager, now)


Undo = tuple[ColumnElement[bool], dict[str, Any]]  # as long as this holds, these values take it back


def _a_draft_again(change: Change) -> Undo:
    values = {"state": State.DRAFT.value, "reason": change.before.get("reason", ""), "said_by": "bot"}
    return is_a_managers_decision(), values


def _not_proposed(_change: Change) -> Undo:
    """A proposal that is taken back was never a draft: it stays unsaid, and its place is free."""
    waits = col(Outgoing.state).in_([State.WAITING.value, State.DEFERRED.value])
    return waits, {"state": State.REFUSED.value, "reason": BY_MANAGER}


def _put_off_again(change: Change) -> Undo:
    dropped = and_(col(Outgoing.state) == State.REFUSED.value, col(Outgoing.reason) == BY_MANAGER)
    return dropped, {"state": State.DEFERRED.value, "reason": change.before["reason"]}


def _later_again(change: Change) -> Undo:
    asked_for = datetime.fromisoformat(change.after["due_at"])
    not_yet = and_(col(Outgoing.state) == State.DEFERRED.value, col(Outgoing.due_at) == asked_for)
    return not_yet, {"due_at": datetime.fromisoformat(change.after["was_due_at"])}


TAKEN_BACK: Mapping[str, Callable[[Change], Undo]] = {
    What.APPROVED: _a_draft_again,
    What.REJECTED: _a_draft_again,
    What.WROTE: _a_draft_again,
    What.PROPOSED: _not_proposed,
    What.DROPPED: _put_off_again,
    What.LET_COMPETE: _later_again,
}


def say_sent(session: Session, message_id: UUID, manager: Manager, now: datetime) -> Done | TooLate:
    """A manager has looked on the platform: it arrived."""
    message = session.get(Outgoing, message_id)
    if message is None:
        return too_late(session, message, message_id)
    at = min(message.taken_at + outbox.LEASE, now) if message.taken_at else now  # it may have left as late as that
    values = {"state": State.SENT.value, "reason": BY_MANAGER, "sent_at": at}
    decided = decide(session, message, is_uncertain(), values, What.SAID_SENT, manager, now)
    if isinstance(decided, Done):
        history.remember(session, [endings.touchpoint(message, message.external_id, at)])
    return decided


def send_again(session: Session, message_id: UUID, manager: Manager, now: datetime) -> Done | TooLate:
    """A manager has looked on the platform: it did not arrive, and is to be sent once more."""
    message = session.get(Outgoing, message_id)
    if message is None:
        return too_late(session, message, message_id)
    values = {"state": State.WAITING.value, "reason": "", "due_at": now, "taken_at": None}
    return decide(session, message, is_uncertain(), values, What.SENT_AGAIN, manager, now)


def try_again(session: Session, inbox_id: int, manager: Manager, now: datetime) -> bool:
    """Hear once more what was set aside. False where somebody has decided already."""
    reason = _reason_aside(session, inbox_id)
    if not inbox.try_again(session, inbox_id):
        return False
    changes.record(session, manager, What.TRIED_AGAIN, Subject.INTERACTION, inbox_id, {"reason": reason}, {}, now)
    return True


def dismiss(session: Session, inbox_id: int, manager: Manager, now: datetime) -> bool:
    """Leave what was set aside as it is: a person has looked. False where somebody has decided already."""
    reason = _reason_aside(session, inbox_id)
    seen = {"state": inbox.Heard, "outcome": Outcome.SILENT.value, "reason": DISMISSED, "heard_at": now}
    aside = update(Inbox).where(col(Inbox.id) == inbox_id, col(Inbox.state) == inbox.Aside)
    done: Any = session.execute(aside.values(**seen))
    if done.rowcount:
        changes.record(session, manager, What.DISMISSED, Subject.INTERACTION, inbox_id, {"reason": reason}, {}, now)
    return bool(done.rowcount)


def resume_account(session: Session, platform: str, account: str, manager: Manager, now: datetime) -> bool:
    """Let a paused account speak again. False where it is not paused."""
    state = session.get(AccountState, (platform, account), with_for_update=True)
    if state is None or not state.reason:
        return False
    before = {"reason": state.reason}
    accounts.resume(session, platform, account)
    changes.record(session, manager, What.RESUMED, Subject.ACCOUNT, f"{platform}:{account}", before, {}, now)
    return True


def is_draft() -> ColumnElement[bool]:
    return col(Outgoing.state) == State.DRAFT.value


def is_uncertain() -> ColumnElement[bool]:
    return col(Outgoing.state) == State.UNCERTAIN.value


def is_a_managers_decision() -> ColumnElement[bool]:
    """A no of a manager's, or a yes that no worker has taken yet."""
    not_taken = and_(col(Outgoing.state) == State.WAITING.value, col(Outgoing.said_by).startswith("manager:"))
    return or_(not_taken, and_(col(Outgoing.state) == State.REFUSED.value, col(Outgoing.reason) == BY_MANAGER))


def _unfit(session: Session, bot: Bot, message: Outgoing, words: str, now: datetime) -> Unfit | None:
    if message.valid_until is not None and message.valid_until <= now:
        return Unfit.WINDOW_CLOSED
    # A person may answer whoever said STOP. An offer is what he wants no more of, unless he asked for it since.
    unwanted = message.purpose == "offer" and message.reason != "asks_after_stop"
    if unwanted and _is_unwanted(people.one(session, message.fan_id), message):
        return Unfit.FAN_SAID_STOP
    if _offers(message, words) and not _can_be_had(session, message, now):
        return Unfit.OFFER_CLOSED
    return own_words.unfit(own_words.rules_of(bot, message.platform), Way(message.way), words)


def _offers(message: Outgoing, words: str) -> bool:
    """A manager may have taken the offer out of the words."""
    return message.purpose == "offer" and (words == message.text or own_words.CLAIM in words)


def _can_be_had(session: Session, message: Outgoing, now: datetime) -> bool:
    offer = session.get(Offer, message.offer_id) if message.offer_id else None
    return offer is None or catalog.can_be_had(offer, now)


def _is_unwanted(person: Person, message: Outgoing) -> bool:
    about = (Purpose.SERVICE, Purpose.OFFERS)
    return any(person.standing(message.fan_id, message.platform, purpose).withdrawn for purpose in about)


def decide(
    session: Session,
    message: Outgoing,
    still: ColumnElement[bool],
    values: dict[str, Any],
    what: What,
    manager: Manager,
    now: datetime,
    more: dict[str, Any] | None = None,
) -> Done | TooLate:
    before = {name: getattr(message, name) for name in ("state", "reason", "text")}
    done: Any = session.execute(update(Outgoing).where(col(Outgoing.id) == message.id, still).values(**values))
    if not done.rowcount:
        session.refresh(message)
        return too_late(session, message, message.id)
    after = {name: values.get(name, before[name]) for name in before} | (more or {})
    changes.record(session, manager, what, Subject.MESSAGE, message.id, before, after, now)
    return Done(message.id)


def too_late(session: Session, message: Outgoing | None, message_id: UUID) -> TooLate:
    if message is None:
        return TooLate("gone")
    return TooLate(message.state, message.reason, changes.last(session, Subject.MESSAGE, message_id))


def _reason_aside(session: Session, inbox_id: int) -> str:
    return session.exec(select(Inbox.reason).where(Inbox.id == inbox_id)).first() or ""
