"""What fans, platforms, offers and posts are worth: revenue, baskets, regularity and conversion, out of purchases.

A purchase counts for the claim that it was made with; where none is named, for the last that the buyer had taken by
then: the last touch. Amounts are in a currency's minor unit.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, pairwise
from typing import TypeVar
from uuid import UUID

from leads import lift
from leads.lift import Interval

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Touch:
    """The claim for which a purchase counts: where it was opened, and of which offer."""

    platform: str
    offer_id: UUID
    post: str


@dataclass(frozen=True, slots=True)
class Sale:
    """One purchase. `buyer` is a person, or the hash of an address of which we know nobody. No touch: it was made
    without any claim before it."""

    buyer: UUID | str
    at: datetime
    amount: int
    touch: Touch | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """What some buyers bought. Several purchases of one day are one visit, as in the field's models of loyalty."""

    revenue: int = 0
    purchases: int = 0
    buyers: int = 0
    came_back: int = 0  # buyers who bought on another day, too
    returns: int = 0  # days with a purchase, after the buyer's first
    days: int = 0  # from the first day to the last, all buyers together

    @property
    def basket(self) -> float | None:
        """The average amount of a purchase."""
        return self.revenue / self.purchases if self.purchases else None

    @property
    def loyalty(self) -> float | None:
        """The share of buyers who came back."""
        return self.came_back / self.buyers if self.buyers else None

    @property
    def rhythm(self) -> float | None:
        """How many days pass, on average, between one visit and the next of the same buyer."""
        return self.days / self.returns if self.returns else None

    def __add__(self, other: "Worth") -> "Worth":
        return Worth(
            self.revenue + other.revenue,
            self.purchases + other.purchases,
            self.buyers + other.buyers,
            self.came_back + other.came_back,
            self.returns + other.returns,
            self.days + other.days,
        )


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many were given an offer's link, how many of them took its code, and how many used it."""

    offered: int = 0
    claimed: int = 0
    redeemed: int = 0

    @property
    def taken(self) -> float | None:
        """The share of the offered that was claimed."""
        return self.claimed / self.offered if self.offered else None

    @property
    def taken_between(self) -> Interval | None:
        """Where that share lies for fans like these, in 95 of 100 cases."""
        return lift.wilson(self.claimed, self.offered) if self.offered else None

    @property
    def used(self) -> float | None:
        """The share of the claimed that was redeemed."""
        return self.redeemed / self.claimed if self.claimed else None

    @property
    def used_between(self) -> Interval | None:
        return lift.wilson(self.redeemed, self.claimed) if self.claimed else None

    def __add__(self, other: "Funnel") -> "Funnel":
        return Funnel(self.offered + other.offered, self.claimed + other.claimed, self.redeemed + other.redeemed)


def of_one(sales: Sequence[Sale]) -> Worth:
    """What one buyer bought."""
    visits = sorted({sale.at.date() for sale in sales})
    if not visits:
        return Worth()
    return Worth(
        revenue=sum(sale.amount for sale in sales),
        purchases=len(sales),
        buyers=1,
        came_back=int(len(visits) > 1),
        returns=len(visits) - 1,
        days=sum(gaps(visits)),
    )


def gaps(visits: Sequence[date]) -> list[int]:
    """The days between each visit and the next."""
    return [(later - earlier).days for earlier, later in pairwise(visits)]


def by(key: Callable[[Sale], Key], sales: Iterable[Sale]) -> dict[Key, Worth]:
    """What was bought, by whatever `key` tells of a sale. Whoever bought under two keys is a buyer of both."""
    found: dict[Key, Worth] = {}
    for _, his in groupby(sorted(sales, key=_buyer), _buyer):
        for each, part in _parted(key, list(his)).items():
            found[each] = found.get(each, Worth()) + of_one(part)
    return found


def _buyer(sale: Sale) -> str:
    return str(sale.buyer)


def _parted(key: Callable[[Sale], Key], sales: Sequence[Sale]) -> dict[Key, list[Sale]]:
    parts: dict[Key, list[Sale]] = {}
    for sale in sales:
        parts.setdefault(key(sale), []).append(sale)
    return parts
