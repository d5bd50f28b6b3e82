"""What the headings of wishes_told.txt say, and the moment at which its sentences are read."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from optin.wishes import CancelContract, Stop, Verdict, Wish, Wishes, verdict

ZONE = "Europe/Paris"
MONDAY = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def label(text: str) -> str:
    """What is understood, as a heading says it."""
    return _named(verdict(text, MONDAY, ZONE))


def _named(found: Verdict) -> str:
    match found:
        case Wishes(told):
            return "; ".join(sorted(map(_wish, told)))
        case Stop(everywhere=True):
            return "stop everywhere"
        case Stop():
            return "stop"
        case CancelContract():
            return "contract"
    return "none"


def _wish(wish: Wish) -> str:
    if wish.what == "paused_until" and wish.value != "none":
        return f"paused_until {datetime.fromisoformat(wish.value).astimezone(ZoneInfo(ZONE)).date()}"
    return f"{wish.what} {wish.value}"
