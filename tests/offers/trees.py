"""Invented conditions, about few enough things that an invented crowd meets some of them."""

from typing import Any as Anything

from hypothesis import strategies as st

from offers.conditions import FIELDS, OPERATORS, All, Any, Condition, Kind, Money, Not, Operator, Tree, Yes
from offers.stages import Stage

LANGUAGES = ("de", "en", "fr")
PLATFORMS = ("facebook", "telegram", "x")
POSTS = ("p1", "p2", "p3")
THEMES = (("tea", "gift"), ("tea",), ())  # of the first offers
OFFERS = tuple(f"00000000-0000-0000-0000-0000000000a{number}" for number in range(4))
CHANNELS = ("email", "facebook", "telegram")
CURRENCIES = ("EUR", "JPY")
PURPOSES = ("newsletter", "offers", "service")

_WORDS = {
    "language": (*LANGUAGES, "it"),
    "platform": (*PLATFORMS, "email"),
    "source_post": (*POSTS, "p4"),
    "affinity": ("tea", "gift", "sport"),
    "stage": tuple(map(str, Stage)),
}


def _some(words: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(st.sampled_from(words), min_size=1, max_size=2).map(lambda some: tuple(sorted(some)))


def _value(name: str, operator: Operator) -> st.SearchStrategy[Anything]:
    if operator is Operator.NEVER:
        return st.none()
    match FIELDS[name].kind:
        case Kind.WORDS:
            return _some(_WORDS[name])
        case Kind.OFFERS:
            return _some(OFFERS)
        case Kind.COUNT if name == "ambassador_score":
            return st.sampled_from((0, 1, 2, 5, 6, 10, 13, 16, 20))
        case Kind.SHARE:
            return st.sampled_from((0, 1, 33, 34, 50, 51, 66, 67, 99, 100))
        case Kind.COUNT:
            return st.integers(0, 5)
        case Kind.AGE:
            return st.sampled_from((0, 1, 2, 5, 10, 36_500))
        case Kind.YES_OR_NO:
            return st.booleans()
        case Kind.MONEY:
            return st.builds(Money, st.sampled_from((0, 1, 500, 1500, 4000)), st.sampled_from(CURRENCIES))
        case Kind.CONSENT:
            return st.builds(Yes, st.sampled_from((*CHANNELS, "x")), st.sampled_from(PURPOSES))


def _row(name: str, operator: Operator) -> st.SearchStrategy[Condition]:
    return _value(name, operator).map(lambda value: Condition(name, operator, value))


ROWS = st.one_of([_row(name, operator) for name, field in FIELDS.items() for operator in OPERATORS[field.kind]])


def _grown(smaller: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    several = st.lists(smaller, max_size=3).map(tuple)
    return st.one_of(smaller, several.map(All), several.map(Any), smaller.map(Not))


TREES: st.SearchStrategy[Tree] = _grown(_grown(_grown(ROWS)))
