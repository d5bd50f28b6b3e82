"""The house rules in the managers' hands: what may be wrong with them, what they would change, and who chose them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session

from bot import changes, own_words, places
from bot.changes import Subject, What
from bot.managers import Manager
from optin import house_rules, pressure
from optin.hours import next_time
from optin.preferences import Preferences
from optin.pressure import Caps, Counted

MOST = 1000  # messages in a span, and the weight of one in hundredths
LONGEST_GAP = timedelta(days=30)
LATELY = timedelta(days=30)
AT_MOST = 5_000  # solicitations that are looked at once more
ANYBODY = Preferences()


class Odd(StrEnum):
    """What can be wrong with a rule. A page puts it into words."""

    NO_SUCH_ZONE = "no_such_zone"
    HALF_A_SPAN = "half_a_span"  # a first hour without a last one, or the other way round
    NOT_ROOMY = "not_roomy"  # a shorter span that allows more than a longer one


def is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def not_roomy(caps: Caps) -> Iterator[str]:
    """Spans that allow more than the next longer one, which would make them mean nothing: "*.day"."""
    for about, spans in caps.caps.items():
        known = [(span, spans[span]) for span in pressure.SPANS if span in spans]
        for (shorter, few), (_, many) in pairwise(known):
            if few > many:
                yield f"{about}.{shorter}"


def change(session: Session, caps: Caps, manager: Manager, now: datetime) -> int:
    """Let these hold from now on; says their version."""
    _, before = house_rules.current(session)
    version = house_rules.change(session, caps, own_words.signature(manager), now)
    old, new = told(before), told(caps)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    was, will = ({name: one[name] for name in changed if name in one} for one in (old, new))
    changes.record(session, manager, What.RULES_CHANGED, Subject.RULES, version, was, will, now)
    return version


def told(caps: Caps) -> dict[str, Any]:
    """Rules by the names of their fields: "*.day", "weight.public", "gap", "quiet", "zone"."""
    most = {f"{about}.{span}": many for about, spans in caps.caps.items() for span, many in spans.items()}
    weights = {f"weight.{way}": weight for way, weight in caps.weights.items()}
    quiet = f"{caps.quiet[0]}-{caps.quiet[1]}" if caps.quiet else ""
    return {**most, **weights, "gap": caps.gap // timedelta(hours=1), "quiet": quiet, "zone": caps.zone}


def would_have_waited(session: Session, caps: Caps, now: datetime) -> tuple[int, int]:
    """Of the solicitations that went out lately, how many would not have gone when they did; and how many there were.

    By these rules alone: what a fan wished for himself was kept to then, and would be now.
    """
    went = places.went_out(session, now - LATELY, AT_MOST)
    gone: dict[UUID, list[Counted]] = {}
    late = 0
    for person_id, way, one in went:
        before = gone.setdefault(person_id, [])
        weight = caps.weight(way)
        if _waits(before, caps, one.purpose, weight, one.at):
            late += 1
        else:
            before.append(Counted(one.at, one.purpose, weight))
    return late, len(went)


def _waits(before: list[Counted], caps: Caps, purpose: str, weight: int, at: datetime) -> bool:
    if next_time(ANYBODY, caps.quiet, caps.zone, at) is not None:
        return True
    return pressure.room(before, caps, purpose, weight, caps.gap, at) is not None
