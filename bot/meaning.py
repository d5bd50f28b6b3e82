"""What a fan is about: a complaint, a call for help, anger, a wish for an offer, a question, praise, a greeting."""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from ahocorasick_rs import AhoCorasick

from optin.words import OWN_WORDS, normalise, read_once, tokens, words

LEXICON = Path(__file__).parent / "lexicon"
LONG = 40  # words; who asks for an offer writes less
REACH = 3  # words: how far a "not" reaches
FAR = 40  # characters, in which that many words surely stand
MOST_STRANGE = 1  # word; "la promo pour ma sœur"
NUMBER = re.compile(r"\d+")
FROWN = re.compile(r"[:;=]['’]?-?[(\[](?!\w)")
CLAUSES = frozenset({"mais", "but", "et", "and", "car", "because"})


class Meaning(StrEnum):
    """The gravest thing that a text says."""

    ANGER = "anger"
    COMPLAINT = "complaint"
    HUMAN = "human"  # asks for a person
    HELP = "help"
    WISH = "wish"  # asks for what we give
    QUESTION = "question"
    PRAISE = "praise"
    THANKS = "thanks"
    GREETING = "greeting"
    CHAT = "chat"  # short, and nothing of the above
    UNKNOWN = "unknown"  # about something grave, or too long to be sure


class Tone(StrEnum):
    """What a phrase adds to a text; each is a word list of its own in the lexicon."""

    ANGER = "anger"
    COMPLAINT = "complaint"  # nothing makes it good
    SOUR = "sour"  # displeasure that a "not" before it, or enough liking beside it, makes good
    SWEET = "sweet"  # liking, which a "not" before it makes sour
    HUMAN = "human"
    HELP = "help"
    GRAVE = "grave"
    WISH = "wish"
    QUESTION = "question"
    THANKS = "thanks"
    GREETING = "greeting"
    CALM = "calm"
    NEGATION = "negation"


PROMOTABLE = frozenset({Meaning.WISH, Meaning.QUESTION, Meaning.PRAISE, Meaning.THANKS, Meaning.GREETING, Meaning.CHAT})
FRIENDLY = frozenset({Tone.WISH, Tone.SWEET, Tone.THANKS, Tone.GREETING, Tone.CALM, Tone.QUESTION})
OPPOSITE = {Tone.SWEET: Tone.SOUR, Tone.SOUR: Tone.CALM}


def promotable(meaning: Meaning) -> bool:
    """Whether who says this may be answered with an offer."""
    return meaning in PROMOTABLE


@read_once
def read(text: str) -> Meaning:
    """What `text` is about. In doubt the graver thing: an offer in answer to a complaint cannot be taken back."""
    said = NUMBER.sub("0", f" {' '.join(tokens(text))} ")
    tones = [Tone.SOUR] if "(" in text and FROWN.search(text) else []
    tones += heard(said)
    if is_angry(tones, text):
        return Meaning.ANGER
    if is_displeased(tones):
        return Meaning.COMPLAINT
    return needed(said, tones)


def is_plain(text: str, keyword: str) -> bool:
    """Whether `text` says little more than that somebody wants what `keyword` names, so that no person need look at it.

    Word lists miss many a complaint: "la promo renvoie une page blanche". But who only asks says nothing strange.
    """
    said, asked = words(text), words(keyword)
    longer = [word for word in said if word.isalpha() and len(word) > 2 and word not in FAMILIAR and word not in asked]
    strange = [word for word in longer if not word.startswith(FAMILIAR_BEGINNINGS)]
    return len(strange) <= MOST_STRANGE and NEGATIONS.isdisjoint(said) and promotable(read(text))


def is_angry(tones: list[Tone], text: str) -> bool:
    return Tone.ANGER in tones or (is_displeased(tones) and is_shouted(text))


def is_displeased(tones: list[Tone]) -> bool:
    return Tone.COMPLAINT in tones or tones.count(Tone.SOUR) >= max(1, tones.count(Tone.SWEET))


def is_shouted(text: str) -> bool:
    return "!!!" in text or (len(text) > 12 and text.isupper())


def needed(said: str, tones: list[Tone]) -> Meaning:
    """What somebody who is not displeased wants of us."""
    if Tone.HUMAN in tones:
        return Meaning.HUMAN
    if 2 * tones.count(Tone.HELP) > tones.count(Tone.SWEET):
        return Meaning.HELP
    if Tone.GRAVE in tones or is_long_and_cool(said, tones):
        return Meaning.UNKNOWN
    return lightest(said, tones)


def is_long_and_cool(said: str, tones: list[Tone]) -> bool:
    return said.count(" ") > LONG and tones.count(Tone.SWEET) <= 2 * tones.count(Tone.SOUR)


def lightest(said: str, tones: list[Tone]) -> Meaning:
    if Tone.WISH in tones:
        return Meaning.WISH
    if "?" in said or Tone.QUESTION in tones:
        return Meaning.QUESTION
    small = {Tone.SWEET: Meaning.PRAISE, Tone.THANKS: Meaning.THANKS, Tone.GREETING: Meaning.GREETING}
    return next((meaning for tone, meaning in small.items() if tone in tones), Meaning.CHAT)


def heard(said: str) -> Iterator[Tone]:
    """The tone of each phrase. Of phrases within each other the longest counts: "no problem" is not a problem."""
    matches = [(start, -end, index) for index, start, end in PHRASES.find_matches_as_indexes(said, overlapping=True)]
    furthest = 0
    for start, minus_end, index in sorted(matches):
        if -minus_end > furthest:
            furthest = -minus_end
            for tone in TONES[index]:
                yield OPPOSITE[tone] if tone in OPPOSITE and is_negated(said, start) else tone


def is_negated(said: str, start: int) -> bool:
    """Whether one of the words just before, in the same clause, is a "not"."""
    for word in reversed(said[max(0, start - FAR) : start].split()[-REACH:]):
        if word in NEGATIONS:
            return True
        if word in CLAUSES or not word.isalnum():
            return False
    return False


def lexicon() -> dict[str, tuple[Tone, ...]]:
    """The tones of each phrase as it stands between spaces; one that ends in "*" may go on as it likes."""
    tones: dict[str, tuple[Tone, ...]] = {}
    for tone in Tone:
        for line in lines(tone):
            key = f" {normalise(line)}" if line.endswith("*") else f" {normalise(line)} "
            tones[key] = tuple(dict.fromkeys((*tones.get(key, ()), tone)))
    return tones


def lines(tone: Tone) -> list[str]:
    texts = [file.read_text(encoding="utf-8") for file in sorted(LEXICON.glob(f"*/{tone}.txt"))]
    return [line for text in texts for line in text.splitlines() if normalise(line) and not line.startswith("#")]


_ALL = lexicon()
NEGATIONS = frozenset(phrase.strip() for phrase, tones in _ALL.items() if Tone.NEGATION in tones)
_HEARD = [(phrase, tones) for phrase, tones in _ALL.items() if tones != (Tone.NEGATION,)]
PHRASES = AhoCorasick([phrase for phrase, _ in _HEARD])
TONES = [tones for _, tones in _HEARD]

_FRIENDLY = [line for tone in Tone if tone in FRIENDLY for line in lines(tone)]
FAMILIAR = frozenset(word for line in _FRIENDLY for word in words(line)).union(*OWN_WORDS.values())
FAMILIAR_BEGINNINGS = tuple(normalise(line) for line in _FRIENDLY if line.endswith("*"))
