"""Lift: what bringing offers changes. People who were brought one, beside people who were left alone by lot.

A difference is told with the interval in which the truth lies in 95 of 100 such comparisons. Shares have score
intervals, which hold for small numbers and near none or all: Wilson's for one share, Newcombe's hybrid of two of them
for a difference ("Interval estimation for the difference between independent proportions", Statistics in Medicine 17,
1998, method 10). Money has Welch's interval: it assumes that people buy independently of each other and that each
group is large enough for its mean to be near normal, which needs buyers in both, and not that both vary alike.
"""

from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)
POWER = NormalDist().inv_cdf(0.9)  # comes to four of five: score intervals are wider than this reckoning takes them for

FEWEST_PEOPLE = 100  # in each group, and
FEWEST_BUYERS = 10  # in both together: below it no interval says anything worth reading
FEWEST_SPENDERS = 30  # buyers in each group: amounts are so uneven that Welch's interval is too narrow below it
WORTH_SEEING = 1.5  # half as many buyers again
FIRST_BUYERS, FIRST_PEOPLE = 2, 100  # what a share of buyers is taken for before anything was seen


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float

    @property
    def says_nothing(self) -> bool:
        """It holds "no difference", too."""
        return self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class Group:
    """Some people and what they bought. `squares` is the sum of the squares of what each of them spent."""

    people: int = 0
    buyers: int = 0
    revenue: int = 0
    squares: float = 0.0

    @property
    def rate(self) -> float:
        return self.buyers / self.people if self.people else 0.0

    @property
    def mean(self) -> float:
        """Revenue per person, buyers or not."""
        return self.revenue / self.people if self.people else 0.0

    @property
    def variance(self) -> float:
        """Of what a person spends."""
        return max(0.0, self.squares - self.people * self.mean**2) / (self.people - 1)

    def __add__(self, other: "Group") -> "Group":
        return Group(
            self.people + other.people,
            self.buyers + other.buyers,
            self.revenue + other.revenue,
            self.squares + other.squares,
        )


NOBODY = Group()


@dataclass(frozen=True, slots=True)
class Lift:
    """How much higher it is with offers than without."""

    difference: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Lifts:
    """`money` is None where too few bought for an interval of amounts."""

    rate: Lift
    money: Lift | None


@dataclass(frozen=True, slots=True)
class TooFew:
    """Nothing can be said yet. `needed` is about how many would have to be held out to see a change worth seeing."""

    needed: int


def compare(offered: Group, held_out: Group) -> Lifts | TooFew:
    few_people = min(offered.people, held_out.people) < FEWEST_PEOPLE
    if few_people or offered.buyers + held_out.buyers < FEWEST_BUYERS:
        return TooFew(needed(offered, held_out))
    enough_bought = min(offered.buyers, held_out.buyers) >= FEWEST_SPENDERS
    return Lifts(newcombe(offered, held_out), welch(offered, held_out) if enough_bought else None)


def needed(offered: Group, held_out: Group) -> int:
    """How many held out show in four of five cases that half as many again buy, in the shares that there are now."""
    both = offered + held_out
    without = min((both.buyers + FIRST_BUYERS) / (both.people + FIRST_PEOPLE), 1 / WORTH_SEEING)
    with_it = without * WORTH_SEEING
    times = max(1.0, offered.people / max(1, held_out.people))
    spread = without * (1 - without) + with_it * (1 - with_it) / times
    return max(FEWEST_PEOPLE, _round(ceil((Z + POWER) ** 2 * spread / (with_it - without) ** 2)))


def wilson(hits: int, of: int) -> Interval:
    """Of a share."""
    share, square = hits / of, Z**2 / of
    middle, half = share + square / 2, Z * sqrt(share * (1 - share) / of + square / (4 * of))
    return Interval(max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square)))


def newcombe(one: Group, other: Group) -> Lift:
    """Of the difference of two shares of buyers."""
    mine, theirs = wilson(one.buyers, one.people), wilson(other.buyers, other.people)
    difference = one.rate - other.rate
    below = sqrt((one.rate - mine.low) ** 2 + (theirs.high - other.rate) ** 2)
    above = sqrt((mine.high - one.rate) ** 2 + (other.rate - theirs.low) ** 2)
    return Lift(difference, Interval(difference - below, difference + above))


def welch(one: Group, other: Group) -> Lift:
    """Of the difference of two means."""
    parts = [group.variance / group.people for group in (one, other)]
    whole = sum(parts)
    difference = one.mean - other.mean
    if not whole:
        return Lift(difference, Interval(difference, difference))
    freedom = whole**2 / sum(part**2 / (group.people - 1) for part, group in zip(parts, (one, other), strict=True))
    half = _student(freedom) * sqrt(whole)
    return Lift(difference, Interval(difference - half, difference + half))


def _student(freedom: float) -> float:
    """The 97.5 % point of Student's t, by its series from the normal one (Abramowitz and Stegun, 26.7.5)."""
    z = Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))


def _round(number: int) -> int:
    """To two digits, upwards: nobody knows it better."""
    step: int = 10 ** max(0, len(str(number)) - 2)
    return ceil(number / step) * step
