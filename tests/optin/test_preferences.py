"""How fans want to be written to: the last word holds, and nobody hears from us at a time that he ruled out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot import database
from optin import fans, preferences
from optin.preferences import (
    Entry,
    Preferences,
    anew,
    as_json,
    effective,
    fewer,
    from_json,
    merged,
    next_time,
    said,
    steps,
)

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
PARIS = "Europe/Paris"
LEA, MAX = uuid5(UUID(int=0), "Léa"), uuid5(UUID(int=0), "Max")


def journal(*lines: tuple[str, str]) -> list[Entry]:
    return [Entry(number, what, value) for number, (what, value) in enumerate(lines)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], Preferences()),
        ([("every", "168"), ("every", "720")], Preferences(every=timedelta(days=30))),
        ([("every", "168"), ("every", "none")], Preferences()),
        ([("hours", "18-22"), ("channel", "email")], Preferences(channel="email", hours=(18, 22))),
        ([("hours", "18-22"), ("hours", "any")], Preferences()),
        ([("paused_until", "2026-12-01T00:00:00+01:00"), ("paused_until", "none")], Preferences()),
        ([("topics", "shoes,music")], Preferences(topics=frozenset({"music", "shoes"}))),
        ([("timezone", "America/Montreal"), ("timezone", "")], Preferences()),
        ([("without", "email"), ("without", "x")], Preferences(without=frozenset({"email", "x"}))),
        ([("without", "email"), ("channel", "email")], Preferences(channel="email")),
        ([("channel", "email"), ("without", "email")], Preferences(without=frozenset({"email"}))),
        ([("channel", "x"), ("without", "email"), ("channel", "any")], Preferences()),
        ([("without", "email,x"), ("without", "none")], Preferences()),
    ],
)
def test_the_last_word_on_each_thing_holds(lines: list[tuple[str, str]], expected: Preferences) -> None:
    assert effective(journal(*lines)) == expected


def test_of_two_profiles_the_later_word_holds_whichever_is_named_first() -> None:
    one, other = [Entry(1, "hours", "18-22"), Entry(4, "every", "720")], [Entry(2, "hours", "8-12")]

    assert merged([one, other]) == merged([other, one]) == Preferences(every=timedelta(days=30), hours=(8, 12))


def test_less_is_always_less() -> None:
    steps: list[timedelta | None] = [None]
    for _ in range(6):
        steps.append(fewer(steps[-1]))

    assert [step and step.days for step in steps] == [None, 7, 14, 28, 56, 90, 90]
    assert (fewer(DAY), fewer(DAY * 365)) == (DAY * 7, DAY * 365)


HOURS = st.tuples(st.integers(0, 24), st.integers(0, 24))
ZONES = st.sampled_from(
    [PARIS, "America/Montreal", "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu", "Pacific/Apia", "UTC"]
)
# Around changes of the clocks, where most of what goes wrong goes wrong.
CHANGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 14, tzinfo=UTC), datetime(2026, 9, 26, 14, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
]  # fmt: skip
NOWS = st.builds(
    lambda change, minutes, seconds: change + timedelta(minutes=minutes, seconds=seconds),
    st.sampled_from(CHANGES),
    st.integers(-2000, 2000),
    st.integers(0, 59),
)
PAUSES = st.none() | st.builds(lambda now, minutes: now + timedelta(minutes=minutes), NOWS, st.integers(-1000, 3000))
CHANNELS = st.sampled_from(["", "email", "x"])
WISHES = st.builds(
    Preferences,
    channel=CHANNELS,
    every=st.none() | st.integers(1, 5000).map(lambda hours: timedelta(hours=hours)),
    hours=st.none() | HOURS,
    paused_until=PAUSES,
    topics=st.frozensets(st.sampled_from(["music", "shoes"])),
    timezone=st.just("") | ZONES,
    without=st.frozensets(st.sampled_from(["email", "x"])),
)


@given(WISHES)
def test_a_receipt_gives_back_what_it_kept(wishes: Preferences) -> None:
    assert from_json(as_json(wishes)) == wishes


@given(WISHES, WISHES)
def test_what_there_is_to_say_brings_about_what_is_wanted(held: Preferences, wanted: Preferences) -> None:
    held, wanted = possible(held), possible(wanted)

    told = journal(*spelled(held), *((about.value, value) for about, value in steps(held, wanted)))

    assert effective(told) == wanted
    assert steps(wanted, wanted) == []


@given(WISHES, WISHES)
def test_what_is_said_anew_brings_about_what_is_wanted_whatever_was_said_before(
    held: Preferences, wanted: Preferences
) -> None:
    wanted = possible(wanted)

    told = [(about.value, value) for about, value in anew(wanted)]

    assert effective(journal(*spelled(held), *told)) == wanted
    assert {what for what, _ in told} == set(preferences.About)


def test_as_little_as_there_is_to_say_is_said() -> None:
    only_mail, not_x = Preferences(channel="email"), Preferences(without=frozenset({"x"}))
    neither = Preferences(without=frozenset({"email", "x"}))

    assert steps(Preferences(), only_mail) == [("channel", "email")]
    assert steps(only_mail, Preferences()) == [("channel", "any")]
    assert steps(only_mail, not_x) == [("channel", "any"), ("without", "x")]
    assert steps(replace(only_mail, without=not_x.without), not_x) == [("channel", "any"), ("without", "x")]
    assert steps(not_x, neither) == [("without", "email")]
    assert steps(neither, not_x) == [("without", "none"), ("without", "x")]
    assert steps(neither, only_mail) == [("channel", "email"), ("without", "none")]
    assert steps(Preferences(hours=(18, 22)), Preferences(every=DAY)) == [("every", "24"), ("hours", "none")]


def test_a_channel_is_welcome_unless_he_ruled_it_out_or_named_another() -> None:
    wishes = [
        Preferences(),
        Preferences(channel="x"),
        Preferences(channel="email"),
        Preferences(without=frozenset({"x"})),
    ]

    assert [one.welcomes("x") for one in wishes] == [True, True, False, False]


@pytest.mark.parametrize("nothing", ["", "any", "none"])
@pytest.mark.parametrize("what", list(preferences.About))
def test_nothing_is_read_as_nothing(what: preferences.About, nothing: str) -> None:
    assert from_json({what.value: nothing}) == Preferences()


@pytest.mark.parametrize("hours", ["0-24", "24-0", "18-22"])
def test_hours_from_midnight_to_midnight_are_read(hours: str) -> None:
    begin, end = map(int, hours.split("-"))

    assert from_json({"hours": hours}) == Preferences(hours=(begin, end))


def possible(wishes: Preferences) -> Preferences:
    """Nobody's favourite is ruled out, and intervals are kept in whole hours."""
    return effective(journal(*spelled(wishes)))


def spelled(wishes: Preferences) -> list[tuple[str, str]]:
    kept = as_json(wishes)
    return [(about.value, kept[about.value]) for about in preferences.About if about.value in kept]


def allowed(wishes: Preferences, quiet: tuple[int, int] | None, zone: str, moment: datetime) -> bool:
    """The rule in other words than the code's: all hours are written out."""
    if wishes.paused_until is not None and moment < wishes.paused_until:
        return False
    hour = moment.astimezone(ZoneInfo(wishes.timezone or zone)).hour
    if wishes.hours is not None:
        return hour in spelled_out(*wishes.hours, empty=range(24))
    return quiet is None or hour not in spelled_out(*quiet, empty=range(0))


def spelled_out(begin: int, end: int, empty: range) -> set[int]:
    if begin % 24 == end % 24:
        return set(empty)
    return {hour % 24 for hour in range(begin, end if begin < end else end + 24)}


@settings(max_examples=400)
@given(WISHES, st.none() | HOURS, ZONES, NOWS)
def test_the_next_time_is_the_first_that_he_allows(
    wishes: Preferences, quiet: tuple[int, int] | None, zone: str, now: datetime
) -> None:
    answer = next_time(wishes, quiet, zone, now)

    first = answer or now
    assert allowed(wishes, quiet, zone, first)
    assert answer is None or answer > now
    assert answer is None or answer.tzinfo is UTC
    begin = max(now, wishes.paused_until or now)
    full = begin.replace(second=0, microsecond=0)
    minutes = [begin, *(full + MINUTE * each for each in range(1, int((first - full) / MINUTE) + 1))]
    assert [each for each in minutes if each < first and allowed(wishes, quiet, zone, each)] == []


@pytest.mark.parametrize(
    ("now", "hours", "expected"),
    [
        ("2026-03-29T00:30", (2, 3), "2026-03-30T00:00"),  # 02:30 is not on that day's clock: the day after
        ("2026-03-29T00:30", (2, 4), "2026-03-29T01:00"),  # 02:00 is not, 03:00 is
        ("2026-10-24T23:30", (2, 3), "2026-10-25T00:00"),  # 02:30 comes twice: the first counts
        ("2026-10-25T01:30", (2, 3), None),  # and so does the second
        ("2026-10-25T02:00", (2, 3), "2026-10-26T01:00"),
        ("2026-11-02T12:00", (18, 22), "2026-11-02T17:00"),
        ("2026-11-02T12:00:07.000001", (18, 22), "2026-11-02T17:00"),
        ("2026-11-02T21:00", (18, 22), "2026-11-03T17:00"),
        ("2026-11-02T21:30", (22, 2), None),
        ("2026-11-02T00:30", (22, 2), None),
        ("2026-11-02T01:00", (22, 2), "2026-11-02T21:00"),
    ],
)
def test_the_clock_on_his_wall_counts(now: str, hours: tuple[int, int], expected: str | None) -> None:
    answer = next_time(Preferences(hours=hours), None, PARIS, datetime.fromisoformat(now).replace(tzinfo=UTC))

    assert answer == (expected and datetime.fromisoformat(expected).replace(tzinfo=UTC))


@pytest.mark.parametrize("hours", [(24, 0), (0, 24), (0, 0), (24, 24)])
def test_from_midnight_to_midnight_is_the_whole_day(hours: tuple[int, int]) -> None:
    assert next_time(Preferences(hours=hours), None, PARIS, NOON) is None
    assert next_time(Preferences(), hours, PARIS, NOON) is None  # so long a silence would be for ever: it is none


def test_clocks_that_change_within_an_hour_are_followed() -> None:
    before = datetime(2026, 9, 26, 13, 30, tzinfo=UTC)  # 02:15 on the Chatham Islands, where 02:45 becomes 03:45

    answer = next_time(Preferences(hours=(3, 4)), None, "Pacific/Chatham", before)

    assert answer == datetime(2026, 9, 26, 14, 0, tzinfo=UTC)


def test_his_own_hours_go_before_the_brands_quiet_ones() -> None:
    night = datetime(2026, 11, 2, 22, 0, tzinfo=UTC)

    assert next_time(Preferences(), (21, 8), PARIS, night) == datetime(2026, 11, 3, 7, 0, tzinfo=UTC)
    assert next_time(Preferences(hours=(22, 24)), (21, 8), PARIS, night) is None
    assert next_time(Preferences(timezone="America/Montreal"), (21, 8), PARIS, night) is None
    assert next_time(Preferences(timezone="Mars/Base"), (21, 8), PARIS, NOON) is None


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("hours", "18"),
        ("hours", "18-25"),
        ("hours", "25-18"),
        ("hours", "-1-8"),
        ("every", "often"),
        ("every", "-1"),
        ("paused_until", "2026-12-01"),
        ("mood", "x"),
    ],
)
def test_what_nobody_could_act_on_is_not_kept(what: str, value: str) -> None:
    with pytest.raises(ValueError):
        said(LEA, what, value, "page", "e1", NOON, NOON)


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = database.connect(database_url)
    with Session(engine) as session:
        people = [{"id": fan, "person_id": fan, "language": "fr", "created_at": NOON} for fan in (LEA, MAX)]
        fans.add(session, people, [])
        yield session
    engine.dispose()


def test_the_journal_keeps_every_word_in_order(session: Session) -> None:
    first = said(LEA, "hours", "18-22", "claim_page", "claim-1", NOON, NOON)
    second = said(LEA, "hours", "any", "chat", "m2", NOON, NOON + DAY)
    other = said(MAX, "channel", "email", "page", "p1", NOON, NOON)

    preferences.record(session, [first, other])
    preferences.record(session, [second])

    found = preferences.entries(session, [LEA, MAX])
    assert {fan: [(line.what, line.value) for line in lines] for fan, lines in found.items()} == {
        LEA: [("hours", "18-22"), ("hours", "any")],
        MAX: [("channel", "email")],
    }
    assert [(row.value, row.evidence, row.given_at) for row in preferences.of(session, LEA)] == [
        ("18-22", "claim-1", NOON),
        ("any", "m2", NOON),
    ]
    assert preferences.entries(session, []) == {}


def test_the_wishes_of_many_fans_are_one_query(session: Session) -> None:
    preferences.record(session, [said(fan, "every", "168", "chat", "m", NOON, NOON) for fan in (LEA, MAX)])
    asked: list[str] = []
    sa.event.listen(session.get_bind(), "before_cursor_execute", lambda *call: asked.append(call[2]))

    found = preferences.entries(session, [LEA, MAX])

    assert len(found) == 2
    assert len(asked) == 1


def test_a_wish_about_anything_else_is_refused_by_the_table(session: Session) -> None:
    line = said(LEA, "every", "168", "chat", "m", NOON, NOON) | {"what": "mood"}

    with pytest.raises(IntegrityError, match="what"):
        session.execute(sa.insert(preferences.Preference), [line])
