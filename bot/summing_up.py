"""Summing up: how a fan wants to be written to, in one sentence of his language, for a page and for a chat alike."""

from collections.abc import Iterable
from datetime import datetime

from babel.dates import format_date

from bot import wording
from optin.choices import About, Preferences, as_json
from optin.hours import zone_of
from optin.wishes import Wish

FIRST = {"fr": "d'er' MMMM y", "en": "d MMMM y"}  # of a month
PLAIN = "d MMMM y"


def summary(preferences: Preferences, language: str, zone: str, now: datetime) -> str:
    """ "By e-mail only, at most once a week, in the evening." `zone` is the brand's, for who named none."""
    said = ", ".join(parts(preferences, language, zone, now))
    return f"{said[0].upper()}{said[1:]}." if said else wording.say("choices_none", language)


def noted(wishes: Iterable[Wish], preferences: Preferences, language: str, zone: str, now: datetime) -> str:
    """What holds after these wishes, to be told to who has just said them."""
    told = {one.what for one in wishes}
    if "offers" not in told:
        return summary(preferences, language, zone, now)
    no_offers = wording.say("choices_no_offers", language)
    return no_offers if told <= {"offers", "service"} else f"{no_offers} {summary(preferences, language, zone, now)}"


def parts(preferences: Preferences, language: str, zone: str, now: datetime) -> list[str]:
    """What he wishes, a phrase each: "at most once a week", "in the evening"."""
    kept: dict[str, str] = {about.value: "" for about in About} | as_json(preferences)
    until = preferences.paused_until
    kept["paused"] = day(until, language, preferences, zone) if until is not None and until > now else ""
    return [line.strip() for line in wording.say("choices", language, **kept).splitlines() if line.strip()]


def day(moment: datetime, language: str, preferences: Preferences, zone: str) -> str:
    """The day on his own calendar."""
    local = moment.astimezone(zone_of(preferences.timezone, zone))
    return format_date(local, FIRST[language] if local.day == 1 else PLAIN, locale=language)
