"""The word lists of wishes, made ready to be looked for."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from optin.answers import either, lexicon, unfolded, wishes
from optin.words import EMOJI, LANGUAGES, LEXICON

ASKING, POLITE = "asking", "polite"
FIGURES = {
    "day": r"(?P<day>[12]?\d|3[01]|1er)",
    "numeral": r"(?P<numeral>0?[1-9]|1[0-2])",
    "often": "(?P<often>once|twice)",
}
WORD = re.compile(r"[a-z]{3,}")


class Gated:
    """Phrases of a list like stop.txt, looked for only in a clause that has a word which begins as they do."""

    def __init__(self, name: str) -> None:
        lists = [each for language in LANGUAGES for each in wishes(language, name).items()]
        self.patterns = [pattern for _, pattern in lists]
        self.beginnings = AhoCorasick([f" {word.replace('_', ' ')}" for words, _ in lists for word in words.split()])

    def is_in(self, said: str) -> bool:
        may_be = bool(self.beginnings.find_matches_as_indexes(f" {said}"))
        return may_be and any(pattern.search(said) for pattern in self.patterns)

    def taken_out(self, said: str) -> str:
        for pattern in self.patterns:
            said = pattern.sub("", said)
        return said


@dataclass(frozen=True, slots=True)
class Piece:
    """What one line of the lists matches. `what` is empty for words that wish nothing."""

    what: str
    how: str  # the value itself, or the name of what reads it
    alone: bool
    pattern: re.Pattern[str]


def values(language: str) -> dict[str, dict[str, str]]:
    """What the words stand for: {"weekday": {"lundi": "0"}}."""
    found: dict[str, dict[str, str]] = {}
    for line in lines(language, "wish_words"):
        head, _, spelled = line.partition(" = ")
        kind, value = head.split()
        found.setdefault(kind, {}).update(dict.fromkeys(spelled.split("|"), value))
    return found


def lines(language: str, name: str) -> list[str]:
    text = (LEXICON / language / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def clock(name: str, *, marked: bool) -> str:
    """A time of day as the tokens have it: "18h", "18h30", "18 : 30", "6pm", "6 p . m .", "noon"."""
    minute = rf"(?: ?(?:h|heures?|:)(?: ?(?P<{name}_minute>[0-5]\d))?)?"
    half = rf"(?: ?(?P<{name}_half>[ap])(?: \.)? ?m(?: \.)?)?"
    mark = r"(?= ?(?:h|:|[ap](?: \.)? ?m))" if marked else ""
    return rf"(?:(?P<{name}>[01]?\d|2[0-4]){mark}{minute}{half}|(?P<{name}_word>midi|minuit|noon|midnight))"


def group(kind: str, spelled: dict[str, str]) -> str:
    digits = r"\d{1,3}x?|" if kind == "number" else ""
    return f"(?P<{kind}>{digits}{'|'.join(sorted(spelled, key=len, reverse=True))})"


def names(language: str) -> dict[str, str]:
    """What a name in braces stands for, before the list gives names of its own."""
    found = {kind: group(kind, spelled) for kind, spelled in values(language).items()}
    times = {
        "hour": clock("hour", marked=True),
        "end": clock("end", marked=True),
        "begin": clock("begin", marked=False),
    }
    return found | times | FIGURES


def pieces(language: str) -> Iterator[Piece]:
    named, head = names(language), ""
    for line in lines(language, "wishes"):
        name, is_name, meaning = line.partition(" = ")
        if is_name:
            named[name] = either([unfolded(meaning, named)])
        elif line.startswith("["):
            head = line.strip("[]")
        else:
            yield piece(head, unfolded(line, named))


def piece(head: str, pattern: str) -> Piece:
    what, how, alone = (*head.split(), "", "")[:3]
    compiled = re.compile(f"(?:{numbered(pattern)}) ")
    return Piece(what, how, alone == "alone", compiled) if how else Piece("", what, False, compiled)


def numbered(pattern: str) -> str:
    """The pattern with each group's name used once, as `re` wants it: the second {month} of a line is "month__2"."""
    seen: Counter[str] = Counter()

    def once(named: re.Match[str]) -> str:
        seen[named[1]] += 1
        return named[0] if seen[named[1]] == 1 else f"(?P<{named[1]}__{seen[named[1]]}>"

    return re.sub(r"\(\?P<(\w+)>", once, pattern)


def named_in(match: re.Match[str]) -> dict[str, str]:
    """What each name of a line met: {"month": "septembre"}."""
    return {name.partition("__")[0]: said for name, said in match.groupdict().items() if said is not None}


def others() -> Iterator[Piece]:
    """What changes nothing of a wish: politeness, emoji, marks."""
    yield Piece("", POLITE, False, re.compile(f"{either(lexicon('polite'))} "))
    yield Piece("", POLITE, False, re.compile(f"[{EMOJI}] |[.!;:,\\n]+ "))
    yield Piece("", "?", False, re.compile(r"[.!?]*\?[.!?]* "))


def literal_words() -> frozenset[str]:
    """The words of the lists, as far as they are spelled out in them."""
    texts = [line for language in LANGUAGES for name in ("wishes", "wish_words") for line in lines(language, name)]
    return frozenset(WORD.findall(" ".join((*texts, *lexicon("polite")))))


_ALL = tuple(each for language in LANGUAGES for each in pieces(language))
WISHES = tuple(each for each in _ALL if each.what)
AROUND = (*(each for each in _ALL if not each.what), *others())
VALUES = {
    kind: {word: value for language in LANGUAGES for word, value in values(language).get(kind, {}).items()}
    for kind in values(LANGUAGES[0])
}
SPELLINGS = literal_words()
CONTRACT, EVERYWHERE = Gated("contract"), Gated("everywhere")
_TIMES = [f"{hour}{mark}" for hour in range(25) for mark in ("h", "_h", "_:", "am", "pm", "_am", "_pm")]
KEYS = AhoCorasick(
    [
        f" {key.replace('_', ' ')}"
        for keys in (_TIMES, *(lines(language, "wish_keys") for language in LANGUAGES))
        for key in keys
    ]
)
