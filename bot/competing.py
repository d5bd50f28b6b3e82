"""Competing: what found no room is decided anew when it is due, and the best goes first."""

from bot import endings, outbox, permitting
from bot.assembly import Bot
from bot.outbox import Outgoing, State
from bot.permitting import Desk
from optin import permits, receipts
from optin.permits import Deferral, Permit, Refusal
from optin.receipts import Stage

AT_ONCE = 50  # deferred messages that compete together


def compete(bot: Bot) -> int:
    """What was deferred until now is decided anew, the best first. Says how many were."""
    now = bot.now()
    with bot.reading() as session:
        if not outbox.anything_deferred(session, now):
            return 0
    with bot.transaction() as session:
        due = outbox.deferred(session, AT_ONCE, now)
        desk = permitting.open_desk(session, bot, due, now)
        for one in due:
            _compete(desk, one)
        receipts.keep(session, desk.receipts)
        return len(due)


def _compete(desk: Desk, one: Outgoing) -> None:
    connector = desk.bot.connectors.get(one.platform)
    if connector is None:
        endings.note(one, State.REFUSED, "platform_not_set_up")
        return
    if desk.is_over(one):
        endings.note(one, State.LAPSED, "offer_closed")
        return
    facts = desk.facts(one, connector.rules)
    answer = permits.decide(facts, desk.now)
    match answer:
        case Permit(_, until):
            endings.note(one, State.WAITING, due_at=desk.now, valid_until=until)
            desk.take_place(one)
        case Deferral(why, until):
            endings.note(one, State.DEFERRED, why, due_at=until)
        case Refusal(why):
            endings.note(one, State.LAPSED if why.endswith("_closed") else State.REFUSED, why)
    desk.keep(one, facts, answer, Stage.DECIDED)
