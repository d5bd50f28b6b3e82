"""The clock: what happens by itself and when. Any number may run, one leads, and a tick may come twice without harm."""

import fcntl
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from bot import advertising, beats, database, endings, learning, polling, ranking, retention
from bot.assembly import Bot
from connectors import Connector, PlatformError
from optin import house_rules

LEADER = 4_711_001  # the number of our advisory lock on PostgreSQL
CAMPAIGN = 2.0  # seconds between two tries to become the leader

log = structlog.get_logger()
logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns of each tick that finds a long poll still waiting


def run(bot: Bot, name: str, stopping: threading.Event) -> None:
    """Lead when nobody else does, until `stopping` is set."""
    while not stopping.is_set():
        with _leading(bot) as leads:
            if leads:
                _lead(bot, name, stopping, leads)
        stopping.wait(CAMPAIGN)


def _lead(bot: Bot, name: str, stopping: threading.Event, leads: Any) -> None:
    log.info("clock_leads", name=name)
    for connector in bot.connectors.values():
        _introduce(bot, connector)
    scheduler = _schedule(bot, name)
    scheduler.start()
    while leads() and not stopping.wait(CAMPAIGN):
        pass
    if stopping.is_set():
        for connector in bot.connectors.values():
            connector.close()  # ends a poll that would wait for seconds yet
    scheduler.shutdown(wait=True)


def _introduce(bot: Bot, connector: Connector) -> None:
    """Tell the platform where we are. Where it doesn't listen, it may know already: say so, and go on."""
    try:
        connector.start(bot.settings.address)
    except PlatformError as error:
        log.error("platform_not_told", platform=connector.name, reason=error.reason)


def _schedule(bot: Bot, name: str) -> BackgroundScheduler:
    """Everything that the clock does, on one page."""
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    _tick(bot, name)
    scheduler.add_job(_tick, "interval", seconds=beats.EVERY.total_seconds(), args=(bot, name), id="show life")
    scheduler.add_job(_let_lapse, "interval", seconds=60, args=(bot,), id="let drafts lapse")
    scheduler.add_job(learning.learn, "interval", seconds=600, args=(bot,), next_run_time=bot.now(), id="learn")
    pause = ranking.EVERY.total_seconds()
    scheduler.add_job(ranking.Ranking(bot), "interval", seconds=pause, next_run_time=bot.now(), id="rank leads")
    scheduler.add_job(_Daily(bot, retention.run), "interval", seconds=600, next_run_time=bot.now(), id="retention")
    if bot.audiences:
        often = advertising.EVERY.total_seconds()
        told = {"seconds": often, "args": (bot,), "next_run_time": bot.now(), "id": "audiences"}
        scheduler.add_job(advertising.reconcile, "interval", **told)
    for connector in bot.connectors.values():
        for stream in connector.streams:
            pause, name = connector.poll_every.total_seconds(), f"{connector.name} {stream}"
            poll = _Poll(bot, connector, stream)
            scheduler.add_job(poll, "interval", seconds=pause, next_run_time=bot.now(), id=name)
    return scheduler


def _tick(bot: Bot, name: str) -> None:
    with bot.transaction() as session:
        beats.beat(session, name, "clock", bot.now())
        endings.give_up_on_the_dead(session, bot.now())


def _let_lapse(bot: Bot) -> None:
    with bot.transaction() as session:
        endings.let_lapse(session, bot.now())


class _Daily:
    """What is done once on each day of the brand's calendar, and begun again where it broke."""

    def __init__(self, bot: Bot, work: Callable[[Bot], object]) -> None:
        self._bot, self._work = bot, work
        self._done_on: date | None = None

    def __call__(self) -> None:
        with self._bot.reading() as session:
            _, caps = house_rules.current(session)
        today = self._bot.now().astimezone(ZoneInfo(caps.zone)).date()
        if today != self._done_on:
            self._work(self._bot)
            self._done_on = today


class _Poll:
    """One stream's poll, which waits as long as the platform asks."""

    def __init__(self, bot: Bot, connector: Connector, stream: str) -> None:
        self._bot, self._connector, self._stream = bot, connector, stream
        self._not_before = bot.now()

    def __call__(self) -> None:
        if self._bot.now() >= self._not_before:
            wait: timedelta = polling.poll(self._bot, self._connector, self._stream)
            self._not_before = self._bot.now() + wait


@contextmanager
def _leading(bot: Bot) -> Iterator[Any]:
    """A function that says whether we still lead, or None where another clock does."""
    leading = _leading_by_file if database.is_sqlite(bot.engine) else _leading_by_lock
    with leading(bot) as leads:
        yield leads


@contextmanager
def _leading_by_lock(bot: Bot) -> Iterator[Any]:
    """PostgreSQL frees the lock when our connection ends, however it ends."""
    with bot.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        won = connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER}).scalar_one()
        try:
            yield (lambda: _answers(connection)) if won else None
        finally:
            if won and _answers(connection):
                connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": LEADER})


def _answers(connection: sa.Connection) -> bool:
    try:
        connection.execute(sa.text("SELECT 1"))
    except sa.exc.OperationalError:
        return False
    return True


@contextmanager
def _leading_by_file(bot: Bot) -> Iterator[Any]:
    """The system frees the lock on a file beside the database when our process ends, however it ends."""
    path = Path(str(bot.engine.url.database) + ".clock")
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield lambda: True
