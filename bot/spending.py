"""What platforms charge: a month's budget for each account, reserved before a call: it stops before the bill."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col

MICROS = 1_000_000  # a US dollar, so that a tenth of a cent is a whole number


class Spending(SQLModel, table=True):
    """What was spent or reserved in a calendar month (UTC), in millionths of a US dollar."""

    platform: str = Field(primary_key=True, max_length=40)
    account: str = Field(primary_key=True)
    month: str = Field(primary_key=True, max_length=7)
    micros: int = Field(sa_type=BigInteger)


def reserve(
    session: Session, platform: str, account: str, cost: Decimal, budget: Decimal | None, now: datetime
) -> bool:
    """Set the money aside, or say that the month's budget doesn't reach. One statement decides."""
    if budget is None or not cost:
        return True
    _open_month(session, platform, account, now)
    room = col(Spending.micros) + _micros(cost) <= _micros(budget)
    done: Any = session.execute(
        _this_month(platform, account, now).where(room).values(micros=Spending.micros + _micros(cost))
    )
    return bool(done.rowcount)


def spend(session: Session, platform: str, account: str, cost: Decimal, now: datetime) -> None:
    """Count what a poll has cost, whatever the budget."""
    if cost:
        _open_month(session, platform, account, now)
        session.execute(_this_month(platform, account, now).values(micros=Spending.micros + _micros(cost)))


def give_back(session: Session, platform: str, account: str, cost: Decimal, now: datetime) -> None:
    """The platform took nothing, and so charges nothing."""
    if cost:
        session.execute(_this_month(platform, account, now).values(micros=Spending.micros - _micros(cost)))


def spent(session: Session, platform: str, account: str, now: datetime) -> Decimal:
    row = session.get(Spending, (platform, account, _month(now)))
    return Decimal(row.micros if row else 0) / MICROS


def _this_month(platform: str, account: str, now: datetime) -> Any:
    return update(Spending).where(
        col(Spending.platform) == platform, col(Spending.account) == account, col(Spending.month) == _month(now)
    )


def _open_month(session: Session, platform: str, account: str, now: datetime) -> None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = {"platform": platform, "account": account, "month": _month(now), "micros": 0}
    session.execute(dialect.insert(Spending).values(row).on_conflict_do_nothing())


def _month(now: datetime) -> str:
    return now.strftime("%Y-%m")


def _micros(money: Decimal) -> int:
    return int(money * MICROS)
