"""Conditions choose, of real customers, exactly those whom the published table of their histories names."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlmodel import Session, select

from bot import claiming
from leads import audience, fan_facts, keys
from leads.pipeline import Lead
from offers.catalog import Offer
from offers.claims import Claim
from offers.conditions import All, Any, Condition, Money, Not, Operator, Tree, evaluate
from optin import links
from optin.links import Proof
from tests.cast import NOW, Stage
from tests.leads import histories
from tests.leads.histories import END, Customer, quarter

SEASONS = ("winter", "spring", "summer")
HELD = 3  # an offer a season, which everybody asked for, and took in the seasons in which he bought


def bought(times: int) -> Tree:
    return Condition("purchases", Operator.AT_LEAST, times)


def lately(days: int) -> Tree:
    return Condition("last_purchase", Operator.WITHIN, days)


def long_ago(days: int) -> Tree:
    return Condition("last_purchase", Operator.LONGER_AGO, days)


def spent(cents: int, operator: Operator = Operator.AT_LEAST) -> Tree:
    return Condition("spent", operator, Money(cents, "USD"))


def takes(percent: int, operator: Operator = Operator.AT_LEAST) -> Tree:
    return Condition("propensity", operator, percent)


def likes(season: str) -> Tree:
    return Condition("affinity", Operator.ANY_OF, (season,))


WHO: Mapping[str, tuple[Tree, Callable[[Customer], bool]]] = {
    "bought again": (bought(2), lambda one: one.again > 0),
    "regulars": (All((bought(4), lately(54))), lambda one: one.again >= 3 and one.silent <= 54),
    "fallen asleep": (All((bought(2), long_ago(103))), lambda one: one.again >= 1 and one.silent > 103),
    "dear and not seen lately": (
        All((spent(12_149), Not(lately(90)))),
        lambda one: one.spent >= 12_149 and one.silent > 90,
    ),
    "once, and little": (
        All((Not(bought(2)), spent(1177, Operator.AT_MOST))),
        lambda one: one.again == 0 and one.spent <= 1177,
    ),
    "best or fresh": (
        Any((All((bought(6), spent(37_494))), lately(11))),
        lambda one: (one.again >= 5 and one.spent >= 37_494) or one.silent <= 11,
    ),
    "always": (takes(100), lambda one: len(one.quarters) == HELD),
    "seldom, but dear": (
        All((takes(33, Operator.AT_MOST), spent(5764))),
        lambda one: len(one.quarters) == 1 and one.spent >= 5764,
    ),
    "came back in summer alone": (
        All((likes("summer"), Not(likes("spring")), takes(66))),
        lambda one: one.quarters == {0, 2},
    ),
}


@pytest.mark.timeout(300)
def test_real_customers_are_chosen_as_the_published_table_says(stage: Stage) -> None:
    customers = histories.customers(40)
    offers = [stage.offer(season, themes=[season]) for season in SEASONS]
    shop = till(stage)
    people = {number: tell(stage, shop, offers, f"customer-{number}", one) for number, one in enumerate(customers)}

    with stage.bot.reading() as session:
        chosen = {name: chosen_by(session, people, tree) for name, (tree, _) in WHO.items()}

    named = {name: {number for number, one in enumerate(customers) if fits(one)} for name, (_, fits) in WHO.items()}
    assert chosen == named
    assert all(0 < len(each) < len(customers) for each in named.values())


def chosen_by(session: Session, people: Mapping[int, UUID], tree: Tree) -> set[int]:
    """In SQL and one by one, by number."""
    facts = fan_facts.load(session, people.values(), END)
    by_sql, counted = set(audience.members(session, tree, END)), audience.count(session, tree, END)
    assert by_sql == {one for one, his in facts.items() if evaluate(tree, his)}
    assert counted == len(by_sql)
    return {number for number, person_id in people.items() if person_id in by_sql}


def till(stage: Stage) -> FlaskClient:
    with stage.bot.transaction() as session:
        key = keys.make(session, "till", bytes(range(40)), NOW)
    client = stage.visitor()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


def tell(stage: Stage, shop: FlaskClient, offers: list[Offer], name: str, customer: Customer) -> UUID:
    """What he took and bought. Who he is the shop knows now by a code, now by the lead or his address."""
    lead = stage.lead(offers[0], name)
    other = elsewhere(stage, lead, name) if customer.silent % 3 == 0 else lead.fan_id
    for season in (1, 2):
        hold(stage, offers[season], other, lead.email if season in customer.quarters else "")
    codes = codes_of(stage, [lead.fan_id, other])
    for number, (day, cents) in enumerate(sorted(customer.days.items())):
        order = {"source": "cdnow", "order_id": f"{name}-{number}", "amount": cents, "currency": "USD"}
        whose = {"at": day.isoformat()} | whom(lead, codes[offers[quarter(day)].id], number)
        assert shop.post("/api/v1/purchases", json=order | whose).status_code == 201
    return min(lead.fan_id, other)


def elsewhere(stage: Stage, lead: Lead, name: str) -> UUID:
    """His second profile: what the database knows of him without his other words is not enough there."""
    other = stage.fan(f"{name}-elsewhere")
    with stage.bot.transaction() as session:
        links.link(session, lead.fan_id, other, Proof.EMAIL, "", NOW)
    return other


def whom(lead: Lead, code: str, number: int) -> dict[str, str]:
    hashed = sha256(lead.email.encode()).hexdigest()
    return ({"code": code}, {"email_sha256": hashed}, {"lead_id": str(lead.id)})[number % 3]


def hold(stage: Stage, offer: Offer, fan: UUID, email: str) -> None:
    """He asked for it, and took its code where he says his address."""
    word = stage.claim(offer, fan)
    with stage.bot.transaction() as session:
        turn = claiming.in_turn(session, word)
        assert turn is not None
        if email:
            claiming.take(session, stage.bot, turn, email, NOW)


def codes_of(stage: Stage, fans: list[UUID]) -> dict[UUID, str]:
    with stage.bot.reading() as session:
        claims = session.exec(select(Claim).where(Claim.fan_id.in_(fans)))  # type: ignore[attr-defined]
        return {claim.offer_id: claim.code for claim in claims if claim.code}
