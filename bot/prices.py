"""Prices: what a message of ours costs on each account, before anybody has taken what is in it."""

from datetime import datetime

from sqlmodel import Session

from bot import pace
from bot.assembly import Bot
from connectors import Connector, Each, Message, Way
from offers.arbitration import Price, price_of_place, price_of_pressure
from optin.pressure import WHOLE, Caps

CENTS = 100  # a US dollar, in which platforms charge, is taken for one unit of the brand's currency
HOUR = 3600.0


def now_asked(session: Session, bot: Bot, caps: Caps, now: datetime) -> dict[tuple[str, str], Price]:
    """The price of a private message with a link, by platform and account."""
    pressure = price_of_pressure(caps.weight(Way.DIRECT), WHOLE)
    return {
        (connector.name, account): Price(
            sending=_charge(connector, account, Way.DIRECT, bot.settings.address),
            place=_place(session, connector, account, Way.DIRECT, now),
            pressure=pressure,
        )
        for connector in bot.connectors.values()
        for account in connector.accounts
    }


def of_answer(session: Session, connector: Connector, account: str, way: Way, link: str, now: datetime) -> Price:
    """The price of an answer. It presses nobody: he asked for it."""
    return Price(sending=_charge(connector, account, way, link), place=_place(session, connector, account, way, now))


def _charge(connector: Connector, account: str, way: Way, link: str) -> float:
    return float(connector.cost(Message("", account, way, "", link))) * CENTS


def _place(session: Session, connector: Connector, account: str, way: Way, now: datetime) -> float:
    limits = tuple(one for one in connector.rules.limits if way in one.ways and one.each is Each.ACCOUNT)
    per_hour = min((one.count / one.per.total_seconds() * HOUR for one in limits), default=None)
    return price_of_place(per_hour, pace.taken(session, connector.name, account, limits, now))
