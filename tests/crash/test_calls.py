"""Calls to platforms go on by themselves: one that answers nobody holds up only its own, and no answer is lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from bot import fates, sending
from bot.assembly import Bot
from bot.fates import Said
from bot.sending import Calls
from connectors import Kind, Message, Receipt
from tests.owl import Owl
from tests.stage import Stage

PATIENCE = 10.0  # seconds


class DeafOwl(Owl):
    """It carries nothing before it is woken."""

    def __init__(self) -> None:
        super().__init__("barn", "ring")
        self.wakes = Event()

    def send(self, message: Message) -> Receipt:
        self.wakes.wait(PATIENCE)
        return super().send(message)


@pytest.fixture
def owl() -> DeafOwl:
    return DeafOwl()


@pytest.fixture
def stage_with_owl(database_url: str, owl: DeafOwl) -> Iterator[Stage]:
    stage = Stage(database_url, owl)
    yield stage
    stage.close()


def test_a_platform_that_answers_nobody_holds_up_only_its_own(stage_with_owl: Stage, owl: DeafOwl) -> None:
    stage = stage_with_owl
    stage.offer()
    for number in range(10):
        stage.does(Kind.MESSAGE, "promo", f"owl-{number}", platform="owl", account="barn")
    for number in range(6):
        stage.writes("promo", who=f"bird-{number}")
    stage.hear()

    with ThreadPoolExecutor(4) as threads:
        calls = Calls(threads, platforms=2, at_once=4)
        while len(stage.pigeon.sent) < 6:
            sending.go_on(stage.bot, calls)
            calls.wait(0.01)
            assert not owl.sent
        waiting = [state for state, _ in stage.states()].count("waiting")
        owl.wakes.set()
        while sending.go_on(stage.bot, calls) or calls.under_way:
            calls.wait(PATIENCE)

    assert waiting == 10 - 3  # of four calls one was kept for others
    assert len(owl.sent) == 10
    assert set(stage.states()) == {("sent", "")}


def test_what_was_said_while_the_database_was_away_is_noted_when_it_is_back(stage: Stage) -> None:
    stage.offer()
    stage.writes("promo", who="lea")
    stage.writes("promo", who="max")
    stage.hear()

    with ThreadPoolExecutor(2) as threads:
        calls = Calls(threads, platforms=1)
        sending.go_on(stage.bot, calls)
        threads.shutdown()
        with pytest.raises(OperationalError):
            sending.go_on(_without_database(stage.bot), calls)
        unnoted = stage.states()
        sending.go_on(stage.bot, calls)

    assert [state for state, _ in unnoted] == ["sending"] * 2
    assert stage.states() == [("sent", "")] * 2
    assert len(stage.said()) == 2


def test_what_was_noted_without_our_knowing_may_be_noted_again(stage: Stage) -> None:
    stage.offer()
    stage.comments("promo", who="lea", subject="c1")
    stage.hear()
    noted: list[Said] = []

    with ThreadPoolExecutor(1) as threads:
        calls = Calls(threads, platforms=1)
        sending.go_on(stage.bot, calls)
        calls.wait(PATIENCE)
        calls.collect()
        noted += calls.unnoted
        sending.finish(stage.bot, calls, PATIENCE)
    before = stage.states()
    fates.note_all(stage.bot, noted)  # as if the connection had broken when the commit had been done
    stage.send()

    assert before == [("sent", ""), ("waiting", "")]
    assert stage.states() == [("sent", "")] * 2  # the private answer and the line that points to it
    assert len(stage.said()) == 2


def _without_database(bot: Bot) -> Bot:
    @contextmanager
    def transaction() -> Iterator[Session]:
        raise OperationalError("", {}, ConnectionError())
        yield

    return replace(bot, transaction=transaction)
