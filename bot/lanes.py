"""Lanes: what a fan does is heard in its order, because one worker at a time holds the lane on which he stands."""

import zlib
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import SmallInteger, exists, update
from sqlmodel import Field, Session, SQLModel, col, or_, select

from bot.inbox import Inbox, Waiting
from connectors import Interaction

LANES = 256  # rows of the table, written by the first migration; many more than workers
AT_ONCE = 64
LEASE = timedelta(seconds=30)  # a lane held longer belongs to a dead worker


class Lane(SQLModel, table=True):
    """`attempts` counts how often the lane was taken since something on it was last heard to the end."""

    number: int = Field(primary_key=True, sa_type=SmallInteger)
    holder: str = ""
    held_until: datetime | None = None
    attempts: int = 0


def of(interaction: Interaction) -> int:
    """Where this fan stands. Without an author each interaction stands for itself."""
    who = interaction.author or interaction.id
    return zlib.crc32(f"{interaction.platform}:{interaction.account}:{who}".encode()) % LANES


def take(session: Session, holder: str, now: datetime) -> dict[int, int]:
    """Take lanes on which something waits, for LEASE. Says each lane's attempts, this one counted."""
    free = or_(col(Lane.held_until).is_(None), col(Lane.held_until) < now)
    waits = exists().where(col(Inbox.lane) == col(Lane.number), col(Inbox.state) == Waiting)
    longest_ago = col(Lane.held_until).asc().nulls_first()
    chosen = select(Lane.number).where(free, waits).order_by(longest_ago, col(Lane.number)).limit(AT_ONCE)
    numbers = session.exec(chosen.with_for_update(skip_locked=True)).all()
    if not numbers:
        return {}
    mine = update(Lane).where(col(Lane.number).in_(numbers))
    taken = mine.values(holder=holder, held_until=now + LEASE, attempts=Lane.attempts + 1)
    rows = session.execute(taken.returning(col(Lane.number), col(Lane.attempts))).all()
    return {row[0]: row[1] for row in rows}


def still_mine(session: Session, numbers: Collection[int], holder: str) -> bool:
    """Whether nobody took these lanes over; locks them until the transaction ends."""
    mine = select(Lane.number).where(col(Lane.number).in_(numbers), Lane.holder == holder).with_for_update()
    return len(session.exec(mine).all()) == len(numbers)


def let_go(session: Session, numbers: Collection[int], holder: str, *, heard: bool) -> None:
    """Free the lanes. What was heard to the end starts its count anew."""
    mine = update(Lane).where(col(Lane.number).in_(numbers), col(Lane.holder) == holder)
    free = {"holder": "", "held_until": None}
    session.execute(mine.values(**free, attempts=0) if heard else mine.values(**free))
