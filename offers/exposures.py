"""Exposures: who was chosen to be brought an offer for the first time, and whether the lot let him have it.

Whoever is held out leaves the same trace as whoever is brought it, at the same moment of the same decision: else the
two could not be compared. A person has one exposure, his first: what came later may follow from it. It holds for him
as he was known then, fan by fan, so that no later link moves anybody to the other side.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Field, Session, SQLModel, col, select

from optin.schema import belongs_to, write_all


class Exposure(SQLModel, table=True):
    """`person_id` is of whom the lot was drawn: one row for each fan who was one person with him then."""

    fan_id: UUID = Field(foreign_key="fan.id", primary_key=True)
    person_id: UUID = Field(index=True)
    offer_id: UUID = belongs_to("offer", index=False)
    held_out: bool
    at: datetime = Field(index=True)


def note(
    session: Session, person_id: UUID, fan_ids: Collection[UUID], offer_id: UUID, held_out: bool, now: datetime
) -> None:
    """Keep a person's first. Whoever calls this holds the person (`links.hold`)."""
    before = select(Exposure.fan_id).where(col(Exposure.fan_id).in_(fan_ids)).limit(1)
    if session.exec(before).first() is None:
        row = {"person_id": person_id, "offer_id": offer_id, "held_out": held_out, "at": now}
        write_all(session, Exposure, [{"fan_id": fan_id, **row} for fan_id in sorted(fan_ids)])
