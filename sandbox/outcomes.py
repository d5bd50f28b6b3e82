"""What became of a replay: how much the bot heard, with which outcome and reason, and whether anything is missing."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from rich.table import Table

from sandbox.sayings import Trouble

BETWEEN_QUESTIONS = 0.5  # seconds


class NoAnswer(Trouble):
    """The bot may be starting again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    outcome: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What the bot says about all interactions whose ids begin alike."""

    heard: int
    waiting: int
    set_aside: int
    outcomes: tuple[Outcome, ...] = ()

    @property
    def known(self) -> int:
        return self.heard + self.set_aside


@dataclass(frozen=True, slots=True)
class Bot:
    """Where to ask what became of which interactions."""

    url: str
    key: str
    platform: str
    key_prefix: str  # "" for all of the platform

    def outcomes(self) -> Outcomes:
        """Raises NoAnswer if the bot cannot be reached, and Trouble if it does not say."""
        try:
            answer = requests.get(
                f"{self.url}/api/v1/outcomes",
                params={"platform": self.platform, "key_prefix": self.key_prefix},
                headers={"Authorization": f"Bearer {self.key}"},
                timeout=30,
            )
        except requests.RequestException:
            raise NoAnswer(f"{self.url} does not say what became of it: no answer.") from None
        if answer.status_code in (401, 403):
            raise Trouble("The bot does not know this key. Make one with: python -m bot add-key NAME")
        if answer.status_code != 200:
            raise Trouble(f"{self.url} does not say what became of it: status {answer.status_code}.")
        return _outcomes(answer.json())


def _outcomes(said: dict[str, Any]) -> Outcomes:
    each = tuple(Outcome(one["outcome"], one["reason"] or "", one["count"]) for one in said["outcomes"])
    return Outcomes(said["heard"], said["waiting"], said["set_aside"], each)


def settle(bot: Bot, expected: int, patience: float, told: Callable[[Outcomes], None]) -> Outcomes:
    """Asks until nothing waits any longer and `expected` are known, or `patience` (in seconds) is over."""
    deadline = time.monotonic() + patience
    while True:
        late = time.monotonic() > deadline
        try:
            outcomes = bot.outcomes()
        except NoAnswer:
            if late:
                raise
        else:
            told(outcomes)
            if late or (outcomes.waiting == 0 and outcomes.known >= expected):
                return outcomes
        time.sleep(BETWEEN_QUESTIONS)


def verdict(bot: Bot, outcomes: Outcomes, expected: int) -> str:
    """What is wrong, in a sentence; "" if each was heard or set aside, once."""
    if outcomes.waiting:
        return f"{outcomes.waiting} still wait to be heard. Is a worker running?"
    if outcomes.known < expected:
        return f"{expected - outcomes.known} of {expected} acknowledged are missing."
    if outcomes.known > expected and bot.key_prefix:  # else the bot counts other things of the platform, too
        return f"{outcomes.known - expected} were heard that nobody said: {expected} were acknowledged."
    if (listed := sum(one.count for one in outcomes.outcomes)) < outcomes.heard:
        return f"{outcomes.heard} were heard, but only {listed} have an outcome."
    return ""


def table(outcomes: Outcomes) -> Table:
    """The outcomes with their reasons, the most frequent first."""
    drawn = Table("Outcome", "Reason", title="What became of it")
    drawn.add_column("Count", justify="right")
    for one in sorted(outcomes.outcomes, key=lambda one: -one.count):
        drawn.add_row(one.outcome, one.reason, str(one.count))
    if outcomes.set_aside:
        drawn.add_row("set aside", "the panel says why", str(outcomes.set_aside))
    drawn.add_section()
    drawn.add_row("together", "", str(outcomes.known))
    return drawn
