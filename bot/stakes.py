"""Stakes: what is believed of offers that compete for a wish. Read once a batch, and only where two of them do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from bot import prices
from connectors import Connector, Way
from leads import fan_facts
from offers import arbitration, arms
from offers.arbitration import Price
from offers.beliefs import Beliefs
from offers.conditions import FanFacts
from optin.people import Person


@dataclass(slots=True)
class Stakes:
    """`about` holds whom we knew before this batch, by person."""

    beliefs: Beliefs
    about: Mapping[UUID, FanFacts]
    prices: dict[tuple[str, str, Way, str], Price] = field(default_factory=dict)


def load(session: Session, known: Iterable[Person], now: datetime) -> Stakes:
    everybody = {fan_id: person for person in known for fan_id in person.fan_ids}
    return Stakes(arms.beliefs(session, asked=True), fan_facts.of(session, everybody, now))


def price(
    session: Session, stakes: Stakes, connector: Connector | None, account: str, way: Way, link: str, now: datetime
) -> Price:
    """What it costs to answer so, asked once a batch."""
    if connector is None:
        return arbitration.FREE
    key = connector.name, account, way, link
    if key not in stakes.prices:
        stakes.prices[key] = prices.of_answer(session, connector, account, way, link, now)
    return stakes.prices[key]
