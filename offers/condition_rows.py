"""Conditions as JSON, as an offer keeps them and a page sends them: written, read, and what is wrong with them.

{"version": 1, "where": {"all": [{"field": "language", "operator": "any_of", "value": ["fr"]},
                                 {"not": {"field": "comments", "operator": "at_most", "value": 2}}]}}
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from uuid import UUID

from offers.conditions import (
    FIELDS,
    OPERATORS,
    All,
    Any,
    Condition,
    Field,
    Kind,
    Money,
    Not,
    Operator,
    Tree,
    Value,
    Yes,
)
from offers.texts import Fault
from optin.standing import EVERYWHERE, Purpose

VERSION = 1
DEEPEST = 6  # groups within groups
MOST = 60  # groups and rows of one tree
MOST_WORDS = 100
LONGEST_WORD = 200
MOST_TIMES = 1_000_000
MOST_DAYS = 36_500
MOST_MONEY = 10**12  # in the minor unit
CURRENCY = re.compile("[A-Z]{3}")


class Wrong(StrEnum):
    """What can be wrong with conditions. A page puts it into words."""

    VERSION = "other_version"
    SHAPE = "no_condition"  # neither a group nor a row
    FIELD = "no_such_field"
    OPERATOR = "no_such_operator"  # for this field
    VALUE = "unfit_value"
    TOO_DEEP = "too_deep"
    TOO_MANY = "too_many_conditions"


Misfits = dict[str, list[Fault]]  # by the row: "0.1" is the second of the first group; "" is the whole


def as_json(tree: Tree) -> dict[str, object]:
    return {"version": VERSION, "where": _node(tree)}


def everybody() -> dict[str, object]:
    return as_json(All())


def faults(document: object) -> Misfits:
    """All that keeps this from being read."""
    return _read(document)[1]


def from_json(document: object) -> Tree:
    """The tree. Raises ValueError, with all that is wrong, where `faults` finds anything."""
    tree, found = _read(document)
    if found:
        raise ValueError(f"unreadable conditions: {found}")
    return tree


def _node(tree: Tree) -> dict[str, object]:
    match tree:
        case All(of):
            return {"all": [_node(each) for each in of]}
        case Any(of):
            return {"any": [_node(each) for each in of]}
        case Not(of):
            return {"not": _node(of)}
        case Condition(name, operator, value):
            return {"field": name, "operator": operator.value} | _worded(value)


def _worded(value: Value) -> dict[str, object]:
    match value:
        case None:
            return {}
        case tuple():
            return {"value": list(value)}
        case Yes(channel, purpose):
            return {"value": {"channel": channel, "purpose": purpose}}
        case Money(amount, currency):
            return {"value": {"amount": amount, "currency": currency}}
        case _:
            return {"value": value}


def _read(document: object) -> tuple[Tree, Misfits]:
    match document:
        case {"version": 1, "where": where, **rest} if not rest:
            reader = _Reader()
            return reader.tree(where, ()), reader.found
        case {"version": version} if version != VERSION:
            return All(), {"": [Fault(Wrong.VERSION, str(version)[:LONGEST_WORD])]}
        case _:
            return All(), {"": [Fault(Wrong.SHAPE)]}


Path = tuple[int, ...]


@dataclass(slots=True)
class _Reader:
    """Reads on after a fault, so that all are found at once; what can't be read is an empty group meanwhile."""

    found: Misfits = field(default_factory=dict)
    nodes: int = 0

    def tree(self, node: object, path: Path) -> Tree:
        self.nodes += 1
        if self.nodes > MOST:
            self.found.setdefault("", [Fault(Wrong.TOO_MANY, str(MOST))])
            return All()
        if len(path) > DEEPEST:
            return self.amiss(path, Fault(Wrong.TOO_DEEP, str(DEEPEST)))
        match node:
            case {"all": list(of), **rest} if not rest:
                return All(self.trees(of, path))
            case {"any": list(of), **rest} if not rest:
                return Any(self.trees(of, path))
            case {"not": of, **rest} if not rest:
                return Not(self.tree(of, (*path, 0)))
            case {"field": str(name), "operator": str(operator), **rest} if rest.keys() <= {"value"}:
                return self.row(name, operator, rest.get("value"), path)
            case _:
                return self.amiss(path, Fault(Wrong.SHAPE))

    def trees(self, of: Sequence[object], path: Path) -> tuple[Tree, ...]:
        return tuple(self.tree(each, (*path, place)) for place, each in enumerate(of[: MOST + 1]))

    def row(self, name: str, operator: str, said: object, path: Path) -> Tree:
        if name not in FIELDS:
            return self.amiss(path, _unknown(Wrong.FIELD, name, FIELDS))
        about = FIELDS[name]
        if operator not in OPERATORS[about.kind]:
            return self.amiss(path, _unknown(Wrong.OPERATOR, operator, OPERATORS[about.kind]))
        try:
            return Condition(name, Operator(operator), _value(about, operator, said))
        except ValueError as error:
            return self.amiss(path, Fault(Wrong.VALUE, str(error)))

    def amiss(self, path: Path, fault: Fault) -> Tree:
        self.found.setdefault(".".join(map(str, path)), []).append(fault)
        return All()


def _unknown(what: Wrong, said: str, known: Sequence[str] | Mapping[str, object]) -> Fault:
    """With the word that was meant, where one is near."""
    return Fault(what, said[:LONGEST_WORD], next(iter(get_close_matches(said[:LONGEST_WORD], known, n=1)), ""))


def _value(about: Field, operator: str, said: object) -> Value:
    """Raises ValueError with what was expected."""
    if about.words:
        return _words_among(about.words, said)
    if about.folded:
        return tuple(sorted({word.lower() for word in _words(said)}))
    if operator != Operator.NEVER:
        return _VALUES[about.kind](said)
    if said is not None:
        raise ValueError("nothing")
    return None


def _words(said: object) -> tuple[str, ...]:
    if not isinstance(said, list) or not 0 < len(said) <= MOST_WORDS or not all(map(_is_word, said)):
        raise ValueError(f"1-{MOST_WORDS} words")
    return tuple(sorted(set(said)))


def _words_among(known: Sequence[str], said: object) -> tuple[str, ...]:
    words = _words(said)
    if not set(words) <= set(known):
        raise ValueError(", ".join(known))
    return words


def _offers(said: object) -> tuple[str, ...]:
    try:
        return tuple(sorted({str(UUID(word)) for word in _words(said)}))
    except ValueError:
        raise ValueError(f"1-{MOST_WORDS} offers") from None


def _yes(said: object) -> Yes:
    match said:
        case {"channel": str(channel), "purpose": str(purpose), **rest} if not rest:
            if _is_word(channel) and channel != EVERYWHERE and purpose in set(Purpose):
                return Yes(channel, purpose)
    raise ValueError("channel, purpose")


def _money(said: object) -> Money:
    match said:
        case {"amount": int(amount), "currency": str(currency), **rest} if not rest and type(amount) is int:
            if 0 <= amount <= MOST_MONEY and CURRENCY.fullmatch(currency):
                return Money(amount, currency)
    raise ValueError("amount, currency")


def _is_word(said: object) -> bool:
    # PostgreSQL's text holds no NUL.
    return isinstance(said, str) and 0 < len(said) <= LONGEST_WORD and "\0" not in said


def _up_to(most: int) -> Callable[[object], int]:
    def number(said: object) -> int:
        if type(said) is not int or not 0 <= said <= most:  # True is an int, too
            raise ValueError(f"0-{most}")
        return said

    return number


def _yes_or_no(said: object) -> bool:
    if not isinstance(said, bool):
        raise ValueError("true, false")
    return said


_VALUES: Mapping[Kind, Callable[[object], Value]] = {
    Kind.WORDS: _words,
    Kind.OFFERS: _offers,
    Kind.COUNT: _up_to(MOST_TIMES),
    Kind.SHARE: _up_to(100),
    Kind.AGE: _up_to(MOST_DAYS),
    Kind.YES_OR_NO: _yes_or_no,
    Kind.CONSENT: _yes,
    Kind.MONEY: _money,
}
