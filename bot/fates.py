"""Fates: what became of a message that we tried to say, noted with all that follows from it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from bot import accounts, endings, outbox, spending
from bot.assembly import Bot
from bot.clearing import AGAIN, Ready
from bot.outbox import Outgoing, State
from connectors import Busy, PlatformError, Receipt, Refused, Scope, Unreachable, Way
from leads import pipeline
from optin import fans, history, links, people
from optin.fans import Handle

TRIES = 8  # of a platform that is busy or away; then a person looks
NOTE_TRIES = 3  # of writing what became of a message, where another transaction stands in the way
FIRST_PAUSE = timedelta(seconds=2)  # doubled at each try
LONGEST_PAUSE = timedelta(minutes=15)

Fate = Receipt | PlatformError
Said = tuple[Ready, Fate]

log = structlog.get_logger()


def note_all(bot: Bot, said: list[Said]) -> None:
    """Together; if that breaks, each by itself and again: what is noted of one must not be lost with another.

    What is noted leaves the list. What stays when the database is away (OperationalError) is to be noted later.
    """
    if not said:
        return
    try:
        _note_together(bot, said)
    except DBAPIError as error:
        log.warning("notes_broke", error=type(error.orig).__name__, messages=len(said))
        while said:
            _note_alone(bot, said[0], NOTE_TRIES)
            del said[0]
    said.clear()


def _note_alone(bot: Bot, one: Said, tries: int) -> None:
    """What can't be noted at all stays as it is: when its LEASE is over, a person sees that nobody knows."""
    try:
        _note_together(bot, [one])
    except DBAPIError as error:
        if tries > 1:
            return _note_alone(bot, one, tries - 1)
        if isinstance(error, OperationalError):
            raise
        log.error("note_broke", message=str(one[0].outgoing.id), error=type(error.orig).__name__)


def _note_together(bot: Bot, said: Sequence[Said]) -> None:
    with bot.transaction() as session:
        now = bot.now()
        undecided = endings.being_sent(session, [ready.outgoing.id for ready, _ in said])
        sending = {ready.outgoing.id: ready.outgoing for ready, _ in said if ready.outgoing.id in undecided}
        gone = endings.gone(session, [ready.outgoing.id for ready, _ in said if ready.outgoing.id not in undecided])
        kept = [(ready, fate) for ready, fate in said if ready.outgoing.id not in gone]
        ours = [_note(session, bot, ready, fate, sending, now) for ready, fate in kept]
        endings.write(session, sending.values())
        history.remember(session, [touchpoint for touchpoint in ours if touchpoint])


def _note(
    session: Session, bot: Bot, ready: Ready, fate: Fate, sending: Mapping[UUID, Outgoing], now: datetime
) -> dict[str, Any] | None:
    """What became of it, and its touchpoint where it went out and nobody has remembered it yet."""
    log.info("said", message=str(ready.outgoing.id), platform=ready.outgoing.platform, fate=_fate_in_a_word(fate))
    one = sending.get(ready.outgoing.id)
    if isinstance(fate, Receipt):
        _follow_up(session, bot, ready.outgoing, fate, now)
        return _note_sent(one, fate, now) if one else None  # else its echo was faster
    if one is not None:
        _give_back(session, ready, fate, now)
        _note_failure(session, one, fate, now)
    return None


def _give_back(session: Session, ready: Ready, fate: PlatformError, now: datetime) -> None:
    """What the platform did not take costs nothing."""
    if isinstance(fate, Busy | Unreachable | Refused):
        cost = ready.connector.cost(ready.message)
        spending.give_back(session, ready.outgoing.platform, ready.outgoing.account, cost, now)


def _fate_in_a_word(fate: Fate) -> str:
    return fate.reason if isinstance(fate, PlatformError) else "sent"


def _note_failure(session: Session, one: Outgoing, fate: PlatformError, now: datetime) -> None:
    if isinstance(fate, Busy | Unreachable):
        _note_later(session, one, fate, now)
    elif isinstance(fate, Refused):
        _note_refused(session, one, fate, now)
    else:
        endings.note(one, State.UNCERTAIN, f"platform:{fate.reason}")


def _note_sent(one: Outgoing, receipt: Receipt, now: datetime) -> dict[str, Any]:
    endings.note(one, State.SENT, external_id=receipt.id, sent_at=now)
    return endings.touchpoint(one, receipt.id, now)


def _follow_up(session: Session, bot: Bot, one: Outgoing, receipt: Receipt, now: datetime) -> None:
    """What the platform tells with its receipt, and the line that points to what was said."""
    if receipt.pause:
        accounts.pause(session, one.platform, one.account, "platform_asks_for_a_pause", now, now + receipt.pause)
    if receipt.recipient not in ("", one.handle):
        whom = Handle(one.platform, one.account, receipt.recipient)
        if links.also_known_as(session, bot.new_id, one.profile_id, whom, str(one.id), now):
            pipeline.touch_all(session, people.one(session, one.fan_id).fan_ids, now)
    if one.then_text:
        outbox.put(session, [_pointer(bot, one, now)])


def _pointer(bot: Bot, one: Outgoing, now: datetime) -> dict[str, Any]:
    """The public line that tells where to look: only once the private answer has arrived, and nothing personal."""
    copied = (
        "platform",
        "account",
        "handle",
        "lane",
        "answers",
        "fan_id",
        "profile_id",
        "inbox_id",
        "language",
        "said_by",
    )
    return {name: getattr(one, name) for name in copied} | {
        "id": bot.new_id(),
        "once": f"{one.inbox_id}:pointer",
        "way": Way.PUBLIC.value,
        "recipient": one.answers,
        "purpose": "pointer",
        "text": one.then_text,
        "buttons": [],
        "state": State.WAITING.value,
        "due_at": now,
        "created_at": now,
        "attempts": 0,
    }


def _note_later(session: Session, one: Outgoing, fate: Busy | Unreachable, now: datetime) -> None:
    """Nothing was delivered, so it may be tried again: when the platform says, or later and later."""
    if one.attempts >= TRIES and fate.scope is not Scope.ACCOUNT:
        endings.note(one, State.REFUSED, f"platform:{fate.reason}")
        return
    pause = fate.retry_after if isinstance(fate, Busy) else min(FIRST_PAUSE * 2 ** (one.attempts - 1), LONGEST_PAUSE)
    endings.note(one, State.WAITING, f"platform:{fate.reason}", due_at=now + pause)
    if isinstance(fate, Busy) and fate.scope is Scope.ACCOUNT:
        accounts.pause(session, one.platform, one.account, f"platform:{fate.reason}", now, now + pause)


def _note_refused(session: Session, one: Outgoing, fate: Refused, now: datetime) -> None:
    if fate.scope is Scope.ACCOUNT:  # the message did nothing wrong: it goes out when a person has mended the account
        accounts.pause(session, one.platform, one.account, f"platform:{fate.reason}", now)
        endings.note(one, State.WAITING, f"platform:{fate.reason}", due_at=now + AGAIN)
        return
    endings.note(one, State.REFUSED, f"platform:{fate.reason}")
    if fate.scope is Scope.PERSON:
        fans.say_blocked(session, one.profile_id, now)
