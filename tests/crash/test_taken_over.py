"""What a dead, broken or slow worker leaves behind is taken up by another, and nobody suffers for a neighbour."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from uuid import UUID

from sqlmodel import Session, select

from bot import endings, hearing, lanes, outbox, sending
from bot.inbox import Inbox
from bot.outbox import Outgoing
from connectors import Each, Kind, Limit, Message, Receipt, Uncertain, Way
from optin.fans import Profile
from optin.history import Touchpoint
from tests.crash.service import wait_until
from tests.pigeon import Pigeon
from tests.stage import Stage


class TiredPigeon(Pigeon):
    rules = replace(
        Pigeon.rules,
        limits=(Limit("notes", 1000, timedelta(seconds=1), frozenset({Way.DIRECT}), Each.RECIPIENT),),
    )


class SleepyPigeon(Pigeon):
    """It comes back when its sender has been given up for dead."""

    def __init__(self, stage: Stage) -> None:
        super().__init__("loft", "ring")
        self._stage = stage

    def send(self, message: Message) -> Receipt:
        self._stage.later(seconds=50)
        with self._stage.bot.transaction() as session:
            endings.give_up_on_the_dead(session, self._stage.now)
        assert self._stage.states() == [("uncertain", "worker_died")]
        return super().send(message)


class Death(BaseException):
    """The end of a worker, in the middle of its work."""


def test_what_a_dead_worker_held_is_heard_as_a_whole_by_the_next(stage: Stage) -> None:
    for number in range(50):
        stage.comments(f"{number}", who=f"fan-{number % 5}")
    _take_and_die(stage)

    stage.later(seconds=31)
    stage.hear("worker-2")

    assert {row.attempts for row in stage.all(Inbox)} == {0}  # none had to be tried by itself
    assert {outcome for outcome, _ in stage.outcomes()} == {"silent"}
    assert {lane.attempts for lane in stage.all(lanes.Lane)} == {0}


def test_what_kills_its_worker_is_set_aside_and_the_others_are_heard(stage: Stage) -> None:
    for who in ("lea", "max", "zoe"):
        stage.comments("1", who=who)
    stage.hear()
    stage.comments("2", who="lea")
    stage.comments("I kill whoever meets me", who="a stranger")
    stage.comments("2", who="max")
    stage.comments("2", who="zoe")

    deaths = 0
    while _dies_while_hearing(stage):
        deaths += 1
        stage.later(seconds=31)

    assert deaths == 5  # with the others, with its lane, and three times alone
    assert stage.outcomes().count(("aside", "killed_its_worker")) == 1
    assert stage.outcomes().count(("silent", "nothing_asked")) == 6


def test_a_worker_whose_database_failed_goes_on_with_its_own_lanes_at_once(stage: Stage) -> None:
    stage.writes("hello")
    _take_and_die(stage, "worker-1")

    heard_by_itself, heard_by_another = stage.hear("worker-1"), stage.hear("worker-2")

    assert (heard_by_itself, heard_by_another) == (1, 0)


def test_a_slow_worker_loses_its_lanes_and_changes_nothing_any_more(stage: Stage) -> None:
    stage.writes("hello")
    with stage.bot.transaction() as session:
        [mine] = lanes.take(session, "slow", stage.now)
    stage.later(seconds=31)
    stage.hear("worker-2")

    with stage.bot.transaction() as session:
        keeps = lanes.still_mine(session, [mine], "slow"), lanes.renew(session, mine, "slow", stage.now)
        begins = lanes.begin(session, mine, "slow", stage.now)
        lanes.let_go(session, [mine], "slow")

    assert (keeps, begins) == ((False, False), None)
    assert len(stage.all(Touchpoint)) == 1


def test_a_worker_that_sleeps_past_its_lease_leaves_the_hearing_to_the_next(stage: Stage) -> None:
    stage.writes("hello")
    turns = itertools.count(1)

    @contextmanager
    def transaction() -> Iterator[Session]:
        if next(turns) == 2:  # after it took its lanes, before it hears what waits on them
            stage.later(seconds=31)
            _take_and_die(stage, "worker-2")
        with stage.bot.transaction() as session:
            yield session

    heard_by_the_sleeper = hearing.hear_some(replace(stage.bot, transaction=transaction), "sleeper")
    heard_by_the_next = stage.hear("worker-2")

    assert (heard_by_the_sleeper, heard_by_the_next) == (0, 1)
    assert len(stage.all(Touchpoint)) == 1


def test_an_echo_of_what_a_dead_worker_sent_completes_the_record(stage: Stage) -> None:
    stage.offer()
    stage.writes("promo")
    stage.hear()
    with stage.bot.transaction() as session:
        [message] = outbox.take(session, 4, (), stage.now)

    stage.does(Kind.ECHO, who="lea", payload=str(message.id), subject="flight-9")
    stage.work()
    stage.later(seconds=50)
    stage.work()

    assert stage.states() == [("sent", "echo")]
    assert [(one.said_by, one.subject) for one in stage.all(Touchpoint)] == [("fan", "s1"), ("bot", "flight-9")]


def test_a_receipt_that_comes_late_makes_certain_what_was_not(stage: Stage) -> None:
    stage.offer()
    stage.writes("promo")
    stage.hear()

    with ThreadPoolExecutor(4) as threads:
        sending.send_some(replace(stage.bot, connectors={"pigeon": SleepyPigeon(stage)}), threads)

    assert stage.states() == [("sent", "")]
    assert [(one.said_by, one.subject) for one in stage.all(Touchpoint)] == [("fan", "s1"), ("bot", "flight-1")]


def test_an_echo_of_what_was_lost_completes_the_record(stage: Stage) -> None:
    stage.offer()
    stage.pigeon.faults = [Uncertain("timeout")]
    stage.writes("promo")
    stage.work()
    [message] = stage.all(Outgoing)

    for _ in range(2):  # a redelivery with another id, as some platforms do
        stage.does(Kind.ECHO, who="lea", payload=str(message.id), subject="flight-9")
    stage.work()

    assert [(one.said_by, one.subject) for one in stage.all(Touchpoint)] == [("fan", "s1"), ("bot", "flight-9")]


def test_a_message_that_breaks_us_is_refused_alone_and_the_others_are_said(stage: Stage) -> None:
    stage.offer()
    for who in ("lea", "max", "zoe"):
        stage.writes("promo", who=who)
    stage.hear()
    with stage.bot.transaction() as session:
        broken = session.exec(select(Outgoing).order_by(Outgoing.id)).first()  # type: ignore[arg-type]
        assert broken is not None
        broken.buttons = [{"no such": "button"}]

    stage.work()

    assert stage.states() == [("refused", "broke:KeyError"), ("sent", ""), ("sent", "")]


def test_two_senders_never_wait_for_each_other(stage_on_postgresql: Stage) -> None:
    stage = stage_on_postgresql
    stage.offer()
    bot = replace(stage.bot, connectors={"pigeon": TiredPigeon("loft", "ring")})
    fans = ["lea", "max", "zoe", "ben"]
    met = Barrier(2)

    def send(_: int) -> int:
        with ThreadPoolExecutor(4) as threads:
            met.wait(30)
            return sending.send_some(bot, threads)

    taken = 0
    for _ in range(15):
        for who in (*fans, *reversed(fans)):  # each sender gets one half, and meets the same fans from another end
            stage.writes("promo", who=who)
        stage.hear()
        with ThreadPoolExecutor(2) as both:
            taken += sum(both.map(send, range(2)))
        stage.work()

    assert taken >= 15 * len(fans)
    assert set(stage.states()) == {("sent", "")}


def test_what_the_platform_said_survives_a_collision_with_another_worker(stage_on_postgresql: Stage) -> None:
    stage = stage_on_postgresql
    stage.offer()
    stage.comments("promo", who="lea", subject="c1")
    stage.comments("promo", who="max", subject="c2")
    stage.hear()
    [lea, _] = stage.all(Profile)

    with ThreadPoolExecutor(1) as threads:
        with stage.bot.transaction() as session:  # another worker meets the same bird, and has not committed yet
            session.add(Profile(**lea.model_dump(exclude={"id", "handle"}), id=stage.bot.new_id(), handle="bird-of-c1"))
            session.flush()
            sender = threads.submit(stage.send)
            wait_until(lambda: _somebody_waits(stage))
        sender.result()

    assert {(one.state, one.reason) for one in stage.all(Outgoing)} == {("sent", "")}
    assert len(stage.said()) == len(stage.all(Outgoing)) == 4


def _somebody_waits(stage: Stage) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with stage.bot.reading() as session:
        return session.connection().exec_driver_sql(query).first() is not None


def _take_and_die(stage: Stage, holder: str = "dead") -> None:
    with stage.bot.transaction() as session:
        lanes.take(session, holder, stage.now)


def _dies_while_hearing(stage: Stage) -> bool:
    """Hear all; whoever meets a fan that we don't know yet dies of it."""

    def die() -> UUID:
        raise Death

    try:
        while hearing.hear_some(replace(stage.bot, new_id=die), f"worker-{stage.now}"):
            pass
    except Death:
        return True
    return False
