"""Hearing: a worker takes lanes, hears what waits on them in one transaction, and sets aside what breaks it."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from bot import inbox, journey, lanes
from bot.assembly import Bot
from bot.inbox import Entry

BATCH = 200  # interactions; beyond it a batch grows slower, not faster
AS_A_WHOLE = 2  # attempts at a lane; what kills us twice is looked for one by one
TRIES = 3  # of an entry alone, before a person has to look

log = structlog.get_logger()


def hear_some(bot: Bot, holder: str) -> int:
    """Take lanes, hear up to BATCH of what waits on them, let go. Says how many were heard."""
    with bot.reading() as session:
        if not inbox.anything_waiting(session):
            return 0
    with bot.transaction() as session:  # the attempt counts even if the work kills this process
        taken = lanes.take(session, holder, bot.now())
    if not taken:
        return 0
    heard = _hear_together(bot, holder, [lane for lane, attempts in taken.items() if not attempts])
    return heard + sum(_hear_again(bot, holder, lane) for lane, attempts in taken.items() if attempts)


def _hear_again(bot: Bot, holder: str, lane: int) -> int:
    """A lane that a worker left unfinished: once more as a whole, for most die of something else; then one by one."""
    with bot.transaction() as session:
        attempts = lanes.begin(session, lane, holder, bot.now())
    if attempts is None:
        return 0
    return _hear_together(bot, holder, [lane]) if attempts <= AS_A_WHOLE else _hear_alone(bot, holder, lane)


def _hear_together(bot: Bot, holder: str, numbers: Sequence[int]) -> int:
    """All that waits on these lanes, in one transaction."""
    if not numbers:
        return 0
    try:
        with bot.transaction() as session:
            if not lanes.let_go(session, numbers, holder):  # theirs who took one over; the others are free again
                return 0
            entries = inbox.waiting(session, numbers, BATCH)
            journey.hear(session, bot, entries)
            return len(entries)
    except OperationalError:
        raise  # the database is away or asks us to begin again: nothing is wrong with what we heard
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others: each is tried alone
        log.warning("batch_broke", error=type(error).__name__, lanes=len(numbers))
        return sum(_hear_alone(bot, holder, lane) for lane in numbers)


def _hear_alone(bot: Bot, holder: str, lane: int) -> int:
    """One by one, each with its try counted first: what breaks us TRIES times is set aside."""
    with bot.reading() as session:
        entries = inbox.waiting(session, [lane], BATCH)
    heard = sum(_hear_one(bot, holder, entry) for entry in entries)
    with bot.transaction() as session:
        lanes.let_go(session, [lane], holder)
    return heard


def _hear_one(bot: Bot, holder: str, entry: Entry) -> int:
    while True:
        with bot.transaction() as session:
            if not lanes.renew(session, entry.lane, holder, bot.now()):
                return 0
            tries = inbox.count_attempt(session, entry.id)
        if tries > TRIES:
            return _set_aside(bot, entry, "killed_its_worker", bot.now())
        try:
            with bot.transaction() as session:
                if not lanes.still_mine(session, [entry.lane], holder):
                    return 0
                journey.hear(session, bot, [entry])
                return 1
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - the same: it is set aside for a person, with what broke
            broke = type(error.orig if isinstance(error, DBAPIError) and error.orig else error).__name__
            log.warning("entry_broke", inbox=entry.id, error=broke, tries=tries)
            if tries >= TRIES:
                return _set_aside(bot, entry, f"broke:{broke}", bot.now())


def _set_aside(bot: Bot, entry: Entry, why: str, now: datetime) -> int:
    with bot.transaction() as session:
        inbox.set_aside(session, entry.id, why, now)
    return 0
