"""How a keyword may look in a fan's words: plural, in one piece or in several, with a typing slip."""

import re
from collections.abc import Iterable
from itertools import pairwise, product
from pathlib import Path

from rapidfuzz.distance import OSA

from optin.words import OWN_WORDS, phrases, words

USUAL = frozenset(phrases(Path(__file__).parent / "lexicon" / "usual_words.txt")).union(*OWN_WORDS.values())
LINKING = frozenset({"d", "de", "du", "des", "l", "la", "le", "les", "a", "au", "aux", "the", "of", "s"})
HUMP = re.compile(r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")  # "PromoÉté" is two words
DOUBLE = re.compile(r"([a-z])\1")
FEW = 8  # words; a slip is seen in a short wish, while in a long text a word that is nearly ours is another word
SHORTEST_WITH_A_SLIP = 5  # letters
TWO_SLIPS_FROM = 8  # letters
MANY_WORDS = 3
KEYBOARDS = ("azertyuiop", "qsdfghjklm", "wxcvbn", "qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOURS = frozenset(pair for row in KEYBOARDS for one, two in pairwise(row) for pair in (one + two, two + one))

Forms = tuple[frozenset[str], ...]


def forms(keyword: str) -> Forms:
    """The forms of each word of a keyword. Small words within it do not count: "promo d'été" is "promo été"."""
    spoken = words(HUMP.sub(" ", keyword))
    return tuple(frozenset(numbers(word)) for word in (*spoken[:1], *(w for w in spoken[1:] if w not in LINKING)))


def numbers(word: str) -> set[str]:
    """The singular and the plural of a word of either language, whichever of them it is."""
    found = {word, *singulars(word)}
    return found | {f"{each}{ending}" for each in found for ending in plural_endings(each)}


def singulars(word: str) -> set[str]:
    if re.search(r"(?:[xsz]|ch|sh)es$", word) and len(word) > 4:
        return {word[:-2], word[:-1]}
    if re.search(r"[aeo]ux$", word) and len(word) > 3:
        return {word[:-1]}
    return {word[:-1]} if re.search(r"[^s]s$", word) and len(word) > 4 else set()


def plural_endings(word: str) -> list[str]:
    if not word.isalpha() or len(word) < 3:
        return []
    if re.search(r"(?:[xsz]|ch|sh)$", word):
        return ["es"]
    return ["s", "x"] if word.endswith("u") else ["s"]


def in_one_piece(keyword: str) -> set[str]:
    """A keyword as a hashtag has it: "promoete", and "promodete" where it is written "promo d'été"."""
    spoken = forms(keyword)
    parts = [{min(each, key=len), max(each, key=len)} for each in spoken] if len(spoken) > MANY_WORDS else spoken
    return {"".join(choice) for choice in product(*parts)} | numbers("".join(words(keyword)))


def drawn_out(piece: str) -> set[str]:
    """The word, and what is left of it when its letters were drawn out: "freeee" comes to us as "fre"."""
    return {piece, DOUBLE.sub(r"\1", piece)} if DOUBLE.sub(r"\1", piece) not in USUAL else {piece}


class Spelling:
    """The words of all keywords, by what a slip leaves alone: the first letter, and nearly the length."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self.known = frozenset(vocabulary)
        self.alike: dict[tuple[str, int], list[str]] = {}
        for word in sorted(self.known):
            if word.isalpha() and len(word) >= SHORTEST_WITH_A_SLIP:
                for length in range(len(word) - 1, len(word) + 2):
                    self.alike.setdefault((word[0], length), []).append(word)

    def corrected(self, said: tuple[str, ...]) -> tuple[str, ...]:
        if len(said) > FEW:
            return said
        return tuple(self.nearest(word) if (word[0], len(word)) in self.alike else word for word in said)

    def nearest(self, word: str) -> str:
        """The word that was meant; a word that is known or usual was meant as it stands."""
        if word in self.known or word in USUAL or not word.isalpha():
            return word
        near = [(slips, each) for each in self.alike[word[0], len(word)] if (slips := slips_between(word, each))]
        return min(near)[1] if near else word


def slips_between(word: str, meant: str) -> int:
    """How many slips make `meant` into `word`; 0 where they are too many, or none that fingers make."""
    most = 2 if len(meant) >= TWO_SLIPS_FROM else 1
    slips = OSA.distance(word, meant, score_cutoff=most)
    return slips if slips <= most and is_of_fingers(word, meant) else 0


def is_of_fingers(word: str, meant: str) -> bool:
    """A letter too many or too few within the word, letters that changed places, or the key beside the right one."""
    if len(word) != len(meant):
        return word[-1] == meant[-1]
    apart = [one + two for one, two in zip(word, meant, strict=True) if one != two]
    return len(apart) > 1 or apart[0] in NEIGHBOURS
