"""The worker: hears what the fans did and says what was decided, until it is told to stop."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.exc import OperationalError

from bot import beats, database, delivering, hearing, outbox, sending, soliciting
from bot.assembly import Bot
from connectors import PlatformError

IDLE = 0.03  # seconds between two looks: shorter ones cost the worker more, and at 100 messages a second won nothing
LISTENS = 0.5  # seconds between two looks at whether a signal has come
A_LOT = hearing.BATCH // 4  # interactions in one batch: more may be waiting
UNCALLED = 0.25  # seconds after which a sender looks by itself: for what another worker decided, and what is due later
BETWEEN_CONTESTS = 1.0  # seconds
BETWEEN_DELIVERIES = 1.0  # seconds
DATABASE_PAUSE = 2.0  # seconds, when the database is away

log = structlog.get_logger()


class Bell:
    """Wakes one who waits, and not all of them: the others would find nothing to do."""

    def __init__(self) -> None:
        self._rung: queue.Queue[None] = queue.Queue(maxsize=1)

    def ring(self) -> None:
        with suppress(queue.Full):
            self._rung.put_nowait(None)

    def wait(self, seconds: float) -> None:
        with suppress(queue.Empty):
            self._rung.get(timeout=seconds)


@dataclass(frozen=True, slots=True)
class Signals:
    """What the loops of one worker tell one another."""

    stopping: threading.Event
    decided: Bell = field(default_factory=Bell)  # there is something to say
    crowded: threading.Event = field(default_factory=threading.Event)  # more waits than one ear can hear at once


def run(bot: Bot, name: str, stopping: threading.Event) -> None:
    """Work until `stopping` is set; then finish what is in hand and return."""
    signals = Signals(stopping)
    # Posters of their own: a receiver that is slow keeps no fan waiting.
    pools = (ThreadPoolExecutor(bot.settings.worker_threads, "say"), ThreadPoolExecutor(delivering.AT_ONCE, "post"))
    with pools[0] as threads, pools[1] as posters:
        first, *more = ears(bot, name)
        loops: list[tuple[str, Callable[[], int]]] = [("live", lambda: _show_life(bot, name, stopping))]
        loops += [(first, lambda: _hear(bot, first, signals))]
        loops += [("compete", lambda: _compete(bot, stopping))]
        loops += [("deliver", lambda: _deliver(bot, posters, stopping))]
        loops += [(ear, partial(_help_out, bot, ear, signals)) for ear in more]
        senders = max(1, bot.settings.worker_threads // sending.AT_ONCE)
        loops += [(f"send-{number}", lambda: _send(bot, threads, signals.decided)) for number in range(senders)]
        started = [threading.Thread(target=_go_on, args=(what, step, stopping), name=what) for what, step in loops]
        for thread in started:
            thread.start()
        for thread in started:
            while thread.is_alive():  # without end, a signal that the system gave to another thread would wake nobody
                thread.join(LISTENS)


def ears(bot: Bot, name: str) -> list[str]:
    """Who hears in this process: on PostgreSQL two, of whom one decides while the other waits for the database."""
    return [name] if database.is_sqlite(bot.engine) else [f"{name}-a", f"{name}-b"]


def _hear(bot: Bot, name: str, signals: Signals) -> int:
    """A small batch is followed by a short pause: what comes meanwhile is heard together, and senders have a turn."""
    heard = hearing.hear_some(bot, name)
    if heard:
        signals.decided.ring()
    if heard < A_LOT:
        signals.stopping.wait(IDLE)
    else:
        signals.crowded.set()
    return heard


def _help_out(bot: Bot, name: str, signals: Signals) -> int:
    """The second ear hears while there is a crowd."""
    if not signals.crowded.wait(UNCALLED):
        return 0
    heard = _hear(bot, name, signals)
    if heard < A_LOT:
        signals.crowded.clear()
    return heard


def _compete(bot: Bot, stopping: threading.Event) -> int:
    """What was put off is decided anew when it is due: to the second is soon enough for what waited for hours."""
    decided = soliciting.compete(bot)
    if not decided:
        stopping.wait(BETWEEN_CONTESTS)
    return decided


def _deliver(bot: Bot, posters: Executor, stopping: threading.Event) -> int:
    delivered = delivering.deliver_some(bot, posters)
    if not delivered:
        stopping.wait(BETWEEN_DELIVERIES)
    return delivered


def _send(bot: Bot, threads: Executor, decided: Bell) -> int:
    sent = sending.send_some(bot, threads, decided.ring)
    if not sent:
        decided.wait(UNCALLED)
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
