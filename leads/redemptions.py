"""Redeeming: a shop takes a code, once. Whoever asks again hears what was said the first time, or who was faster."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, Session, SQLModel, col, select

from leads import pipeline
from offers import catalog, coupons
from offers.catalog import Offer
from offers.claims import Claim
from optin import links
from optin.schema import belongs_to, known

_HOLDS = text("undone_at IS NULL")


class Redemption(SQLModel, table=True):
    """`by` is the manager or the API key; `key` the word by which a till that asks again is known, if it named one."""

    __table_args__ = (
        Index("uq_redemption_claim_id", "claim_id", unique=True, sqlite_where=_HOLDS, postgresql_where=_HOLDS),
        Index("uq_redemption_by_key", "by", "key", unique=True),
    )

    id: UUID = known()
    claim_id: UUID = belongs_to("claim")
    by: str = Field(max_length=60)
    key: str | None = Field(default=None, max_length=255)
    place: str = Field(default="", max_length=80)  # which till or shop, as it calls itself
    at: datetime
    undone_at: datetime | None = None


class Why(StrEnum):
    """Why a code is not taken."""

    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"
    OTHER_CODE = "other_code"  # the same idempotency key came with another code before


@dataclass(frozen=True, slots=True)
class Found:
    """A code that we gave: by whom it may have been used, and until when it counts."""

    claim: Claim
    offer: Offer
    used: Redemption | None
    expires_at: datetime | None

    def against(self, now: datetime) -> Why | None:
        """What speaks against taking it."""
        if self.used is not None:
            return Why.USED
        return Why.EXPIRED if self.expires_at is not None and self.expires_at <= now else None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """`again` where it was so before this call, which changed nothing."""

    redemption: Redemption
    found: Found
    again: bool


@dataclass(frozen=True, slots=True)
class NotRedeemed:
    why: Why
    found: Found | None = None


def look(session: Session, code: str) -> Found | None:
    """What we know of this code. Ours are found however they are typed, a shop's own as they stand in its list."""
    typed = code.strip()
    claims = session.exec(select(Claim).where(col(Claim.code).in_(_readings(typed)))).all()
    claim = next(iter(sorted(claims, key=lambda one: one.code != typed)), None)
    return None if claim is None else _found(session, claim)


def _readings(typed: str) -> set[str]:
    return {typed, typed.upper(), coupons.as_given(typed)}


def of(session: Session, redemption: Redemption) -> Found:
    """What was redeemed."""
    return _found(session, session.get_one(Claim, redemption.claim_id))


def is_slip(code: str) -> bool:
    """Whether this looks like a code of ours with a letter wrong: then it needs no looking up."""
    letters = re.split(r"[\W_]+", code.strip())[-2:]
    return [len(part) for part in letters] == [coupons.BODY, 1] and not coupons.is_wellformed(coupons.as_given(code))


def redeem(
    session: Session, redemption_id: UUID, code: str, by: str, now: datetime, key: str | None = None, place: str = ""
) -> Redeemed | NotRedeemed:
    """Take the code. The same asker gets the same answer, by his key or else by the code."""
    before = _by_key(session, by, key) if key is not None else None
    found = _found(session, session.get_one(Claim, before.claim_id)) if before else look(session, code)
    if found is None:
        return NotRedeemed(Why.UNKNOWN)
    if before is not None:
        same = found.claim.code in _readings(code.strip())
        return Redeemed(before, found, again=True) if same else NotRedeemed(Why.OTHER_CODE)
    # Persons first, as whoever claims does. Two tills at once: the second waits, and then sees what the first did.
    links.hold(session, [found.claim.fan_id])
    session.refresh(found.claim, with_for_update={"key_share": True})
    found = _found(session, found.claim)
    used = found.used
    if used is not None and used.by == by and key in (None, used.key):
        return Redeemed(used, found, again=True)
    if against := found.against(now):
        return NotRedeemed(against, found)
    redemption = Redemption(id=redemption_id, claim_id=found.claim.id, by=by, key=key, place=place, at=now)
    session.add(redemption)
    session.flush()
    pipeline.note_deeds(session, [found.claim.fan_id], now)
    return Redeemed(redemption, found, again=False)


def undo(session: Session, redemption: Redemption, now: datetime) -> bool:
    """It was a slip: the code is good again. False where it was undone before."""
    fan_id = session.get_one(Claim, redemption.claim_id).fan_id
    links.hold(session, [fan_id])
    session.refresh(redemption, with_for_update=True)
    if redemption.undone_at is not None:
        return False
    redemption.undone_at = now
    session.add(redemption)
    session.flush()
    pipeline.note_deeds(session, [fan_id], now)
    return True


def _found(session: Session, claim: Claim) -> Found:
    offer = session.get_one(Offer, claim.offer_id)
    used = session.exec(
        select(Redemption).where(Redemption.claim_id == claim.id, col(Redemption.undone_at).is_(None))
    ).first()
    return Found(claim, offer, used, catalog.expires_at(offer))


def _by_key(session: Session, by: str, key: str) -> Redemption | None:
    return session.exec(select(Redemption).where(Redemption.by == by, Redemption.key == key)).first()
