"""What a fan's word is: the last one, the strictest at a link, and a no that nothing takes away but his own yes."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optin.standing import SILENCE, Act, Edge, Line, Purpose, Standing, standing

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


def test_the_lines_that_say_so_are_named() -> None:
    twice = said((LEA, NO, 1), (LEA, NO, 1))
    both = said((LEA, NO, 1), (MAX, NO, 1))
    his = said((MAX, NO, 1))

    assert standing([], [], LEA, "page") == SILENCE
    assert standing(twice, [], LEA, "page").lines == (twice[1],)
    assert standing(twice[::-1], [], LEA, "page").lines == (twice[1],)
    assert standing(both, [linked(LEA, MAX, 2)], MAX, "page").lines == (both[1],)  # his own no stays the reason
    assert standing(his, [linked(LEA, MAX, 2)], LEA, "page") == Standing(NO, (his[0],))
    assert standing(said((ZOE, YES, 1)), [linked(LEA, MAX, 2)], LEA, "page") == SILENCE


def test_links_are_followed_in_the_order_in_which_they_were_made() -> None:
    lines = said((ZOE, NO, 2), (ZOE, YES, 4), (LEA, YES, 0))
    edges = [linked(MAX, ZOE, 3), linked(LEA, MAX, 1)]

    found = [standing(lines, known, LEA, "page").act for known in (edges, edges[::-1], edges[1:])]

    assert found == [YES, YES, YES]
    assert [standing(lines[:1], known, LEA, "page").act for known in (edges, edges[1:])] == [NO, None]
    assert standing(said((LEA, NO, 2)), edges, ZOE, "page").act == NO
    assert standing(said((LEA, NO, 4)), [linked(MAX, ZOE, 1), linked(LEA, MAX, 3)], ZOE, "page").act == NO


def test_a_service_is_its_own_word_where_nobody_wrote_of_offers() -> None:
    no, yes = (said((LEA, act, 1), purpose="service") for act in (NO, YES))

    assert standing(no, [], LEA, "page", Purpose.SERVICE).withdrawn
    assert standing(yes, [], LEA, "page", Purpose.SERVICE).granted
    assert standing([*no, *yes], [], LEA, "page") == SILENCE


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
