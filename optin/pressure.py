"""How much a person hears from us: the brand's caps over all channels, and when there is room again. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter

WHOLE = 100  # what one private message weighs; caps are counted in whole messages
ALL = "*"  # as a purpose: whatever it is about
SPANS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
LONGEST = SPANS["month"]


@dataclass(frozen=True, slots=True)
class Caps:
    """What the managers chose. A span that is left out has no cap."""

    caps: Mapping[str, Mapping[str, int]] = field(
        default_factory=lambda: {ALL: {"day": 1, "week": 3, "month": 8}, "newsletter": {"week": 1, "month": 4}}
    )  # for each purpose, and for all together: whole messages in any stretch so long
    weights: Mapping[str, int] = field(default_factory=lambda: {"public": 40, "private": WHOLE, "direct": WHOLE})
    gap: timedelta = timedelta(hours=4)  # at least, between two solicitations
    quiet: tuple[int, int] | None = (21, 8)  # local hours in which nobody is solicited
    zone: str = "Europe/Paris"  # of who told no other

    def weight(self, way: str) -> int:
        return self.weights.get(way, WHOLE)


@dataclass(frozen=True, slots=True)
class Counted:
    """One solicitation that was sent, is on its way, or has its place reserved."""

    at: datetime
    purpose: str
    weight: int


@dataclass(frozen=True, slots=True)
class Full:
    """There is no room before `until`. `cap` names what is full: "week", "offers_week", "gap"."""

    cap: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Used:
    """How much of one cap is used up, in hundredths of a whole message."""

    about: str
    span: str
    had: int
    most: int


def used(counted: Sequence[Counted], caps: Caps, purpose: str, now: datetime) -> list[Used]:
    """What was had under each cap that a message for this purpose has to fit in."""
    return [
        Used(about, span, sum(one.weight for one in counted if _falls(one, about, span, now)), most * WHOLE)
        for about in (ALL, purpose)
        for span, most in caps.caps.get(about, {}).items()
    ]


def _falls(one: Counted, about: str, span: str, now: datetime) -> bool:
    return about in (ALL, one.purpose) and one.at > now - SPANS[span]


def room(
    counted: Sequence[Counted], caps: Caps, purpose: str, weight: int, gap: timedelta, now: datetime
) -> Full | None:
    """None where one more may go now; else the first moment at which it may, and what is in its way until then.

    As long as nothing goes out before this says None, no stretch of a span ever holds more than its cap.
    """
    latest_first = sorted(counted, key=attrgetter("at"), reverse=True)
    waits = [_until_gap(latest_first, gap), *_until_room(latest_first, caps, purpose, weight)]
    late = [full for full in waits if full is not None and full.until > now]
    return max(late, key=lambda full: full.until, default=None)


def _until_gap(latest_first: Sequence[Counted], gap: timedelta) -> Full | None:
    return Full("gap", latest_first[0].at + gap) if latest_first and gap else None


def _until_room(latest_first: Sequence[Counted], caps: Caps, purpose: str, weight: int) -> Iterable[Full | None]:
    for about in (ALL, purpose):
        same = latest_first if about == ALL else [one for one in latest_first if one.purpose == about]
        for span, most in caps.caps.get(about, {}).items():
            name = span if about == ALL else f"{about}_{span}"
            yield _until_below(same, SPANS[span], most * WHOLE - weight, name)


def _until_below(latest_first: Sequence[Counted], span: timedelta, most: int, name: str) -> Full | None:
    """When what was counted in the last `span` has fallen to `most`. A cap below one message lets none go, ever."""
    if most < 0:
        return Full(name, NEVER)
    held = 0
    for one in latest_first:
        held += one.weight
        if held > most:
            return Full(name, one.at + span)
    return None


NEVER = datetime(9999, 1, 1, tzinfo=UTC)
