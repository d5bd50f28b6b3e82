"""Sending: take what is due and commit, ask the permits again, say it through the platform, note what became of it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot import accounts, inbox, outbox, pace, spending
from bot.assembly import Bot
from bot.outbox import Outgoing, State
from bot.pace import Paces
from connectors import (
    Busy,
    Connector,
    Kind,
    Message,
    PlatformError,
    Receipt,
    Refused,
    Scope,
    Uncertain,
    Unreachable,
    Way,
)
from optin import consents, fans, history, permits
from optin.consents import Act
from optin.fans import Handle, Profile
from optin.permits import Permit, Refusal

AT_ONCE = 8  # messages taken together: what a dying sender leaves uncertain is no more than this
TRIES = 8  # of a platform that is busy or away; then a person looks
NOTE_TRIES = 3  # of writing what became of a message, where another transaction stands in the way
FIRST_PAUSE = timedelta(seconds=2)  # doubled at each try
LONGEST_PAUSE = timedelta(minutes=15)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that may go now."""

    outgoing: Outgoing
    connector: Connector
    message: Message


Fate = Receipt | PlatformError


def send_some(bot: Bot, threads: Executor, call: Callable[[], None] = lambda: None) -> int:
    """Send what is due, a few at once; `call` another sender where more may be due. Says how many were taken."""
    now = bot.now()
    with bot.reading() as session:
        if not outbox.anything_due(session, now):
            return 0
    with bot.transaction() as session:
        taken = outbox.take(session, AT_ONCE, now)
        ready = _permitted(session, bot, taken, now)
    if len(taken) == AT_ONCE:
        call()
    fates = [_say(one) for one in ready] if len(ready) == 1 else list(threads.map(_say, ready))
    _note_all(bot, list(zip(ready, fates, strict=True)))
    return len(taken)


def _permitted(session: Session, bot: Bot, taken: Sequence[Outgoing], now: datetime) -> list[Ready]:
    """Ask again, with what is known now: since the decision he may have said STOP, or the window may have closed."""
    if not taken:
        return []
    profiles = {row.id: row for row in fans.by_ids(session, {one.profile_id for one in taken})}
    journals = consents.entries(session, {profile.fan_id for profile in profiles.values()})
    asked = inbox.asked(session, {one.inbox_id for one in taken})
    paused = accounts.paused(session, now)
    paces = pace.hold(session, {key for one in taken for key in _limits(bot, one)})
    ready = []
    for one in taken:
        profile = profiles[one.profile_id]
        stopped = consents.effective(journals.get(profile.fan_id, ()), one.platform) is Act.WITHDRAWN
        try:
            found = _clear(session, bot, one, profile, stopped, asked[one.inbox_id], paused, paces, now)
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others: a person looks
            log.error("message_broke", message=str(one.id), error=type(error).__name__)
            outbox.note(one, State.REFUSED, f"broke:{type(error).__name__}")
        else:
            ready += [found] if found else []
    pace.write(session, paces)
    return ready


def _clear(
    session: Session,
    bot: Bot,
    one: Outgoing,
    profile: Profile,
    stopped: bool,
    asked: tuple[Kind, datetime],
    paused: dict[tuple[str, str], str],
    paces: Paces,
    now: datetime,
) -> Ready | None:
    """The message ready to go, or None once it is noted why not."""
    connector = bot.connectors.get(one.platform)
    if connector is None:
        _hold(one, "platform_not_set_up", now + LONGEST_PAUSE)
        return None
    if (one.platform, one.account) in paused:
        _hold(one, "account_paused", now + LONGEST_PAUSE / 15)
        return None
    answer = permits.to_answer(connector.rules, _facts(one, profile, stopped, asked), now)
    if isinstance(answer, Refusal):
        state = State.LAPSED if answer.why.endswith("_closed") else State.REFUSED
        outbox.note(one, state, answer.why)
        return None
    return _paced(session, one, connector, _message(one, connector, profile, answer, now), paces, now)


def _limits(bot: Bot, one: Outgoing) -> list[str]:
    connector = bot.connectors.get(one.platform)
    limits = connector.rules.limits if connector else ()
    return pace.keys(one.platform, one.account, one.recipient, Way(one.way), limits)


def _facts(one: Outgoing, profile: Profile, stopped: bool, asked: tuple[Kind, datetime]) -> permits.Facts:
    return permits.Facts(
        kind=asked[0],
        asked_at=asked[1],
        way=Way(one.way),
        window_opened_at=profile.window_opened_at,
        blocked=profile.blocked_at is not None,
        stopped=stopped,
        by_human=one.said_by != "bot",
        confirms_stop=one.purpose == "stop",
    )


def _message(one: Outgoing, connector: Connector, profile: Profile, permit: Permit, now: datetime) -> Message:
    return Message(
        key=str(one.id),
        account=one.account,
        way=Way(one.way),
        to=one.recipient,
        text=one.text,
        buttons=outbox.buttons_of(one),
        by_human=one.said_by != "bot",
        answers=one.answers,
        in_window=not permits.needs_human(connector.rules, profile.window_opened_at, now),
    )


def _paced(
    session: Session, one: Outgoing, connector: Connector, message: Message, paces: Paces, now: datetime
) -> Ready | None:
    """The platform's limits and the month's budget hold for all workers: both are reserved here, before the call."""
    pause = paces.wait(one.platform, one.account, message.to, message.way, connector.rules.limits, now)
    if pause:
        _hold(one, "", now + pause)
        return None
    budget = connector.monthly_budget(one.account)
    if not spending.reserve(session, one.platform, one.account, connector.cost(message), budget, now):
        _hold(one, "budget_spent", now + timedelta(hours=1))
        return None
    return Ready(one, connector, message)


def _hold(one: Outgoing, reason: str, until: datetime) -> None:
    """Not now. What is held keeps its place, and its window goes on closing."""
    outbox.note(one, State.WAITING, reason, due_at=until, attempts=one.attempts - 1)


def _say(ready: Ready) -> Fate:
    """The one network call, outside any transaction. What a connector didn't foresee may have been delivered."""
    try:
        return ready.connector.send(ready.message)
    except PlatformError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a defect of ours: to try again could say it twice
        log.error("connector_broke", message=str(ready.outgoing.id), error=type(error).__name__)
        return Uncertain("connector_broke")


def _note_all(bot: Bot, said: Sequence[tuple[Ready, Fate]]) -> None:
    """Together; if that breaks, each by itself and again: what is noted of one must not be lost with another."""
    if not said:
        return
    try:
        _note_together(bot, said)
    except DBAPIError as error:
        log.warning("notes_broke", error=type(error.orig).__name__, messages=len(said))
        for one in said:
            _note_alone(bot, one, NOTE_TRIES)


def _note_alone(bot: Bot, one: tuple[Ready, Fate], tries: int) -> None:
    try:
        _note_together(bot, [one])
    except DBAPIError:
        if tries == 1:
            raise
        _note_alone(bot, one, tries - 1)


def _note_together(bot: Bot, said: Sequence[tuple[Ready, Fate]]) -> None:
    with bot.transaction() as session:
        now = bot.now()
        undecided = outbox.being_sent(session, [ready.outgoing.id for ready, _ in said])
        sending = {ready.outgoing.id: ready.outgoing for ready, _ in said if ready.outgoing.id in undecided}
        ours = [_note(session, bot, ready, fate, sending, now) for ready, fate in said]
        outbox.write(session, sending.values())
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
    if isinstance(fate, Busy | Unreachable | Refused):
        cost = ready.connector.cost(ready.message)
        spending.give_back(session, ready.outgoing.platform, ready.outgoing.account, cost, now)
    if one is not None:
        _note_failure(session, one, fate, now)
    return None


def _fate_in_a_word(fate: Fate) -> str:
    return fate.reason if isinstance(fate, PlatformError) else "sent"


def _note_failure(session: Session, one: Outgoing, fate: PlatformError, now: datetime) -> None:
    if isinstance(fate, Busy | Unreachable):
        _note_later(session, one, fate, now)
    elif isinstance(fate, Refused):
        _note_refused(session, one, fate, now)
    else:
        outbox.note(one, State.UNCERTAIN, f"platform:{fate.reason}")


def _note_sent(one: Outgoing, receipt: Receipt, now: datetime) -> dict[str, Any]:
    outbox.note(one, State.SENT, external_id=receipt.id, sent_at=now)
    return outbox.touchpoint(one, receipt.id, now)


def _follow_up(session: Session, bot: Bot, one: Outgoing, receipt: Receipt, now: datetime) -> None:
    """What the platform tells with its receipt, and the line that points to what was said."""
    if receipt.pause:
        accounts.pause(session, one.platform, one.account, "platform_asks_for_a_pause", now, now + receipt.pause)
    if receipt.recipient not in ("", one.handle):
        whom = Handle(one.platform, one.account, receipt.recipient)
        fans.also_known_as(session, bot.new_id, one.profile_id, whom, f"receipt:{one.id}", now)
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
        outbox.note(one, State.REFUSED, f"platform:{fate.reason}")
        return
    pause = fate.retry_after if isinstance(fate, Busy) else min(FIRST_PAUSE * 2 ** (one.attempts - 1), LONGEST_PAUSE)
    outbox.note(one, State.WAITING, f"platform:{fate.reason}", due_at=now + pause)
    if isinstance(fate, Busy) and fate.scope is Scope.ACCOUNT:
        accounts.pause(session, one.platform, one.account, f"platform:{fate.reason}", now, now + pause)


def _note_refused(session: Session, one: Outgoing, fate: Refused, now: datetime) -> None:
    if fate.scope is Scope.ACCOUNT:  # the message did nothing wrong: it goes out when a person has mended the account
        accounts.pause(session, one.platform, one.account, f"platform:{fate.reason}", now)
        outbox.note(one, State.WAITING, f"platform:{fate.reason}", due_at=now + LONGEST_PAUSE / 15)
        return
    outbox.note(one, State.REFUSED, f"platform:{fate.reason}")
    if fate.scope is Scope.PERSON:
        fans.say_blocked(session, one.profile_id, now)
