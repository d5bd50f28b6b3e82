"""No stretch of a day, a week or a month holds more than its cap, whatever is asked and whenever."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optin.pressure import NEVER, SPANS, WHOLE, Caps, Counted, Full, Used, room, used

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
WISHES = st.lists(
    st.tuples(st.integers(0, 60 * 24 * 3), st.sampled_from(["offers", "newsletter"]), st.sampled_from([40, 100])),
    max_size=40,
)
CAPS = st.builds(
    Caps,
    caps=st.fixed_dictionaries(
        {
            "*": st.fixed_dictionaries(
                {"day": st.integers(1, 3), "week": st.integers(1, 5), "month": st.integers(1, 9)}
            ),
            "newsletter": st.fixed_dictionaries({"week": st.integers(1, 2)}),
        }
    ),
    gap=st.sampled_from([timedelta(0), timedelta(hours=4)]),
)


def sent(wishes: list[tuple[int, str, int]], caps: Caps) -> list[Counted]:
    """Each wish is asked some time after the one before, and goes where there is room."""
    now, gone = NOON, list[Counted]()
    for minutes, purpose, weight in wishes:
        now += timedelta(minutes=minutes)
        if room(gone, caps, purpose, weight, caps.gap, now) is None:
            gone.append(Counted(now, purpose, weight))
    return gone


@given(WISHES, CAPS)
def test_no_stretch_ever_holds_more_than_its_cap(wishes: list[tuple[int, str, int]], caps: Caps) -> None:
    gone = sent(wishes, caps)

    for about, limits in caps.caps.items():
        for span, most in limits.items():
            for last in gone:
                inside = [
                    one.weight
                    for one in gone
                    if last.at - SPANS[span] < one.at <= last.at and about in ("*", one.purpose)
                ]
                assert sum(inside) <= most * WHOLE


@given(WISHES, CAPS)
def test_two_are_never_closer_than_the_gap(wishes: list[tuple[int, str, int]], caps: Caps) -> None:
    times = [one.at for one in sent(wishes, caps)]

    assert all(later - earlier >= caps.gap for earlier, later in pairwise(times))


@given(WISHES, CAPS, st.integers(0, 60 * 24 * 3))
def test_there_is_room_at_the_moment_that_is_named_and_not_a_minute_before(
    wishes: list[tuple[int, str, int]], caps: Caps, later: int
) -> None:
    gone, now = sent(wishes, caps), NOON + timedelta(minutes=sum(wish[0] for wish in wishes) + later)

    full = room(gone, caps, "offers", 100, caps.gap, now)

    if full is not None:
        assert room(gone, caps, "offers", 100, caps.gap, full.until) is None
        assert room(gone, caps, "offers", 100, caps.gap, full.until - timedelta(minutes=1)) is not None


def ago(hours: float, purpose: str = "offers", weight: int = WHOLE) -> Counted:
    return Counted(NOON - timedelta(hours=hours), purpose, weight)


DAILY = Caps(caps={"*": {"day": 1}}, gap=timedelta(0))
BOTH = Caps(caps={"*": {"day": 2, "week": 3}, "newsletter": {"week": 1}}, gap=timedelta(0))


@pytest.mark.parametrize(
    ("had", "caps", "purpose", "weight", "gap", "expected"),
    [
        ([], DAILY, "offers", 100, 0, None),
        ([ago(1)], DAILY, "offers", 100, 0, Full("day", NOON + timedelta(hours=23))),
        ([ago(24)], DAILY, "offers", 100, 0, None),
        ([ago(1, weight=40)], DAILY, "offers", 60, 0, None),  # it fits exactly
        ([ago(1, weight=40)], DAILY, "offers", 61, 0, Full("day", NOON + timedelta(hours=23))),
        ([ago(5, weight=40), ago(1, weight=40)], DAILY, "offers", 40, 0, Full("day", NOON + timedelta(hours=19))),
        ([ago(1, weight=40), ago(5, weight=40)], DAILY, "offers", 40, 0, Full("day", NOON + timedelta(hours=19))),
        ([ago(1)], DAILY, "offers", 100, 30, Full("gap", NOON + timedelta(hours=29))),  # the later of two counts
        ([ago(1)], DAILY, "offers", 100, 2, Full("day", NOON + timedelta(hours=23))),
        ([ago(3), ago(1)], Caps(caps={}), "offers", 100, 4, Full("gap", NOON + timedelta(hours=3))),
        ([ago(4)], Caps(caps={}), "offers", 100, 4, None),
        ([ago(1)], Caps(caps={}), "offers", 100, 0, None),
        ([], Caps(caps={}), "offers", 100, 4, None),
        ([ago(30, "newsletter")], BOTH, "offers", 100, 0, None),
        ([ago(30, "newsletter")], BOTH, "newsletter", 100, 0, Full("newsletter_week", NOON + timedelta(hours=138))),
        ([ago(30)], BOTH, "newsletter", 100, 0, None),
        ([ago(50), ago(40), ago(30)], BOTH, "newsletter", 100, 0, Full("week", NOON + timedelta(hours=118))),
    ],
)
def test_what_is_full_and_until_when(
    had: list[Counted], caps: Caps, purpose: str, weight: int, gap: int, expected: Full | None
) -> None:
    assert room(had, caps, purpose, weight, timedelta(hours=gap), NOON) == expected


def test_what_was_had_under_each_cap() -> None:
    had = [ago(1, weight=40), ago(24), ago(30, "newsletter"), ago(24 * 7, "newsletter")]

    assert used(had, BOTH, "newsletter", NOON) == [
        Used("*", "day", 40, 200),
        Used("*", "week", 240, 300),
        Used("newsletter", "week", 100, 100),
    ]
    assert used(had, BOTH, "offers", NOON) == used(had, BOTH, "newsletter", NOON)[:2]


def test_a_way_that_nobody_weighed_weighs_a_whole_message() -> None:
    assert [Caps().weight(way) for way in ("public", "direct", "by_carrier")] == [40, WHOLE, WHOLE]


def test_a_cap_of_none_lets_none_go_whenever_the_last_one_went() -> None:
    closed, last = Caps(caps={"*": {"day": 0}}, gap=timedelta(0)), Counted(NOON - timedelta(days=2), "offers", WHOLE)

    assert room([], closed, "offers", WHOLE, closed.gap, NOON) == Full("day", NEVER)
    assert room([last], closed, "offers", WHOLE, closed.gap, NOON) == Full("day", NEVER)
