"""The catalogue: what the brand gives, to whom it may show, and in which words."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import JSON, CheckConstraint, Connection, func
from sqlalchemy.orm import column_property
from sqlmodel import Field, Session, SQLModel, and_, col, or_, select

from offers import stock
from offers.condition_rows import everybody
from offers.stock import Lot
from optin.schema import belongs_to, document, known


class State(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"


class Kind(StrEnum):
    """What is given."""

    PERCENT = "percent"
    AMOUNT = "amount"
    GIFT = "gift"
    FREE_DELIVERY = "free_delivery"
    EXCLUSIVE = "exclusive"  # something to read, hear or see


class Offer(SQLModel, table=True):
    """`texts` holds, for each language, "title", "pitch" and "terms"; `slug` stands in links that everyone may see."""

    __table_args__ = (
        CheckConstraint("state IN ('draft', 'open', 'paused')", name="state"),
        CheckConstraint("grace_days >= 0", name="grace"),
        CheckConstraint(f"kind IN ({', '.join(repr(kind.value) for kind in Kind)})", name="kind"),
        CheckConstraint("worth >= 0 AND cost >= 0", name="money"),
        CheckConstraint("fallback_id <> id", name="fallback"),
    )

    id: UUID = known()
    slug: str = Field(max_length=40, unique=True)
    name: str
    state: str = Field(default=State.DRAFT.value, max_length=10)
    value: str = ""  # "-20 %", as it is printed on the code's page
    keywords: list[str] = document()
    platforms: list[str] = document()  # empty: everywhere
    accounts: list[str] = document()
    posts: list[str] = document()
    # Of the ways in (offers/ways_in.py), by which a fan came last.
    campaigns: list[str] = Field(default_factory=list, sa_type=JSON, nullable=False)
    # What it is about, in small letters: who took it likes that.
    themes: list[str] = Field(default_factory=list, sa_type=JSON, nullable=False)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    priority: int = 0
    needs_approval: bool = True
    stock: int | None = None  # None: without end. Its lots say what of it is taken (offers/stock.py)
    code_prefix: str = Field(default="", max_length=12)
    codes_listed: bool = False  # of a shop's own list (offers/listed.py), and `stock` follows it
    grace_days: int = 0  # after its end, in which a shop still takes a code
    texts: dict[str, dict[str, str]] = document()
    # What a fan is asked who has his code (offers/questions.py), and what he gains by answering, by language.
    questions: dict[str, dict[str, str]] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    # Whom it is for: offers/condition_rows.py.
    conditions: dict[str, Any] = Field(default_factory=everybody, sa_type=JSON, nullable=False)
    kind: str = Field(default=Kind.PERCENT.value, max_length=15)
    # What one claim is worth to the brand and what it costs, in minor units of its currency. None: nobody told.
    worth: int | None = None
    cost: int | None = None
    fallback_id: UUID | None = belongs_to("offer", nullable=True, index=False)  # stands in for it where it can't be had
    created_at: datetime
    updated_at: datetime

    if TYPE_CHECKING:
        taken: int = 0


_TAKEN = sa.select(func.coalesce(func.sum(col(Lot.taken)), 0)).where(col(Lot.offer_id) == col(Offer.id))
sa.inspect(Offer).add_property("taken", column_property(_TAKEN.correlate(Offer).scalar_subquery()))


@sa.event.listens_for(Offer, "after_insert")
def _deal_out(_mapper: object, connection: Connection, offer: Offer) -> None:
    """No offer stands without its lots, by whichever door it came."""
    connection.execute(sa.insert(Lot), stock.first_lots(offer.id, offer.stock))


# Made once: it is asked for each batch that is heard.
_SHOWING = (
    select(Offer).where(Offer.state == State.OPEN.value).order_by(col(Offer.priority).desc(), col(Offer.created_at))
)


def showing(session: Session) -> Sequence[Offer]:
    """The offers that are open, whatever their dates, best first."""
    return session.exec(_SHOWING).all()


_ASKED_FOR = (
    select(Offer)
    .where(
        or_(
            Offer.state == State.OPEN.value,
            and_(Offer.state == State.PAUSED.value, col(Offer.fallback_id).is_not(None)),
        )
    )
    .order_by(col(Offer.priority).desc(), col(Offer.created_at))
)


def asked_for(session: Session) -> Sequence[Offer]:
    """The offers that are open, and those that another one stands in for."""
    return session.exec(_ASKED_FOR).all()


def stand_in(offer: Offer, known: Mapping[UUID, Offer], may_have: Callable[[Offer], bool]) -> Offer | None:
    """This offer if he may have it, else the first along its fallbacks that he may."""
    tried: set[UUID] = set()
    one: Offer | None = offer
    while one is not None and one.id not in tried and not may_have(one):
        tried.add(one.id)
        one = known.get(one.fallback_id) if one.fallback_id else None
    return one if one is not None and one.id not in tried else None


def can_be_had(offer: Offer, now: datetime) -> bool:
    return is_open(offer, now) and not is_sold_out(offer)


def out_of_reach(session: Session, offer_ids: Collection[UUID], now: datetime) -> set[UUID]:
    """Those of these offers that can't be had now."""
    if not offer_ids:
        return set()
    found = session.exec(select(Offer).where(col(Offer.id).in_(offer_ids)))
    return {offer.id for offer in found if not can_be_had(offer, now)}


def all_of_them(session: Session) -> Sequence[Offer]:
    """Drafts and paused ones, too, by name."""
    return session.exec(select(Offer).order_by(col(Offer.name), col(Offer.id))).all()


def by_slug(session: Session, slug: str) -> Offer | None:
    return session.exec(select(Offer).where(Offer.slug == slug)).first()


def is_open(offer: Offer, now: datetime) -> bool:
    """Whether it may be claimed now."""
    begun = offer.starts_at is None or offer.starts_at <= now
    return offer.state == State.OPEN.value and begun and (offer.ends_at is None or now < offer.ends_at)


def is_sold_out(offer: Offer) -> bool:
    return offer.stock is not None and offer.taken >= offer.stock


def expires_at(offer: Offer) -> datetime | None:
    """When its codes are worth nothing any more. None: never."""
    return None if offer.ends_at is None else offer.ends_at + timedelta(days=offer.grace_days)


def texts(offer: Offer, language: str) -> dict[str, str]:
    """The words of an offer in this language, or in the first that it has."""
    return offer.texts.get(language) or next(iter(offer.texts.values()), {})
