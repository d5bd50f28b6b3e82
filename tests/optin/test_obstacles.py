"""What stands in the way of a message is told to the end: with all of it gone, the message would go."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import Kind, Rules, Way
from optin import obstacles
from optin.choices import Preferences
from optin.permits import Facts, Solicitation, allowed
from optin.pressure import Caps, Counted
from optin.standing import SILENCE, Act, Standing

NOON = datetime(2026, 11, 2, 11, 0, tzinfo=UTC)  # in Paris
MIDNIGHT = NOON + timedelta(hours=12)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHAT = Rules(answers={Kind.MESSAGE: (Way.DIRECT,)}, opens_window=frozenset({Kind.MESSAGE}), window=DAY)
NO, YES = Standing(Act.WITHDRAWN), Standing(Act.GRANTED)
JUST_NOW = Counted(NOON - HOUR, "offers", 100)


def soliciting(**different: Any) -> Facts:
    names = ("consent", "preferences", "caps", "counted", "voices")
    wanted = {name: different.pop(name) for name in names if name in different}
    asked = replace(Solicitation("offers", YES, Preferences(), Caps(), 100), **wanted)
    facts = Facts("chat", Way.DIRECT, allowed(CHAT, None, Way.DIRECT), window_opened_at=NOON - HOUR, solicits=asked)
    return replace(facts, **different)


def told(facts: Facts, now: datetime = NOON) -> list[str]:
    return [one.why for one in obstacles.between(facts, now)]


def test_nothing_stands_in_the_way_of_what_may_go() -> None:
    assert told(soliciting()) == []


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (soliciting(blocked=True), "fan_blocked_us"),
        (soliciting(service=NO), "fan_said_stop"),
        (soliciting(consent=NO), "fan_wants_no_offers"),
        (soliciting(consent=SILENCE), "no_consent"),
        (soliciting(preferences=Preferences(without=frozenset({"chat"}))), "prefers_other_channel"),
        (soliciting(preferences=Preferences(channel="email")), "prefers_other_channel"),
        (soliciting(account_paused=True), "account_paused"),
        (soliciting(window_opened_at=None), "fan_never_wrote"),
        (soliciting(window_opened_at=NOON - 2 * DAY), "window_closed"),
        (soliciting(preferences=Preferences(paused_until=NOON + HOUR)), "paused"),
        (soliciting(preferences=Preferences(hours=(14, 15))), "his_hours"),
        (soliciting(caps=Caps(quiet=(12, 14))), "quiet_hours"),
        (soliciting(counted=(JUST_NOW,), caps=Caps(caps={})), "cap_gap"),
        (soliciting(preferences=Preferences(every=2 * HOUR), counted=(JUST_NOW,), caps=Caps({}, gap=HOUR)), "cap_gap"),
        (soliciting(caps=Caps({"*": {"week": 0}})), "cap_week"),
        (soliciting(caps=Caps({"offers": {"month": 0}})), "cap_offers_month"),
    ],
)  # fmt: skip
def test_each_obstacle_is_told_alone(facts: Facts, why: str) -> None:
    assert told(facts) == [why]


def test_wishes_from_several_of_his_profiles_are_each_told_and_taken_away() -> None:
    voices = (Preferences(channel="email"), Preferences(paused_until=NOON + HOUR), Preferences(hours=(14, 15)))

    assert told(soliciting(voices=voices)) == ["prefers_other_channel", "his_hours", "paused"]


def test_hours_that_never_meet_are_told_as_hours() -> None:
    never = (Preferences(hours=(9, 10)), Preferences(hours=(18, 19)))
    endless = allowed(replace(CHAT, window=None), None, Way.DIRECT)

    assert told(soliciting(voices=never, allowed=endless)) == ["his_hours"]


def test_all_that_is_in_the_way_is_told_the_first_reason_first() -> None:
    facts = soliciting(
        service=NO,
        consent=NO,
        window_opened_at=None,
        counted=(JUST_NOW,),
        preferences=Preferences(paused_until=MIDNIGHT),
    )

    assert told(facts) == [
        "fan_said_stop",
        "fan_wants_no_offers",
        "fan_never_wrote",
        "cap_day",
        "paused",
        "cap_gap",
    ]


def test_what_nobody_can_change_ends_the_list() -> None:
    answer = Facts("chat", Way.PUBLIC, allowed(CHAT, Kind.MESSAGE, Way.PUBLIC), kind=Kind.MESSAGE, blocked=True)

    assert told(answer) == ["fan_blocked_us", "platform_forbids"]
