"""What a fan's word is: the last one, the strictest at a link, and a no that nothing takes away but his own yes."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optin.standing import Act, Edge, Line, Purpose, standing

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
LEA, MAX, ZOE = (UUID(int=number) for number in (1, 2, 3))
YES, NO, ASKED = Act.GRANTED, Act.WITHDRAWN, Act.ASKED


def said(*words: tuple[UUID, Act, int], channel: str = "page", purpose: str = "offers") -> list[Line]:
    return [
        Line(number, who, channel, purpose, act, NOON + timedelta(minutes=at))
        for number, (who, act, at) in enumerate(words, 1)
    ]


def linked(one: UUID, other: UUID, at: int) -> Edge:
    return Edge(one, other, NOON + timedelta(minutes=at))


@pytest.mark.parametrize(
    ("lines", "edges", "expected"),
    [
        ([], [], None),
        (said((LEA, YES, 1)), [], YES),
        (said((LEA, YES, 1), (LEA, NO, 2)), [], NO),
        (said((LEA, NO, 2), (LEA, YES, 1)), [], NO),  # a yes that was said before and arrives after
        (said((LEA, YES, 1), (LEA, NO, 1)), [], NO),
        (said((LEA, ASKED, 1)), [], None),
        (said((LEA, NO, 1), (LEA, ASKED, 2)), [], NO),
        (said((LEA, YES, 1), channel="email"), [], None),
        (said((LEA, NO, 1), channel="*"), [], NO),
        (said((LEA, NO, 1), purpose="*"), [], NO),
        (said((LEA, NO, 1), purpose="newsletter"), [], None),
        (said((LEA, YES, 1), (MAX, NO, 1)), [linked(LEA, MAX, 2)], NO),  # the strictest of both
        (said((MAX, YES, 1)), [linked(LEA, MAX, 2)], None),  # a link never grants
        (said((MAX, YES, 2)), [linked(LEA, MAX, 2)], None),  # nor does a yes of the same instant
        (said((MAX, YES, 3)), [linked(LEA, MAX, 2)], YES),  # what he says afterwards holds for all that he is
        (said((MAX, NO, 3), (LEA, YES, 1)), [linked(LEA, MAX, 2)], NO),
        (said((LEA, YES, 1), (MAX, NO, 1), (MAX, YES, 3)), [linked(LEA, MAX, 2)], YES),
        (said((LEA, YES, 1), (ZOE, NO, 1)), [linked(LEA, MAX, 2), linked(MAX, ZOE, 3)], NO),
        (said((LEA, YES, 1), (ZOE, NO, 1)), [linked(MAX, ZOE, 3)], YES),
    ],
)
def test_his_word(lines: list[Line], edges: list[Edge], expected: Act | None) -> None:
    assert standing(lines, edges, LEA, "page").act == expected


def test_a_yes_to_offers_lets_us_answer_and_a_no_to_offers_leaves_the_answers() -> None:
    stopped = said((LEA, NO, 1), purpose="*")
    no_offers = said((LEA, NO, 1), purpose="offers")
    back = [*stopped, *said((LEA, YES, 2), purpose="offers")]

    found = [standing(lines, [], LEA, "page", Purpose.SERVICE).act for lines in (stopped, no_offers, back)]

    assert found == [NO, None, YES]


@pytest.mark.parametrize(
    ("purpose", "expected"),
    [("offers", YES), ("newsletter", YES), ("profiling", NO), ("audiences", NO), ("crm:contact", NO)],
)
def test_after_a_stop_only_who_lets_us_write_is_answered_again(purpose: str, expected: Act) -> None:
    lines = [*said((LEA, NO, 1), purpose="*"), *said((LEA, YES, 2), purpose=purpose)]

    assert standing(lines, [], LEA, "page", Purpose.SERVICE).act == expected


WORDS = st.lists(
    st.tuples(st.sampled_from([LEA, MAX, ZOE]), st.sampled_from([YES, NO, ASKED]), st.integers(0, 20)), max_size=8
)
EDGES = st.lists(
    st.tuples(st.sampled_from([(LEA, MAX), (MAX, ZOE), (LEA, ZOE)]), st.integers(0, 20)).map(
        lambda edge: linked(*edge[0], edge[1])
    ),
    max_size=3,
    unique_by=lambda edge: (edge.fan_id, edge.other_id),
)


@given(WORDS, EDGES, st.integers(21, 30))
def test_a_link_never_makes_a_forbidden_send_allowed(
    words: list[tuple[UUID, Act, int]], edges: list[Edge], at: int
) -> None:
    lines = said(*words)

    for who in (LEA, MAX, ZOE):
        before, after = (standing(lines, known, who, "page") for known in (edges, [*edges, linked(LEA, MAX, at)]))
        assert before.granted or not after.granted


@given(WORDS, EDGES)
def test_after_a_no_only_a_later_yes_of_the_same_person_allows(
    words: list[tuple[UUID, Act, int]], edges: list[Edge]
) -> None:
    minutes = count(30)
    lines = [*said(*words), *said((MAX, NO, next(minutes)))]

    assert not standing(lines, edges, MAX, "page").granted
    for edge in edges:
        if MAX in (edge.fan_id, edge.other_id):
            assert standing(lines, edges, ({edge.fan_id, edge.other_id} - {MAX}).pop(), "page").withdrawn
