"""Purchases: what a fan bought, as the shop tells it. Each order counts once, however often it is told."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, UniqueConstraint, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from leads import pipeline, redemptions
from leads.pipeline import Lead
from offers.claims import Claim
from optin import addresses, links
from optin.schema import belongs_to, known

MOST = 10**12  # in the minor unit: a typing error above it


class Purchase(SQLModel, table=True):
    """`amount` is in the currency's minor unit: 1990 is 19.90 EUR, and 1990 JPY. Whose it is, one of three says:
    the code that was used, the lead, or the hash of an e-mail address, which may become a lead's later."""

    __table_args__ = (
        UniqueConstraint("source", "order_id"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("claim_id IS NOT NULL OR lead_id IS NOT NULL OR email_hash <> ''", name="somebody"),
    )

    id: UUID = known()
    source: str = Field(max_length=40)
    order_id: str = Field(max_length=100)
    amount: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    claim_id: UUID | None = belongs_to("claim", nullable=True)
    lead_id: UUID | None = belongs_to("lead", nullable=True)
    fan_id: UUID | None = belongs_to("fan", nullable=True)  # of the code or the lead
    email_hash: str = Field(default="", max_length=64, index=True)
    at: datetime = Field(index=True)
    told_at: datetime
    told_by: str = Field(max_length=60)


Whose = Callable[[Any], ColumnElement[bool]]  # of a column of fans' ids


CLOCKS_DIFFER = timedelta(minutes=5)


class Why(StrEnum):
    """Why a purchase is not written down."""

    UNKNOWN_CODE = "unknown_code"
    UNKNOWN_LEAD = "unknown_lead"
    NOT_YET = "not_yet"  # nobody bought tomorrow
    OTHER_ORDER = "other_order"  # the same number stands for something else already


@dataclass(frozen=True, slots=True)
class Told:
    """A purchase as a shop tells it."""

    source: str
    order_id: str
    amount: int
    currency: str
    at: datetime
    code: str = ""
    lead_id: UUID | None = None
    email_hash: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """`again` where it stood there before this call, which changed nothing."""

    purchase: Purchase
    again: bool


def keep(session: Session, purchase_id: UUID, told: Told, by: str, now: datetime) -> Kept | Why:
    """Write it down once. Whoever tells it again must tell the same."""
    whose = _whose(session, told)
    if isinstance(whose, Why):
        return whose
    if told.at > now + CLOCKS_DIFFER:
        return Why.NOT_YET
    row = {
        "id": purchase_id,
        "source": told.source,
        "order_id": told.order_id,
        "amount": told.amount,
        "currency": told.currency,
        "email_hash": told.email_hash,
        "at": told.at,
        **whose,
    }
    links.hold(session, buyers := _buyers(session, row))
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(Purchase).values(row | {"told_at": now, "told_by": by}).on_conflict_do_nothing()
    session.execute(fresh)
    stands = session.exec(
        select(Purchase).where(Purchase.source == told.source, Purchase.order_id == told.order_id)
    ).one()
    if any(getattr(stands, name) != value for name, value in row.items() if name != "id"):
        return Why.OTHER_ORDER
    if stands.id == purchase_id:
        pipeline.note_deeds(session, buyers, now)
    return Kept(stands, again=stands.id != purchase_id)


def of(session: Session, fan_ids: Collection[UUID], emails: Collection[str]) -> Sequence[Purchase]:
    """What this person bought, by his fans and his addresses, oldest first."""
    his = or_(
        col(Purchase.fan_id).in_(fan_ids), col(Purchase.email_hash).in_([addresses.hash_of(one) for one in emails])
    )
    return session.exec(select(Purchase).where(his).order_by(col(Purchase.at), col(Purchase.id))).all()


def told_by_address(session: Session, email_hashes: Collection[str]) -> set[UUID]:
    """Who gave an address of which the shop knows no more than this."""
    gave = (select(table.fan_id).where(col(table.email_hash).in_(email_hashes)) for table in (Claim, Lead))
    return {fan_id for each in gave for fan_id in session.exec(each)}


def bought(*which: ColumnElement[bool], whose: Whose = lambda fan_id: fan_id.is_not(None)) -> Any:
    """Each purchase with each fan whose it is: the one of its code or lead; where only the hash of an address was
    told, whoever told us that address. `which` says of which purchases, `whose` of which fans."""
    kept: tuple[Any, ...] = (col(Purchase.id), col(Purchase.at), col(Purchase.amount), col(Purchase.currency))
    his_own = sa.select(col(Purchase.fan_id), *kept).where(whose(col(Purchase.fan_id)), *which)
    by_address = (
        sa.select(col(table.fan_id), *kept)
        .join(table, col(table.email_hash) == col(Purchase.email_hash))
        .where(col(Purchase.fan_id).is_(None), col(Purchase.email_hash) != "", whose(col(table.fan_id)), *which)
        for table in (Claim, Lead)
    )
    return sa.union(his_own, *by_address)


def _buyers(session: Session, row: Mapping[str, Any]) -> set[UUID]:
    """As `bought` has it."""
    if row["fan_id"] is not None:
        return {row["fan_id"]}
    return told_by_address(session, [row["email_hash"]])


def _whose(session: Session, told: Told) -> dict[str, Any] | Why:
    found = redemptions.look(session, told.code) if told.code else None
    if told.code and found is None:
        return Why.UNKNOWN_CODE
    lead = session.get(Lead, told.lead_id) if told.lead_id else None
    if told.lead_id and lead is None:
        return Why.UNKNOWN_LEAD
    fan_id = found.claim.fan_id if found else lead.fan_id if lead else None
    return {"claim_id": found.claim.id if found else None, "lead_id": told.lead_id, "fan_id": fan_id}
