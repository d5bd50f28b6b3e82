"""What a whole message says about how somebody wants to be written to, apart from a stop and a contract's end.

A wish is believed only where every word of the message is understood: "the evening menu please" is no wish.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rapidfuzz import process
from rapidfuzz.distance import OSA

from optin import wish_values
from optin.answers import spoken, stops
from optin.wish_lexicon import AROUND, ASKING, CONTRACT, EVERYWHERE, KEYS, POLITE, SPELLINGS, WISHES, Piece, named_in
from optin.wish_values import Wish
from optin.words import read_once

__all__ = ["CancelContract", "Stop", "Verdict", "Wish", "Wishes", "read", "verdict"]

LONG = 160  # characters; who writes more says more than a wish
MARK = re.compile(r"[.!;:,\n]+ |\W ")
SLIP = 5  # letters; shorter words are too like each other
MOST_STRANGE = 3  # words that the lists don't spell out; "écrivez" is one, for they know its beginning


@dataclass(frozen=True, slots=True)
class Stop:
    """No more messages; `contract`: he also wants to end one, which a person must see."""

    everywhere: bool = False
    contract: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    told: tuple[Wish, ...]


@dataclass(frozen=True, slots=True)
class CancelContract:
    """He wants to end a contract, an order, an account: for a person."""


Found = tuple[Piece, re.Match[str]]
Verdict = Stop | Wishes | CancelContract | None


def verdict(text: str, now: datetime, zone: str) -> Verdict:
    """All that a message says about being written to.

    A stop goes before a wish, unless every word of it is a narrower wish: "stop offers but keep answering". So a caller
    asks here instead of `stops`, and before `answers.meant`, whose START ("reprenez") counts where the fan had stopped.
    """
    said = _said(text)
    told = _agreed(said.pieces, now, zone)
    if told and not _is_only_about_offers(told):
        return Wishes(told)
    if said.stops:
        return Stop(said.everywhere, said.ends_a_contract)
    if told:
        return Wishes(told)
    return CancelContract() if said.ends_a_contract else None


def read(text: str, now: datetime, zone: str) -> tuple[Wish, ...]:
    """What the whole message says about how he wants to be written to; empty when it says something else."""
    return _agreed(_wished(text), now, zone)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a message says, whoever writes it and whenever."""

    pieces: Sequence[Found]
    everywhere: bool
    stops: bool
    ends_a_contract: bool


@read_once
def _said(text: str) -> _Said:
    everywhere = _is_everywhere(text)
    return _Said(_wished(text), everywhere, everywhere or stops(text), _ends_a_contract(text))


def _wished(text: str) -> Sequence[Found]:
    """The pieces of a message that is a wish as a whole; none of any other."""
    if len(text) > LONG or "://" in text:
        return ()
    said = spoken(text)
    if not KEYS.find_matches_as_indexes(f" {said}"):
        return ()
    pieces = _pieces(_spelled(said))
    return pieces if _is_told(pieces) else ()


def _is_only_about_offers(told: tuple[Wish, ...]) -> bool:
    return {wish.what for wish in told} == {"offers"}


def _pieces(said: str) -> list[Found]:
    """The pieces of a message, the longest first at each place; none at all where one is not understood."""
    found: list[Found] = []
    at = 0
    while at < len(said):
        here = max(_at(said, at), key=lambda piece: piece[1].end(), default=None)
        if here is None:
            return []
        found.append(here)
        at = here[1].end()
    return found


def _at(said: str, at: int) -> Iterator[Found]:
    for piece in (*WISHES, *AROUND):
        match = piece.pattern.match(said, at)
        if match and match.end() > at:
            yield piece, match


def _is_told(pieces: list[Found]) -> bool:
    """Whether these pieces are a wish and no question: of "le soir ?" nobody knows who asks what."""
    kinds = [piece for piece, _ in pieces]
    wished = [piece for piece in kinds if piece.what]
    if not wished or ("?" in {piece.how for piece in kinds} and ASKING not in {piece.how for piece in kinds}):
        return False
    return all(not piece.alone or _says_nothing_else(kinds) for piece in wished)


def _says_nothing_else(kinds: list[Piece]) -> bool:
    return sum(piece.how not in (POLITE, ASKING, "?") for piece in kinds) == 1


def _agreed(pieces: Sequence[Found], now: datetime, zone: str) -> tuple[Wish, ...]:
    wished = [(piece, named_in(match)) for piece, match in pieces if piece.what]
    return wish_values.agreed(wish_values.read(piece.what, piece.how, said, now, zone) for piece, said in wished)


def _spelled(said: str) -> str:
    """The words as they were meant: a slip of one letter in a longer word is mended. Nothing where most are strange."""
    words = said.split()
    strange = {word for word in words if len(word) >= SLIP and word.isalpha() and word not in SPELLINGS}
    if len(strange) > MOST_STRANGE:
        return ""
    return "".join(f"{_mended(word) if word in strange else word} " for word in words)


def _mended(word: str) -> str:
    best = process.extractOne(word, SPELLINGS, scorer=OSA.distance, score_cutoff=1)
    return best[0] if best else word


def _is_everywhere(text: str) -> bool:
    """Whether a clause is a stop, and says that it holds on all channels."""
    said = spoken(text)
    if not EVERYWHERE.is_in(said):
        return False
    rest = EVERYWHERE.taken_out(said)
    return any(_is_a_scope(clause, rest) for clause in MARK.split(said) if EVERYWHERE.is_in(clause))


def _is_a_scope(clause: str, rest: str) -> bool:
    """Whether this is where a stop holds: in its own clause, or alone behind it ("stop. partout.")."""
    own = EVERYWHERE.taken_out(clause).strip()
    return stops(own or rest)


def _ends_a_contract(text: str) -> bool:
    said = spoken(text)
    return CONTRACT.is_in(said) and any(CONTRACT.is_in(clause) for clause in MARK.split(said))
