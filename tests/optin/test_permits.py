"""Whether we may write, as a table: every row a promise of the platform's rules or the fan's own word."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import Kind, Rules, Way
from optin.permits import Facts, Permit, Refusal, needs_human, to_answer

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
PAGE = Rules(
    answers={Kind.COMMENT: (Way.PRIVATE, Way.PUBLIC), Kind.MESSAGE: (Way.DIRECT,)},
    opens_window=frozenset({Kind.MESSAGE}),
    window=DAY,
    human_window=WEEK,
    private_reply_within=WEEK,
)
CHAT = Rules(answers={Kind.MESSAGE: (Way.DIRECT,)}, opens_window=frozenset({Kind.MESSAGE}))
THREAD = Rules(answers={Kind.MENTION: (Way.PUBLIC,), Kind.COMMENT: (Way.PUBLIC,)}, summoned_only=True)

COMMENT = Facts(Kind.COMMENT, NOON, Way.PRIVATE)
MESSAGE = Facts(Kind.MESSAGE, NOON, Way.DIRECT, window_opened_at=NOON)
MENTION = Facts(Kind.MENTION, NOON, Way.PUBLIC)


@pytest.mark.parametrize(
    ("rules", "facts", "later", "expected"),
    [
        (PAGE, COMMENT, timedelta(0), Permit("private_reply_open", NOON + WEEK)),
        (PAGE, COMMENT, WEEK, Refusal("private_reply_closed")),
        (PAGE, COMMENT, WEEK - timedelta(seconds=29), Refusal("private_reply_closed")),
        (PAGE, COMMENT, WEEK - timedelta(seconds=31), Permit("private_reply_open", NOON + WEEK)),
        (PAGE, replace(COMMENT, way=Way.PUBLIC), WEEK * 10, Permit("public_reply")),
        (PAGE, replace(COMMENT, way=Way.DIRECT), timedelta(0), Refusal("platform_forbids")),
        (PAGE, replace(COMMENT, already_answered=True), timedelta(0), Refusal("already_answered")),
        (PAGE, MESSAGE, timedelta(0), Permit("window_open", NOON + DAY)),
        (PAGE, MESSAGE, DAY, Refusal("window_closed")),
        (PAGE, replace(MESSAGE, by_human=True), DAY, Permit("window_open", NOON + WEEK)),
        (PAGE, replace(MESSAGE, by_human=True), WEEK, Refusal("window_closed")),
        (PAGE, replace(MESSAGE, window_opened_at=None), timedelta(0), Refusal("fan_never_wrote")),
        (CHAT, MESSAGE, WEEK * 100, Permit("window_unlimited")),
        (CHAT, COMMENT, timedelta(0), Refusal("platform_forbids")),
        (THREAD, MENTION, timedelta(0), Permit("public_reply")),
        (THREAD, replace(COMMENT, way=Way.PUBLIC), timedelta(0), Refusal("not_summoned")),
        (PAGE, replace(MESSAGE, stopped=True), timedelta(0), Refusal("fan_said_stop")),
        (PAGE, replace(MESSAGE, stopped=True, confirms_stop=True), timedelta(0), Permit("window_open", NOON + DAY)),
        (PAGE, replace(MESSAGE, stopped=True, by_human=True), timedelta(0), Permit("window_open", NOON + WEEK)),
        (PAGE, replace(MESSAGE, account_paused=True), timedelta(0), Refusal("account_paused")),
    ],
)
def test_the_answer(rules: Rules, facts: Facts, later: timedelta, expected: Permit | Refusal) -> None:
    assert to_answer(rules, facts, NOON + later) == expected


FACTS = st.builds(
    Facts,
    kind=st.sampled_from(Kind),
    asked_at=st.just(NOON),
    way=st.sampled_from(Way),
    window_opened_at=st.none() | st.just(NOON),
    blocked=st.booleans(),
    stopped=st.booleans(),
    account_paused=st.booleans(),
    already_answered=st.booleans(),
    by_human=st.booleans(),
    confirms_stop=st.booleans(),
)
RULES = st.sampled_from([PAGE, CHAT, THREAD])
MINUTES = st.integers(0, 60 * 24 * 30).map(lambda minutes: timedelta(minutes=minutes))


@given(RULES, FACTS, MINUTES)
def test_a_fan_who_blocked_us_is_never_written_to(rules: Rules, facts: Facts, later: timedelta) -> None:
    assert to_answer(rules, replace(facts, blocked=True), NOON + later) == Refusal("fan_blocked_us")


@given(RULES, FACTS, MINUTES)
def test_after_a_stop_no_machine_speaks_but_to_say_that_it_heard(rules: Rules, facts: Facts, later: timedelta) -> None:
    stopped = replace(facts, stopped=True, by_human=False, confirms_stop=False)

    assert isinstance(to_answer(rules, stopped, NOON + later), Refusal)


@given(RULES, FACTS, MINUTES, MINUTES)
def test_what_is_refused_for_time_stays_refused(rules: Rules, facts: Facts, later: timedelta, more: timedelta) -> None:
    first, second = (to_answer(rules, facts, NOON + wait) for wait in (later, later + more))

    assert not (isinstance(first, Refusal) and isinstance(second, Permit))


@given(RULES, FACTS, MINUTES)
def test_a_permit_never_outlives_its_window(rules: Rules, facts: Facts, later: timedelta) -> None:
    answer = to_answer(rules, facts, NOON + later)

    assert not isinstance(answer, Permit) or answer.until is None or NOON + later < answer.until


def test_after_the_free_window_only_a_person_may_write() -> None:
    assert [needs_human(PAGE, NOON, NOON + wait) for wait in (timedelta(0), DAY)] == [False, True]
    assert needs_human(CHAT, NOON, NOON + WEEK) is False
