"""The pace that a platform sets: how soon the next message may go, decided by one statement for all workers."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Float, case
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from connectors import Each, Limit, Way


class Pace(SQLModel, table=True):
    """`ready` is when the limit would be quite free again, in seconds since 1970: GCRA's theoretical arrival time."""

    key: str = Field(primary_key=True)
    ready: float = Field(sa_type=Float)


def lock(session: Session, keys: Collection[str]) -> None:
    """Hold these limits until the transaction ends, all workers in one order: else two may wait for each other."""
    if keys and session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        rows = [{"key": key, "ready": 0.0} for key in sorted(keys)]
        session.execute(postgresql.insert(Pace).values(rows).on_conflict_do_nothing())
        session.exec(select(Pace.key).where(col(Pace.key).in_(keys)).order_by(col(Pace.key)).with_for_update()).all()


def keys(platform: str, account: str, to: str, way: Way, limits: tuple[Limit, ...]) -> list[str]:
    """The limits that hold for this message."""
    return [_key(platform, account, to, limit) for limit in limits if way in limit.ways]


def wait(
    session: Session, platform: str, account: str, to: str, way: Way, limits: tuple[Limit, ...], now: datetime
) -> timedelta:
    """Take a place under every limit that holds for this message: zero, or how long the first full one asks to wait."""
    for limit in limits:
        if way in limit.ways and not _take(session, _key(platform, account, to, limit), limit, now):
            return limit.per / limit.count
    return timedelta(0)


def _key(platform: str, account: str, to: str, limit: Limit) -> str:
    whom = f"{account}:{to.split(':')[0]}" if limit.each is Each.RECIPIENT else account
    return f"{platform}:{limit.name}:{whom}"


def _take(session: Session, key: str, limit: Limit, now: datetime) -> bool:
    """The generic cell rate algorithm as one upsert: it writes a row only where there is room.

    What may go at once is taken off the pace of the rest, so that no stretch of `per` ever holds more than `count`.
    """
    burst = limit.burst or max(1, limit.count // 2)
    at, step = now.timestamp(), limit.per.total_seconds() / (limit.count - burst + 1)
    allowance = step * (burst - 1)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(Pace).values(key=key, ready=at + step)
    latest = case((col(Pace.ready) > at, col(Pace.ready)), else_=at)
    room = col(Pace.ready) <= at + allowance + 1e-6
    taken = fresh.on_conflict_do_update(index_elements=["key"], set_={"ready": latest + step}, where=room)
    return session.execute(taken.returning(col(Pace.key))).first() is not None
