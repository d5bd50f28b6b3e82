"""The worker: hears what the fans did and says what was decided, until it is told to stop."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.exc import OperationalError

from bot import beats, competing, database, delivering, endings, hearing, sending
from bot.assembly import Bot
from bot.sending import Calls
from connectors import PlatformError

IDLE = 0.03  # seconds between two looks: shorter ones cost the worker more, and at 100 messages a second won nothing
LISTENS = 0.5  # seconds between two looks at whether a signal has come
A_LOT = hearing.BATCH // 4  # interactions in one batch: more may be waiting
SOON = 0.05  # seconds that we wait for a platform's answers before we hear on
BETWEEN_CONTESTS = 1.0  # seconds
BETWEEN_DELIVERIES = 1.0  # seconds
DATABASE_PAUSE = 2.0  # seconds, when the database is away

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Hands:
    """What the loops of one worker share."""

    calls: Calls
    stopping: threading.Event
    crowded: threading.Event = field(default_factory=threading.Event)  # more waits than one ear can hear at once


def run(bot: Bot, name: str, stopping: threading.Event) -> None:
    """Work until `stopping` is set; then finish what is in hand and return."""
    # Posters of their own: a receiver that is slow keeps no fan waiting.
    at_once = bot.settings.worker_threads
    with ThreadPoolExecutor(at_once, "say") as threads, ThreadPoolExecutor(delivering.AT_ONCE, "post") as posters:
        hands = Hands(Calls(threads, len(bot.connectors), at_once), stopping)
        first, *more = ears(bot, name)
        loops: list[tuple[str, Callable[[], int]]] = [("live", lambda: _show_life(bot, name, stopping))]
        loops += [(first, lambda: _work(bot, first, hands))]
        loops += [(ear, partial(_help_out, bot, ear, hands)) for ear in more]
        loops += [("compete", lambda: _compete(bot, stopping))]
        loops += [("deliver", lambda: _deliver(bot, posters, stopping))]
        _until_stopped(loops, stopping)
        sending.finish(bot, hands.calls, LISTENS)


def ears(bot: Bot, name: str) -> list[str]:
    """Who hears in this process: on PostgreSQL two, of whom one decides while the other waits for the database."""
    return [name] if database.is_sqlite(bot.engine) else [f"{name}-a", f"{name}-b"]


def _until_stopped(loops: Sequence[tuple[str, Callable[[], int]]], stopping: threading.Event) -> None:
    started = [threading.Thread(target=_go_on, args=(what, step, stopping), name=what) for what, step in loops]
    for thread in started:
        thread.start()
    for thread in started:
        while thread.is_alive():  # without end, a signal that the system gave to another thread would wake nobody
            thread.join(LISTENS)


def _work(bot: Bot, name: str, hands: Hands) -> int:
    """Hear what waits, and say what was decided, in turns: threads that do both at once wait for each other."""
    heard = hearing.hear_some(bot, name)
    if heard >= A_LOT:
        hands.crowded.set()
    said = _say(bot, heard, hands)
    if not heard and not said:
        hands.calls.wait(IDLE)
    return heard + said


def _say(bot: Bot, heard: int, hands: Hands) -> int:
    """In a crowd as many as were heard are said before more are heard, unless the platforms let us wait."""
    said = taken = sending.go_on(bot, hands.calls)
    while taken and said < heard and not hands.stopping.is_set():
        if hands.calls.room < hands.calls.at_once // 2:
            hands.calls.wait(SOON)
        taken = sending.go_on(bot, hands.calls)
        said += taken
    return said


def _help_out(bot: Bot, name: str, hands: Hands) -> int:
    """The second ear works while there is a crowd."""
    if not hands.crowded.wait(LISTENS):
        return 0
    heard = hearing.hear_some(bot, name)
    if heard < A_LOT:
        hands.crowded.clear()
    return heard + _say(bot, heard, hands)


def _compete(bot: Bot, stopping: threading.Event) -> int:
    """What was put off is decided anew when it is due: to the second is soon enough for what waited for hours."""
    decided = competing.compete(bot)
    if not decided:
        stopping.wait(BETWEEN_CONTESTS)
    return decided


def _deliver(bot: Bot, posters: Executor, stopping: threading.Event) -> int:
    delivered = delivering.deliver_some(bot, posters)
    if not delivered:
        stopping.wait(BETWEEN_DELIVERIES)
    return delivered


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
        lost = endings.give_up_on_the_dead(session, bot.now())
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
