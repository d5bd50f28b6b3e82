"""Confirmations: the second half of a double opt-in. A yes on a form counts once the address itself has said so."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import Field, Session, SQLModel, col, select

from optin.schema import Counted, belongs_to, known

VALID = timedelta(hours=72)  # the usual proof expires in one to three days
KEPT = timedelta(days=30)  # who did not confirm by then never will
MOST = 2  # mails to one address in KEPT: who did not answer the second does not want to


class Confirmation(SQLModel, table=True):
    """What was asked of an address. `wording` names the text that was ticked, `asked_id` its line in the journal."""

    id: UUID = known()
    fan_id: UUID = belongs_to("fan")
    profile_id: UUID = belongs_to("profile")
    claim_id: UUID = Field(index=True)  # no reference: claims stand to the left of this room
    asked_id: int = Field(foreign_key="consent.id", sa_type=Counted, index=True)
    email: str = Field(index=True)
    wording: str
    asked_at: datetime
    confirmed_at: datetime | None = None


def may_ask(session: Session, email: str, now: datetime) -> bool:
    """Whether this address may be asked once more: nobody's mailbox is filled by whoever types its address."""
    lately = select(func.count()).where(Confirmation.email == email, col(Confirmation.asked_at) > now - KEPT)
    return session.exec(lately).one() < MOST


def is_open(asked: Confirmation, now: datetime) -> bool:
    return asked.confirmed_at is None and now < asked.asked_at + VALID


def confirm(session: Session, confirmation_id: UUID, now: datetime) -> bool:
    """Take the word, once. False where a click was faster."""
    open_still = update(Confirmation).where(
        col(Confirmation.id) == confirmation_id, col(Confirmation.confirmed_at).is_(None)
    )
    return bool(session.execute(open_still.values(confirmed_at=now)).rowcount)  # type: ignore[attr-defined]


def of_claim(session: Session, claim_id: UUID) -> Confirmation | None:
    """The last that was asked for this claim."""
    its = select(Confirmation).where(Confirmation.claim_id == claim_id)
    return session.exec(its.order_by(col(Confirmation.asked_at).desc()).limit(1)).first()
