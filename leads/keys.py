"""The keys with which the brand's CRM reads the leads. A key is shown once; we keep only what proves it."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update
from sqlmodel import Field, Session, SQLModel, col, select

from optin.schema import known

CHANCE = 32  # bytes, at least
NOTED_EVERY = timedelta(hours=1)  # a key's last use is no log of its uses


class ApiKey(SQLModel, table=True):
    """`prefix` names the key in lists and logs; nobody can read leads with it."""

    __tablename__ = "api_key"

    id: UUID = known()
    name: str
    prefix: str = Field(max_length=8, unique=True)
    key_hash: str = Field(max_length=64)
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


def make(session: Session, name: str, chance: bytes, now: datetime) -> str:
    """A new key, such as "ff_5d0c81aa_93f1…", from random bytes. This is the only time that it can be seen."""
    if len(chance) < CHANCE:
        raise ValueError(f"a key needs {CHANCE} random bytes")
    prefix, secret = chance[:4].hex(), chance[4:].hex()
    key = f"ff_{prefix}_{secret}"
    known_as = UUID(bytes=hashlib.sha256(b"id:" + chance).digest()[:16], version=4)
    session.add(ApiKey(id=known_as, name=name, prefix=prefix, key_hash=hash_of(key), created_at=now))
    session.flush()
    return key


def check(session: Session, key: str) -> ApiKey | None:
    """The key's row, if this is a key of ours and it still counts."""
    found = session.exec(select(ApiKey).where(ApiKey.prefix == _prefix(key))).first()
    # Compared even where nothing was found, so that the time it takes tells nothing about which prefixes exist.
    genuine = hmac.compare_digest(hash_of(key), found.key_hash if found else hash_of(""))
    return found if found and genuine and found.revoked_at is None else None


def note_use(session: Session, key_id: UUID, now: datetime) -> None:
    session.execute(update(ApiKey).where(col(ApiKey.id) == key_id, _not_noted(now)).values(last_used_at=now))


def is_noted(key: ApiKey, now: datetime) -> bool:
    """Whether the last use that we wrote down is recent enough."""
    return key.last_used_at is not None and key.last_used_at > now - NOTED_EVERY


def revoke(session: Session, beginning: str, now: datetime) -> str:
    """Let the key that begins so open nothing any more. Says how it begins, or "" where none counted."""
    prefix = _prefix(beginning)
    mine = update(ApiKey).where(col(ApiKey.prefix) == prefix, col(ApiKey.revoked_at).is_(None))
    done: Any = session.execute(mine.values(revoked_at=now))
    return f"ff_{prefix}" if done.rowcount else ""


def listed(session: Session) -> Sequence[ApiKey]:
    return session.exec(select(ApiKey).order_by(col(ApiKey.created_at))).all()


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def _prefix(key: str) -> str:
    _, _, rest = key.partition("_")
    return rest.partition("_")[0].replace("\0", "")[:8]


def _not_noted(now: datetime) -> Any:
    return or_(col(ApiKey.last_used_at).is_(None), col(ApiKey.last_used_at) <= now - NOTED_EVERY)
