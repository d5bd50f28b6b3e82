"""Whether we may write, as a table: every row a promise of the platform's rules or the fan's own word."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import Kind, Rules, Way
from optin.choices import Preferences
from optin.permits import (
    Answer,
    Deferral,
    Facts,
    Permit,
    Refusal,
    Solicitation,
    allowed,
    decide,
    needs_human,
)
from optin.pressure import Caps, Counted
from optin.standing import SILENCE, Act, Line, Standing

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
PAGE = Rules(
    answers={Kind.COMMENT: (Way.PRIVATE, Way.PUBLIC), Kind.MESSAGE: (Way.DIRECT,)},
    opens_window=frozenset({Kind.MESSAGE}),
    window=DAY,
    human_window=WEEK,
    private_reply_within=WEEK,
)
CHAT = Rules(answers={Kind.MESSAGE: (Way.DIRECT,)}, opens_window=frozenset({Kind.MESSAGE}))
THREAD = Rules(answers={Kind.MENTION: (Way.PUBLIC,), Kind.COMMENT: (Way.PUBLIC,)}, summoned_only=True)

MAIL = Rules(answers={Kind.MESSAGE: (Way.DIRECT,)}, may_begin=True)
NO, YES = Standing(Act.WITHDRAWN), Standing(Act.GRANTED)


def asked(kind: Kind, way: Way, window_opened_at: datetime | None = None) -> Facts:
    return Facts("page", way, allowed(PAGE, kind, way), kind, NOON, window_opened_at)


def to_answer(rules: Rules, facts: Facts, now: datetime) -> Answer:
    return decide(replace(facts, allowed=allowed(rules, facts.kind, facts.way)), now)


COMMENT = asked(Kind.COMMENT, Way.PRIVATE)
MESSAGE = asked(Kind.MESSAGE, Way.DIRECT, NOON)
MENTION = asked(Kind.MENTION, Way.PUBLIC)


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
        (MAIL, MESSAGE, WEEK * 100, Permit("asked_for")),
        (THREAD, MENTION, timedelta(0), Permit("public_reply")),
        (THREAD, replace(COMMENT, way=Way.PUBLIC), timedelta(0), Refusal("not_summoned")),
        (PAGE, replace(MESSAGE, service=NO), timedelta(0), Refusal("fan_said_stop")),
        (PAGE, replace(MESSAGE, service=NO, confirms_stop=True), timedelta(0), Permit("window_open", NOON + DAY)),
        (PAGE, replace(MESSAGE, service=NO, by_human=True), timedelta(0), Permit("window_open", NOON + WEEK)),
        (PAGE, replace(MESSAGE, offers=NO), timedelta(0), Refusal("fan_wants_no_offers")),
        (PAGE, replace(MESSAGE, offers=YES), timedelta(0), Permit("window_open", NOON + DAY)),
        (PAGE, replace(MESSAGE, account_paused=True), timedelta(0), Refusal("account_paused")),
    ],
)
def test_the_answer(rules: Rules, facts: Facts, later: timedelta, expected: Permit | Refusal) -> None:
    assert to_answer(rules, facts, NOON + later) == expected


STANDINGS = st.sampled_from([SILENCE, YES, NO])
SOLICITATIONS = st.builds(
    Solicitation,
    purpose=st.just("offers"),
    consent=STANDINGS,
    preferences=st.builds(
        Preferences,
        channel=st.sampled_from(["", "page", "email"]),
        every=st.none() | st.just(WEEK),
        hours=st.none() | st.just((18, 21)),
        paused_until=st.none() | st.just(NOON + 3 * DAY),
    ),
    caps=st.builds(
        Caps, caps=st.just({"*": {"day": 1, "week": 2}}), gap=st.just(timedelta(hours=4)), quiet=st.just((21, 8))
    ),
    weight=st.sampled_from([40, 100]),
    counted=st.lists(
        st.integers(0, 20_000).map(lambda ago: Counted(NOON - timedelta(minutes=ago), "offers", 100)), max_size=4
    ).map(tuple),
)
FACTS = st.builds(
    Facts,
    channel=st.just("page"),
    allowed=st.just(allowed(PAGE, Kind.MESSAGE, Way.DIRECT)),
    kind=st.sampled_from(Kind),
    asked_at=st.just(NOON),
    way=st.sampled_from(Way),
    window_opened_at=st.none() | st.just(NOON),
    blocked=st.booleans(),
    service=STANDINGS,
    offers=STANDINGS,
    solicits=st.none() | SOLICITATIONS,
    account_paused=st.booleans(),
    already_answered=st.booleans(),
    by_human=st.booleans(),
    confirms_stop=st.booleans(),
)
RULES = st.sampled_from([PAGE, CHAT, THREAD, MAIL])
MINUTES = st.integers(0, 60 * 24 * 30).map(lambda minutes: timedelta(minutes=minutes))


@given(RULES, FACTS, MINUTES)
def test_a_fan_who_blocked_us_is_never_written_to(rules: Rules, facts: Facts, later: timedelta) -> None:
    assert to_answer(rules, replace(facts, blocked=True), NOON + later) == Refusal("fan_blocked_us")


@given(RULES, FACTS, MINUTES)
def test_after_a_stop_no_machine_speaks_but_to_say_that_it_heard(rules: Rules, facts: Facts, later: timedelta) -> None:
    stopped = replace(facts, service=NO, by_human=False, confirms_stop=False)

    assert isinstance(to_answer(rules, stopped, NOON + later), Refusal)


@given(RULES, FACTS, MINUTES, MINUTES)
def test_what_is_refused_for_time_stays_refused(rules: Rules, facts: Facts, later: timedelta, more: timedelta) -> None:
    answers = replace(facts, solicits=None)
    first, second = (to_answer(rules, answers, NOON + wait) for wait in (later, later + more))

    assert not (isinstance(first, Refusal) and isinstance(second, Permit))


@given(RULES, FACTS, MINUTES)
def test_a_permit_never_outlives_its_window(rules: Rules, facts: Facts, later: timedelta) -> None:
    answer = to_answer(rules, facts, NOON + later)

    assert not isinstance(answer, Permit) or answer.until is None or NOON + later < answer.until


def test_after_the_free_window_only_a_person_may_write() -> None:
    assert [needs_human(PAGE, NOON, NOON + wait) for wait in (timedelta(0), DAY)] == [False, True]
    assert needs_human(CHAT, NOON, NOON + WEEK) is False


BEGIN = Facts(
    "email",
    Way.DIRECT,
    allowed(MAIL, None, Way.DIRECT),
    solicits=Solicitation("offers", YES, Preferences(), Caps(), 100),
)


def wanting(**different: object) -> Facts:
    assert BEGIN.solicits is not None
    return replace(BEGIN, solicits=replace(BEGIN.solicits, **different))  # type: ignore[arg-type]


YESTERDAY = Counted(NOON - timedelta(hours=23), "offers", 100)
MORNING, EVENING = Preferences(hours=(8, 9)), Preferences(hours=(18, 20))
PAUSED = Preferences(paused_until=NOON + timedelta(days=2))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (BEGIN, Permit("consent")),
        (wanting(consent=SILENCE), Refusal("no_consent")),
        (wanting(consent=NO), Refusal("fan_wants_no_offers")),
        (replace(BEGIN, service=NO), Refusal("fan_said_stop")),
        (replace(BEGIN, by_human=True, service=NO), Refusal("fan_said_stop")),
        (replace(wanting(consent=SILENCE), by_human=True), Refusal("no_consent")),
        (wanting(preferences=Preferences(channel="facebook")), Refusal("prefers_other_channel")),
        (wanting(preferences=Preferences(without=frozenset({"email"}))), Refusal("prefers_other_channel")),
        (wanting(preferences=Preferences(hours=(18, 20))), Deferral("his_hours", NOON + timedelta(hours=5))),
        (wanting(preferences=PAUSED), Deferral("paused", NOON + timedelta(days=2))),
        (wanting(preferences=replace(EVENING, paused_until=NOON)), Deferral("his_hours", NOON + 5 * HOUR)),
        (wanting(counted=(YESTERDAY,)), Deferral("cap_day", NOON + timedelta(hours=1))),
        (wanting(counted=(Counted(NOON, "offers", 40),)), Deferral("cap_day", NOON + DAY)),
        (wanting(caps=Caps(caps={}), counted=(Counted(NOON, "offers", 100),)), Deferral("cap_gap", NOON + 4 * HOUR)),
        (wanting(caps=Caps(caps={"*": {"day": 0}})), Refusal("cap_day")),
        (
            wanting(caps=Caps(caps={"offers": {"week": 1}}), counted=(YESTERDAY,)),
            Deferral("cap_offers_week", NOON + WEEK - 23 * HOUR),
        ),
        (wanting(caps=Caps(quiet=(12, 15))), Deferral("quiet_hours", NOON + 2 * HOUR)),  # 13:00 in Paris
    ],
)
def test_who_is_solicited_has_said_yes_and_is_not_pressed(facts: Facts, expected: Answer) -> None:
    assert decide(facts, NOON) == expected


AT_NOON = Line(1, UUID(int=1), "page", "*", Act.WITHDRAWN, NOON)
LATER = replace(AT_NOON, id=2, given_at=NOON + HOUR)


@pytest.mark.parametrize(
    ("no", "decided_at", "expected"),
    [
        (Standing(Act.WITHDRAWN, (AT_NOON,)), NOON, True),
        (Standing(Act.WITHDRAWN, (AT_NOON,)), NOON - timedelta(microseconds=1), False),
        (Standing(Act.WITHDRAWN, (AT_NOON, LATER)), NOON, False),
        (Standing(Act.WITHDRAWN, (LATER,)), None, True),
    ],
)
@pytest.mark.parametrize("about", ["service", "offers"])
def test_a_person_may_answer_whoever_said_no_before_he_decided(
    no: Standing, decided_at: datetime | None, expected: bool, about: str
) -> None:
    by_human = replace(MESSAGE, by_human=True, decided_at=decided_at, **{about: no})  # type: ignore[arg-type]
    by_bot = replace(by_human, by_human=False)

    assert isinstance(to_answer(PAGE, by_human, NOON), Permit) is expected
    assert isinstance(to_answer(PAGE, by_bot, NOON), Refusal)


@pytest.mark.parametrize(
    ("kind", "way", "answerable", "summoned_only"),
    [
        (None, Way.DIRECT, True, False),
        (None, Way.PRIVATE, False, False),
        (None, Way.PUBLIC, False, True),
        (Kind.MENTION, Way.PUBLIC, True, False),
        (Kind.COMMENT, Way.PUBLIC, True, True),
        (Kind.COMMENT, Way.PRIVATE, False, False),
        (Kind.RATING, Way.PUBLIC, False, True),
    ],
)
def test_what_a_platform_allows(kind: Kind | None, way: Way, answerable: bool, summoned_only: bool) -> None:
    found = allowed(THREAD, kind, way)

    assert (found.answerable, found.summoned_only) == (answerable, summoned_only)
    assert (found.may_begin, allowed(MAIL, kind, way).may_begin) == (False, True)
    assert [allowed(PAGE, kind, way).window, found.window] == [DAY, None]
    assert [allowed(PAGE, kind, way).human_window, found.human_window] == [WEEK, None]
    assert [allowed(PAGE, kind, way).private_reply_within, found.private_reply_within] == [WEEK, None]


CLOSES = NOON + DAY - timedelta(seconds=30)  # what leaves then may arrive too late


def test_a_window_closes_half_a_minute_early_to_the_instant() -> None:
    just = timedelta(microseconds=1)
    chat = replace(BEGIN, allowed=allowed(PAGE, None, Way.DIRECT), window_opened_at=NOON)
    evening = NOON + 23 * HOUR

    assert isinstance(to_answer(PAGE, MESSAGE, CLOSES - just), Permit)
    assert to_answer(PAGE, MESSAGE, CLOSES) == Refusal("window_closed")
    assert [needs_human(PAGE, NOON, at) for at in (CLOSES - just, CLOSES)] == [False, True]
    assert needs_human(PAGE, None, CLOSES) is False
    for wait, expected in [(CLOSES - just, Deferral), (CLOSES, Refusal)]:
        pausing = replace(chat, solicits=wanting(preferences=Preferences(paused_until=wait)).solicits)
        assert isinstance(decide(pausing, evening), expected)


def test_a_promotion_never_uses_the_longer_window_of_a_person() -> None:
    chat = replace(BEGIN, allowed=allowed(PAGE, None, Way.DIRECT), window_opened_at=NOON - 2 * DAY, by_human=True)

    assert decide(chat, NOON) == Refusal("window_closed")
    assert decide(replace(chat, window_opened_at=NOON), NOON) == Permit("window_open", NOON + DAY)


@pytest.mark.parametrize(
    ("voices", "expected"),
    [
        ((EVENING, Preferences()), Deferral("his_hours", NOON + 5 * HOUR)),
        ((Preferences(), EVENING), Deferral("his_hours", NOON + 5 * HOUR)),
        ((EVENING, PAUSED), Deferral("his_hours", NOON + 2 * DAY + 5 * HOUR)),
        ((MORNING, EVENING), Refusal("his_hours")),  # hours that never meet
        ((Preferences(), Preferences(channel="x")), Refusal("prefers_other_channel")),
        ((Preferences(channel="x"), Preferences()), Refusal("prefers_other_channel")),
        ((Preferences(), Preferences()), Permit("consent")),
    ],
)
def test_what_each_of_his_profiles_wishes_holds(voices: tuple[Preferences, ...], expected: Answer) -> None:
    assert decide(wanting(voices=voices), NOON) == expected


@pytest.mark.parametrize(
    ("every", "gap", "expected"),
    [(None, 4, 3), (6, 4, 5), (2, 4, 3), (6, 0, 5), (None, 0, None)],
)
def test_the_longest_of_all_intervals_holds(every: int | None, gap: int, expected: int | None) -> None:
    voices = (Preferences(), Preferences(every=every * HOUR if every else None))
    caps = Caps(caps={}, gap=gap * HOUR, quiet=None)

    answer = decide(wanting(voices=voices, caps=caps, counted=(Counted(NOON - HOUR, "offers", 100),)), NOON)

    assert answer == (Deferral("cap_gap", NOON + expected * HOUR) if expected else Permit("consent"))


def test_what_has_no_room_before_his_hours_end_waits_for_the_next_day() -> None:
    caps, wishes = Caps(caps={"*": {"day": 1}}, gap=timedelta(0)), Preferences(hours=(13, 14))  # from noon, in UTC

    full = wanting(caps=caps, preferences=wishes, counted=(Counted(NOON - 22 * HOUR, "offers", 100),))

    assert decide(full, NOON) == Deferral("his_hours", NOON + DAY)


def test_what_is_put_off_past_the_window_is_refused() -> None:
    chat = replace(
        wanting(counted=(YESTERDAY,)), allowed=allowed(PAGE, None, Way.DIRECT), window_opened_at=NOON - 23.5 * HOUR
    )

    assert decide(chat, NOON) == Refusal("window_closed")


@given(RULES, FACTS, MINUTES)
def test_nobody_is_solicited_without_his_yes(rules: Rules, facts: Facts, later: timedelta) -> None:
    answer = to_answer(rules, replace(facts, kind=None), NOON + later)

    assert not isinstance(answer, Permit | Deferral) or facts.solicits is None or facts.solicits.consent.granted


@given(RULES, FACTS, MINUTES)
def test_what_is_put_off_may_go_at_the_moment_that_was_said(rules: Rules, facts: Facts, later: timedelta) -> None:
    put_off = to_answer(rules, replace(facts, kind=None), NOON + later)

    if isinstance(put_off, Deferral):
        assert isinstance(to_answer(rules, replace(facts, kind=None), put_off.until), Permit)
