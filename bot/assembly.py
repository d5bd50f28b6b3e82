"""The bot, put together once: database, platforms, clock and chance. All below receives these as arguments."""

import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa

import connectors
from bot import database
from bot.database import Transaction
from bot.settings import Settings
from connectors import Audience, Connector, Misconfigured


@dataclass(frozen=True, slots=True)
class Bot:
    """What every step works with. `transaction` is opened at the doors only; a step reads `now()` once."""

    settings: Settings
    connectors: Mapping[str, Connector]
    transaction: Transaction
    reading: Transaction
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    draw: Callable[[], int]  # a random number of 64 bits, for codes
    engine: sa.Engine
    audiences: Mapping[str, Audience] = field(default_factory=dict)  # custom ones at the platforms, by their ids


def assemble(environ: Mapping[str, str]) -> Bot:
    """The bot that these settings describe. Raises Misconfigured with every fault of all of them."""
    faults: list[str] = []
    settings, found, lists = None, {}, {}
    try:
        settings = Settings.read(environ)
    except Misconfigured as error:
        faults += error.faults
    try:
        found = connectors.load(environ)
    except Misconfigured as error:
        faults += error.faults
    try:
        lists = connectors.audiences(environ)
    except Misconfigured as error:
        faults += error.faults
    if faults or settings is None:
        raise Misconfigured(faults)
    return put_together(settings, found, audiences=lists)


def put_together(
    settings: Settings,
    found: Mapping[str, Connector],
    now: Callable[[], datetime] | None = None,
    audiences: Mapping[str, Audience] | None = None,
) -> Bot:
    engine = database.connect(settings.database_url.get_secret_value())
    return Bot(
        settings=settings,
        connectors=found,
        transaction=database.transactions(engine),
        reading=database.readings(engine),
        now=now or wall_clock,
        new_id=new_id,
        draw=draw,
        engine=engine,
        audiences=audiences or {},
    )


def wall_clock() -> datetime:
    return datetime.now(UTC)


def draw() -> int:
    return secrets.randbits(64)


def chance(seed: int) -> random.Random:
    """A row of draws that can be played again, for what is no secret."""
    return random.Random(seed)  # noqa: S311


def new_name() -> str:
    """A name for this process that no other has, for what it holds."""
    return f"{os.getpid()}-{secrets.token_hex(4)}"


_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """A UUID of version 7 (RFC 9562): it begins with the time, so that new rows stand together in an index."""
    global _last
    with _lock:
        _last = max(_last + 1, time.time_ns() // 1_000_000 << 12)  # milliseconds, and a count inside each
    high = (_last >> 12) << 16 | 0x7000 | (_last & 0xFFF)
    return UUID(int=high << 64 | 0b10 << 62 | secrets.randbits(62))


def random_bytes() -> bytes:
    """Thirty-two bytes that nobody can guess, for a key."""
    return secrets.token_bytes(32)
