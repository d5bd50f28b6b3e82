"""Arms: how often each offer was brought to people of a segment on a channel, and how often it was taken.

What answered a wish is counted apart: who asks takes far more often than who is brought something.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint
from sqlmodel import Field, Session, SQLModel, col

from offers.beliefs import FIRST_ASKED, FIRST_MEAN, Beliefs, Tally
from optin.schema import write_all


class Arm(SQLModel, table=True):
    """Worked out anew from messages and claims (bot/learning.py), so nothing is lost with it."""

    __table_args__ = (CheckConstraint("0 <= claimed AND claimed <= shown", name="counts"),)

    offer_id: UUID = Field(primary_key=True, foreign_key="offer.id")
    channel: str = Field(primary_key=True, max_length=40)
    segment: str = Field(primary_key=True, max_length=20)
    asked: bool = Field(primary_key=True)
    shown: int
    claimed: int


def beliefs(session: Session, *, asked: bool = False) -> Beliefs:
    """What follows from all that was counted, of what was brought unasked or of what answered a wish."""
    columns = sa.select(*map(col, (Arm.offer_id, Arm.channel, Arm.segment, Arm.shown, Arm.claimed)))
    rows = session.execute(columns.where(col(Arm.asked) == asked))
    counted = {(str(offer), channel, segment): Tally(shown, took) for offer, channel, segment, shown, took in rows}
    return Beliefs(counted, FIRST_ASKED if asked else FIRST_MEAN)


def replace(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    """Let these counts stand in the place of the old ones."""
    session.execute(sa.delete(Arm))
    write_all(session, Arm, list(rows))
