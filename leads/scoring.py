"""The score: what a person's deeds count for, in parts that each have their points and their cap.

WEIGHTS is all there is to it. The score is made of what he did and allows, so that it changes by nothing but that, and
the same number stands in the panel and in the CRM. How lively he is at the moment is told apart, and in the panel
alone: it fades by itself, and moves with every comment (docs/decisions/0032).

Not counted, on purpose: what he says and how he says it, complaints, how much money he spent, his name, language,
platform and friends, whether he opened a message, and anything that we were not told by himself or by the brand's shop.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Part(StrEnum):
    CONSENTS = "consents"
    CLAIMS = "claims"
    REDEMPTIONS = "redemptions"
    PURCHASES = "purchases"
    INTERACTIONS = "interactions"
    RECENCY = "recency"


@dataclass(frozen=True, slots=True)
class Weight:
    """So many points each, and no more than `most` together."""

    each: int
    most: int


WEIGHTS: Mapping[Part, Weight] = {
    Part.CONSENTS: Weight(5, 20),  # ways of writing to him: a channel, for offers or the newsletter
    Part.CLAIMS: Weight(5, 20),  # offers of which he took the code
    Part.REDEMPTIONS: Weight(10, 20),  # codes that he used
    Part.PURCHASES: Weight(10, 40),
}
LIVELY: Mapping[Part, Weight] = {
    Part.INTERACTIONS: Weight(1, 10),  # comments and private messages
    Part.RECENCY: Weight(1, 10),
}
FADING = ((timedelta(days=7), 10), (timedelta(days=30), 6), (timedelta(days=90), 3))  # heard within, points


@dataclass(frozen=True, slots=True)
class Counts:
    """What a score is made of."""

    consents: int = 0
    claims: int = 0
    redemptions: int = 0
    purchases: int = 0
    interactions: int = 0
    last_heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """One part: what it is worth, out of how much, for how many of what it counts."""

    part: Part
    points: int
    most: int
    each: int
    count: int


@dataclass(frozen=True, slots=True)
class Score:
    parts: tuple[Points, ...]

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)

    @property
    def most(self) -> int:
        return sum(part.most for part in self.parts)


def of(counts: Counts) -> Score:
    """What he did and allows: it stays the same until he does or allows something else."""
    return Score(tuple(_points(part, weight, getattr(counts, part)) for part, weight in WEIGHTS.items()))


def lately(counts: Counts, now: datetime) -> Score:
    """How lively he is at this moment."""
    counted = {Part.INTERACTIONS: counts.interactions, Part.RECENCY: _freshness(counts.last_heard_at, now)}
    return Score(tuple(_points(part, weight, counted[part]) for part, weight in LIVELY.items()))


def _points(part: Part, weight: Weight, count: int) -> Points:
    return Points(part, min(weight.each * count, weight.most), weight.most, weight.each, count)


def _freshness(last_heard_at: datetime | None, now: datetime) -> int:
    if last_heard_at is None:
        return 0
    return next((points for within, points in FADING if now - last_heard_at <= within), 0)
