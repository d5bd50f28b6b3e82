"""When a fan may next be solicited: after his pause, in his hours, on his own clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from optin.choices import Preferences

MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE


def next_time(
    preferences: Preferences, quiet: tuple[int, int] | None, default_zone: str, now: datetime
) -> datetime | None:
    """None when now is fine, else the next moment (UTC) that respects his pause and his hours.

    `quiet` are the brand's own hours of silence, for who named no hours; a span without length is none.
    """
    zone = zone_of(preferences.timezone, default_zone)
    paused = preferences.paused_until or now
    moment = max(now, paused).astimezone(UTC)
    while wait := _hours_to_wait(preferences.hours, quiet, moment.astimezone(zone).hour):
        moment = _step(moment, zone, wait)
    return moment if moment > now else None


def zone_of(timezone: str, default_zone: str) -> ZoneInfo:
    """His zone, or the brand's where he named none that we know."""
    try:
        return ZoneInfo(timezone or default_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(default_zone)


def _hours_to_wait(hours: tuple[int, int] | None, quiet: tuple[int, int] | None, hour: int) -> int:
    """To the next hour of the day in which he may be written to; there always is one."""
    return next(passed for passed in range(24) if _may(hours, quiet, (hour + passed) % 24))


def _may(hours: tuple[int, int] | None, quiet: tuple[int, int] | None, hour: int) -> bool:
    if hours is not None:
        return within(hours, hour)
    return quiet is None or not _has_length(quiet) or not within(quiet, hour)


def within(span: tuple[int, int], hour: int) -> bool:
    """Whether an hour of the day is in a span [from, to) that may pass midnight, be it 0 or 24.

    From 8 to 8 is the whole day.
    """
    begin, end = span[0] % 24, span[1] % 24
    return begin <= hour < end if begin < end else hour >= begin or hour < end


def _has_length(quiet: tuple[int, int]) -> bool:
    return (quiet[1] - quiet[0]) % 24 != 0


def _step(moment: datetime, zone: ZoneInfo, hours: int) -> datetime:
    """When so many hours have begun on his clock; where the clocks change on the way, the next one or the next minute.

    They do so within an hour too: on the Chatham Islands 02:45 becomes 03:45.
    """
    local = moment.astimezone(zone)
    begun = moment - timedelta(seconds=local.second, microseconds=local.microsecond)
    later = begun + hours * HOUR - local.minute * MINUTE
    if later.astimezone(zone).utcoffset() == local.utcoffset():
        return later
    return begun + MINUTE if hours == 1 else _step(moment, zone, 1)
