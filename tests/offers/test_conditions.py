"""Conditions mean what their words say, never a third thing; what can't be read is told by its row."""

from dataclasses import replace
from datetime import timedelta
from typing import Any as Anything

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers import condition_rows, editing
from offers.condition_rows import DEEPEST, MOST, Wrong
from offers.conditions import (
    EVERYBODY,
    FIELDS,
    OPERATORS,
    All,
    Any,
    Condition,
    FanFacts,
    Money,
    Not,
    Operator,
    Tree,
    Yes,
    evaluate,
    propensity,
)
from offers.editing import Sheet
from offers.texts import Fault
from tests.offers.trees import THEMES, TREES

NOBODY_KNOWN = FanFacts()
DAY = timedelta(days=1)
ASKED = "channel, purpose"
OFFER = "00000000-0000-0000-0000-00000000000a"


def row(field: str, operator: str, value: Anything = None) -> Condition:
    return Condition(field, Operator(operator), value)


def heard(ago: timedelta) -> FanFacts:
    return FanFacts(last_heard=ago)


def allowed(**granted: str) -> FanFacts:
    return FanFacts(granted={channel.replace("everywhere", "*"): {purpose} for channel, purpose in granted.items()})


@pytest.mark.parametrize(
    ("condition", "facts", "expected"),
    [
        (row("language", "any_of", ("en", "fr")), FanFacts(languages=frozenset({"fr", "de"})), True),
        (row("language", "none_of", ("en", "fr")), FanFacts(languages=frozenset({"fr", "de"})), False),
        (row("language", "any_of", ("en",)), NOBODY_KNOWN, False),
        (row("language", "none_of", ("en",)), NOBODY_KNOWN, True),
        (row("platform", "any_of", ("x",)), FanFacts(platforms=frozenset({"x"})), True),
        (row("source_post", "any_of", ("p1",)), FanFacts(posts=frozenset({"p2"})), False),
        (row("holds_offer", "any_of", (OFFER,)), FanFacts(held=frozenset({OFFER})), True),
        (row("claimed_offer", "any_of", (OFFER,)), FanFacts(held=frozenset({OFFER})), False),
        (row("last_heard", "within", 10), heard(10 * DAY), True),
        (row("last_heard", "within", 10), heard(10 * DAY + timedelta(microseconds=1)), False),
        (row("last_heard", "longer_ago", 10), heard(10 * DAY), False),
        (row("last_heard", "longer_ago", 10), heard(10 * DAY + timedelta(microseconds=1)), True),
        (row("last_heard", "within", 0), heard(-DAY), True),  # a platform's clock that is ahead of ours
        (row("last_heard", "within", 10), NOBODY_KNOWN, False),  # never is neither,
        (row("last_heard", "longer_ago", 10), NOBODY_KNOWN, False),
        (Not(row("last_heard", "within", 10)), NOBODY_KNOWN, True),  # and so it is the contrary of both
        (row("last_heard", "never"), NOBODY_KNOWN, True),
        (row("last_heard", "never"), heard(10 * DAY), False),
        (row("comments", "at_least", 0), NOBODY_KNOWN, True),
        (row("comments", "at_least", 1), NOBODY_KNOWN, False),
        (row("messages", "at_most", 2), FanFacts(messages=2, comments=9), True),
        (row("messages", "at_most", 1), FanFacts(messages=2), False),
        (row("is_lead", "is", True), FanFacts(is_lead=True), True),
        (row("is_lead", "is", False), NOBODY_KNOWN, True),
        (row("is_lead", "is", False), FanFacts(is_lead=True), False),
        (row("purchases", "at_least", 2), FanFacts(purchases=2), True),
        (row("last_purchase", "longer_ago", 30), FanFacts(last_purchase=31 * DAY), True),
        (row("last_purchase", "longer_ago", 30), NOBODY_KNOWN, False),
        (row("spent", "at_least", Money(5000, "EUR")), FanFacts(spent={"EUR": 5000}), True),
        (row("spent", "at_least", Money(5000, "EUR")), FanFacts(spent={"EUR": 4999, "JPY": 9000}), False),
        (row("spent", "at_most", Money(0, "EUR")), FanFacts(spent={"JPY": 9000}), True),
        (row("consent", "granted", Yes("email", "offers")), allowed(email="offers"), True),
        (row("consent", "granted", Yes("email", "newsletter")), allowed(email="offers"), False),
        (row("consent", "granted", Yes("email", "offers")), allowed(everywhere="offers"), True),
        (row("consent", "granted", Yes("email", "offers")), allowed(everywhere="offers", email="service"), False),
        (row("consent", "not_granted", Yes("email", "offers")), NOBODY_KNOWN, True),
        (row("consent", "not_granted", Yes("email", "offers")), allowed(email="offers"), False),
        (All(), NOBODY_KNOWN, True),
        (Any(), NOBODY_KNOWN, False),
        (Not(Any()), NOBODY_KNOWN, True),
        (All((Any(), All())), NOBODY_KNOWN, False),
        (Any((Any(), All())), NOBODY_KNOWN, True),
    ],
)
def test_what_a_condition_means(condition: Anything, facts: FanFacts, expected: bool) -> None:
    assert evaluate(condition, facts) is expected


@pytest.mark.parametrize(
    ("taken", "held", "percent"), [(0, 0, 0), (0, 3, 0), (1, 1, 100), (1, 3, 33), (2, 3, 66), (3, 4, 75), (4, 4, 100)]
)
def test_propensity_is_a_share_of_which_every_part_can_be_reached(taken: int, held: int, percent: int) -> None:
    assert propensity(taken, held) == percent


OBJECTING = st.builds(
    FanFacts,
    likes=st.sampled_from(THEMES).map(frozenset),
    propensity=st.integers(0, 100),
    ambassador=st.integers(0, 20),
    comments=st.integers(0, 5),
    objects_to_profiling=st.just(True),
)


@given(TREES, OBJECTING)
def test_whoever_objects_to_profiling_is_chosen_alike_whatever_his_profile_says(tree: Tree, his: FanFacts) -> None:
    assert evaluate(tree, his) is evaluate(tree, replace(his, likes=frozenset(), propensity=0, ambassador=0))


def where(node: object) -> dict[str, object]:
    return {"version": 1, "where": node}


def said(field: str, operator: str, *value: object) -> dict[str, object]:
    return {"field": field, "operator": operator} | ({"value": value[0]} if value else {})


def nested(depth: int) -> object:
    node: object = {"all": []}
    for _ in range(depth):
        node = {"not": node}
    return node


@pytest.mark.parametrize(
    ("document", "row", "fault"),
    [
        (None, "", Fault(Wrong.SHAPE)),
        ({}, "", Fault(Wrong.SHAPE)),
        ({"version": 2, "where": {"all": []}}, "", Fault(Wrong.VERSION, "2")),
        (where({"all": [], "any": []}), "", Fault(Wrong.SHAPE)),
        (where({"all": [{"all": []}, 7]}), "1", Fault(Wrong.SHAPE)),
        (where({"all": [{"not": said("langage", "is", 1)}]}), "0.0", Fault(Wrong.FIELD, "langage", "language")),
        (where(said("zzz", "any_of", ["fr"])), "", Fault(Wrong.FIELD, "zzz")),
        (where(said("language", "anyof", ["fr"])), "", Fault(Wrong.OPERATOR, "anyof", "any_of")),
        (where(said("language", "at_least", 2)), "", Fault(Wrong.OPERATOR, "at_least")),
        (where(said("language", "any_of", [])), "", Fault(Wrong.VALUE, "1-100 words")),
        (where(said("language", "any_of", "fr")), "", Fault(Wrong.VALUE, "1-100 words")),
        (where(said("language", "any_of", ["f\0r"])), "", Fault(Wrong.VALUE, "1-100 words")),
        (where(said("language", "any_of", [""])), "", Fault(Wrong.VALUE, "1-100 words")),
        (where(said("holds_offer", "any_of", ["ete"])), "", Fault(Wrong.VALUE, "1-100 offers")),
        (where(said("comments", "at_least", -1)), "", Fault(Wrong.VALUE, "0-1000000")),
        (where(said("comments", "at_least", True)), "", Fault(Wrong.VALUE, "0-1000000")),
        (where(said("comments", "at_least")), "", Fault(Wrong.VALUE, "0-1000000")),
        (where(said("propensity", "at_most", 101)), "", Fault(Wrong.VALUE, "0-100")),
        (where(said("last_heard", "within", 36_501)), "", Fault(Wrong.VALUE, "0-36500")),
        (where(said("last_heard", "never", 3)), "", Fault(Wrong.VALUE, "nothing")),
        (where(said("is_lead", "is", 1)), "", Fault(Wrong.VALUE, "true, false")),
        (where(said("consent", "granted", "email")), "", Fault(Wrong.VALUE, ASKED)),
        (where(said("consent", "granted", {"channel": "*", "purpose": "offers"})), "", Fault(Wrong.VALUE, ASKED)),
        (where(said("consent", "granted", {"channel": "x", "purpose": "*"})), "", Fault(Wrong.VALUE, ASKED)),
        (where(nested(DEEPEST + 1)), ".".join("0" * (DEEPEST + 1)), Fault(Wrong.TOO_DEEP, str(DEEPEST))),
        (where({"all": [{"all": []}] * MOST}), "", Fault(Wrong.TOO_MANY, str(MOST))),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_by_its_row(document: object, row: str, fault: Fault) -> None:
    assert condition_rows.faults(document) == {row: [fault]}
    with pytest.raises(ValueError):
        condition_rows.from_json(document)


def test_all_that_is_wrong_is_told_at_once_with_the_offer() -> None:
    document = where({"any": [said("scroe", "is", True), said("is_lead", "is", True), said("comments", "at_lest", 1)]})

    found = editing.faults(Sheet(name="Été", conditions=document))

    assert found == {
        "conditions.0": [Fault(Wrong.FIELD, "scroe", "")],
        "conditions.2": [Fault(Wrong.OPERATOR, "at_lest", "at_least")],
    }


@pytest.mark.parametrize("node", [nested(DEEPEST), {"all": [{"all": []}] * (MOST - 1)}])
def test_as_deep_and_as_many_as_promised_are_read(node: object) -> None:
    assert condition_rows.faults(where(node)) == {}


@given(TREES)
def test_what_is_written_reads_the_same(tree: Anything) -> None:
    assert condition_rows.from_json(condition_rows.as_json(tree)) == tree


def test_an_offer_is_for_everybody_until_somebody_says_otherwise() -> None:
    assert condition_rows.from_json(condition_rows.everybody()) == EVERYBODY


def test_every_kind_of_field_has_its_operators() -> None:
    assert {field.kind for field in FIELDS.values()} == set(OPERATORS)
    assert {operator for each in OPERATORS.values() for operator in each} == set(Operator)
