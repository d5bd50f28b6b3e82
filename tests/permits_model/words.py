"""What a fan's words come down to, told backwards from his last one: consent, wishes, and who is one person with whom.

Written from the rules and not from the code: whoever changes one finds out here what it does to the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

ALL = "*"
LETS_US_ANSWER = ("service", "offers", "newsletter", ALL)  # who lets us write lets us answer; nothing else does


@dataclass(frozen=True)
class Word:
    """One fan's yes or no. A no is said by everybody who was one person with him when it was heard."""

    at: datetime
    fan: str
    channel: str
    purpose: str
    yes: bool

    def is_about(self, channel: str, purpose: str) -> bool:
        if self.channel not in (channel, ALL):
            return False
        return self.purpose in (purpose, ALL) or (self.yes and purpose == "service" and self.purpose in LETS_US_ANSWER)


@dataclass(frozen=True)
class Bond:
    """A link that holds."""

    at: datetime
    one: str
    other: str


@dataclass(frozen=True)
class Wished:
    at: datetime
    fan: str
    what: str
    value: str


@dataclass
class Wishes:
    """What one fan's wishes come down to."""

    last: dict[str, str] = field(default_factory=dict)
    ruled_out: set[str] = field(default_factory=set)

    def hear(self, what: str, value: str) -> None:
        if what == "without":
            self.ruled_out = self.ruled_out | {value} if value else set()
            if self.last.get("channel") == value:
                self.last["channel"] = ""
        else:
            self.last[what] = value
        if what == "channel":
            self.ruled_out = self.ruled_out - {value} if value else set()

    def welcome(self, channel: str) -> bool:
        return channel not in self.ruled_out and self.last.get("channel", "") in ("", channel)

    def every(self) -> timedelta:
        return timedelta(hours=int(self.last.get("every") or 0))

    def awake(self, now: datetime, quiet: tuple[int, int] | None) -> bool:
        """Outside of his pause, and in his own hours or else outside of the brand's quiet ones, on his own clock."""
        pause, hours = self.last.get("paused_until"), self.last.get("hours")
        if pause and now < datetime.fromisoformat(pause):
            return False
        hour = now.astimezone(ZoneInfo(self.last.get("timezone") or "Europe/Paris")).hour
        if hours:
            begin, end = map(int, hours.split("-"))
            return hour in clock_hours(begin, end)
        return quiet is None or quiet[0] == quiet[1] or hour not in clock_hours(*quiet)


def clock_hours(begin: int, end: int) -> set[int]:
    """The hours of the day from `begin` on and before `end`; from eight to eight it is all of them."""
    return {(begin + passed) % 24 for passed in range((end - begin) % 24 or 24)}


@dataclass
class Words:
    """All that was said, and all links. What is undone leaves `bonds`."""

    said: list[Word] = field(default_factory=list)
    bonds: list[Bond] = field(default_factory=list)
    wished: list[Wished] = field(default_factory=list)
    left_alone: dict[str, datetime] = field(default_factory=dict)  # who was forgotten and must not be solicited

    def together(self, fan: str, before: datetime | None = None) -> frozenset[str]:
        """Everybody who is one person with this fan, or was just before a moment."""
        return _joined(fan, [bond for bond in self.bonds if before is None or bond.at < before])

    def links(self, at: datetime, one: str, other: str) -> None:
        """Of a no in the very moment nobody can tell whether both of them said it: so both did."""
        self.bonds.append(Bond(at, one, other))
        person = self.together(one)
        noes = [word for word in self.said if word.at == at and not word.yes and word.fan in person]
        self.said += [replace(word, fan=fan) for word in noes for fan in person]

    def says_no(self, at: datetime, fan: str, channel: str, purpose: str) -> None:
        self.said += [Word(at, one, channel, purpose, yes=False) for one in self.together(fan)]

    def forgets(self, at: datetime, fan: str, left_alone: bool) -> None:
        """He is nobody any more, and when he comes back all that is known of him is that he wants nothing."""
        self.said = [word for word in self.said if word.fan != fan]
        self.bonds = [bond for bond in self.bonds if fan not in (bond.one, bond.other)]
        self.wished = [wish for wish in self.wished if wish.fan != fan]
        if left_alone:
            self.left_alone.setdefault(fan, at)
        if fan in self.left_alone:
            self.said.append(Word(self.left_alone[fan], fan, ALL, ALL, yes=False))

    def yes(self, fan: str, channel: str, purpose: str) -> bool | None:
        """His word as it holds now. None: he never spoke of it."""
        about = [word for word in self.said if word.is_about(channel, purpose)]
        # Of words at one instant the no is the last, and a link comes after both: so each tie falls to the stricter.
        story: list[Word | Bond] = sorted([*about, *self.bonds], key=_moment)
        return _last_word(fan, story)

    def wishes(self, fan: str) -> Wishes:
        """What this fan wished, and what was wished for him by whoever was one person with him at the time."""
        found = Wishes()
        for wish in self.wished:
            if wish.fan in self.together(fan, before=wish.at):
                found.hear(wish.what, wish.value)
        return found


def _moment(event: Word | Bond) -> tuple[datetime, int]:
    return event.at, 2 if isinstance(event, Bond) else 0 if event.yes else 1


def _last_word(fan: str, story: list[Word | Bond]) -> bool | None:
    if not story:
        return None
    *earlier, last = story
    bonds = [event for event in earlier if isinstance(event, Bond)]
    if isinstance(last, Word):
        return last.yes if last.fan in _joined(fan, bonds) else _last_word(fan, earlier)
    person = _joined(last.one, bonds) | _joined(last.other, bonds)
    if fan in person and any(_last_word(one, earlier) is False for one in person):
        return False  # the strictest of both sides
    return _last_word(fan, earlier)


def _joined(fan: str, bonds: Iterable[Bond]) -> frozenset[str]:
    person, bonds = {fan}, list(bonds)
    for _ in bonds:
        for bond in bonds:
            if bond.one in person or bond.other in person:
                person |= {bond.one, bond.other}
    return frozenset(person)
