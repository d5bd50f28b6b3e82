"""The ledger: what the model knows of fans, conversations and messages, and whether the rules let a message go."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors import Kind, Way
from optin.pressure import Caps
from tests.permits_model.words import Words

DAY = timedelta(days=1)
SPANS = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY}
STALL = timedelta(seconds=45)  # a sender that says nothing for longer is dead: its message left by then or never
# What the invented platforms allow, in our own words: pigeons as Facebook does, mail as the law does.
ANSWERS = {
    ("pigeon", Kind.COMMENT): (Way.PRIVATE, Way.PUBLIC),
    ("pigeon", Kind.MESSAGE): (Way.DIRECT,),
    ("mail", Kind.MESSAGE): (Way.DIRECT,),
}
WINDOW, HUMAN_WINDOW, PRIVATE_REPLY = DAY, 7 * DAY, 7 * DAY
SPEAKS_FIRST = ("mail",)


@dataclass(frozen=True)
class Deed:
    """What a fan did, by the platform's id of it. `no` is where he wants no more of it, "*" for everywhere."""

    id: str
    at: datetime
    fan: str
    kind: Kind
    no: str = ""
    purposes: tuple[str, ...] = ("*",)


@dataclass(frozen=True)
class Gone:
    """A solicitation that left, or may have."""

    key: str
    at: datetime
    fan: str
    purpose: str
    weight: int


@dataclass
class Draft:
    """A message as the rules have to know it."""

    key: str
    fan: str
    way: Way
    by_human: bool
    says: str  # "stop" for the line that confirms one, "offer", "answer", "pointer"
    solicits: str
    weight: int
    answers: Deed | None
    decided_at: datetime


def platform_of(fan: str) -> str:
    return "mail" if "@" in fan else "pigeon"


@dataclass
class Ledger:
    words: Words = field(default_factory=Words)
    caps: Caps = field(default_factory=Caps)
    opened: dict[str, datetime] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    unheard: list[Deed] = field(default_factory=list)
    arrived: list[Gone] = field(default_factory=list)  # solicitations on the wire, each at its own moment
    flying: dict[str, Gone] = field(default_factory=dict)  # taken, and not on the wire yet

    def hear(self, deed: Deed) -> None:
        """What was done is heard: a no by all that he is, a message as an open door."""
        for purpose in deed.purposes if deed.no else ():
            self.words.says_no(deed.at, deed.fan, deed.no, purpose)
        if deed.kind is Kind.MESSAGE:
            self.opened[deed.fan] = max(self.opened.get(deed.fan, deed.at), deed.at)
            self.blocked.discard(deed.fan)
        if deed.kind is Kind.BLOCKED:
            self.blocked.add(deed.fan)

    def forget(self, fan: str, now: datetime, asked: bool) -> None:
        """Who asks for it is left alone for good; whose time is over, if he had said no. The others keep his noes."""
        for deed in [deed for deed in self.unheard if deed.fan == fan]:
            self.hear(deed)
            self.unheard.remove(deed)
        noes = [self.words.yes(fan, platform_of(fan), about) is False for about in ("service", "offers")]
        self.words.forgets(now, fan, left_alone=asked or any(noes))
        self.opened.pop(fan, None)
        self.blocked.discard(fan)
        self.arrived = [gone for gone in self.arrived if gone.fan != fan]
        self.flying = {key: gone for key, gone in self.flying.items() if gone.fan != fan}

    def objections(self, draft: Draft, now: datetime, counts: Collection[Gone]) -> list[str]:
        """Every rule that forbids this message now. Empty: it may go."""
        theirs = self._to_solicit(draft, now, counts) if draft.solicits else self._to_answer(draft, now)
        return [*theirs, "he blocked us"] if draft.fan in self.blocked else theirs

    def unheard_no(self, draft: Draft) -> list[str]:
        """A no that has arrived wins, even while nobody has heard it."""
        person, channel = self.words.together(draft.fan), platform_of(draft.fan)
        noes = [deed for deed in self.unheard if deed.fan in person and deed.no in ("*", channel)]
        about = draft.solicits or "service"
        noes = [deed for deed in noes if about in deed.purposes or "*" in deed.purposes]
        return ["he said no, and it is not heard yet"] if noes and draft.says != "stop" else []

    def _to_solicit(self, draft: Draft, now: datetime, counts: Collection[Gone]) -> list[str]:
        channel, found = platform_of(draft.fan), []
        if self.words.yes(draft.fan, channel, draft.solicits) is not True:
            found.append("no consent")
        if self.words.yes(draft.fan, channel, "service") is False:
            found.append("stopped")
        if channel not in SPEAKS_FIRST and not self._is_open(draft.fan, WINDOW, now):
            found.append("no open window")
        for one in self.words.together(draft.fan):
            wishes = self.words.wishes(one)
            found += [] if wishes.welcome(channel) else [f"{one} wants another channel"]
            found += [] if wishes.awake(now, self.caps.quiet) else [f"not at an hour of {one}'s"]
        return found + self.pressed(draft, now, counts)

    def _to_answer(self, draft: Draft, now: datetime) -> list[str]:
        channel, deed = platform_of(draft.fan), draft.answers
        if deed is None:
            return ["answers nothing"]
        found = [] if draft.way in ANSWERS.get((channel, deed.kind), ()) else ["the platform has no such answer"]
        if draft.way is Way.PRIVATE and now >= deed.at + PRIVATE_REPLY:
            found.append("too late for a private reply")
        length = HUMAN_WINDOW if draft.by_human else WINDOW
        if draft.way is Way.DIRECT and channel not in SPEAKS_FIRST and not self._is_open(draft.fan, length, now):
            found.append("no open window")
        if draft.by_human:
            found += ["said no after a person had decided"] if self._no_since(draft) else []
        elif draft.says != "stop":
            found += ["stopped"] if self.words.yes(draft.fan, channel, "service") is False else []
            no_offers = draft.says == "offer" and self.words.yes(draft.fan, channel, "offers") is False
            found += ["wants no offers"] if no_offers else []
        return found

    def _no_since(self, draft: Draft) -> bool:
        """A person may answer whoever said no before he asked; not with what was decided before the no."""
        channel, person = platform_of(draft.fan), self.words.together(draft.fan)
        noes = [
            word.at
            for word in self.words.said
            if word.fan in person and not word.yes and word.is_about(channel, "service")
        ]
        return self.words.yes(draft.fan, channel, "service") is False and max(noes) > draft.decided_at

    def _is_open(self, fan: str, length: timedelta, now: datetime) -> bool:
        return fan in self.opened and now < self.opened[fan] + length

    def pressed(self, draft: Draft, now: datetime, counts: Collection[Gone]) -> list[str]:
        """The caps and the gap, over all that he is. `counts` is what he had of us, this one not among it."""
        person, found = self.words.together(draft.fan), []
        had = [one for one in counts if one.fan in person and one.key != draft.key]
        for about, caps in self.caps.caps.items():
            same = [one for one in had if about in ("*", one.purpose)]
            for span, most in caps.items() if about in ("*", draft.solicits) else ():
                weighs = sum(one.weight for one in same if one.at > now - SPANS[span])
                found += [f"cap of a {span} for {about}"] if weighs + draft.weight > 100 * most else []
        gap = max(self.caps.gap, *(self.words.wishes(one).every() for one in person))
        found += ["closer than the gap"] if gap and any(now - one.at < gap for one in had) else []
        return found
