"""what arbitration would have won on campaigns of others, whose mails and places were given out by chance.

Read from ../shared/data/offers; each policy learns from one half and is judged by the other, and then the other way
round. Intervals hold 95 in 100.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from random import Random
from uuid import UUID

from offers.arbitration import Candidate, rank, winner
from offers.beliefs import Arm, Beliefs, Tally

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "offers"
BANDIT, MAILS = DATA / "openbandit_men_random.csv", DATA / "hillstrom_email.csv"
DRAWS = 400  # of which a policy's chances are counted
REPLAYS = 5
NOBODY = UUID(int=0)
Z = 1.96


@dataclass(frozen=True, slots=True)
class Shown:
    """Something was shown to somebody by chance: how likely it was, and what came of it."""

    arm: str
    segment: str
    chance: float
    clicked: float
    spent: float = 0.0


Policy = Callable[[str], Mapping[str, float]]  # how likely each arm is for a segment
Learner = Callable[[Sequence[Shown], Random], Policy]
Estimate = tuple[float, float]  # and half of its interval


def measure(share: float) -> Iterator[str]:
    missing = [path.name for path in (BANDIT, MAILS) if not path.exists()]
    if missing:
        yield f"left out: {', '.join(missing)} not found in {DATA}"
        return
    yield from _bandit(_shown_places(), share)
    yield from _mails(_shown_mails())


# Open Bandit ----------------------------------------------------------------------------------------------------------


def _bandit(shown: Sequence[Shown], share: float) -> Iterator[str]:
    arms = sorted({one.arm for one in shown})
    clicks = sum(one.clicked for one in shown)
    yield f"Open Bandit, men, random: {len(shown)} views of {len(arms)} articles, {clicks:.0f} clicks; of 1000 views"
    yield f"{'':14}{'IPS':>16}{'SNIPS':>16}{'replay':>16}"
    learners: dict[str, Learner] = {"random": _at_random, "best fixed": _best_fixed, "Thompson": _thompson}
    for name, learn in learners.items():
        judged = list(_crossed(shown, learn))
        replayed = _replayed(shown, name, arms, max(1, int(REPLAYS * share)))
        yield f"{name:14}{_per_mille(_ips(judged))}{_per_mille(_snips(judged))}{_per_mille(replayed)}"


def _replayed(shown: Sequence[Shown], name: str, arms: Sequence[str], replays: int) -> Estimate:
    """Who chooses as chance did learns from what came of it (Li et al. 2011). The interval is that of one replay."""
    kept = [_replay(shown, name, arms, Random(seed)) for seed in range(replays)]
    views, clicks = sum(one.shown for one in kept), sum(one.claimed for one in kept)
    rate = clicks / views
    return rate, Z * sqrt(rate * (1 - rate) / (views / replays))


def _replay(shown: Sequence[Shown], name: str, arms: Sequence[str], chance: Random) -> Tally:
    counted: Counter[str] = Counter()
    clicked: Counter[str] = Counter()
    beliefs = Beliefs()
    for one in shown:
        if _chosen(name, arms, counted, clicked, beliefs, chance) == one.arm:
            counted[one.arm] += 1
            clicked[one.arm] += int(one.clicked)
            beliefs = Beliefs({(arm, "page", ""): Tally(counted[arm], clicked[arm]) for arm in counted})
    return Tally(counted.total(), clicked.total())


def _chosen(
    name: str, arms: Sequence[str], counted: Counter[str], clicked: Counter[str], beliefs: Beliefs, chance: Random
) -> str:
    if name == "random":
        return chance.choice(arms)
    if name == "Thompson":
        return _drawn(arms, "page", "", beliefs, chance)
    untried = [arm for arm in arms if not counted[arm]]  # the best of what was seen, once each was seen once
    return chance.choice(untried) if untried else max(arms, key=lambda arm: clicked[arm] / counted[arm])


def _shown_places() -> list[Shown]:
    return [Shown(row["item_id"], "", float(row["propensity_score"]), float(row["click"])) for row in _rows(BANDIT)]


# Hillstrom ------------------------------------------------------------------------------------------------------------


def _mails(shown: Sequence[Shown]) -> Iterator[str]:
    held_out = [one for one in shown if one.arm == "No E-Mail"]
    mailed = [one for one in shown if one.arm != "No E-Mail"]
    yield f"Hillstrom: {len(shown)} customers, {len(held_out)} of them held out; above those, of 1000 customers"
    yield f"{'':14}{'visits':>16}{'dollars':>20}"
    learners: dict[str, Learner] = {
        "random": _at_random, "men’s to all": _always("Mens E-Mail"), "women’s to all": _always("Womens E-Mail"),
        "best fixed": _best_fixed, "Thompson": _thompson,
    }  # fmt: skip
    for name, learn in learners.items():
        judged = list(_crossed(mailed, learn))
        visits = _above(_snips(judged), _mean([one.clicked for one in held_out]))
        money = _above(_snips(judged, lambda one: one.spent), _mean([one.spent for one in held_out]))
        yield f"{name:14}{_per_mille(visits)}{_per_mille(money, 20)}"


def _shown_mails() -> list[Shown]:
    return [
        Shown(row["segment"], _customer(row), 0.5, float(row["visit"]), float(row["spend"])) for row in _rows(MAILS)
    ]


def _customer(row: Mapping[str, str]) -> str:
    """What he bought before, and whether that was of late."""
    return f"{row['mens']}{row['womens']}{row['newbie']}{'old' if int(row['recency']) > 6 else 'new'}"


# Policies, and what they are worth ------------------------------------------------------------------------------------


def _at_random(seen: Sequence[Shown], chance: Random) -> Policy:
    arms = sorted({one.arm for one in seen})
    return lambda segment: dict.fromkeys(arms, 1 / len(arms))


def _always(arm: str) -> Learner:
    return lambda seen, chance: lambda segment: {arm: 1.0}


def _best_fixed(seen: Sequence[Shown], chance: Random) -> Policy:
    shown, clicked = Counter(one.arm for one in seen), Counter(one.arm for one in seen if one.clicked)
    best = max(sorted(shown), key=lambda arm: clicked[arm] / shown[arm])
    return lambda segment: {best: 1.0}


def _thompson(seen: Sequence[Shown], chance: Random) -> Policy:
    """As offers/arbitration.py chooses: how likely it takes each is counted in many draws."""
    beliefs, arms, known = Beliefs(_counted(seen)), sorted({one.arm for one in seen}), dict[str, dict[str, float]]()

    def policy(segment: str) -> Mapping[str, float]:
        if segment not in known:
            drawn = Counter(_drawn(arms, "page", segment, beliefs, chance) for _ in range(DRAWS))
            known[segment] = {arm: times / DRAWS for arm, times in drawn.items()}
        return known[segment]

    return policy


def _counted(seen: Iterable[Shown]) -> Mapping[Arm, Tally]:
    counted: dict[Arm, Tally] = {}
    for one in seen:
        arm = one.arm, "page", one.segment
        counted[arm] = counted.get(arm, Tally()) + Tally(1, int(one.clicked))
    return counted


def _drawn(arms: Sequence[str], channel: str, segment: str, beliefs: Beliefs, chance: Random) -> str:
    of = {UUID(int=place): arm for place, arm in enumerate(arms)}
    candidates = [Candidate(key, channel, NOBODY, beliefs.of(arm, channel, segment), 1.0) for key, arm in of.items()]
    best = winner(rank(candidates, chance.betavariate))
    assert best is not None
    return of[best.offer_id]


Weighed = tuple[Shown, float]  # by how much likelier the policy shows it than chance did


def _crossed(shown: Sequence[Shown], learn: Learner) -> Iterator[Weighed]:
    halves = shown[::2], shown[1::2]
    for place, (seen, judged) in enumerate((halves, halves[::-1])):
        policy = learn(seen, Random(place))
        for one in judged:
            yield one, policy(one.segment).get(one.arm, 0.0) / one.chance


def _ips(judged: Sequence[Weighed]) -> Estimate:
    return _mean([one.clicked * weight for one, weight in judged])


def _snips(judged: Sequence[Weighed], of: Callable[[Shown], float] = lambda one: one.clicked) -> Estimate:
    whole = sum(weight for _, weight in judged)
    mean = sum(of(one) * weight for one, weight in judged) / whole
    spread = sum((weight * (of(one) - mean)) ** 2 for one, weight in judged)
    return mean, Z * sqrt(spread) / whole


def _mean(values: Sequence[float]) -> Estimate:
    mean = sum(values) / len(values)
    return mean, Z * sqrt(sum((one - mean) ** 2 for one in values)) / len(values)


def _above(one: Estimate, other: Estimate) -> Estimate:
    return one[0] - other[0], sqrt(one[1] ** 2 + other[1] ** 2)


def _per_mille(estimate: Estimate, width: int = 16) -> str:
    return f"{1000 * estimate[0]:.1f} ± {1000 * estimate[1]:.1f}".rjust(width)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
