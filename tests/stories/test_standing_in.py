"""Who asks for an offer that can't be had is given the one that stands in for it, if that can be had."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from offers.claims import Claim
from optin.receipts import Receipt
from tests import shop
from tests.stage import NOON, Stage

GONE: list[dict[str, Any]] = [
    {"stock": 1, "taken": 1},
    {"state": "paused"},
    {"ends_at": NOON - timedelta(days=1)},
]


def claimed(stage: Stage) -> list[UUID]:
    return [claim.offer_id for claim in stage.all(Claim)]


@pytest.mark.parametrize("gone", GONE)
def test_another_offer_stands_in_for_one_that_cannot_be_had(stage: Stage, gone: dict[str, Any]) -> None:
    other = stage.offer(slug="tea", keywords=["thé"])
    stage.offer(**gone, fallback_id=other.id)

    stage.writes("promo")
    stage.work()

    assert claimed(stage) == [other.id]
    assert "/claim/" in stage.said()[0]
    assert ("promo" in stage.all(Receipt)[0].chosen["among"]) is (gone != {"state": "paused"})


@pytest.mark.parametrize("gone", GONE)
def test_where_that_one_is_gone_too_it_is_as_if_there_were_none(stage: Stage, gone: dict[str, Any]) -> None:
    other = stage.offer(slug="tea", keywords=["thé"], state="paused")
    stage.offer(**gone, fallback_id=other.id)

    stage.writes("promo")
    stage.work()

    assert claimed(stage) == []


def test_an_offer_that_can_be_had_needs_nobody_to_stand_in(stage: Stage) -> None:
    other = stage.offer(slug="tea", keywords=["thé"])
    promo = stage.offer(fallback_id=other.id)

    stage.writes("promo")
    stage.work()

    assert claimed(stage) == [promo.id]


def test_offers_that_stand_in_for_each_other_end_nowhere(stage: Stage) -> None:
    ids = [stage.bot.new_id() for _ in range(2)]
    first = stage.offer(id=ids[0], stock=1, taken=1)
    second = stage.offer(id=ids[1], slug="tea", keywords=["thé"], stock=1, taken=1, fallback_id=first.id)
    with stage.bot.transaction() as session:
        session.merge(first).fallback_id = second.id

    stage.writes("promo")
    stage.work()

    assert (claimed(stage), stage.outcomes()[0][1]) == ([], "sold_out")


def test_who_holds_it_is_reminded_of_his_own(stage: Stage) -> None:
    other = stage.offer(slug="tea", keywords=["thé"])
    promo = stage.offer(fallback_id=other.id)
    stage.writes("promo")
    stage.work()
    shop.sell_out(stage.bot, promo)

    stage.writes("promo")
    stage.work()

    assert claimed(stage) == [promo.id]
    assert len(stage.said()) == 2
