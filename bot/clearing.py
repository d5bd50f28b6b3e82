"""Clearing: the permit of each message is asked again when it is due, and its place under every limit is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot import endings, outbox, pace, permitting, spending
from bot.assembly import Bot
from bot.outbox import Outgoing, State
from bot.pace import Paces
from bot.permitting import Desk
from connectors import Connector, Message, Way
from optin import permits, receipts, tokens
from optin.permits import Answer, Deferral, Permit, Refusal
from optin.receipts import Stage
from optin.tokens import Page

SOON = timedelta(seconds=2)  # until an answer is tried again that waits for an unheard word
AGAIN = timedelta(minutes=1)  # the same for what we bring by ourselves, and for a paused account
LATER = timedelta(minutes=15)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that may go now."""

    outgoing: Outgoing
    connector: Connector
    message: Message


def cleared(session: Session, bot: Bot, taken: Sequence[Outgoing], now: datetime) -> list[Ready]:
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
            endings.note(one, State.REFUSED, f"broke:{type(error).__name__}")
        else:
            ready += [found] if found else []
    pace.write(session, paces)
    receipts.keep(session, desk.receipts)
    return ready


def _clear(session: Session, one: Outgoing, desk: Desk, paces: Paces) -> Ready | None:
    """The message ready to go, or None once it is noted why not."""
    connector = desk.bot.connectors.get(one.platform)
    if connector is None:
        _hold(one, "platform_not_set_up", desk.now + LATER)
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
            endings.note(one, State.LAPSED if why.endswith("_closed") else State.REFUSED, why)
        case Deferral(why, until):
            endings.note(one, State.DEFERRED, why, due_at=until, attempts=one.attempts - 1)
        case Permit():
            held = _over(one, desk) or _unheard(one, desk) or _paused(one, desk)
            return held or _paced(session, one, connector, facts, desk, paces)
    return ""


def _over(one: Outgoing, desk: Desk) -> str:
    if not desk.is_over(one):
        return ""
    endings.note(one, State.LAPSED, "offer_closed")
    return "offer_closed"


def _unheard(one: Outgoing, desk: Desk) -> str:
    if not desk.must_hear_first(one):
        return ""
    _hold(one, "unheard_word", desk.now + (AGAIN if one.solicits else SOON))
    return "unheard_word"


def _paused(one: Outgoing, desk: Desk) -> str:
    if (one.platform, one.account) not in desk.paused:
        return ""
    _hold(one, "account_paused", desk.now + AGAIN)
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
    endings.note(one, State.WAITING, reason, due_at=until, attempts=one.attempts - 1)
