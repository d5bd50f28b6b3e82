"""How a fan wants to be written to, as far as deciding needs it: what he said, and what it comes down to."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Any

HOUR, WEEK, LONGEST = timedelta(hours=1), timedelta(days=7), timedelta(days=90)
NOTHING = ("", "any", "none")  # the values that take a wish back


class About(StrEnum):
    """What a wish is about, and how its value is written."""

    CHANNEL = "channel"  # "email" or a platform's name: only there
    WITHOUT = "without"  # channels, "email,x": not there, beside those ruled out before
    EVERY = "every"  # whole hours between two solicitations, "168"
    HOURS = "hours"  # "18-22", local
    PAUSED_UNTIL = "paused_until"  # a moment with its offset, "2026-11-08T23:00:00+00:00"
    TOPICS = "topics"  # "music,shoes"
    TIMEZONE = "timezone"  # an IANA name, "America/Montreal"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal, as far as deciding needs it."""

    id: int
    what: str
    value: str
    recorded_at: datetime | None = None  # where it matters whether a link came before it


@dataclass(frozen=True, slots=True)
class Preferences:
    """What holds now. The defaults are those of who never said anything."""

    channel: str = ""  # the only one by which he wants to hear; "" any
    every: timedelta | None = None  # at least so long between two solicitations
    hours: tuple[int, int] | None = None  # local hours [from, to) in which he wants to hear; may pass midnight
    paused_until: datetime | None = None
    topics: frozenset[str] = frozenset()  # empty: all
    timezone: str = ""  # an IANA name; "" the brand's
    without: frozenset[str] = frozenset()  # channels by which he does not want to hear

    def welcomes(self, channel: str) -> bool:
        """Whether he wants to hear by this channel."""
        return channel not in self.without and self.channel in ("", channel)


def effective(lines: Iterable[Entry]) -> Preferences:
    """What holds now: the last word on each thing. `lines` are one person's, ordered by id."""
    last: dict[str, str] = {}
    without: frozenset[str] = frozenset()
    for line in lines:
        last[line.what] = line.value
        without = _still_without(without, line)
        if last.get(About.CHANNEL) in without:
            del last[About.CHANNEL]
    last.pop(About.WITHOUT, None)
    kept = {what: READERS[About(what)](value) for what, value in last.items() if value not in NOTHING}
    return Preferences(**kept, without=without)


def _still_without(without: frozenset[str], line: Entry) -> frozenset[str]:
    """One channel after the other may be ruled out; naming one as welcome, or all, takes that back."""
    if line.what == About.WITHOUT:
        return without | _names(line.value) if line.value not in NOTHING else frozenset()
    if line.what == About.CHANNEL:
        return without - {line.value} if line.value not in NOTHING else frozenset()
    return without


def merged(journals: Iterable[Iterable[Entry]]) -> Preferences:
    """What holds for a person whom several fans turned out to be: his last word, on whichever profile."""
    return effective(sorted(chain.from_iterable(journals), key=lambda line: line.id))


def fewer(every: timedelta | None) -> timedelta:
    """What "less" comes down to for who now hears from us so often: a week apart at least, then half as often."""
    return WEEK if every is None or every < WEEK else max(every, min(every * 2, LONGEST))


def steps(held: Preferences, wanted: Preferences) -> list[tuple[About, str]]:
    """What there is to say so that `wanted` holds where `held` does."""
    before, after = as_json(held), as_json(wanted)
    channels = _steps_between_channels(held, wanted)
    others = [about for about in About if about not in (About.CHANNEL, About.WITHOUT)]
    return channels + [(one, after.get(one, "none")) for one in others if before.get(one) != after.get(one)]


def anew(wanted: Preferences) -> list[tuple[About, str]]:
    """All that there is to say so that `wanted` holds, whatever did before."""
    said, after = [(About.WITHOUT, "none"), (About.CHANNEL, wanted.channel or "any")], as_json(wanted)
    ruled_out = [(About.WITHOUT, after[About.WITHOUT])] if wanted.without else []
    others = [about for about in About if about not in (About.CHANNEL, About.WITHOUT)]
    return said + ruled_out + [(about, after.get(about, "none")) for about in others]


def _steps_between_channels(held: Preferences, wanted: Preferences) -> list[tuple[About, str]]:
    """A favourite first: to name one takes back that it was ruled out, and to name none takes all of that back."""
    said: list[tuple[About, str]] = []
    ruled_out = held.without
    if held.channel != wanted.channel:
        said.append((About.CHANNEL, wanted.channel or "any"))
        ruled_out = held.without - {wanted.channel} if wanted.channel else frozenset()
    if not ruled_out <= wanted.without:
        said.append((About.WITHOUT, "none"))
        ruled_out = frozenset()
    if more := wanted.without - ruled_out:
        said.append((About.WITHOUT, WRITERS[About.WITHOUT](more)))
    return said


def as_json(preferences: Preferences) -> dict[str, Any]:
    """Plain JSON, for a receipt to keep; only what differs from the defaults."""
    plain = asdict(preferences)
    written = {about: WRITERS[about](plain[about]) for about in About if plain[about]}
    return {about.value: value for about, value in written.items()}


def from_json(kept: dict[str, Any]) -> Preferences:
    return Preferences(**{what: READERS[About(what)](value) for what, value in kept.items()})


def _hours(value: str) -> tuple[int, int] | None:
    if value in NOTHING:
        return None
    begin, end = (int(hour) for hour in value.split("-"))
    if not (0 <= begin <= 24 and 0 <= end <= 24):
        raise ValueError(value)
    return begin, end


def _every(value: str) -> timedelta | None:
    hours = 0 if value in NOTHING else int(value)
    if hours < 0:
        raise ValueError(value)
    return timedelta(hours=hours) or None


def _moment(value: str) -> datetime | None:
    if value in NOTHING:
        return None
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment


def _names(value: str) -> frozenset[str]:
    return frozenset() if value in NOTHING else frozenset(value.split(","))


def _name(value: str) -> str:
    return "" if value in NOTHING else value


# How each value is read and written; a receipt and the journal keep the same short texts.
READERS: dict[About, Callable[[str], Any]] = {
    About.CHANNEL: _name,
    About.WITHOUT: _names,
    About.EVERY: _every,
    About.HOURS: _hours,
    About.PAUSED_UNTIL: _moment,
    About.TOPICS: _names,
    About.TIMEZONE: _name,
}
WRITERS: dict[About, Any] = {
    About.CHANNEL: str,
    About.WITHOUT: lambda channels: ",".join(sorted(channels)),
    About.EVERY: lambda every: str(every // HOUR),
    About.HOURS: lambda hours: f"{hours[0]}-{hours[1]}",
    About.PAUSED_UNTIL: datetime.isoformat,
    About.TOPICS: lambda topics: ",".join(sorted(topics)),
    About.TIMEZONE: str,
}
