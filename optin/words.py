"""What somebody wrote, as plain words that can be compared, however they were typed."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import TypeVar, overload

T = TypeVar("T")

LEXICON = Path(__file__).parent / "lexicon"
LANGUAGES = ("fr", "en")
EMOJI = "\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\U0001f000-\U0001f3fa\U0001f400-\U0001faff"
WORD = re.compile(f"[^\\W_]+|[{EMOJI}]")
TOKEN = re.compile(f"[^\\W_]+|[{EMOJI}]|[.!?;:,\\n]+")
# English drops letters at the end of a word, French at its start: "don't" and "dont" are one word, "l'offre" is two.
CONTRACTION = re.compile(r"['`](?<=[^\W\d_].)(?=(?:t|s|m|d|re|ve|ll)\b)")
COMMON = re.compile(r"[^@\d]{0,40}")
LINK = re.compile(r"(?:https?://|www\.)\S+")
MENTION = re.compile(r"@\w+")
# The second half is for the command "/stop@FanBot", of which only the name of the bot is left out.
ADDRESS = re.compile(r"(?<![\w.+/-])[\w.+-]+@[\w.-]+|@\w+")
AFTER_A_LETTER = re.compile(r"@(?<=\w@)")
# No word of French or English has one letter three times in a row: "stoooop" is "stop".
THREE_ALIKE = re.compile(r"(.)\1\1")
DRAWN_OUT = re.compile(r"([a-z])\1\1+")


@overload
def read_once(read: Callable[[str], T]) -> Callable[[str], T]: ...
@overload
def read_once(read: Callable[[str, str], T]) -> Callable[[str, str], T]: ...
def read_once(read: Callable[..., T]) -> Callable[..., T]:
    """A campaign is answered by thousands with the same word: what a short text means is kept for a while. Nothing is
    kept in which an address or a number stands."""
    kept = lru_cache(maxsize=256)(read)

    @wraps(read)
    def look(text: str, *known: str) -> T:
        return (kept if COMMON.fullmatch(text) else read)(text, *known)

    return look


def normalise(text: str) -> str:
    """The words of `text` in small plain letters, one space apart; each emoji is a word."""
    return " ".join(WORD.findall(folded(text)))


def words(text: str) -> tuple[str, ...]:
    """The words of `text`, without mentions, addresses and punctuation."""
    return tuple(WORD.findall(folded(text)))


@lru_cache(maxsize=32)  # what a fan wrote is looked at for a stop, a meaning and a keyword, one after the other
def tokens(text: str) -> tuple[str, ...]:
    """As `words`, and the marks that end a clause are kept as tokens of their own."""
    return tuple(TOKEN.findall(folded(text)))


def folded(text: str) -> str:
    """`text` in small letters without accents, mentions and addresses; its punctuation is still there."""
    text = without_addresses(text)
    text = text.lower() if text.isascii() else text.translate(PLAIN)
    if "'" in text or "`" in text:
        text = CONTRACTION.sub("", text)
    return DRAWN_OUT.sub(r"\1", text) if THREE_ALIKE.search(text) else text


def without_addresses(text: str) -> str:
    """`text` without what names other people and pages, and may look like a word of the fan's own."""
    if "://" in text or "www." in text:
        text = LINK.sub(" ", text)
    if "@" in text:
        text = (ADDRESS if AFTER_A_LETTER.search(text) else MENTION).sub(" ", text)
    return text


class PlainLetters(dict[int, str]):
    """What each character comes down to, worked out when it is first met.

    One character at a time, because decomposing a whole text sorts long runs of accents in quadratic time.
    """

    OWN = dict.fromkeys("’‘ʼ´′＇‛", "'") | {
        "œ": "oe",
        "Œ": "oe",
        "æ": "ae",
        "Æ": "ae",
        "ø": "o",
        "Ø": "o",
        "ł": "l",
        "™": "",
    }
    FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # empty, yet letters to Unicode
    HIDDEN = frozenset({"Mn", "Me", "Cf"})  # accents, variation selectors, zero-width and direction marks
    ROOM = 20_000  # characters; a stranger's text must not fill the memory

    def __missing__(self, code: int) -> str:
        plain = self.OWN.get(chr(code), self.decomposed(chr(code)))
        if len(self) < self.ROOM:
            self[code] = plain
        return plain

    def decomposed(self, character: str) -> str:
        letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
        return "".join(letter for letter in letters if not self.is_hidden(letter))

    def is_hidden(self, letter: str) -> bool:
        skin_tone = "\U0001f3fb" <= letter <= "\U0001f3ff"
        return skin_tone or letter in self.FILLERS or unicodedata.category(letter) in self.HIDDEN


PLAIN = PlainLetters()


def phrases(*files: Path) -> tuple[str, ...]:
    """The lines of word lists, as they would come out of `normalise`; a line that begins with "#" is a remark."""
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    found = [normalise(line) for line in lines if not line.startswith("#")]
    return tuple(dict.fromkeys(phrase for phrase in found if phrase))


# The commonest words of each language that the other one has not.
OWN_WORDS = {language: frozenset(phrases(LEXICON / language / "own_words.txt")) for language in LANGUAGES}
