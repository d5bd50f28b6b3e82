"""Erasures: who asked to be forgotten, and the keyed hashes by which we know not to begin again.

A hash is made with our secret and for one purpose alone: the tables tell nothing to whoever has them without it, and a
hash of one table is found in no other.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from optin.fans import Handle
from optin.schema import among, known

REDELIVERED = timedelta(days=8)  # WhatsApp brings again what it could not deliver for 7 days, Facebook for 36 hours
EMAIL = "email"
REDELIVERY = "redelivery"  # what a hash is for


class How(StrEnum):
    """Who asked for it."""

    FAN = "fan"  # on his own page
    PLATFORM = "platform"  # by its data-deletion callback
    MANAGER = "manager"
    RETENTION = "retention"  # nobody: its time was over


class Erasure(SQLModel, table=True):
    """Written before anything of the fan is removed: only for such a fan does the database let go of its journals."""

    fan_id: UUID = known()  # no reference: the fan will be gone
    code: str = Field(max_length=40, index=True)  # by which whoever asked may look how far it is
    how: str = Field(max_length=20)
    asked_at: datetime
    done_at: datetime | None = None
    found: bool = True  # False: a platform named somebody of whom we know nothing


class Suppression(SQLModel, table=True):
    """Nobody is solicited at this address or handle any more. `hash` is keyed: the table alone tells nothing."""

    hash: str = Field(primary_key=True, max_length=64)
    since: datetime


class Forgotten(SQLModel, table=True):
    """What an erased fan did, by the keyed hash of the platform's id: brought once more, it is let go unheard."""

    hash: str = Field(primary_key=True, max_length=64)
    until: datetime = Field(index=True)


def fingerprint(secret: str, purpose: str, *words: str) -> str:
    """HMAC-SHA256 of some words, for one purpose."""
    return hmac.new(secret.encode(), "\0".join((purpose, *words)).encode(), hashlib.sha256).hexdigest()


def key_of(secret: str, who: Handle) -> str:
    """An address is the same for every account and however it is typed; a handle is as its account sees it."""
    words = (EMAIL, "", who.handle.lower()) if who.platform == EMAIL else (who.platform, who.account, who.handle)
    return fingerprint(secret, "suppression", *words)


def instead_of(secret: str, handle: str) -> str:
    """In the place of a handle of whom only the proof of his consent is left: who asks is found by it again."""
    return f"#{fingerprint(secret, 'proof', handle.lower())}"


def begin(session: Session, fan_ids: Iterable[UUID], code: str, how: How, now: datetime) -> None:
    for fan_id in fan_ids:
        session.add(Erasure(fan_id=fan_id, code=code, how=how.value, asked_at=now))
    session.flush()


def finish(session: Session, fan_ids: Collection[UUID], now: datetime) -> None:
    session.execute(update(Erasure).where(col(Erasure.fan_id).in_(fan_ids)).values(done_at=now))


def nobody(session: Session, new_id: UUID, code: str, how: How, now: datetime) -> None:
    """Somebody asked whom we don't know: he is told so under his code."""
    session.add(Erasure(fan_id=new_id, code=code, how=how.value, asked_at=now, done_at=now, found=False))
    session.flush()


def of_code(session: Session, code: str) -> Sequence[Erasure]:
    return session.exec(select(Erasure).where(Erasure.code == code)).all()


def of_fan(session: Session, fan_id: UUID) -> Erasure | None:
    return session.get(Erasure, fan_id)


def suppress(session: Session, secret: str, handles: Iterable[Handle], now: datetime) -> None:
    """Solicit nobody here any more, even if we should meet him anew."""
    _keep(session, Suppression, [{"hash": one, "since": now} for one in {key_of(secret, who) for who in handles}])


_SUPPRESSED = sa.select(col(Suppression.hash), col(Suppression.since)).where(among(col(Suppression.hash), "hashes"))
_EXPECTED = sa.select(col(Forgotten.hash)).where(col(Forgotten.until) > sa.bindparam("now")).limit(1)


def suppressed(session: Session, secret: str, handles: Collection[Handle]) -> dict[Handle, datetime]:
    """Which of these asked to be left alone before they were forgotten, and since when: one query."""
    if not handles:
        return {}
    keys = {key_of(secret, who): who for who in handles}
    found = session.connection().execute(_SUPPRESSED, {"hashes": list(keys)})
    return {keys[one]: since for one, since in found}


def expect_again(session: Session, hashes: Collection[str], now: datetime) -> None:
    """Platforms may bring these once more; then nobody shall take them for something new."""
    _keep(session, Forgotten, [{"hash": one, "until": now + REDELIVERED} for one in hashes])


def expects_anything(session: Session, now: datetime) -> bool:
    return session.connection().execute(_EXPECTED, {"now": now}).first() is not None


def expected(session: Session, hashes: Collection[str], now: datetime) -> set[str]:
    """Which of these were done by somebody who is forgotten."""
    theirs = select(Forgotten.hash).where(col(Forgotten.hash).in_(hashes), col(Forgotten.until) > now)
    return set(session.exec(theirs)) if hashes else set()


def _keep(session: Session, table: type[SQLModel], rows: list[dict[str, object]]) -> None:
    if rows:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        session.connection().execute(dialect.insert(table.__table__).on_conflict_do_nothing(), rows)  # type: ignore[attr-defined]
