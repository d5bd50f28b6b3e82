"""The community managers who may sign in to the panel, and how often somebody may try to be one."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import CheckConstraint, delete, func, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from optin.schema import known

SHORTEST_PASSWORD = 10  # characters
LONGEST_PASSWORD = 1000

FREE_TRIES_EMAIL = 5
FREE_TRIES_ADDRESS = 20  # an office often has one address for all
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)  # longer, and a stranger could keep a manager out for good
FORGOTTEN = timedelta(hours=24)

# Of no known password. Who is unknown has it checked all the same, so that an answer takes as long for anybody.
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$u5EZ9rwqRQzg/I3x+kOV7A$Npb4wrWpQ1prI2SRTNQLGTXTgwmLUZl4dg3/9yiFUiw"

_hasher = PasswordHasher()
_two_at_once = threading.BoundedSemaphore(2)  # each check takes 64 MB


class Manager(SQLModel, table=True):
    __table_args__ = (CheckConstraint("email = lower(email)", name="email"),)

    id: UUID = known()
    email: str = Field(max_length=254, unique=True)
    name: str
    password_hash: str
    language: str = Field(max_length=8)
    active: bool = True
    created_at: datetime

    @property
    def stamp(self) -> str:
        """Changes with the password, so that a new one ends every session of the old."""
        return hashlib.sha256(self.password_hash.encode()).hexdigest()[:16]


class SignInTry(SQLModel, table=True):
    """How often somebody tried of late, for an e-mail address and for a network address; both only as hashes."""

    __tablename__ = "sign_in_try"

    key: str = Field(primary_key=True, max_length=64)
    tries: int
    free_at: datetime
    last_at: datetime = Field(index=True)


class Unfit(StrEnum):
    """Why a manager can't be added, or a password not be taken."""

    EMAIL_ODD = "email_odd"
    EMAIL_TAKEN = "email_taken"
    TOO_SHORT = "password_short"
    TOO_LONG = "password_long"


@dataclass(frozen=True, slots=True)
class Limited:
    """One of the things for which tries are counted."""

    key: str
    free_tries: int


def add(
    session: Session, manager_id: UUID, email: str, name: str, password: str, language: str, now: datetime
) -> Manager | Unfit:
    """A new manager, unless something speaks against it."""
    email = plain(email)
    unfit = _email_unfit(session, email) or password_unfit(password)
    if unfit:
        return unfit
    manager = Manager(
        id=manager_id,
        email=email,
        name=name.strip() or email,
        password_hash=_hasher.hash(password),
        language=language,
        created_at=now,
    )
    session.add(manager)
    session.flush()
    return manager


def change_password(session: Session, manager_id: UUID, password: str) -> Unfit | None:
    """A new password for this manager. All his sessions end with the old one."""
    unfit = password_unfit(password)
    if unfit is None:
        mine = update(Manager).where(col(Manager.id) == manager_id)
        session.execute(mine.values(password_hash=_hasher.hash(password)))
    return unfit


def deactivate(session: Session, email: str) -> bool:
    """Let nobody sign in with this address any more. What he did stays his."""
    manager = by_email(session, email)
    if manager is not None:
        manager.active = False
        session.add(manager)
    return manager is not None


def knock(session: Session, email: str, address: str, now: datetime) -> timedelta:
    """Count one more try to sign in: zero, or how long he has to wait before he may."""
    session.execute(delete(SignInTry).where(col(SignInTry.last_at) < now - FORGOTTEN))
    limits = _limits(email, address)
    rows = [_locked(session, limit.key, now) for limit in limits]
    longest = max(row.free_at for row in rows) - now
    if longest > timedelta(0):
        return longest
    for limit, row in zip(limits, rows, strict=True):
        row.tries, row.last_at = row.tries + 1, now
        row.free_at = now + wait_after(row.tries, limit.free_tries)
        session.add(row)
    return timedelta(0)


def wait_after(tries: int, free_tries: int) -> timedelta:
    """How long to wait after so many tries: nothing at first, then twice as long each time, up to the longest wait."""
    if tries < free_tries:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(tries - free_tries, 20)), LONGEST_WAIT)


def opens(manager: Manager | None, password: str) -> bool:
    """Whether this is his password. Slow on purpose: never inside a transaction."""
    kept = manager.password_hash if manager else NOBODYS
    with _two_at_once:
        try:
            return _hasher.verify(kept, password[:LONGEST_PASSWORD]) and manager is not None
        except (VerificationError, InvalidHashError):
            return False


def welcome(session: Session, email: str, address: str, now: datetime) -> None:
    """He is in: his own tries are forgotten, and this one is not held against the address."""
    of_email, of_address = _limits(email, address)
    session.execute(delete(SignInTry).where(col(SignInTry.key) == of_email.key))
    here = update(SignInTry).where(col(SignInTry.key) == of_address.key, col(SignInTry.tries) > 0)
    session.execute(here.values(tries=SignInTry.tries - 1, free_at=now))


def by_email(session: Session, email: str) -> Manager | None:
    """The manager with this address, if he may still sign in."""
    return session.exec(select(Manager).where(Manager.email == plain(email), col(Manager.active))).first()


def by_id(session: Session, manager_id: UUID) -> Manager | None:
    manager = session.get(Manager, manager_id)
    return manager if manager and manager.active else None


def names(session: Session) -> dict[UUID, str]:
    return dict(session.exec(select(Manager.id, Manager.name)).all())


def everyone(session: Session) -> Sequence[Manager]:
    return session.exec(select(Manager).order_by(col(Manager.created_at))).all()


def anyone(session: Session) -> bool:
    return bool(session.exec(select(func.count()).select_from(Manager)).one())


def plain(email: str) -> str:
    return email.strip().lower()[:254]


def password_unfit(password: str) -> Unfit | None:
    if len(password) < SHORTEST_PASSWORD:
        return Unfit.TOO_SHORT
    return Unfit.TOO_LONG if len(password) > LONGEST_PASSWORD else None


def _email_unfit(session: Session, email: str) -> Unfit | None:
    before, at, after = email.partition("@")
    if not (before and at and after) or any(letter.isspace() for letter in email):
        return Unfit.EMAIL_ODD
    taken = session.exec(select(Manager.id).where(Manager.email == email)).first()
    return Unfit.EMAIL_TAKEN if taken else None


def _limits(email: str, address: str) -> tuple[Limited, Limited]:
    return (
        Limited(_key(f"email:{plain(email)}"), FREE_TRIES_EMAIL),
        Limited(_key(f"address:{address}"), FREE_TRIES_ADDRESS),
    )


def _key(what: str) -> str:
    return hashlib.sha256(what.encode(errors="surrogatepass")).hexdigest()


def _locked(session: Session, key: str, now: datetime) -> SignInTry:
    """The row of this key, held until the transaction ends, so that tries at the same moment are counted one by one."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    fresh = {"key": key, "tries": 0, "free_at": now, "last_at": now}
    session.execute(dialect.insert(SignInTry).values(fresh).on_conflict_do_nothing())
    return session.exec(select(SignInTry).where(SignInTry.key == key).with_for_update()).one()
