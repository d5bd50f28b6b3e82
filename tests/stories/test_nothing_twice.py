"""Nothing acknowledged is lost, and nothing is said twice, whatever the platform or a dying worker does."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot import accounts, endings, hearing, inbox, lanes, outbox
from bot.inbox import Inbox
from bot.outbox import Outgoing
from connectors import Busy, Kind, PlatformError, Refused, Scope, Uncertain, Unreachable
from optin.fans import Profile
from tests.stage import Stage


def test_a_busy_platform_is_asked_again_when_it_said(stage: Stage) -> None:
    stage.offer()
    stage.pigeon.faults = [Busy("rate", timedelta(minutes=5))]
    stage.writes("promo")

    stage.work()
    said_at_once = len(stage.said())
    stage.later(minutes=6)
    stage.work()

    assert (said_at_once, len(stage.said())) == (0, 1)


def test_what_never_left_is_tried_again(stage: Stage) -> None:
    stage.offer()
    stage.pigeon.faults = [Unreachable("connection_refused")]
    stage.writes("promo")

    stage.work()
    stage.later(minutes=1)
    stage.work()

    assert len(stage.said()) == 1


@pytest.mark.parametrize("fault", [Uncertain("timeout"), RuntimeError("a defect of the connector")])
def test_what_may_have_left_is_never_said_again(stage: Stage, fault: PlatformError) -> None:
    stage.offer()
    stage.pigeon.faults = [fault]
    stage.writes("promo")

    stage.work()
    stage.later(days=2)
    stage.work()

    assert stage.said() == []
    assert [message.state for message in stage.all(Outgoing)] == ["uncertain"]


def test_an_echo_proves_what_was_uncertain(stage: Stage) -> None:
    stage.offer()
    stage.pigeon.faults = [Uncertain("timeout")]
    stage.writes("promo")
    stage.work()
    [message] = stage.all(Outgoing)

    stage.does(Kind.ECHO, who="lea", payload=str(message.id), subject="flight-9")
    stage.work()

    assert [(one.state, one.external_id) for one in stage.all(Outgoing)] == [("sent", "flight-9")]


def test_a_fan_who_cannot_be_reached_is_not_tried_again(stage: Stage) -> None:
    stage.offer()
    stage.pigeon.faults = [Refused("blocked", Scope.PERSON)]
    stage.comments("promo")
    stage.work()

    stage.comments("promo")
    stage.work()

    assert stage.said() == []
    assert [profile.blocked_at is not None for profile in stage.all(Profile)] == [True]


def test_an_account_in_trouble_falls_silent_until_a_person_resumes_it(stage: Stage) -> None:
    stage.offer()
    stage.pigeon.faults = [Refused("token_dead", Scope.ACCOUNT)]
    stage.writes("promo")
    stage.work()

    stage.writes("promo", who="max")
    stage.later(hours=1)
    stage.work()
    silent = len(stage.said())
    with stage.bot.transaction() as session:
        accounts.resume(session, "pigeon", "loft")
    stage.later(minutes=2)
    stage.work()

    assert (silent, len(stage.said())) == (0, 2)


def test_what_waits_past_its_window_lapses(stage: Stage) -> None:
    stage.offer(needs_approval=True)
    stage.writes("promo")
    stage.work()

    stage.later(hours=25)
    with stage.bot.transaction() as session:
        endings.let_lapse(session, stage.now)

    assert stage.states() == [("lapsed", "window_closed")]


def test_what_a_dead_sender_held_becomes_uncertain(stage: Stage) -> None:
    stage.offer()
    stage.writes("promo")
    stage.hear()
    with stage.bot.transaction() as session:
        taken = outbox.take(session, 4, (), stage.now)

    stage.later(seconds=50)
    with stage.bot.transaction() as session:
        endings.give_up_on_the_dead(session, stage.now)
    stage.work()

    assert len(taken) == 1
    assert (stage.said(), stage.states()) == ([], [("uncertain", "worker_died")])


def test_a_dead_workers_lanes_are_taken_up_within_a_minute(stage: Stage) -> None:
    stage.offer()
    stage.writes("promo")
    with stage.bot.transaction() as session:
        lanes.take(session, "dead-worker", stage.now)

    heard_at_once = stage.hear("worker-2")
    stage.later(seconds=59)
    heard_later = stage.hear("worker-2")

    assert (heard_at_once, heard_later) == (0, 1)


def test_no_two_workers_hold_one_lane(stage: Stage) -> None:
    for who in range(300):
        stage.writes("bonjour", who=f"fan-{who}")

    with stage.bot.transaction() as session:
        first = lanes.take(session, "worker-1", stage.now)
    with stage.bot.transaction() as session:
        second = lanes.take(session, "worker-2", stage.now)

    assert len(first) == len(second) == lanes.AT_ONCE
    assert not set(first) & set(second)


def test_what_breaks_us_is_set_aside_alone_and_the_others_are_heard(stage: Stage) -> None:
    stage.offer()
    poison = stage.writes("promo", who="lea")
    stage.writes("promo", who="max")
    with stage.bot.transaction() as session:
        row = session.exec(select(Inbox).where(Inbox.key == poison.id)).one()
        row.interaction = {**row.interaction, "text": 13}  # no string: what reads it breaks
        session.add(row)

    stage.work()

    assert stage.outcomes()[0][0] == "aside"
    assert stage.outcomes()[1] == ("answered", "offer_private")
    assert len(stage.said()) == 1


def test_a_person_may_let_what_was_set_aside_be_tried_again(stage: Stage) -> None:
    stage.offer()
    one = stage.writes("promo")
    with stage.bot.transaction() as session:
        row = session.exec(select(Inbox).where(Inbox.key == one.id)).one()
        inbox.set_aside(session, row.id, "broke:KeyError", stage.now)
    stage.work()

    with stage.bot.transaction() as session:
        inbox.try_again(session, row.id)
    stage.work()

    assert len(stage.said()) == 1


def test_what_a_fan_did_is_heard_in_its_order_by_many_workers(stage: Stage) -> None:
    for number in range(20):
        for who in range(10):
            stage.writes(f"{number}", who=f"fan-{who}")

    turn = 0
    while hearing.hear_some(stage.bot, f"worker-{turn % 3}"):
        turn += 1

    from optin.history import Touchpoint

    spoken: dict[object, list[int]] = {}
    for touchpoint in sorted(stage.all(Touchpoint), key=lambda one: one.id):
        spoken.setdefault(touchpoint.fan_id, []).append(int(touchpoint.text))
    assert list(spoken.values()) == [list(range(20))] * 10
