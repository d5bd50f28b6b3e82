"""The pace that a platform sets: how soon the next message may go, counted in one place for all workers."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Float, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel

from connectors import Each, Limit, Way
from optin.schema import among


class Pace(SQLModel, table=True):
    """`ready` is when the limit would be quite free again, in seconds since 1970: GCRA's theoretical arrival time."""

    key: str = Field(primary_key=True)
    ready: float = Field(sa_type=Float)


_TABLE = Pace.__table__  # type: ignore[attr-defined]
_OPEN = {
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(),
}
_HOLD = (
    sa.select(_TABLE.c.key, _TABLE.c.ready)
    .where(among(_TABLE.c.key, "limits"))
    .order_by(_TABLE.c.key)
    .with_for_update()
)
_WRITE = sa.update(_TABLE).where(_TABLE.c.key == bindparam("limit")).values(ready=bindparam("until"))


@dataclass(slots=True)
class Paces:
    """The limits that a batch of messages meets, held until the transaction ends. Deciding on them asks nobody."""

    ready: dict[str, float]
    taken: set[str] = field(default_factory=set)

    def wait(
        self, platform: str, account: str, to: str, way: Way, limits: tuple[Limit, ...], now: datetime
    ) -> timedelta:
        """Take a place under every limit that holds for this message: zero, or how long a full one asks to wait."""
        held = [(_key(platform, account, to, limit), limit) for limit in limits if way in limit.ways]
        for key, limit in held:
            if not _has_room(self.ready[key], limit, now):
                return limit.per / limit.count
        for key, limit in held:
            self.ready[key] = max(self.ready[key], now.timestamp()) + _step(limit)
            self.taken.add(key)
        return timedelta(0)


def hold(session: Session, keys: Collection[str]) -> Paces:
    """Hold these limits until the transaction ends, all workers in one order: else two may wait for each other."""
    if not keys:
        return Paces({})
    connection = session.connection()
    held = _held(connection, keys)
    if len(held) < len(keys):  # a limit met for the first time
        connection.execute(_OPEN[connection.dialect.name], [{"key": key, "ready": 0.0} for key in sorted(keys)])
        held = _held(connection, keys)
    return Paces(held)


def _held(connection: Connection, keys: Collection[str]) -> dict[str, float]:
    return dict(connection.execute(_HOLD, {"limits": list(keys)}).all())


def taken(session: Session, platform: str, account: str, limits: tuple[Limit, ...], now: datetime) -> float:
    """How much of the account's fullest limit is taken, from 0 to 1. Nothing is held."""
    ours = {_key(platform, account, "", limit): limit for limit in limits if limit.each is Each.ACCOUNT}
    rows = session.execute(sa.select(_TABLE.c.key, _TABLE.c.ready).where(_TABLE.c.key.in_(list(ours)))) if ours else ()
    ahead: list[float] = [((ready - now.timestamp()) / _step(ours[key]) + 1) / _burst(ours[key]) for key, ready in rows]
    return min(1.0, max(0.0, *ahead, 0.0))


def write(session: Session, paces: Paces) -> None:
    """Write down which places were taken."""
    if paces.taken:
        rows = [{"limit": key, "until": paces.ready[key]} for key in sorted(paces.taken)]
        session.connection().execute(_WRITE, rows)


def keys_of(platform: str, account: str, to: str, limits: tuple[Limit, ...]) -> list[str]:
    """The limits that are counted for this recipient alone."""
    return [_key(platform, account, to, limit) for limit in limits if limit.each is Each.RECIPIENT]


def keys(platform: str, account: str, to: str, way: Way, limits: tuple[Limit, ...]) -> list[str]:
    """The limits that hold for this message."""
    return [_key(platform, account, to, limit) for limit in limits if way in limit.ways]


def _key(platform: str, account: str, to: str, limit: Limit) -> str:
    whom = f"{account}:{to.split(':')[0]}" if limit.each is Each.RECIPIENT else account
    return f"{platform}:{limit.name}:{whom}"


def _has_room(ready: float, limit: Limit, now: datetime) -> bool:
    """The generic cell rate algorithm."""
    return ready <= now.timestamp() + _step(limit) * (_burst(limit) - 1) + 1e-6


def _step(limit: Limit) -> float:
    """Seconds between two. What may go at once is taken off: so no stretch of `per` ever holds more than `count`."""
    return limit.per.total_seconds() / (limit.count - _burst(limit) + 1)


def _burst(limit: Limit) -> int:
    return limit.burst or max(1, limit.count // 2)
