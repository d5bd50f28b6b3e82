"""Codes of a shop's own list: read from its file, kept until somebody takes them, and given one by one."""

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import bindparam, func, update
from sqlmodel import Field, Session, SQLModel, col, select

from offers import stock
from offers.catalog import Offer
from offers.claims import Claim
from optin.schema import belongs_to, counted, write_all

LONGEST = 40
AT_ONCE = 500
HEADINGS = frozenset({"code", "codes", "coupon", "coupons", "code promo"})


class OfferCode(SQLModel, table=True):
    """`taken_by` is the claim that got it: one code a claim, and one claim a code."""

    __tablename__ = "offer_code"

    id: int = counted()
    offer_id: UUID = belongs_to("offer")
    code: str = Field(max_length=LONGEST, unique=True)
    taken_by: UUID | None = Field(default=None, foreign_key="claim.id", unique=True)
    added_at: datetime


class Amiss(StrEnum):
    """What can be wrong with a line of the list."""

    EMPTY = "no code"
    TOO_LONG = "too long"
    ODD_LETTERS = "a space or an unprintable letter inside"
    TWICE = "stands in the list before"
    KNOWN = "is a code already"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as it was read: its codes in their order with their lines, and what is wrong with which line."""

    codes: dict[str, int]
    faults: tuple[tuple[int, Amiss], ...]


def read(text: str) -> Listing:
    """The first column, or the one that is headed "code"; parted by commas, semicolons or tabs."""
    codes: dict[str, int] = {}
    faults: list[tuple[int, Amiss]] = []
    for line, code in _column(text.removeprefix("\ufeff")):
        amiss = _amiss(code) or (Amiss.TWICE if code in codes else None)
        if amiss:
            faults.append((line, amiss))
        else:
            codes[code] = line
    return Listing(codes, tuple(faults))


def sift(session: Session, listing: Listing) -> Listing:
    """The same list, with what is a code already, of whichever offer, among the faults."""
    there = _known(session, listing.codes)
    fresh = {code: line for code, line in listing.codes.items() if code not in there}
    again = [(line, Amiss.KNOWN) for code, line in listing.codes.items() if code in there]
    return Listing(fresh, tuple(sorted([*listing.faults, *again])))


def add(session: Session, offer: Offer, codes: Collection[str], now: datetime) -> None:
    """Put them into the offer's stock, which is from now on what is left of its list. They are given in this order."""
    taken = stock.hold(session, [offer.id])[offer.id]
    write_all(session, OfferCode, [{"offer_id": offer.id, "code": code, "added_at": now} for code in codes])
    offer.codes_listed, offer.updated_at = True, now
    offer.stock = sum(taken) + free(session, offer.id)
    session.add(offer)
    session.flush()
    stock.deal(session, offer.id, taken, offer.stock)


def free(session: Session, offer_id: UUID) -> int:
    """How many nobody has taken."""
    return session.exec(select(func.count()).where(OfferCode.offer_id == offer_id, _FREE)).one()


def take(session: Session, offer_id: UUID, claim_id: UUID) -> str:
    """The next free code; one conditional statement decides. The offer's stock has said before that there is one."""
    connection, told = session.connection(), {"offer": offer_id, "claim": claim_id}
    tries = (connection.execute(take, told).scalar() for take in _TAKE)
    return next(str(code) for code in tries if code is not None)


_FREE = col(OfferCode.taken_by).is_(None)
_NEXT = (
    sa.select(col(OfferCode.id))
    .where(col(OfferCode.offer_id) == bindparam("offer"), _FREE)
    .order_by(col(OfferCode.id))
    .limit(1)
)


def _take(code: Any) -> Any:
    taken = update(OfferCode).where(col(OfferCode.id) == code.scalar_subquery(), _FREE)
    return taken.values(taken_by=bindparam("claim")).returning(col(OfferCode.code))


# One that nobody is at, as with the lots of a stock (offers/stock.py).
_TAKE = tuple(_take(_NEXT.with_for_update(skip_locked=skips)) for skips in (True, False))


def _known(session: Session, codes: Collection[str]) -> set[str]:
    found: set[str] = set()
    every = list(codes)
    for some in (every[start : start + AT_ONCE] for start in range(0, len(every), AT_ONCE)):
        found |= set(session.exec(select(OfferCode.code).where(col(OfferCode.code).in_(some))))
        found |= {code for code in session.exec(select(Claim.code).where(col(Claim.code).in_(some))) if code}
    return found


def _column(text: str) -> Iterator[tuple[int, str]]:
    """The codes with the numbers of their lines."""
    lines = csv.reader(text.splitlines(), delimiter=_delimiter(text))
    place = 0
    for row in lines:
        names = [cell.strip().lower() for cell in row]
        if lines.line_num == 1 and not HEADINGS.isdisjoint(names):
            place = next(place for place, name in enumerate(names) if name in HEADINGS)
        elif any(names):
            yield lines.line_num, row[place].strip() if place < len(row) else ""


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _amiss(code: str) -> Amiss | None:
    if not code:
        return Amiss.EMPTY
    if len(code) > LONGEST:
        return Amiss.TOO_LONG
    return Amiss.ODD_LETTERS if " " in code or not code.isprintable() else None
