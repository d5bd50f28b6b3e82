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
HEADINGS = frozenset({"code", "codes", "coupon", "coupons", "voucher", "vouchers", "code promo"})


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


class Unread(StrEnum):
    """Why no codes can be read from a list at all."""

    NO_CODE = "no code was found in the file: it has to hold one on each line"
    NO_HEADING = 'the first line names its columns, and none of them "code": head the column of codes "code"'


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as it was read: its codes in their order with their lines, and what is wrong with which line."""

    codes: dict[str, int]
    faults: tuple[tuple[int, Amiss], ...]


def unread(text: str) -> Unread | None:
    """Several columns of which the first line only has names would give names and numbers instead of codes."""
    rows = _rows(text)
    headed = bool(rows) and _headed(rows[0][1]) is not None
    if len(rows) == headed:
        return Unread.NO_CODE
    return Unread.NO_HEADING if not headed and _is_a_heading(rows[0][1]) else None


def read(text: str) -> Listing:
    """The first column, or the one that is headed "code"; parted by commas, semicolons or tabs."""
    codes: dict[str, int] = {}
    faults: list[tuple[int, Amiss]] = []
    for line, code in _column(text):
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
    rows = _rows(text)
    headed = _headed(rows[0][1]) if rows else None
    place = headed or 0
    for line, row in rows if headed is None else rows[1:]:
        yield line, row[place] if place < len(row) else ""


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The lines on which something stands, with their numbers."""
    text = text.removeprefix("\ufeff")
    lines = csv.reader(text.splitlines(), delimiter=_delimiter(text))
    rows = [(lines.line_num, [cell.strip() for cell in row]) for row in lines]
    return [(line, row) for line, row in rows if any(row)]


def _headed(first: list[str]) -> int | None:
    """Which column is headed "code", if one is."""
    return next((place for place, name in enumerate(first) if name.lower() in HEADINGS), None)


def _is_a_heading(first: list[str]) -> bool:
    """A lone column may be of codes without a digit; beside others that is hardly a code."""
    return len([cell for cell in first if cell]) > 1 and not any(letter.isdigit() for letter in first[0])


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _amiss(code: str) -> Amiss | None:
    if not code:
        return Amiss.EMPTY
    if len(code) > LONGEST:
        return Amiss.TOO_LONG
    return Amiss.ODD_LETTERS if " " in code or not code.isprintable() else None
