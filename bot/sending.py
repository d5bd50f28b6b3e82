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

from bot import accounts, outbox, pace, permitting, spending
from bot.assembly import Bot
from bot.outbox import Outgoing, State
from bot.pace import Paces
from bot.permitting import Desk
from connectors import (
    Busy,
    Connector,
    Message,
    PlatformError,
    Receipt,
    Refused,
    Scope,
    Uncertain,
    Unreachable,
    Way,
)
from leads import pipeline
from optin import fans, history, links, people, permits, receipts, tokens
from optin.fans import Handle
from optin.permits import Answer, Deferral, Permit, Refusal
from optin.receipts import Stage
from optin.tokens import Page

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
    desk = permitting.open_desk(session, bot, taken, now)
    paces = pace.hold(session, {key for one in taken for key in _limits(bot, one)})
    ready = []
    for one in taken:
        try:
            found = _clear(session, one, desk, paces)
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others: a person looks
            log.error("message_broke", message=str(one.id), error=type(error).__name__)
            outbox.note(one, State.REFUSED, f"broke:{type(error).__name__}")
        else:
            ready += [found] if found else []
    pace.write(session, paces)
    receipts.keep(session, desk.receipts)
    return ready


def _clear(session: Session, one: Outgoing, desk: Desk, paces: Paces) -> Ready | None:
    """The message ready to go, or None once it is noted why not."""
    connector = desk.bot.connectors.get(one.platform)
    if connector is None:
        _hold(one, "platform_not_set_up", desk.now + LONGEST_PAUSE)
        return None
    facts = desk.facts(one, connector.rules)
    answer = permits.decide(facts, desk.now)
    held = _held(session, one, connector, facts, answer, desk, paces)
    desk.keep(one, facts, answer, Stage.SENDING, held)
    if held or not isinstance(answer, Permit):
        return None
    desk.take_place(one)
    return Ready(one, connector, _message(desk.bot, one, connector, facts, desk.now))


def _held(
    session: Session,
    one: Outgoing,
    connector: Connector,
    facts: permits.Facts,
    answer: Answer,
    desk: Desk,
    paces: Paces,
) -> str:
    """Note what keeps it here; "" where nothing does, or where the answer itself is no."""
    match answer:
        case Refusal(why):
            outbox.note(one, State.LAPSED if why.endswith("_closed") else State.REFUSED, why)
        case Deferral(why, until):
            outbox.note(one, State.DEFERRED, why, due_at=until, attempts=one.attempts - 1)
        case Permit():
            return _unheard(one, desk) or _paused(one, desk) or _paced(session, one, connector, facts, desk, paces)
    return ""


def _unheard(one: Outgoing, desk: Desk) -> str:
    if not desk.must_hear_first(one):
        return ""
    _hold(one, "unheard_word", desk.now + (LONGEST_PAUSE / 15 if one.solicits else FIRST_PAUSE))
    return "unheard_word"


def _paused(one: Outgoing, desk: Desk) -> str:
    if (one.platform, one.account) not in desk.paused:
        return ""
    _hold(one, "account_paused", desk.now + LONGEST_PAUSE / 15)
    return "account_paused"


def _limits(bot: Bot, one: Outgoing) -> list[str]:
    connector = bot.connectors.get(one.platform)
    limits = connector.rules.limits if connector else ()
    return pace.keys(one.platform, one.account, one.recipient, Way(one.way), limits)


def _message(bot: Bot, one: Outgoing, connector: Connector, facts: permits.Facts, now: datetime) -> Message:
    way_out = tokens.seal(bot.settings.secret, Page.UNSUBSCRIBE, one.profile_id) if one.solicits else ""
    return Message(
        key=str(one.id),
        account=one.account,
        way=Way(one.way),
        to=one.recipient,
        text=one.text,
        buttons=outbox.buttons_of(one),
        by_human=facts.by_human,
        answers=one.answers,
        title=one.title,
        unsubscribe=f"{bot.settings.address}/u/{way_out}" if way_out else "",
        in_window=not permits.needs_human(connector.rules, facts.window_opened_at, now),
    )


def _paced(
    session: Session, one: Outgoing, connector: Connector, facts: permits.Facts, desk: Desk, paces: Paces
) -> str:
    """The platform's limits and the month's budget hold for all workers: both are reserved here, before the call."""
    now = desk.now
    pause = paces.wait(one.platform, one.account, one.recipient, Way(one.way), connector.rules.limits, now)
    if pause:
        _hold(one, "pace", now + pause)
        return "pace"
    budget = connector.monthly_budget(one.account)
    cost = connector.cost(_message(desk.bot, one, connector, facts, now))
    if not spending.reserve(session, one.platform, one.account, cost, budget, now):
        _hold(one, "budget_spent", now + timedelta(hours=1))
        return "budget_spent"
    return ""


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
        gone = outbox.gone(session, [ready.outgoing.id for ready, _ in said if ready.outgoing.id not in undecided])
        kept = [(ready, fate) for ready, fate in said if ready.outgoing.id not in gone]
        ours = [_note(session, bot, ready, fate, sending, now) for ready, fate in kept]
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
