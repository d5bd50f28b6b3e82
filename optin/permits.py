"""May we write to this fan now, in this way, and why: one pure answer from the platform's rules and the fan's word."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors import Kind, Rules, Way

GRACE = timedelta(seconds=30)  # a window that closes while a message travels is closed


@dataclass(frozen=True, slots=True)
class Permit:
    """We may, until then (None: until something changes), for this reason."""

    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """We may not. `why` is a code that the panel puts into words."""

    why: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when somebody is to be written to. `asked_at` is when he did what we answer."""

    kind: Kind
    asked_at: datetime
    way: Way
    window_opened_at: datetime | None = None  # when he last did what lets us write to him directly
    blocked: bool = False
    stopped: bool = False
    account_paused: bool = False
    already_answered: bool = False  # in this way, for what he did
    by_human: bool = False
    confirms_stop: bool = False  # the one line that tells him that we heard his STOP


def to_answer(rules: Rules, facts: Facts, now: datetime) -> Permit | Refusal:
    """Whether what the fan did may be answered in this way."""
    for refused, why in _objections(rules, facts):
        if refused:
            return Refusal(why)
    if facts.way is Way.PRIVATE:
        return _within(facts.asked_at, rules.private_reply_within, now, "private_reply")
    if facts.way is Way.DIRECT:
        return _direct(rules, facts, now)
    return Permit("public_reply")


def _objections(rules: Rules, facts: Facts) -> tuple[tuple[bool, str], ...]:
    """The reasons against, the fan's own first."""
    return (
        (facts.blocked, "fan_blocked_us"),
        (facts.stopped and not (facts.confirms_stop or facts.by_human), "fan_said_stop"),
        (facts.account_paused, "account_paused"),
        (facts.already_answered, "already_answered"),
        (facts.way not in rules.answers.get(facts.kind, ()), "platform_forbids"),
        (rules.summoned_only and facts.way is Way.PUBLIC and facts.kind is not Kind.MENTION, "not_summoned"),
    )


def _direct(rules: Rules, facts: Facts, now: datetime) -> Permit | Refusal:
    if facts.window_opened_at is None:
        return Refusal("fan_never_wrote")
    length = rules.window
    if facts.by_human and rules.human_window is not None:
        length = rules.human_window
    return _within(facts.window_opened_at, length, now, "window")


def _within(start: datetime, length: timedelta | None, now: datetime, what: str) -> Permit | Refusal:
    if length is None:
        return Permit(f"{what}_unlimited")
    until = start + length
    return Permit(f"{what}_open", until) if now + GRACE < until else Refusal(f"{what}_closed")


def needs_human(rules: Rules, window_opened_at: datetime | None, now: datetime) -> bool:
    """Whether only a person may still write: the free window is closed and the longer one is not."""
    return rules.window is not None and window_opened_at is not None and now + GRACE >= window_opened_at + rules.window
