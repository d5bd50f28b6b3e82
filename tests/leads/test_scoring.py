"""What a score is made of, and that it is no more than its parts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads import scoring
from leads.scoring import LIVELY, WEIGHTS, Counts, Part

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NUMBER = st.integers(0, 50)
COUNTS = st.builds(Counts, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, st.none() | st.just(NOW))


def points(counts: Counts) -> dict[Part, int]:
    return {part.part: part.points for part in scoring.of(counts).parts}


def test_each_deed_has_its_points() -> None:
    score = scoring.of(Counts(consents=1, claims=2, redemptions=1, purchases=3, interactions=90))

    assert [(one.part.value, one.points, one.most, one.count) for one in score.parts] == [
        ("consents", 5, 20, 1),
        ("claims", 10, 20, 2),
        ("redemptions", 10, 20, 1),
        ("purchases", 30, 40, 3),
    ]
    assert (score.points, score.most) == (55, 100)


@given(COUNTS)
def test_a_score_is_the_sum_of_its_parts_and_no_part_passes_its_cap(counts: Counts) -> None:
    score = scoring.of(counts)

    assert score.points == sum(part.points for part in score.parts) <= score.most == 100
    assert all(part.points == min(part.count * part.each, part.most) for part in score.parts)


@given(COUNTS, st.sampled_from(list(WEIGHTS)))
def test_one_more_deed_moves_its_own_part_alone_and_never_down(counts: Counts, part: Part) -> None:
    before, after = points(counts), points(replace(counts, **{part.value: getattr(counts, part) + 1}))

    assert after[part] - before[part] in (0, WEIGHTS[part].each)
    assert {other: after[other] for other in after if other is not part} == {
        other: before[other] for other in before if other is not part
    }


@given(COUNTS, NUMBER, st.none() | st.datetimes(timezones=st.just(UTC)))
def test_neither_time_nor_talk_changes_a_score(counts: Counts, said: int, heard: datetime | None) -> None:
    assert scoring.of(replace(counts, interactions=said, last_heard_at=heard)) == scoring.of(counts)


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(seconds=-5), 10),  # a platform's clock may be ahead of ours
        (timedelta(days=7), 10),
        (timedelta(days=7, microseconds=1), 6),
        (timedelta(days=30), 6),
        (timedelta(days=90), 3),
        (timedelta(days=91), 0),
        (None, 0),
    ],
)
def test_who_was_heard_lately_is_lively(ago: timedelta | None, expected: int) -> None:
    heard = None if ago is None else NOW - ago

    lively = scoring.lately(Counts(interactions=12, last_heard_at=heard), NOW)

    assert [(one.part, one.points, one.most) for one in lively.parts] == [
        (Part.INTERACTIONS, 10, 10), (Part.RECENCY, expected, 10),
    ]  # fmt: skip
    assert {*WEIGHTS, *LIVELY} == set(Part)
