"""Who is held out stays held out, in the share that was asked for, however he was linked."""

from uuid import UUID

import pytest

from offers.holdout import is_held_out

SECRET = "a-secret-of-the-brand"
MANY = [UUID(int=number * 2**64 + 7) for number in range(20_000)]


@pytest.mark.parametrize(
    ("percent", "least", "most"), [(0, 0, 0), (5, 900, 1100), (50, 9700, 10300), (100, 20000, 20000)]
)
def test_the_share_is_the_one_that_was_asked_for(percent: float, least: int, most: int) -> None:
    assert least <= sum(is_held_out(SECRET, one, percent) for one in MANY) <= most


def test_a_larger_share_holds_everybody_of_a_smaller_one() -> None:
    held = [{one for one in MANY if is_held_out(SECRET, one, percent)} for percent in (2, 5, 20)]

    assert held[0] < held[1] < held[2]


def test_another_brand_holds_out_others_and_the_same_one_always_the_same() -> None:
    his, again, theirs = ({one for one in MANY if is_held_out(key, one, 5)} for key in (SECRET, SECRET, "another"))

    assert his == again
    assert len(his & theirs) < 0.2 * len(his)
