"""Arbitration: of all offers that a fan may have on all channels, which one is worth bringing, and why not the others.

Thompson sampling: each candidate's claim rate is drawn from what we believe of it, and the draw worth most wins. What
is known well is drawn near its mean, what is hardly known far and wide, so that it gets its chance to be known.
Money is in minor units of the brand's currency. Chance is an argument.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from offers.beliefs import Belief

UNKNOWN_WORTH = 1000  # of an offer whose worth nobody told: all of them alike, so that only their rates tell them apart
HOUR = 1000  # what all the places are worth that a platform gives one account in an hour
RUSH = 9  # so many times dearer again is the last of them
PRESSURE = 2  # what a whole message costs of a fan's patience

Beta = Callable[[float, float], float]  # a draw: random.Random(seed).betavariate


class Why(StrEnum):
    """What became of a candidate."""

    WON = "won"
    BRINGS_LESS = "brings_less"  # than the winner, by the rates that were drawn
    LOWER_PRIORITY = "lower_priority"  # a manager put another one first
    COSTS_MORE = "costs_more_than_it_brings"


@dataclass(frozen=True, slots=True)
class Price:
    """What it costs to say it, taken or not: the platform's charge, the scarce place, the fan's patience."""

    sending: float = 0.0
    place: float = 0.0
    pressure: float = 0.0

    @property
    def whole(self) -> float:
        return self.sending + self.place + self.pressure


FREE = Price()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer that this fan may have, on one of his profiles."""

    offer_id: UUID
    channel: str
    profile_id: UUID
    belief: Belief
    gain: float  # what a claim brings the brand, after what it costs
    price: Price = FREE
    priority: int = 0
    guessed: bool = False  # nobody told what a claim is worth


@dataclass(frozen=True, slots=True)
class Ranked:
    candidate: Candidate
    rate: float  # as it was drawn
    value: float  # what bringing it is worth, at that rate
    why: Why


def gain(worth: int | None, cost: int | None) -> float:
    return (UNKNOWN_WORTH if worth is None else worth) - (cost or 0)


def price_of_place(per_hour: float | None, taken: float = 0.0) -> float:
    """The fewer places a platform gives, and the more of them (0 to 1) are taken, the dearer is one. None: no limit."""
    return 0.0 if per_hour is None else HOUR / per_hour * (1 + RUSH * taken)


def price_of_pressure(weight: int, whole: int) -> float:
    return PRESSURE * weight / whole


def rank(candidates: Iterable[Candidate], beta: Beta, *, owed: bool = False) -> list[Ranked]:
    """The best first, each with its reason. Of equals the older offer wins, whatever order they came in.

    Where an answer is `owed` to somebody who asked, the best wins even if it costs more than it brings.
    """
    drawn = [_drawn(one, beta) for one in sorted(candidates, key=_name)]
    ordered = sorted(drawn, key=_order)
    best = ordered[0] if ordered and (owed or ordered[0][2] > 0) else None
    return [Ranked(one, rate, value, _why(one, value, best)) for one, rate, value in ordered]


def winner(ranking: Sequence[Ranked]) -> Candidate | None:
    """The first, unless even that costs more than it brings."""
    return ranking[0].candidate if ranking and ranking[0].why is Why.WON else None


_Drawn = tuple[Candidate, float, float]


def _drawn(one: Candidate, beta: Beta) -> _Drawn:
    rate = beta(one.belief.claims, one.belief.passes)
    return one, rate, rate * one.gain - one.price.whole


def _name(one: Candidate) -> tuple[UUID, str, UUID]:
    return one.offer_id, one.channel, one.profile_id


def _order(drawn: _Drawn) -> tuple[bool, int, float]:
    one, _, value = drawn
    return value <= 0, -one.priority, -value


def _why(one: Candidate, value: float, best: _Drawn | None) -> Why:
    if best is not None and one is best[0]:
        return Why.WON
    if value <= 0 or best is None:
        return Why.COSTS_MORE
    return Why.LOWER_PRIORITY if one.priority < best[0].priority else Why.BRINGS_LESS


def as_chosen(ranking: Sequence[Ranked]) -> list[dict[str, object]]:
    """The ranking as a receipt keeps it."""
    return [_line(one) for one in ranking]


def _line(ranked: Ranked) -> dict[str, object]:
    one = ranked.candidate
    return {
        "offer": str(one.offer_id),
        "channel": one.channel,
        "why": ranked.why.value,
        "rate": round(ranked.rate, 6),
        "believed": round(one.belief.mean, 6),
        "from": one.belief.source.value,
        "shown": one.belief.shown,
        "gain": round(one.gain, 2),
        "guessed": one.guessed,
        "price": round(one.price.whole, 4),
        "value": round(ranked.value, 4),
        "priority": one.priority,
    }
