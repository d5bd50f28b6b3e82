"""The score: each part as it is told, and none of the ways to puff it up."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from leads.ambassadors import WORTH, Done, Kind, Part, Score, score, span

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MAX, NOOR = UUID(int=1), UUID(int=2)


def done(number: int, kind: Kind, days: float = 0, other: UUID | None = None) -> Done:
    at = NOW - timedelta(days=days)
    return Done(number, kind, at, span(kind, at), other)


def test_the_parts_are_told_apart_and_make_the_score() -> None:
    told = score([done(1, Kind.FRIEND, 1, MAX), done(2, Kind.HELPED, 2, NOOR), done(3, Kind.PRAISE, 3)], NOW)

    assert told.parts == (Part(Kind.PRAISE, 1, 2), Part(Kind.HELPED, 1, 6), Part(Kind.FRIEND, 1, 10))
    assert told.points == 18


@pytest.mark.parametrize(("days", "points"), [(0, 10), (-1, 10), (90, 10), (90.001, 5), (180, 5), (180.001, 0)])
def test_it_fades_in_two_steps(days: float, points: int) -> None:
    assert score([done(1, Kind.FRIEND, days, MAX)], NOW).points == points


def test_who_helps_the_same_person_again_and_again_helped_once_and_lately() -> None:
    helped = [done(number, Kind.HELPED, days, MAX) for number, days in enumerate((120, 100, 95, 1))]

    assert score(helped, NOW).points == 6
    assert score(helped[:3], NOW).points == 3


def test_whom_nobody_knows_any_more_counts_each_time() -> None:
    assert score([done(1, Kind.FRIEND, 1), done(2, Kind.FRIEND, 2)], NOW).points == 20


@pytest.mark.parametrize("kind", list(Kind))
def test_only_so_many_count_of_a_day_or_a_week(kind: Kind) -> None:
    monday = NOW - timedelta(days=NOW.weekday())
    many = [Done(number, kind, monday, span(kind, monday), UUID(int=number)) for number in range(1, 12)]

    assert score(many, NOW).points == WORTH[kind].most * WORTH[kind].points


def test_praise_every_day_is_praise_once_a_week() -> None:
    every_day = [done(days, Kind.PRAISE, days) for days in range(28)]

    assert score(every_day, NOW).parts[0].times in (4, 5)


def test_the_order_in_which_it_is_told_does_not_matter() -> None:
    many = [done(number, Kind.HELPED, number % 3, UUID(int=number % 5 + 1)) for number in range(20)]

    assert score(many, NOW) == score(reversed(many), NOW)


def test_nothing_done_is_no_points() -> None:
    assert score([], NOW).points == Score().points == 0


def test_half_of_every_worth_is_a_whole_number() -> None:
    assert [kind for kind, worth in WORTH.items() if worth.points % 2] == []
