"""No stretch of a day, a week or a month holds more than its cap, whatever is asked and whenever."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from optin.pressure import NEVER, SPANS, WHOLE, Caps, Counted, Full, room

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


def test_a_cap_of_none_lets_none_go_whenever_the_last_one_went() -> None:
    closed, last = Caps(caps={"*": {"day": 0}}, gap=timedelta(0)), Counted(NOON - timedelta(days=2), "offers", WHOLE)

    assert room([], closed, "offers", WHOLE, closed.gap, NOON) == Full("day", NEVER)
    assert room([last], closed, "offers", WHOLE, closed.gap, NOON) == Full("day", NEVER)
