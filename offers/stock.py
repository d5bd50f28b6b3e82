"""Stock: how many of an offer are left, dealt out in lots so that a crowd of fans need not stand in one line.

A row can be changed by one transaction at a time, and on PostgreSQL the next one waits until the disk has the first. So
an offer's stock is a few rows: whoever takes one takes it from a lot that nobody else is at.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, bindparam, func, or_, update
from sqlmodel import Field, Session, SQLModel, col, select

LOTS = 16  # more than take at the same moment


class Lot(SQLModel, table=True):
    """A part of the stock. The database itself refuses to give more of it than there is."""

    __tablename__ = "stock_lot"
    __table_args__ = (CheckConstraint("0 <= taken AND (size IS NULL OR taken <= size)", name="size"),)

    offer_id: UUID = Field(primary_key=True, foreign_key="offer.id")
    number: int = Field(primary_key=True)
    size: int | None  # None: without end
    taken: int = 0


_TABLE = Lot.__table__  # type: ignore[attr-defined]
_THIS = (_TABLE.c.offer_id == bindparam("offer"), _TABLE.c.number == bindparam("lot"))
_LEFT = or_(_TABLE.c.size.is_(None), _TABLE.c.taken < _TABLE.c.size)
_WITH_ONE_LEFT = sa.select(_TABLE.c.number).where(_TABLE.c.offer_id == bindparam("offer"), _LEFT).limit(1)


def _take_from(lots: Any) -> Any:
    this = _TABLE.c.number == lots.scalar_subquery()
    one = update(_TABLE).where(_TABLE.c.offer_id == bindparam("offer"), this, _LEFT)
    return one.values(taken=_TABLE.c.taken + 1)


_TAKE = (
    # Where nobody is at, so that nobody waits.
    _take_from(_WITH_ONE_LEFT.order_by(func.random()).with_for_update(skip_locked=True)),
    # Else where somebody is, since he may give it back: in the order in which `hold` goes.
    _take_from(_WITH_ONE_LEFT.order_by(_TABLE.c.number).with_for_update()),
)


def take_one(session: Session, offer_id: UUID) -> bool:
    """Take one, or say that none is left. One conditional statement decides, so it can't be oversold."""
    connection = session.connection()
    tries: Any = (connection.execute(take, {"offer": offer_id}) for take in _TAKE)
    return any(one.rowcount for one in tries)


def hold(session: Session, offer_ids: Collection[UUID]) -> dict[UUID, list[int]]:
    """Lock the stock of these offers until the transaction ends, in one order; says how many of each lot are taken."""
    these = select(Lot.offer_id, Lot.taken).where(col(Lot.offer_id).in_(offer_ids))
    rows = session.exec(these.order_by(col(Lot.offer_id), col(Lot.number)).with_for_update()).all()
    return {offer_id: [taken for one, taken in rows if one == offer_id] for offer_id in offer_ids}


def deal(session: Session, offer_id: UUID, taken: Sequence[int], stock: int | None) -> None:
    """Share the stock out anew. Whoever calls this holds it, and what `hold` said is `taken` of each lot."""
    rows = [{"offer": offer_id, "lot": lot, "size": size} for lot, size in enumerate(sizes(taken, stock))]
    session.connection().execute(_DEAL, rows)


_DEAL = update(_TABLE).where(*_THIS).values(size=bindparam("size"))


def sizes(taken: Sequence[int], stock: int | None) -> list[int | None]:
    """How large each lot is to be: what is taken of it, and an even share of what is left."""
    if stock is None:
        return [None] * len(taken)
    share, odd = divmod(stock - sum(taken), len(taken))
    return [count + share + (lot < odd) for lot, count in enumerate(taken)]


def first_lots(offer_id: UUID, stock: int | None) -> list[dict[str, Any]]:
    """The rows of an offer of which nothing is taken."""
    return [
        {"offer_id": offer_id, "number": lot, "size": size, "taken": 0}
        for lot, size in enumerate(sizes([0] * LOTS, stock))
    ]
