"""The brand's accounts: whether a platform still lets them speak, and where their polls go on."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col


class AccountState(SQLModel, table=True):
    """A row for each account that was ever paused. `paused_until` None with a reason: until a person resumes it."""

    __tablename__ = "account"

    platform: str = Field(primary_key=True, max_length=40)
    account: str = Field(primary_key=True)
    reason: str = ""
    paused_since: datetime | None = None
    paused_until: datetime | None = None


class Position(SQLModel, table=True):
    """How far a poll has come: it moves on only in the transaction that keeps the poll's last page."""

    platform: str = Field(primary_key=True, max_length=40)
    account: str = Field(primary_key=True)
    stream: str = Field(primary_key=True, max_length=40)
    position: str


_TABLE = AccountState.__table__  # type: ignore[attr-defined]
_PAUSED = sa.select(_TABLE.c.platform, _TABLE.c.account, _TABLE.c.reason, _TABLE.c.paused_until).where(
    _TABLE.c.reason != ""
)


def paused(session: Session, now: datetime) -> dict[tuple[str, str], str]:
    """The accounts that may not speak now, with the reason."""
    rows = session.connection().execute(_PAUSED)
    return {(platform, account): reason for platform, account, reason, until in rows if until is None or now < until}


def pause(
    session: Session, platform: str, account: str, reason: str, now: datetime, until: datetime | None = None
) -> None:
    """Say nothing more from this account until then; None: until a person has looked."""
    row = session.get(AccountState, (platform, account)) or AccountState(platform=platform, account=account)
    if row.reason and row.paused_until is None:
        return
    row.reason, row.paused_since, row.paused_until = reason, now, until
    session.add(row)


def resume(session: Session, platform: str, account: str) -> None:
    here = update(AccountState).where(col(AccountState.platform) == platform, col(AccountState.account) == account)
    session.execute(here.values(reason="", paused_since=None, paused_until=None))


def position(session: Session, platform: str, account: str, stream: str) -> str:
    row = session.get(Position, (platform, account, stream))
    return row.position if row else ""


def move_on(session: Session, platform: str, account: str, stream: str, to: str) -> None:
    row = session.get(Position, (platform, account, stream))
    if row is None:
        row = Position(platform=platform, account=account, stream=stream, position=to)
    row.position = to
    session.add(row)
