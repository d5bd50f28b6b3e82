"""What an answer means: "oui", "non merci", "stop", "ne m'écrivez plus", an e-mail address, a phone number."""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from ahocorasick_rs import AhoCorasick

from optin.addresses import email_in, phone_in
from optin.words import LANGUAGES, LEXICON, phrases, tokens

__all__ = ["Answer", "email_in", "meant", "phone_in", "says_no", "says_yes", "stops"]

SHORT = 80  # characters; who writes more says more than an answer
COMMANDS = ("/stop", "/unsubscribe")
MARKS = re.compile(r"[.!?;:,\n]+ ")
QUIET_MARKS = re.compile(r"[.!;:,\n]+ ")  # "oui ?" is a question, not an agreement
SPELLED_OUT = re.compile(r"(?:\w (?:[.,;:\n!]+ )?){3,}$")
OTHER_STOPS = re.compile(r"\bnon?-?stop|\bstop (?:and|&|by|in|off|over)\b", re.IGNORECASE)


class Answer(StrEnum):
    """What a whole message says."""

    STOP = "stop"
    START = "start"  # after a stop: you may write to me again
    YES = "yes"
    NO = "no"


def meant(text: str) -> Answer | None:
    """The answer that `text` is, or None when it says something else. A wish to be left alone goes before all else."""
    if stops(text):
        return Answer.STOP
    said = QUIET_MARKS.sub("", spoken(text)) if "://" not in text else ""
    return next((answer for answer, pattern in ANSWERS.items() if is_only(pattern, said)), None)


def says_yes(text: str) -> bool:
    return meant(text) is Answer.YES


def says_no(text: str) -> bool:
    return meant(text) is Answer.NO


def stops(text: str) -> bool:
    """Whether somebody wants no more messages. In doubt he does: a missed stop is worse than a lost fan."""
    if text.lstrip().lower().startswith(COMMANDS):
        return True
    said = spoken(OTHER_STOPS.sub(" ", text))
    return is_only_a_stop(said) or bool(STOP_FIRST.match(said)) or wishes_for_peace(said)


def wishes_for_peace(said: str) -> bool:
    """Whether a clause says, in whatever words, that no more should be written."""
    if not BEGINNINGS.find_matches_as_indexes(f" {said}"):
        return False
    return any(wish.search(clause) for clause in QUIET_MARKS.split(said) for wish in looked_for(clause))


def looked_for(clause: str) -> set[re.Pattern[str]]:
    """The wishes of which this clause has a word."""
    found = BEGINNINGS.find_matches_as_indexes(f" {clause}", overlapping=True)
    return {WISHES[index][1] for index, _, _ in found}


def is_only_a_stop(said: str) -> bool:
    """Whether the message is an operator's keyword, or one of its clauses is nothing but "stop"."""
    if not STOP_WORDS.find_matches_as_indexes(f" {said}"):
        return False
    whole = MARKS.sub("", said)
    return is_only(KEYWORD, whole) or is_only(STOP, whole) or any(is_only(STOP, clause) for clause in MARKS.split(said))


def is_only(pattern: re.Pattern[str], said: str) -> bool:
    return len(said) <= SHORT and bool(pattern.fullmatch(said))


@lru_cache(maxsize=32)  # asked for a stop, a wish, a contract, an answer, one after the other
def spoken(text: str) -> str:
    """The words of `text` and the marks between its clauses, each with a space behind it; "s.t.o.p" is one word."""
    said = "".join(f"{token} " for token in tokens(text))
    letters = MARKS.sub("", said)[::2] if len(said) <= SHORT and SPELLED_OUT.match(said) else ""
    return f"{letters} " if letters else said


def only(name: str, *beside: str, also: tuple[str, ...] = ()) -> re.Pattern[str]:
    """What holds a phrase of the list `name`, and nothing but phrases of this and the other lists beside it."""
    around = [*also, *(phrase for each in (name, *beside) for phrase in lexicon(each))]
    return re.compile(f"(?:{either(around)} )*?{either(lexicon(name))} (?:{either(around)} )*")


def lexicon(name: str) -> tuple[str, ...]:
    return phrases(*(LEXICON / language / f"{name}.txt" for language in LANGUAGES))


def either(alternatives: Sequence[str]) -> str:
    return f"(?:{'|'.join(alternatives)})"


def wishes(language: str, file: str = "stop") -> dict[str, re.Pattern[str]]:
    """The wishes of a list, whose signs are explained at its top, by the beginnings of words that call for a look."""
    named: dict[str, str] = {}
    groups: dict[str, list[str]] = {}
    for line in (LEXICON / language / f"{file}.txt").read_text(encoding="utf-8").splitlines():
        name, is_name, meaning = line.partition(" = ")
        if is_name:
            named[name] = either([unfolded(meaning, named)])
        elif line.startswith("["):
            group = groups.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            group.append(unfolded(line.strip(), named))
    return {beginnings: re.compile(rf"(?<!\w){either(group)}(?!\w)") for beginnings, group in groups.items()}


def unfolded(line: str, named: dict[str, str]) -> str:
    return re.sub(r"\{([a-z]+)\}", lambda name: named[name[1]], line).replace("... ", GAP)


# What is the fan's own is not what he wants to be spared: "stop deleting my posts".
GAP = r"(?:(?!(?:mes|mon|ma|my) |vous (?:envo|ecri|contact|appel)|ignor|delet|supprim|effac|bloqu|hid)\w+ ){0,4}"
KEYWORD = only("stop_keywords", "polite")
STOP = only("stop_alone", "stop_beside", "polite", also=(r"\d{4,6}",))  # "STOP au 36111"
STOP_FIRST = re.compile(
    r"(?:stop|stopp|sotp) (?:[.!,;:\n]+ |\W |(?:je|j|jen|i|im|ca|c|vous|tu|u|you|y|ne|n|non|no|plus|dont|do not"
    r"|marre|fini|trop|assez|enough|now|maintenant|please|pls|svp|stp|s il|merci|thanks|thx|ok|et|sinon|or i|ou je) )"
)
WISHES = [
    (f" {word.replace('_', ' ')}", wish)
    for language in LANGUAGES
    for words, wish in wishes(language).items()
    for word in words.split()
]
BEGINNINGS = AhoCorasick([beginning for beginning, _ in WISHES])
STOP_WORDS = AhoCorasick([f" {phrase} " for phrase in lexicon("stop_alone") + lexicon("stop_keywords")])
ANSWERS = {Answer.START: only("start", "polite"), Answer.NO: only("no", "polite"), Answer.YES: only("yes", "polite")}
