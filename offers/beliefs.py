"""Beliefs: how likely an offer is taken on a channel by people of a segment, and how sure we are of that.

Each is a Beta distribution. Its centre comes down level by level: all that was shown, this channel, this offer on it,
this segment; each level begins at the mean of the one above, as if that had been seen STRENGTH times, and adds what it
counted itself. What a narrower level counts is taken out of the wider ones, so that nothing is counted twice.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

FIRST_MEAN = 0.02  # before anything was ever shown: one in fifty takes what he is brought
FIRST_ASKED = 0.5  # and of those who ask for it, one in two
FIRST_STRENGTH = 10.0
STRENGTH = 50.0

Arm = tuple[str, str, str]  # offer, channel, segment


class Level(StrEnum):
    """Where the numbers of a belief come from."""

    NOTHING = "nothing"  # our own first guess
    ALL = "all"
    CHANNEL = "channel"
    OFFER = "offer"
    SEGMENT = "segment"


LEVELS = (Level.ALL, Level.CHANNEL, Level.OFFER, Level.SEGMENT)


@dataclass(frozen=True, slots=True)
class Tally:
    shown: int = 0
    claimed: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.shown + other.shown, self.claimed + other.claimed)

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(self.shown - other.shown, self.claimed - other.claimed)


NONE = Tally()


@dataclass(frozen=True, slots=True)
class Belief:
    """`claims` and `passes` are the parameters of the distribution; `grounds` what each level added, widest first."""

    claims: float
    passes: float
    grounds: tuple[Tally, ...] = (NONE,) * len(LEVELS)

    @property
    def mean(self) -> float:
        return self.claims / (self.claims + self.passes)

    @property
    def source(self) -> Level:
        """The narrowest level at which anything was seen."""
        seen = [level for level, tally in zip(LEVELS, self.grounds, strict=True) if tally.shown]
        return seen[-1] if seen else Level.NOTHING

    @property
    def shown(self) -> int:
        """How often it was shown at that level."""
        return next((tally.shown for tally in reversed(self.grounds) if tally.shown), 0)


@dataclass
class Beliefs:
    """What follows from everything that was counted, asked arm by arm."""

    counted: Mapping[Arm, Tally] = field(default_factory=dict)
    first: float = FIRST_MEAN

    def __post_init__(self) -> None:
        self._sums: dict[tuple[str, ...], Tally] = defaultdict(Tally)
        self._known: dict[Arm, Belief] = {}
        for (offer, channel, segment), tally in self.counted.items():
            for key in ((), (channel,), (channel, offer), (channel, offer, segment)):
                self._sums[key] += tally

    def of(self, offer: str, channel: str, segment: str) -> Belief:
        arm = offer, channel, segment
        if arm not in self._known:
            self._known[arm] = believed(self._grounds(offer, channel, segment), self.first)
        return self._known[arm]

    def _grounds(self, offer: str, channel: str, segment: str) -> tuple[Tally, ...]:
        path = ((), (channel,), (channel, offer), (channel, offer, segment))
        sums = [self._sums.get(key, NONE) for key in path]
        return (*(wide - narrow for wide, narrow in pairwise(sums)), sums[-1])


def believed(grounds: tuple[Tally, ...], first: float = FIRST_MEAN) -> Belief:
    """What each level says in the light of the ones above it, down to the last."""
    mean, strength = first, FIRST_STRENGTH
    for tally in grounds:
        claims = mean * strength + tally.claimed
        passes = (1 - mean) * strength + tally.shown - tally.claimed
        mean, strength = claims / (claims + passes), STRENGTH
    return Belief(claims, passes, grounds)
