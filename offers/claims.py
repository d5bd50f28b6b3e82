"""A claim: one fan's hold on one offer, from the link that we gave to the code that he got."""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, UniqueConstraint, bindparam, case, update
from sqlalchemy.orm import aliased, attributes
from sqlmodel import Field, Session, SQLModel, col, select

from offers.catalog import Offer
from optin import addresses, links
from optin.fans import Fan
from optin.schema import Counted, among, belongs_to, known, write_all


class Step(StrEnum):
    """What the fan does next."""

    EMAIL = "email"  # tells us his e-mail address
    CONSENT = "consent"  # has his code; says whether he wants to hear from us
    DONE = "done"


class Claim(SQLModel, table=True):
    """`token_hash` is of the only word that opens the fan's page; `code` is the coupon."""

    __table_args__ = (
        UniqueConstraint("fan_id", "offer_id"),
        CheckConstraint("step IN ('email', 'consent', 'done')", name="step"),
    )

    id: UUID = known()
    fan_id: UUID = belongs_to("fan")
    profile_id: UUID = belongs_to("profile")
    offer_id: UUID = belongs_to("offer")
    token_hash: str = Field(max_length=64, unique=True)
    step: str = Field(default=Step.EMAIL.value, max_length=10)
    language: str = Field(max_length=8)
    platform: str = Field(max_length=40)
    account: str
    post: str = ""
    evidence: str = ""  # the platform's id of what the fan did
    opened_at: datetime
    email: str = ""
    email_hash: str = Field(default="", max_length=64, index=True)  # by which shops tell purchases
    name: str = ""
    code: str | None = Field(default=None, max_length=40, unique=True)
    claimed_at: datetime | None = None
    # How he came last before he took the code.
    came_by: int | None = Field(
        default=None, foreign_key="arrival.id", ondelete="SET NULL", nullable=True, index=True, sa_type=Counted
    )


def token(secret: str, claim_id: UUID) -> str:
    """The word that opens the claim's page: made from the id, so that it can be said again without being stored."""
    return hmac.new(secret.encode(), b"claim:" + claim_id.bytes, hashlib.sha256).hexdigest()[:40]


def hash_of(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


@dataclass(slots=True)
class Hold:
    """A claim as far as deciding needs it: a batch may open hundreds, and a table's row costs twenty times as much."""

    id: UUID
    fan_id: UUID
    offer_id: UUID
    step: str
    code: str | None


_HOLD = (col(Claim.id), col(Claim.fan_id), col(Claim.offer_id), col(Claim.step), col(Claim.code))


def opened(session: Session, claims: Sequence[dict[str, Any]]) -> None:
    """Write new claims."""
    write_all(session, Claim, claims)


def held(session: Session, fan_ids: Iterable[UUID]) -> list[Hold]:
    """What these fans hold, oldest first, in one query."""
    theirs = sa.select(*_HOLD).where(col(Claim.fan_id).in_(list(fan_ids))).order_by(col(Claim.opened_at))
    return [Hold(*row) for row in session.execute(theirs)]


# Made once: to build a statement takes longer than the database needs to answer it.
_OPENED_BY = col(Claim.token_hash) == bindparam("word")
_HOLDER = links.Holder(col(Fan.id).in_(sa.select(col(Claim.fan_id)).where(_OPENED_BY)))
_BEHIND = select(Claim, Offer).join(Offer, col(Offer.id) == col(Claim.offer_id)).where(_OPENED_BY)


def hold(session: Session, word: str) -> Collection[UUID]:
    """Lock the person whose claim this word opens until the transaction ends; says which fans he is."""
    return tuple(_HOLDER.hold(session, word=hash_of(word)))


def behind(session: Session, word: str) -> tuple[Claim, Offer] | None:
    """The claim that this word opens, and of what."""
    found = session.execute(_BEHIND, {"word": hash_of(word)}).first()
    return (found[0], found[1]) if found else None


# A CASE, lest PostgreSQL go through all codes, or through all claims of the offer, instead of through this person's.
_CODE = case((col(Claim.offer_id) == bindparam("offer"), col(Claim.code)))
CODE_OF = (
    sa.select(col(Claim.code))
    .where(among(Claim.fan_id, "fan_ids"), _CODE.is_not(None))
    .order_by(col(Claim.claimed_at))
    .limit(1)
)


def code_of(session: Session, fan_ids: Collection[UUID], offer_id: UUID) -> str | None:
    """The code that this person took of the offer, by whichever of his profiles."""
    return session.connection().execute(CODE_OF, {"fan_ids": fan_ids, "offer": offer_id}).scalar()


_me, _one_of_him = aliased(Fan), aliased(Fan)
_TOO_LATE = (
    sa.select(col(_one_of_him.id), col(Claim.offer_id))
    .join(Offer, col(Offer.id) == col(Claim.offer_id))
    .join(_me, col(_me.id) == col(Claim.fan_id))
    .join(_one_of_him, col(_one_of_him.person_id) == col(_me.person_id))
    .where(_OPENED_BY, col(Claim.code).is_(None), col(Offer.taken) >= col(Offer.stock))
)


def too_late(session: Session, word: str) -> bool:
    """Whether nothing is left for whom this word is: nobody needs to wait for his turn to hear that."""
    rows = session.connection().execute(_TOO_LATE, {"word": hash_of(word)}).all()
    return bool(rows) and code_of(session, [row.id for row in rows], rows[0].offer_id) is None


def to_be_given(session: Session, person_ids: Collection[UUID]) -> Sequence[UUID]:
    """The offers of which one of these people gets his code as soon as we have his address."""
    theirs = select(Claim.offer_id).join(Fan, col(Fan.id) == col(Claim.fan_id)).where(Claim.step == Step.EMAIL.value)
    return session.exec(theirs.where(col(Fan.person_id).in_(person_ids)).distinct()).all()


def newest_with_email(session: Session, fan_ids: Collection[UUID]) -> Claim | None:
    """The last claim on which one of these fans told an address."""
    told = select(Claim).where(col(Claim.fan_id).in_(fan_ids), Claim.email != "")
    return session.exec(told.order_by(col(Claim.opened_at).desc(), col(Claim.id).desc()).limit(1)).first()


_TABLE = Claim.__table__  # type: ignore[attr-defined]
_SETTLED = ("email", "email_hash", "code", "claimed_at", "step", "came_by")
_SETTLE = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("row"), _TABLE.c.code.is_(None))
    .values({name: bindparam(name) for name in _SETTLED})
)


def settle(session: Session, claim: Claim, email: str, code: str, came_by: int | None, now: datetime) -> None:
    """Give the code, once. Raises where it has one: then somebody took it without waiting for his turn."""
    told: dict[str, Any] = {
        "email": email, "email_hash": addresses.hash_of(email), "code": code, "claimed_at": now,
        "step": Step.CONSENT.value, "came_by": came_by,
    }  # fmt: skip
    first: Any = session.connection().execute(_SETTLE, told | {"row": claim.id})
    if not first.rowcount:
        raise RuntimeError("a claim was given two codes")
    _now(claim, told)


_JOIN = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("row"), _TABLE.c.step == Step.EMAIL.value)
    .values({name: bindparam(name) for name in ("email", "email_hash", "step")})
)


def join(session: Session, claim: Claim, email: str) -> bool:
    """The same person has his code by another profile: this claim gets none, and goes on to its next step. False where
    it is there already."""
    told = {"email": email, "email_hash": addresses.hash_of(email), "step": Step.CONSENT.value}
    moved: Any = session.connection().execute(_JOIN, told | {"row": claim.id})
    if moved.rowcount:
        _now(claim, told)
    return bool(moved.rowcount)


def _now(claim: Claim, told: dict[str, Any]) -> None:
    """The claim in hand is as the table has it."""
    for name, value in told.items():
        attributes.set_committed_value(claim, name, value)


def finish(session: Session, claim: Claim) -> None:
    """The fan has said whether he wants to hear from us."""
    claim.step = Step.DONE.value
    session.add(claim)
    session.flush()
