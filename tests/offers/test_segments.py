"""A segment is the furthest stage that a person has reached."""

import pytest

from offers import segments
from offers.conditions import FanFacts
from offers.segments import Segment

MUG = frozenset({"mug"})


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (FanFacts(), Segment.STRANGER),
        (FanFacts(comments=1, messages=1, held=MUG), Segment.STRANGER),
        (FanFacts(comments=1, messages=2), Segment.FOLLOWER),
        (FanFacts(held=MUG, claimed=MUG), Segment.TAKER),
        (FanFacts(claimed=MUG, is_lead=True), Segment.LEAD),
    ],
)
def test_a_segment_is_the_furthest_stage(facts: FanFacts, expected: Segment) -> None:
    assert segments.of(facts) is expected
