"""What bringing offers changes is told as statisticians published it, and with an interval that keeps its promise."""

import random
from math import exp

import pytest

from leads import lift
from leads.lift import Group, Interval, Lifts, TooFew

# R. G. Newcombe, "Two-sided confidence intervals for the single proportion: comparison of seven methods", Statistics in
# Medicine 17 (1998), 857-872, table I, method 3 (score without continuity correction). Quoted from memory: the paper
# was out of reach, and nothing of it was changed to fit.
WILSON = {
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0, 0.1611),
    (1, 29): (0.0061, 0.1718),
}

# The same, "Interval estimation for the difference between independent proportions: comparison of eleven methods",
# pages 873-890, table II, method 10. From memory, too.
NEWCOMBE = {
    (56, 70, 48, 80): (0.0524, 0.3339),
    (9, 10, 3, 10): (0.1705, 0.8090),
    (6, 7, 2, 7): (0.0582, 0.8062),
    (5, 56, 0, 29): (-0.0381, 0.1926),
    (0, 10, 0, 20): (-0.1611, 0.2775),
    (10, 10, 0, 20): (0.6791, 1.0),
}

# "Student" (W. S. Gosset), "The probable error of a mean", Biometrika 6 (1908): hours of sleep gained by two drugs.
# What R prints for them in t.test(extra ~ group, data = sleep), its own documentation's example of Welch's test.
SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)
PRINTED_BY_R = (-3.3654832, 0.2054832)


def group(spent: list[float]) -> Group:
    buyers = sum(one > 0 for one in spent)
    return Group(len(spent), buyers, sum(spent), sum(one * one for one in spent))  # type: ignore[arg-type]


@pytest.mark.parametrize(("seen", "published"), WILSON.items())
def test_a_share_has_the_published_interval(seen: tuple[int, int], published: tuple[float, float]) -> None:
    found = lift.wilson(*seen)

    assert (found.low, found.high) == pytest.approx(published, abs=0.00005)


@pytest.mark.parametrize(("seen", "published"), NEWCOMBE.items())
def test_a_difference_of_shares_has_the_published_interval(
    seen: tuple[int, int, int, int], published: tuple[float, float]
) -> None:
    hits, of, other_hits, of_others = seen
    found = lift.newcombe(Group(of, hits), Group(of_others, other_hits))

    assert found.difference == pytest.approx(hits / of - other_hits / of_others)
    assert (found.interval.low, found.interval.high) == pytest.approx(published, abs=0.00005)


def test_a_difference_of_means_has_the_printed_interval() -> None:
    found = lift.welch(*map(group, SLEEP))

    assert found.difference == pytest.approx(-1.58)
    assert (found.interval.low, found.interval.high) == pytest.approx(PRINTED_BY_R, abs=0.000001)


SPREAD = 0.8  # of the logarithm of a basket


def bought(chance: random.Random, people: int, rate: float) -> Group:
    return group([chance.lognormvariate(3, SPREAD) if chance.random() < rate else 0.0 for _ in range(people)])


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("held_out", "without", "with_it"), [(400, 0.2, 0.2), (400, 0.15, 0.2), (700, 0.1, 0.13), (900, 0.08, 0.08)]
)
def test_95_of_100_intervals_hold_the_truth(held_out: int, without: float, with_it: float) -> None:
    """Of a world in which it is known. 600 of them: fewer than 92.5 % or more than 97.5 % would be no chance."""
    chance, worlds, rates, money = random.Random(11), 600, 0, 0
    gain = (with_it - without) * exp(3 + SPREAD**2 / 2)
    for _ in range(worlds):
        offered, left_alone = bought(chance, 4 * held_out, with_it), bought(chance, held_out, without)
        of_rate, of_money = lift.newcombe(offered, left_alone).interval, lift.welch(offered, left_alone).interval
        rates += of_rate.low <= with_it - without <= of_rate.high
        money += of_money.low <= gain <= of_money.high

    assert (0.925 <= rates / worlds <= 0.975, 0.925 <= money / worlds <= 0.975) == (True, True), (rates, money)


def test_of_too_few_nothing_is_said_but_how_many_it_takes() -> None:
    everybody = Group(2000, 100, 200_000, 1e9)

    assert lift.compare(everybody, Group(12, 3, 900, 1e6)) == TooFew(820)
    assert lift.compare(Group(99, 50, 1, 1.0), everybody) == TooFew(1400)
    assert lift.compare(Group(), Group()) == TooFew(5200)
    assert lift.compare(Group(500, 5), Group(500, 4)) == TooFew(11_000)


def test_amounts_are_compared_only_where_enough_people_bought() -> None:
    offered, few, enough = (Group(1000, buyers, 5000 * buyers, 4e7 * buyers) for buyers in (90, 29, 30))

    with_few, with_enough = lift.compare(offered, few), lift.compare(offered, enough)

    assert isinstance(with_few, Lifts)
    assert isinstance(with_enough, Lifts)
    assert with_few.money is None
    assert with_few.rate.difference == pytest.approx(0.061)
    assert with_enough.money is not None
    assert with_enough.money.difference == pytest.approx(300.0)


def test_nobody_varies_and_nothing_is_divided_by_nothing() -> None:
    same = Group(200, 200, 200, 200.0)

    assert lift.welch(same, same) == lift.Lift(0.0, Interval(0.0, 0.0))
    assert Interval(0.0, 0.0).says_nothing
    assert not Interval(0.01, 0.02).says_nothing
    assert (Group().rate, Group().mean) == (0.0, 0.0)


def test_so_many_show_what_is_worth_seeing_in_four_of_five_cases() -> None:
    chance, seen = random.Random(5), 0
    known = Group(20_000, 1000), Group(1000, 50)
    people = lift.needed(*known)
    for _ in range(200):
        held_out = Group(people, sum(chance.random() < 0.05 for _ in range(people)))
        offered = Group(20 * people, sum(chance.random() < 0.075 for _ in range(20 * people)))
        seen += lift.newcombe(offered, held_out).interval.low > 0

    assert 0.7 < seen / 200 < 0.9
