"""Lanes: what a fan does is heard in its order, because one worker at a time holds the lane on which he stands."""

import zlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import SmallInteger, bindparam, case, exists, or_, update
from sqlmodel import Field, Session, SQLModel, col

from bot.inbox import Inbox, Waiting
from connectors import Interaction
from optin.schema import among

LANES = 256  # rows of the table, written by the first migration; many more than workers
AT_ONCE = 64
LEASE = timedelta(seconds=30)  # a lane held longer belongs to a dead worker


class Lane(SQLModel, table=True):
    """`attempts` counts how often the lane was begun since it was last heard to the end."""

    number: int = Field(primary_key=True, sa_type=SmallInteger)
    holder: str = ""
    held_until: datetime | None = None
    attempts: int = 0


def of(interaction: Interaction) -> int:
    """Where this fan stands. Without an author each interaction stands for itself."""
    return standing_of(interaction.platform, interaction.account, interaction.author or interaction.id)


def standing_of(platform: str, account: str, handle: str) -> int:
    """Where the fan of this handle stands."""
    return zlib.crc32(f"{platform}:{account}:{handle}".encode()) % LANES


# Made once: to build a statement takes longer than the database needs to answer it.
_TABLE = Lane.__table__  # type: ignore[attr-defined]
_NOW: Any = bindparam("now", type_=_TABLE.c.held_until.type)
_HELD_UNTIL: Any = bindparam("until", type_=_TABLE.c.held_until.type)
_HOLDER: Any = bindparam("by")
# What this holder has still, it left behind when the database broke off its work: it is the only one to hear.
_FREE = or_(_TABLE.c.held_until.is_(None), _TABLE.c.held_until < _NOW, _TABLE.c.holder == _HOLDER)
_WAITS = exists().where(col(Inbox.lane) == _TABLE.c.number, col(Inbox.state) == Waiting)
_CHOOSE = (
    sa.select(_TABLE.c.number, _TABLE.c.attempts)
    .where(_FREE, _WAITS)
    .order_by(_TABLE.c.held_until.asc().nulls_first(), _TABLE.c.number)
    .limit(AT_ONCE)
    .with_for_update(skip_locked=True)
)
_THESE = among(_TABLE.c.number, "numbers")
_FIRST = case((_TABLE.c.attempts == 0, 1), else_=_TABLE.c.attempts)  # a later one is counted by `begin`
_HOLD = update(_TABLE).where(_THESE).values(holder=_HOLDER, held_until=_HELD_UNTIL, attempts=_FIRST)
_STILL_MINE = sa.select(_TABLE.c.number).where(_THESE, _TABLE.c.holder == _HOLDER).with_for_update()
_LET_GO = update(_TABLE).where(_THESE, _TABLE.c.holder == _HOLDER).values(holder="", held_until=None, attempts=0)


def take(session: Session, holder: str, now: datetime) -> dict[int, int]:
    """Take lanes on which something waits, for LEASE. Says how often each was taken and not heard to the end."""
    connection = session.connection()
    before: dict[int, int] = dict(connection.execute(_CHOOSE, {"by": holder, "now": now}).all())
    if before:
        connection.execute(_HOLD, {"numbers": list(before), "by": holder, "until": now + LEASE})
    return before


def begin(session: Session, number: int, holder: str, now: datetime) -> int | None:
    """One more attempt at this lane, with LEASE anew; says how many that makes, or None if somebody took it over."""
    mine = update(Lane).where(col(Lane.number) == number, col(Lane.holder) == holder)
    begun = mine.values(held_until=now + LEASE, attempts=Lane.attempts + 1).returning(col(Lane.attempts))
    return session.execute(begun).scalar_one_or_none()


def renew(session: Session, number: int, holder: str, now: datetime) -> bool:
    """LEASE anew, for who works long on one lane. False if somebody took it over."""
    mine = update(Lane).where(col(Lane.number) == number, col(Lane.holder) == holder)
    done: Any = session.execute(mine.values(held_until=now + LEASE))
    return bool(done.rowcount)


def still_mine(session: Session, numbers: Collection[int], holder: str) -> bool:
    """Whether nobody took these lanes over; locks them until the transaction ends."""
    mine = session.connection().execute(_STILL_MINE, {"numbers": list(numbers), "by": holder})
    return len(mine.all()) == len(numbers)


def hold(session: Session, numbers: Collection[int]) -> None:
    """Nobody is heard on these lanes until the transaction ends."""
    these = sa.select(col(Lane.number)).where(col(Lane.number).in_(numbers)).order_by(col(Lane.number))
    session.execute(these.with_for_update())


def let_go(session: Session, numbers: Collection[int], holder: str) -> bool:
    """Free the lanes and start their count anew, once the transaction ends. False if somebody took one over."""
    done: Any = session.connection().execute(_LET_GO, {"numbers": list(numbers), "by": holder})
    return int(done.rowcount) == len(numbers)
