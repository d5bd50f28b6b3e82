"""Who was brought an offer is compared with who was held out by what we knew of both before."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from leads import comparisons, purchases
from leads.comparisons import Compared
from leads.lift import Group
from leads.purchases import Told
from offers import exposures
from offers.catalog import Offer
from offers.claims import Claim
from optin import addresses
from tests.cast import NOW, Stage

BROUGHT, HELD_OUT = False, True


def later(days: float) -> Any:
    return NOW + timedelta(days=days)


def knows(stage: Stage, fan: UUID, offer: Offer, day: float, email: str = "") -> str:
    """He took a code on this day, and may have told his address with it."""
    code = f"{offer.slug}-{fan.int % 10_000}"
    with stage.bot.transaction() as session:
        session.add(
            Claim(
                id=stage.bot.new_id(), fan_id=fan, profile_id=fan, offer_id=offer.id, token_hash=code, language="fr",
                platform="facebook", account="a", opened_at=later(day), claimed_at=later(day), code=code, email=email,
                email_hash=addresses.hash_of(email) if email else "",
            )
        )  # fmt: skip
    return code


def draws(stage: Stage, offer: Offer, held_out: bool, *fans: UUID, day: float = 10) -> None:
    with stage.bot.transaction() as session:
        exposures.note(session, min(fans), fans, offer.id, held_out, later(day))


def sells(stage: Stage, day: float, amount: int, currency: str = "EUR", **whose: Any) -> None:
    order = stage.bot.new_id()
    with stage.bot.transaction() as session:
        told = Told("shop", str(order), amount, currency, later(day), **whose)
        assert isinstance(purchases.keep(session, order, told, "key:till", later(day)), purchases.Kept)


def compared(stage: Stage, since: float | None = None) -> tuple[dict[UUID, Compared], int]:
    span = (None if since is None else later(since), later(100))
    with stage.bot.reading() as session:
        return comparisons.by_offer(session, "EUR", *span), comparisons.unseen(session, *span)


def test_each_group_counts_what_it_bought_afterwards_in_our_currency(stage: Stage) -> None:
    old, offer = stage.offer("old"), stage.offer("new")
    brought, another, held_out = (stage.fan(who) for who in ("ann", "ben", "cat"))
    codes = [knows(stage, fan, old, 1, f"{fan}@example.com") for fan in (brought, another, held_out)]
    draws(stage, offer, BROUGHT, brought)
    draws(stage, offer, BROUGHT, another)
    draws(stage, offer, HELD_OUT, held_out)

    sells(stage, 9, 1, code=codes[0])  # before the lot
    sells(stage, 11, 300, code=codes[0], email_hash=addresses.hash_of(f"{brought}@example.com"))  # once, by both
    sells(stage, 12, 100, email_hash=addresses.hash_of(f"{brought}@example.com"))
    sells(stage, 12, 50, "USD", code=codes[1])
    sells(stage, 12, 70, code=codes[2])

    assert compared(stage) == ({offer.id: Compared(Group(2, 1, 400, 160_000.0), Group(1, 1, 70, 4900.0))}, 0)


def test_what_only_the_offer_made_known_counts_for_nobody(stage: Stage) -> None:
    """Of who was held out it could never be known."""
    old, offer = stage.offer("old"), stage.offer("new")
    known, unknown = stage.fan("ann"), stage.fan("ben")
    knows(stage, known, old, 1)
    draws(stage, offer, BROUGHT, known)
    draws(stage, offer, BROUGHT, unknown)
    codes = [knows(stage, fan, offer, 11, f"{fan}@example.com") for fan in (known, unknown)]

    for fan, code in zip((known, unknown), codes, strict=True):
        sells(stage, 12, 100, code=code)
        sells(stage, 13, 100, email_hash=addresses.hash_of(f"{fan}@example.com"))

    assert compared(stage) == ({offer.id: Compared(Group(1, 0, 0, 0.0), Group())}, 1)


def test_a_person_is_one_with_all_fans_who_were_one_with_him_then(stage: Stage) -> None:
    old, offer = stage.offer("old"), stage.offer("new")
    lea, lea_too = stage.fan("lea"), stage.fan("lea-too")
    first, second = knows(stage, lea, old, 1), knows(stage, lea_too, old, 2)
    draws(stage, offer, HELD_OUT, lea, lea_too)

    sells(stage, 11, 30, code=first)
    sells(stage, 12, 40, code=second)

    assert compared(stage) == ({offer.id: Compared(Group(), Group(1, 1, 70, 4900.0))}, 0)


def test_a_lead_of_before_is_known_by_his_number(stage: Stage) -> None:
    offer = stage.offer("new")
    lead = stage.lead(stage.offer("old"), "lea")
    draws(stage, offer, BROUGHT, lead.fan_id)

    sells(stage, 11, 60, lead_id=lead.id)

    assert compared(stage)[0] == {offer.id: Compared(Group(1, 1, 60, 3600.0), Group())}


def test_a_period_compares_whom_the_lot_fell_on_in_it(stage: Stage) -> None:
    old, offer = stage.offer("old"), stage.offer("new")
    early, late = stage.fan("ann"), stage.fan("ben")
    for fan, day in ((early, 10), (late, 20)):
        knows(stage, fan, old, 1)
        draws(stage, offer, BROUGHT, fan, day=day)

    assert [compared(stage, since)[0][offer.id].offered.people for since in (None, 15)] == [2, 1]
    assert compared(stage, 30) == ({}, 0)
