"""The form of a fan's choices: what it shows of how he wants to be written to, and what he sent back."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location
from flask import request

from bot.reach import Choice
from optin.choices import About, Preferences, as_json
from optin.hours import zone_of
from webhooks import i18n

KEEP = "keep"
OFTEN = ("any", "24", "168", "720")  # hours from one offer to the next
SPANS = ("any", "8-12", "12-14", "14-18", "18-22")  # of the day
BETWEEN = "between"
PAUSES = ("168", "336", "720")  # hours from now
UNTIL = "until"
LONGEST_PAUSE = timedelta(days=366)
# Where most readers of French and English live who don't live on the brand's clock.
ZONES = (
    "Europe/Paris", "Europe/London", "America/Martinique", "America/Cayenne", "America/Montreal", "America/New_York",
    "America/Los_Angeles", "Africa/Casablanca", "Africa/Dakar", "Indian/Reunion", "Pacific/Noumea", "Pacific/Tahiti",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChoiceForm:
    """Each field as the page spells it. `ticked` holds what he says yes to, with the hash of the words he saw."""

    channel: str = KEEP
    every: str = "any"
    hours: str = "any"
    begin: str = ""
    end: str = ""
    pause: str = "none"
    until: str = ""
    timezone: str = ""
    ticked: frozenset[str] = frozenset()

    @classmethod
    def shown(cls, held: Preferences, now: datetime) -> "ChoiceForm":
        """What holds now."""
        kept = as_json(held)
        hours = kept.get(About.HOURS, "any")
        begin, _, end = hours.partition("-") if hours not in SPANS else ("", "", "")
        return cls(
            channel=KEEP if held.without else held.channel or "any",
            every=hours_apart(held),
            hours=hours if hours in SPANS else BETWEEN,
            begin=begin,
            end=end,
            pause=KEEP if is_paused(held, now) else "none",
            timezone=held.timezone,
        )

    @classmethod
    def sent(cls) -> "ChoiceForm":
        """A field that was not sent stays as it is."""
        told = {name: request.form.get(name, KEEP) for name in ("channel", "every", "hours", "pause", "timezone")}
        typed = {name: request.form.get(name, "") for name in ("begin", "end", "until")}
        return cls(**told, **typed, ticked=frozenset(request.form.getlist("allow")))

    def faults(self, askable: list[Choice], now: datetime, zone: str) -> frozenset[str]:
        """What he has to look at again, by the name of the field."""
        unread = {
            "hours": self.hours == BETWEEN and self._span() is None,
            "until": self.pause == UNTIL and self._day(now, zone) is None,
            "allow": not self.ticked <= {one.value for one in askable},
        }
        return frozenset(name for name, wrong in unread.items() if wrong)

    def wanted(self, held: Preferences, channels: list[str], now: datetime, zone: str) -> Preferences:
        """What he wishes. What no page of ours could have sent changes nothing."""
        wanted = held
        if self.timezone in ("", *ZONES):
            wanted = replace(wanted, timezone=self.timezone)
        if self.channel in ("any", *channels):
            wanted = replace(wanted, channel="" if self.channel == "any" else self.channel, without=frozenset())
        if self.every in OFTEN:
            wanted = replace(wanted, every=None if self.every == "any" else timedelta(hours=int(self.every)))
        if self.hours in SPANS:
            wanted = replace(wanted, hours=None if self.hours == "any" else _hours(self.hours))
        if self.hours == BETWEEN:
            wanted = replace(wanted, hours=self._span() or held.hours)
        return replace(wanted, paused_until=self._paused_until(wanted, now, zone))

    def _paused_until(self, wanted: Preferences, now: datetime, zone: str) -> datetime | None:
        if self.pause in PAUSES:
            return now + timedelta(hours=int(self.pause))
        if self.pause == UNTIL:
            return self._day(now, wanted.timezone or zone)
        ends_it = self.pause == "none" and is_paused(wanted, now)
        return None if ends_it else wanted.paused_until

    def _span(self) -> tuple[int, int] | None:
        try:
            begin, end = _hours(f"{self.begin}-{self.end}")
        except ValueError:
            return None
        return (begin, end) if 0 <= begin <= 23 and 1 <= end <= 24 and begin != end else None

    def _day(self, now: datetime, zone: str) -> datetime | None:
        """That day's beginning on his clock; None where it is none, gone by, or too far away."""
        try:
            day = datetime.combine(date.fromisoformat(self.until), time(), zone_of(self.timezone, zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return day if now < day <= now + LONGEST_PAUSE else None


def hours_apart(held: Preferences) -> str:
    """How far apart he wants offers to be, as a radio button spells it."""
    return str(as_json(held).get(About.EVERY, "any"))


def is_paused(held: Preferences, now: datetime) -> bool:
    return held.paused_until is not None and held.paused_until > now


def zones(brand: str) -> list[tuple[str, str]]:
    """The zones to choose from, the brand's first, as they are called in the reader's language."""
    others = [zone for zone in ZONES if zone != brand]
    return [("", _city(brand)), *sorted(((zone, _city(zone)) for zone in others), key=lambda one: one[1])]


def _city(zone: str) -> str:
    if zone == "America/Montreal":  # the library calls all that share this clock Toronto
        return "Montréal"
    return str(get_timezone_location(ZoneInfo(zone), locale=i18n.language(), return_city=True))


def _hours(span: str) -> tuple[int, int]:
    begin, end = span.split("-")
    return int(begin), int(end)
