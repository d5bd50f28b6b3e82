"""Lanes: what a fan does is heard in its order, because one worker at a time holds the lane on which he stands."""

import zlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import SmallInteger, case, exists, update
from sqlmodel import Field, Session, SQLModel, col, or_, select

from bot.inbox import Inbox, Waiting
from connectors import Interaction

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


def take(session: Session, holder: str, now: datetime) -> dict[int, int]:
    """Take lanes on which something waits, for LEASE. Says how often each was taken and not heard to the end."""
    # What this holder has still, it left behind when the database broke off its work: it is the only one to hear.
    free = or_(col(Lane.held_until).is_(None), col(Lane.held_until) < now, col(Lane.holder) == holder)
    waits = exists().where(col(Inbox.lane) == col(Lane.number), col(Inbox.state) == Waiting)
    longest_ago = col(Lane.held_until).asc().nulls_first()
    chosen = select(Lane.number, Lane.attempts).where(free, waits).order_by(longest_ago, col(Lane.number))
    before = dict(session.exec(chosen.limit(AT_ONCE).with_for_update(skip_locked=True)).all())
    if before:
        mine = update(Lane).where(col(Lane.number).in_(before))
        first = case((col(Lane.attempts) == 0, 1), else_=col(Lane.attempts))  # a later one is counted by `begin`
        session.execute(mine.values(holder=holder, held_until=now + LEASE, attempts=first))
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
    mine = select(Lane.number).where(col(Lane.number).in_(numbers), Lane.holder == holder).with_for_update()
    return len(session.exec(mine).all()) == len(numbers)


def let_go(session: Session, numbers: Collection[int], holder: str, *, heard: bool) -> None:
    """Free the lanes. What was heard to the end starts its count anew."""
    mine = update(Lane).where(col(Lane.number).in_(numbers), col(Lane.holder) == holder)
    free = {"holder": "", "held_until": None}
    session.execute(mine.values(**free, attempts=0) if heard else mine.values(**free))
