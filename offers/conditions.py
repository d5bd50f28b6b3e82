"""Conditions: whom an offer is for, as a tree with one meaning. Here it is asked of one person, and in SQL of all
people at once (leads/audience.py).

Nothing known is an empty set, a zero or a "never": none of the languages, no comment, and neither within ten days nor
longer ago than ten. So a condition and its contrary share out all fans, but for those who object to profiling: what a
profile would say of them is not asked, and neither a condition on it nor its contrary holds.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any as Anything

from offers.stages import Stage
from optin.standing import EVERYWHERE


class Operator(StrEnum):
    ANY_OF = "any_of"
    NONE_OF = "none_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    WITHIN = "within"  # so many days ago, or less
    LONGER_AGO = "longer_ago"  # more days ago than that
    NEVER = "never"
    IS = "is"
    GRANTED = "granted"
    NOT_GRANTED = "not_granted"  # withdrawn, or never spoken of


class Kind(StrEnum):
    """What a field holds."""

    WORDS = "words"
    OFFERS = "offers"
    COUNT = "count"
    SHARE = "share"  # in whole percents
    AGE = "age"  # of something that happened once, or never: in days
    YES_OR_NO = "yes_or_no"
    CONSENT = "consent"
    MONEY = "money"  # in one currency, since no other can be told from it


OPERATORS: Mapping[Kind, tuple[Operator, ...]] = {
    Kind.WORDS: (Operator.ANY_OF, Operator.NONE_OF),
    Kind.OFFERS: (Operator.ANY_OF, Operator.NONE_OF),
    Kind.COUNT: (Operator.AT_LEAST, Operator.AT_MOST),
    Kind.SHARE: (Operator.AT_LEAST, Operator.AT_MOST),
    Kind.AGE: (Operator.WITHIN, Operator.LONGER_AGO, Operator.NEVER),
    Kind.YES_OR_NO: (Operator.IS,),
    Kind.CONSENT: (Operator.GRANTED, Operator.NOT_GRANTED),
    Kind.MONEY: (Operator.AT_LEAST, Operator.AT_MOST),
}


@dataclass(frozen=True, slots=True)
class Yes:
    """A yes to one purpose on one channel: what a condition on consent asks for."""

    channel: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Money:
    """In the currency's minor unit: 1990 is 19.90 EUR."""

    amount: int
    currency: str


Value = tuple[str, ...] | int | bool | Yes | Money | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One row: a field, an operator, a value. `never` takes none; offers are named by their ids."""

    field: str
    operator: Operator
    value: Value = None


@dataclass(frozen=True, slots=True)
class All:
    of: tuple["Tree", ...] = ()


@dataclass(frozen=True, slots=True)
class Any:
    of: tuple["Tree", ...] = ()  # of nothing: nobody


@dataclass(frozen=True, slots=True)
class Not:
    of: "Tree"


Tree = All | Any | Not | Condition
EVERYBODY = All()


@dataclass(frozen=True, slots=True)
class FanFacts:
    """What conditions may ask about a person, of all his fans together."""

    languages: frozenset[str] = frozenset()
    platforms: frozenset[str] = frozenset()
    posts: frozenset[str] = frozenset()  # under which he opened a claim
    held: frozenset[str] = frozenset()  # offers on which he has a claim
    claimed: frozenset[str] = frozenset()  # offers of which he has the code
    likes: frozenset[str] = frozenset()  # themes of these offers
    propensity: int = 0  # see below
    first_met: timedelta | None = None  # ago; None: never
    last_heard: timedelta | None = None
    comments: int = 0
    messages: int = 0
    is_lead: bool = False
    objects_to_profiling: bool = False
    stage: frozenset[str] = frozenset({Stage.ANONYMOUS.value})  # the one at which he is
    is_customer: bool = False
    ambassador: int = 0  # points, by leads/ambassadors.py
    purchases: int = 0
    last_purchase: timedelta | None = None
    spent: Mapping[str, int] = field(default_factory=dict)  # by currency
    # By channel, the purposes to which one of his fans said yes; EVERYWHERE is every channel that isn't named.
    granted: Mapping[str, Collection[str]] = field(default_factory=dict)


def propensity(taken: int, held: int) -> int:
    """Of the offers that he holds, the share whose code he took, in whole percents, rounded down. Of none: 0."""
    return 100 * taken // held if held else 0


@dataclass(frozen=True, slots=True)
class Field:
    """What a condition may be about. `label` and `hint` are English and the msgids of all other languages."""

    kind: Kind
    label: str
    fact: str  # of FanFacts
    hint: str = ""  # how it is worked out, where the label doesn't say
    words: tuple[str, ...] = ()  # where there are no others
    folded: bool = False  # its words are kept in small letters
    replayed: bool = False  # it rests on consent: after a link, only the journal replayed can tell
    profile: bool = False  # nobody who objects to profiling is chosen by it, nor by its contrary


FIELDS: Mapping[str, Field] = {
    "language": Field(Kind.WORDS, "Language", "languages"),
    "platform": Field(Kind.WORDS, "Platform on which we know the fan", "platforms"),
    "source_post": Field(Kind.WORDS, "Post that brought the fan to an offer", "posts"),
    "holds_offer": Field(Kind.OFFERS, "Offer that the fan asked for", "held"),
    "claimed_offer": Field(Kind.OFFERS, "Offer of which the fan has the code", "claimed"),
    "affinity": Field(
        Kind.WORDS,
        "Affinity: took offers of the theme",
        "likes",
        "The fan took the code of an offer with one of these themes. What he bought without a code says nothing of it.",
        folded=True,
        replayed=True,
        profile=True,
    ),
    "propensity": Field(
        Kind.SHARE,
        "Share of offers taken",
        "propensity",
        "Of the offers that the fan asked for or was brought, those whose code he took: 3 of 4 is 75%. Of none: 0%.",
        replayed=True,
        profile=True,
    ),
    "first_met": Field(Kind.AGE, "First heard from", "first_met"),
    "last_heard": Field(Kind.AGE, "Last heard from", "last_heard"),
    "comments": Field(Kind.COUNT, "Number of comments", "comments"),
    "messages": Field(Kind.COUNT, "Number of private messages", "messages"),
    "is_lead": Field(Kind.YES_OR_NO, "Is a lead", "is_lead"),
    "stage": Field(Kind.WORDS, "Stage that the fan has reached", "stage", words=tuple(map(str, Stage)), replayed=True),
    "is_customer": Field(Kind.YES_OR_NO, "Is a customer", "is_customer"),
    "ambassador_score": Field(Kind.COUNT, "Ambassador score", "ambassador", replayed=True, profile=True),
    "purchases": Field(Kind.COUNT, "Number of purchases", "purchases"),
    "last_purchase": Field(Kind.AGE, "Last purchase", "last_purchase"),
    "spent": Field(Kind.MONEY, "Money spent", "spent"),
    "consent": Field(Kind.CONSENT, "Consent", "granted", replayed=True),
}

Test = Callable[[FanFacts], bool]


def evaluate(tree: Tree, facts: FanFacts) -> bool:
    """Whether the offer is for this person."""
    return compiled(tree)(facts)


@lru_cache(maxsize=1024)
def compiled(tree: Tree, wanted: bool = True) -> Test:
    """The question, ready to be asked of many: that the tree is true, or that it is false. A `not` is carried down to
    the rows, so that what must not be asked of somebody does not come true by being denied."""
    match tree:
        case All(of) | Any(of):
            together = _all if isinstance(tree, All) is wanted else _any
            return together([compiled(each, wanted) for each in of])
        case Not(of):
            return compiled(of, not wanted)
        case Condition():
            return _row(tree, wanted)


def _row(condition: Condition, wanted: bool) -> Test:
    about = FIELDS[condition.field]
    holds = _TESTS[condition.operator](attrgetter(about.fact), condition.value)
    if about.profile:
        return lambda facts: not facts.objects_to_profiling and holds(facts) is wanted
    return holds if wanted else lambda facts: not holds(facts)


def rows(tree: Tree) -> Iterator[Condition]:
    """All rows of the tree."""
    match tree:
        case All(of) | Any(of):
            for each in of:
                yield from rows(each)
        case Not(of):
            yield from rows(of)
        case Condition():
            yield tree


# Loops, not all() and any() of a generator: those take more than twice as long.
def _all(tests: list[Test]) -> Test:
    def holds(facts: FanFacts) -> bool:
        for test in tests:  # noqa: SIM110
            if not test(facts):
                return False
        return True

    return holds


def _any(tests: list[Test]) -> Test:
    def holds(facts: FanFacts) -> bool:
        for test in tests:  # noqa: SIM110
            if test(facts):
                return True
        return False

    return holds


def _any_of(read: Callable[[FanFacts], frozenset[str]], value: tuple[str, ...]) -> Test:
    wanted = frozenset(value)
    return lambda facts: not wanted.isdisjoint(read(facts))


def _none_of(read: Callable[[FanFacts], frozenset[str]], value: tuple[str, ...]) -> Test:
    unwanted = frozenset(value)
    return lambda facts: unwanted.isdisjoint(read(facts))


def _at_least(read: Callable[[FanFacts], Anything], value: int | Money) -> Test:
    if isinstance(value, Money):
        return lambda facts: read(facts).get(value.currency, 0) >= value.amount
    return lambda facts: read(facts) >= value


def _at_most(read: Callable[[FanFacts], Anything], value: int | Money) -> Test:
    if isinstance(value, Money):
        return lambda facts: read(facts).get(value.currency, 0) <= value.amount
    return lambda facts: read(facts) <= value


def _within(read: Callable[[FanFacts], timedelta | None], value: int) -> Test:
    limit = timedelta(days=value)
    return lambda facts: (ago := read(facts)) is not None and ago <= limit


def _longer_ago(read: Callable[[FanFacts], timedelta | None], value: int) -> Test:
    limit = timedelta(days=value)
    return lambda facts: (ago := read(facts)) is not None and ago > limit


def _granted(read: Callable[[FanFacts], Mapping[str, Collection[str]]], value: Yes) -> Test:
    channel, purpose = value.channel, value.purpose

    def holds(facts: FanFacts) -> bool:
        granted = read(facts)
        return purpose in (granted[channel] if channel in granted else granted.get(EVERYWHERE, ()))

    return holds


def _not_granted(read: Callable[[FanFacts], Mapping[str, Collection[str]]], value: Yes) -> Test:
    granted = _granted(read, value)
    return lambda facts: not granted(facts)


# Which value an operator is given is checked where a tree is read (offers/condition_rows.py).
_TESTS: Mapping[Operator, Callable[..., Test]] = {
    Operator.ANY_OF: _any_of,
    Operator.NONE_OF: _none_of,
    Operator.AT_LEAST: _at_least,
    Operator.AT_MOST: _at_most,
    Operator.WITHIN: _within,
    Operator.LONGER_AGO: _longer_ago,
    Operator.NEVER: lambda read, value: lambda facts: read(facts) is None,
    Operator.IS: lambda read, value: lambda facts: read(facts) is value,
    Operator.GRANTED: _granted,
    Operator.NOT_GRANTED: _not_granted,
}
