"""The ambassador score: what a person did for the brand where we could see it, in parts that anybody can check.

Praise in public, an answer that helped another fan, and friends who took an offer by his link give points. They count
whole for ninety days, half for ninety more, and then no longer: whoever goes on stays one, and nobody has to be struck
off. So that it can't be played, each other person counts once, praise once a week, and only so many of a day.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

WHOLE = timedelta(days=90)
HALF = timedelta(days=180)  # beyond that nothing


class Kind(StrEnum):
    PRAISE = "praise"  # said where others read it
    HELPED = "helped"  # another fan, who thanked for it, or as a manager saw
    FRIEND = "friend"  # who came by his link, was new to us, and took an offer


@dataclass(frozen=True, slots=True)
class Worth:
    """Points of one, an even number, and how many count `a_day`, or in a week where it is `weekly`."""

    points: int
    most: int
    weekly: bool = False


WORTH: Mapping[Kind, Worth] = {
    Kind.PRAISE: Worth(2, most=1, weekly=True),
    Kind.HELPED: Worth(6, most=3),
    Kind.FRIEND: Worth(10, most=3),
}


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that he did. `span` is the day or the week within which only so many count; `other` the person for
    whom it was, where it is known."""

    id: int
    kind: Kind
    at: datetime
    span: str
    other: UUID | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """How many of a kind count now, and what they give."""

    kind: Kind
    times: int
    points: int


@dataclass(frozen=True, slots=True)
class Score:
    parts: tuple[Part, ...] = ()

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)


def score(done: Iterable[Done], now: datetime) -> Score:
    """What counts of all this now, a part for each kind."""
    counting = list(_within_caps(_once_a_person(one for one in done if one.at >= now - HALF)))
    return Score(tuple(_part(kind, [one for one in counting if one.kind is kind], now) for kind in Kind))


def points(one: Done, now: datetime) -> int:
    worth = WORTH[one.kind].points
    return worth if one.at >= now - WHOLE else worth // 2


def span(kind: Kind, at: datetime) -> str:
    """ "2026-11-25", or "2026-W48", by UTC."""
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}" if WORTH[kind].weekly else at.date().isoformat()


def _part(kind: Kind, counting: list[Done], now: datetime) -> Part:
    return Part(kind, len(counting), sum(points(one, now) for one in counting))


def _once_a_person(done: Iterable[Done]) -> Iterator[Done]:
    """Of what he did for the same other person, the last."""
    last: dict[tuple[Kind, UUID], Done] = {}
    for one in sorted(done, key=_order):
        if one.other is None:
            yield one
        else:
            last[one.kind, one.other] = one
    yield from last.values()


def _within_caps(done: Iterable[Done]) -> Iterator[Done]:
    """Of each day or week the first ones."""
    counted: dict[tuple[Kind, str], int] = defaultdict(int)
    for one in sorted(done, key=_order):
        counted[one.kind, one.span] += 1
        if counted[one.kind, one.span] <= WORTH[one.kind].most:
            yield one


def _order(one: Done) -> tuple[datetime, int]:
    return one.at, one.id
