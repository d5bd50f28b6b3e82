"""Sending: note what came back, take what is due, and begin to say it. No call to a platform is waited for."""

import queue
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import datetime

import structlog
from sqlalchemy.exc import OperationalError

from bot import clearing, fates, outbox
from bot.assembly import Bot
from bot.clearing import Ready
from bot.fates import Fate, Said
from bot.outbox import Outgoing
from connectors import PlatformError, Uncertain

AT_ONCE = 16  # calls of one worker under way: what it leaves uncertain when it dies is no more than this
OF_ONE = 3, 4  # of them that one platform may have beside others: if it answers nobody, they go on

log = structlog.get_logger()


class Calls:
    """The calls to platforms that are under way. Each ends by itself; what it came to is kept until it is noted."""

    def __init__(self, threads: Executor, platforms: int, at_once: int = AT_ONCE) -> None:
        self.turn = threading.Lock()  # who holds it may use all of this but `wait`, which anybody may
        self.unnoted: list[Said] = []
        self._threads, self.at_once = threads, at_once
        self._of_one = at_once if platforms < 2 else at_once * OF_ONE[0] // OF_ONE[1]
        self._under_way: Counter[str] = Counter()  # by platform
        self._back: queue.SimpleQueue[Said] = queue.SimpleQueue()

    @property
    def under_way(self) -> int:
        return self._under_way.total()

    @property
    def room(self) -> int:
        return self.at_once - self.under_way

    @property
    def full(self) -> set[str]:
        """The platforms that have all the calls they may have."""
        return {platform for platform, many in self._under_way.items() if many >= self._of_one}

    def fitting(self, taken: Sequence[Outgoing]) -> list[Outgoing]:
        """Those of these for which their platform has room."""
        many, fit = self._under_way.copy(), []
        for one in taken:
            many[one.platform] += 1
            fit += [one] if many[one.platform] <= self._of_one else []
        return fit

    def begin(self, ready: Sequence[Ready]) -> None:
        for one in ready:
            self._under_way[one.outgoing.platform] += 1
            self._threads.submit(self._call, one)

    def collect(self) -> None:
        """Put what has come back with what is to be noted."""
        while not self._back.empty():
            ready, fate = self._back.get()
            self._under_way[ready.outgoing.platform] -= 1
            self.unnoted.append((ready, fate))

    def wait(self, seconds: float) -> None:
        """Until something has come back, but no longer than this."""
        try:
            self._back.put(self._back.get(timeout=seconds))
        except queue.Empty:
            return

    def _call(self, ready: Ready) -> None:
        self._back.put((ready, say(ready)))


def go_on(bot: Bot, calls: Calls) -> int:
    """Note what came back, take what is due, begin to say it. Says how many were taken; 0 if another does it now."""
    if not calls.turn.acquire(blocking=False):
        return 0
    try:
        _note(bot, calls)
        return _begin(bot, calls)
    finally:
        calls.turn.release()


def finish(bot: Bot, calls: Calls, look: float) -> None:
    """Wait for what is under way, and note it. If the database is away, a person will see that nobody knows."""
    with calls.turn:
        while calls.under_way:
            calls.wait(look)
            calls.collect()
        try:
            _note(bot, calls)
        except OperationalError as error:
            log.error("notes_lost", error=type(error.orig).__name__, messages=len(calls.unnoted))


def send_some(bot: Bot, threads: Executor) -> int:
    """Send what is due, as far as it goes at once, and wait for it. Says how many were taken."""
    calls = Calls(threads, len(bot.connectors))
    taken = go_on(bot, calls)
    finish(bot, calls, look=1.0)
    return taken


def say(ready: Ready) -> Fate:
    """The one network call, outside any transaction. What a connector didn't foresee may have been delivered."""
    try:
        return ready.connector.send(ready.message)
    except PlatformError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a defect of ours: to try again could say it twice
        log.error("connector_broke", message=str(ready.outgoing.id), error=type(error).__name__)
        return Uncertain("connector_broke")


def _note(bot: Bot, calls: Calls) -> None:
    calls.collect()
    fates.note_all(bot, calls.unnoted)


def _begin(bot: Bot, calls: Calls) -> int:
    now = bot.now()
    if not calls.room or not _anything_due(bot, now):
        return 0
    with bot.transaction() as session:
        taken = outbox.take(session, calls.room, calls.full, now)
        fitting = calls.fitting(taken)
        outbox.put_back(one for one in taken if one not in fitting)
        ready = clearing.cleared(session, bot, fitting, now)
    calls.begin(ready)
    return len(fitting)


def _anything_due(bot: Bot, now: datetime) -> bool:
    with bot.reading() as session:
        return outbox.anything_due(session, now)
