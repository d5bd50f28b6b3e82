"""Offers on the shelf of a test, some of them taken already."""

from typing import Any

from sqlmodel import col, update

from bot.assembly import Bot
from offers import stock
from offers.catalog import Offer


def put(bot: Bot, columns: dict[str, Any]) -> Offer:
    """`taken` among the columns: so many of it."""
    taken = columns.pop("taken", 0)
    offer = Offer(**columns)
    with bot.transaction() as session:
        session.add(offer)
        session.flush()
        for _ in range(taken):
            stock.take_one(session, offer.id)
        session.refresh(offer)
    return offer


def sell_out(bot: Bot, offer: Offer) -> None:
    """Nothing more of it is left."""
    with bot.transaction() as session:
        taken = stock.hold(session, [offer.id])[offer.id]
        stock.deal(session, offer.id, taken, sum(taken))
        session.execute(update(Offer).where(col(Offer.id) == offer.id).values(stock=sum(taken)))
