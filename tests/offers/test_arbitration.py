"""One winner: a manager's choice first, then what is worth most, and nothing that costs more than it brings."""

from collections import Counter
from dataclasses import replace
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers import arbitration
from offers.arbitration import Candidate, Price, Why, gain, price_of_place, rank, winner
from offers.beliefs import Belief

MUG, TEA, CARD = (UUID(int=number) for number in (1, 2, 3))
AT = UUID(int=9)


def candidate(
    offer_id: UUID = MUG, taken: float = 20, shown: float = 1000, channel: str = "email", **more
) -> Candidate:
    return Candidate(offer_id, channel, AT, Belief(taken, shown - taken), **({"gain": 1000.0} | more))


def won(*candidates: Candidate, times: int = 400) -> Counter:
    chance = Random(7).betavariate
    return Counter(
        one and (one.offer_id, one.channel) for one in (winner(rank(candidates, chance)) for _ in range(times))
    )


def test_the_better_offer_wins_more_often_the_better_it_is_known() -> None:
    little = won(candidate(MUG, 1, 30), candidate(TEA, 2, 30))
    much = won(candidate(MUG, 100, 3000), candidate(TEA, 200, 3000))

    assert 200 < little[TEA, "email"] < 360  # it is still being found out
    assert much[TEA, "email"] > 398


def test_what_a_claim_brings_counts_as_much_as_how_often_it_comes() -> None:
    assert won(candidate(MUG, 40), candidate(TEA, 20, gain=3000.0))[TEA, "email"] > 350


def test_a_free_channel_beats_a_costly_one_at_equal_value() -> None:
    free, dear = candidate(taken=300), candidate(taken=300, channel="x", price=Price(sending=20.0))

    wins = won(free, dear)

    assert wins[MUG, "email"] > 1.5 * wins[MUG, "x"] > 0
    assert [one.candidate.channel for one in rank([dear, free], lambda claims, passes: 0.3)] == ["email", "x"]


def test_where_an_answer_is_owed_the_best_wins_even_at_a_loss() -> None:
    cheap, dear = candidate(MUG, price=Price(sending=40.0)), candidate(TEA, price=Price(sending=90.0))

    ranking = rank([dear, cheap], lambda claims, passes: 0.03, owed=True)

    assert [(one.candidate.offer_id, one.why) for one in ranking] == [(MUG, Why.WON), (TEA, Why.COSTS_MORE)]
    assert winner(rank([], lambda claims, passes: 0.03, owed=True)) is None


def test_what_costs_more_than_it_brings_wins_nothing_and_says_so() -> None:
    ranking = rank([candidate(price=Price(sending=20.0, place=17.0, pressure=2.0))], lambda claims, passes: 0.03)

    assert winner(ranking) is None
    assert [(one.why, round(one.value, 6)) for one in ranking] == [(Why.COSTS_MORE, -9.0)]


def test_a_manager_s_priority_goes_first_but_not_at_a_loss() -> None:
    first, rich = candidate(MUG, priority=5), candidate(TEA, 900)
    at_a_loss = candidate(CARD, priority=9, gain=-1.0)

    ranking = rank([rich, at_a_loss, first], Random(1).betavariate)

    assert [(one.candidate.offer_id, one.why) for one in ranking] == [
        (MUG, Why.WON), (TEA, Why.LOWER_PRIORITY), (CARD, Why.COSTS_MORE),
    ]  # fmt: skip


def test_chance_can_be_played_again_in_whatever_order_they_come() -> None:
    several = [candidate(MUG), candidate(TEA), candidate(TEA, channel="x"), candidate(CARD, 30)]

    once, again = (arbitration.as_chosen(rank(order, Random(3).betavariate)) for order in (several, several[::-1]))

    assert once == again
    assert once != arbitration.as_chosen(rank(several, Random(4).betavariate))


def test_of_equals_the_older_offer_wins() -> None:
    tied = [candidate(CARD), candidate(MUG), candidate(TEA)]

    assert [one.candidate.offer_id for one in rank(tied, lambda claims, passes: 0.5)] == [MUG, TEA, CARD]


@given(st.lists(st.builds(
    candidate, st.sampled_from([MUG, TEA, CARD]), st.integers(1, 900), channel=st.sampled_from(["x", "email"]),
    gain=st.floats(-100, 5000), priority=st.integers(-1, 1), price=st.builds(Price, st.floats(0, 500)),
), max_size=8), st.integers())  # fmt: skip
def test_there_is_one_winner_or_nothing_worth_it_and_everybody_has_a_reason(them: list[Candidate], seed: int) -> None:
    ranking = rank(them, Random(seed).betavariate)

    assert sorted(map(repr, them)) == sorted(repr(one.candidate) for one in ranking)
    wins = [one for one in ranking if one.why is Why.WON]
    worth_it = [one for one in ranking if one.value > 0]
    assert len(wins) == bool(worth_it)
    assert all(one.why is Why.COSTS_MORE for one in ranking if one.value <= 0)
    if wins:
        top = max(one.candidate.priority for one in worth_it)
        assert wins == [max((one for one in worth_it if one.candidate.priority == top), key=lambda one: one.value)]


@pytest.mark.parametrize(("worth", "cost", "expected"), [(2500, 700, 1800), (None, 300, 700), (2500, None, 2500)])
def test_a_worth_that_nobody_told_is_taken_for_that_of_all_others(worth, cost, expected: float) -> None:
    assert gain(worth, cost) == expected


def test_a_place_is_dearer_where_there_are_few_and_most_are_taken() -> None:
    prices = [price_of_place(None), price_of_place(1_080_000), price_of_place(750), price_of_place(60)]

    assert prices == sorted(prices)
    assert price_of_place(750, taken=1.0) == pytest.approx(10 * price_of_place(750))


def test_a_line_of_the_receipt_is_plain_and_tells_where_its_rate_comes_from() -> None:
    [line] = arbitration.as_chosen(rank([replace(candidate(), priority=2)], lambda claims, passes: 0.25))

    assert line == {
        "offer": str(MUG), "channel": "email", "why": "won", "rate": 0.25, "believed": 0.02, "from": "nothing",
        "shown": 0, "gain": 1000.0, "guessed": False, "price": 0.0, "value": 250.0, "priority": 2,
    }  # fmt: skip
