"""The worker: hears what the fans did and says what was decided, until it is told to stop."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

import structlog
from sqlalchemy.exc import OperationalError

from bot import beats, database, hearing, outbox, sending
from bot.assembly import Bot
from connectors import PlatformError

IDLE = 0.02  # seconds between two looks when there is nothing to hear: a fiftieth of what a fan notices
LISTENS = 0.5  # seconds between two looks at whether a signal has come
UNCALLED = 0.25  # seconds after which a sender looks by itself: for what another worker decided, and what is due later
DATABASE_PAUSE = 2.0  # seconds, when the database is away

log = structlog.get_logger()


def run(bot: Bot, name: str, stopping: threading.Event) -> None:
    """Work until `stopping` is set; then finish what is in hand and return."""
    decided = threading.Event()
    with ThreadPoolExecutor(bot.settings.worker_threads, "say") as threads:
        loops: list[tuple[str, Callable[[], int]]] = [("live", lambda: _show_life(bot, name, stopping))]
        loops += [(ear, partial(_hear, bot, ear, decided, stopping)) for ear in ears(bot, name)]
        senders = max(1, bot.settings.worker_threads // sending.AT_ONCE)
        loops += [(f"send-{number}", lambda: _send(bot, threads, decided)) for number in range(senders)]
        started = [threading.Thread(target=_go_on, args=(what, step, stopping), name=what) for what, step in loops]
        for thread in started:
            thread.start()
        for thread in started:
            while thread.is_alive():  # without end, a signal that the system gave to another thread would wake nobody
                thread.join(LISTENS)


def ears(bot: Bot, name: str) -> list[str]:
    """Who hears in this process: on PostgreSQL two, of whom one decides while the other waits for the database."""
    return [name] if database.is_sqlite(bot.engine) else [f"{name}-a", f"{name}-b"]


def _hear(bot: Bot, name: str, decided: threading.Event, stopping: threading.Event) -> int:
    heard = hearing.hear_some(bot, name)
    if heard:
        decided.set()
    else:
        stopping.wait(IDLE)
    return heard


def _send(bot: Bot, threads: Executor, decided: threading.Event) -> int:
    sent = sending.send_some(bot, threads)
    if not sent:
        decided.wait(UNCALLED)
        decided.clear()
    return sent


def work_once(bot: Bot, name: str, threads: Executor) -> int:
    """One turn of everything that is due now. Says how much was done."""
    return hearing.hear_some(bot, name) + sending.send_some(bot, threads)


def _go_on(what: str, step: Callable[[], int], stopping: threading.Event) -> None:
    while not stopping.is_set():
        try:
            step()
        except OperationalError as error:
            log.warning("database_away", loop=what, error=type(error.orig).__name__)
            stopping.wait(DATABASE_PAUSE)
        except Exception as error:  # noqa: BLE001 - a defect of ours: a loop that ends would leave a worker half dead
            log.error("loop_broke", loop=what, error=type(error).__name__)
            stopping.wait(DATABASE_PAUSE)


def _show_life(bot: Bot, name: str, stopping: threading.Event) -> int:
    _learn(bot)
    with bot.transaction() as session:
        beats.beat(session, name, "worker", bot.now())
        lost = outbox.give_up_on_the_dead(session, bot.now())
    if lost:
        log.warning("uncertain_after_a_death", messages=lost)
    stopping.wait(beats.EVERY.total_seconds())
    return 1


def _learn(bot: Bot) -> None:
    for connector in bot.connectors.values():
        try:
            connector.learn()
        except PlatformError as error:
            log.warning("platform_tells_nothing", platform=connector.name, reason=error.reason)
