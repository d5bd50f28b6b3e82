"""Which offer a fan asks for: the keywords and hashtags of the catalogue, found in what he wrote."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import takewhile
from uuid import UUID

from offers.keywords import LINKING, Forms, Spelling, drawn_out, forms, in_one_piece
from offers.refusing import refuses
from optin.words import tokens

Said = tuple[str, ...]

MOST_PIECES = 3  # in which a fan may write what the manager wrote in one word
SHORTEST_IN_PIECES = 5  # letters
SHORTEST_PIECE = 3
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Why(StrEnum):
    """How sure it is that the fan meant the keyword."""

    WRITTEN = "written"  # as the manager wrote it, but for case, accents, plural and gaps
    SLIP = "slip"  # with a typing slip


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer, as far as it matters here. Where it names no places of a kind, it shows at all of them."""

    offer_id: UUID
    keywords: tuple[str, ...]
    platforms: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    posts: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    priority: int = 0
    open: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    offer_id: UUID
    keyword: str  # as the manager wrote it
    exact: bool
    why: Why


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a fan asks, and by which campaign he came ("" for none)."""

    platform: str
    account: str
    post: str
    now: datetime
    campaign: str = ""

    def suits(self, offer: Candidate) -> bool:
        asked = (
            (offer.platforms, self.platform),
            (offer.accounts, self.account),
            (offer.posts, self.post),
            (offer.campaigns, self.campaign),
        )
        begun = offer.starts_at is None or offer.starts_at <= self.now
        lasts = offer.ends_at is None or self.now < offer.ends_at
        return offer.open and begun and lasts and all(not those or this in those for those, this in asked)


@dataclass(frozen=True, slots=True)
class Keyword:
    """One keyword of one offer."""

    text: str
    forms: Forms
    offer: Candidate

    @property
    def rank(self) -> tuple[int, int, datetime, str, str]:
        """Best first: the longest keyword, the highest priority, the earliest start."""
        length = sum(min(map(len, word)) for word in self.forms)
        return -length, -self.offer.priority, self.offer.starts_at or LONG_AGO, str(self.offer.offer_id), self.text


class Matcher:
    """The keywords of a catalogue by the words with which they begin. Built once; nothing changes it afterwards."""

    def __init__(self, candidates: tuple[Candidate, ...]) -> None:
        self.whole: dict[str, list[Keyword]] = {}
        self.parted: dict[str, list[Keyword]] = {}
        vocabulary: set[str] = set()
        for keyword in keywords_of(candidates):
            pieces = in_one_piece(keyword.text)
            enter(self.whole, {form for piece in pieces for form in drawn_out(piece)}, keyword)
            enter(self.parted, keyword.forms[0] if len(keyword.forms) > 1 else (), keyword)
            vocabulary.update(pieces, *keyword.forms)
        long = [word for word in self.whole if len(word) >= SHORTEST_IN_PIECES]
        self.pieces = frozenset(word[:end] for word in long for end in range(SHORTEST_PIECE, len(word)))
        self.starts = frozenset({*self.whole, *self.parted, *self.pieces})
        self.spelling = Spelling(vocabulary)

    def asked(self, said: Said) -> Iterator[Keyword]:
        """The keywords that `said` holds, but for those that it names to refuse them."""
        if self.starts.isdisjoint(said):
            return
        for start, word in enumerate(said):
            if word in self.starts:
                yield from (keyword for keyword, end in self.found_at(said, start) if not refuses(said, start, end))

    def found_at(self, said: Said, start: int) -> Iterator[tuple[Keyword, int]]:
        """The keywords that begin at `start`, and where each ends."""
        for end, together in enumerate(self.joined(said, start), start + 1):
            yield from ((keyword, end) for keyword in self.whole.get(together, ()))
        for keyword in self.parted.get(said[start], ()):
            if last := end_of(keyword.forms, said, start):
                yield keyword, last

    def joined(self, said: Said, start: int) -> Iterator[str]:
        """The word at `start`, then with the words behind it, as long as they begin a keyword."""
        together = said[start]
        yield together
        for word in said[start + 1 : start + MOST_PIECES]:
            if together not in self.pieces or (len(word) < SHORTEST_PIECE and not word.isdigit()):
                return
            together += word
            yield together


def match(matcher: Matcher, text: str, place: Place) -> Match | None:
    """The offer that `text` asks for, among those that may be had here and now; None where it asks for none."""
    return next(iter(matches(matcher, text, place)), None)


def matches(matcher: Matcher, text: str, place: Place) -> list[Match]:
    """The same, and the others that `text` names as plainly as that one."""
    said = tokens(text)
    if found := best(matcher, said, place):
        return [Match(keyword.offer.offer_id, keyword.text, True, Why.WRITTEN) for keyword in found]
    corrected = matcher.spelling.corrected(said)
    found = best(matcher, corrected, place) if corrected != said else []
    return [Match(keyword.offer.offer_id, keyword.text, False, Why.SLIP) for keyword in found]


def best(matcher: Matcher, said: Said, place: Place) -> list[Keyword]:
    """The longest of the keywords, which says most plainly what is meant; several where offers share it."""
    suitable = [keyword for keyword in matcher.asked(said) if place.suits(keyword.offer)]
    if len(suitable) < 2:
        return suitable
    suitable.sort(key=lambda keyword: keyword.rank)
    longest: dict[UUID, Keyword] = {}
    for keyword in takewhile(lambda one: one.rank[0] == suitable[0].rank[0], suitable):
        longest.setdefault(keyword.offer.offer_id, keyword)
    return list(longest.values())


def end_of(spoken: Forms, said: Said, start: int) -> int | None:
    """Where a keyword of several words ends that begins at `start`; small words may stand between its words."""
    position = start + 1
    for word in spoken[1:]:
        while position < len(said) and said[position] in LINKING and said[position] not in word:
            position += 1
        if position >= len(said) or said[position] not in word:
            return None
        position += 1
    return position


def keywords_of(candidates: tuple[Candidate, ...]) -> list[Keyword]:
    each = (Keyword(text, forms(text), offer) for offer in candidates for text in offer.keywords)
    return [keyword for keyword in each if keyword.forms]


def enter(index: dict[str, list[Keyword]], words: Iterable[str], keyword: Keyword) -> None:
    for word in words:
        index.setdefault(word, []).append(keyword)
