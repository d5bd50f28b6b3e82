"""What passed between a fan and us."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col, select

from optin.schema import belongs_to, counted, write_all


class Touchpoint(SQLModel, table=True):
    """One thing that a fan did or that we said. `said_by` is "fan", "bot", or who of the brand."""

    id: int = counted()
    fan_id: UUID = belongs_to("fan")
    profile_id: UUID = belongs_to("profile")
    at: datetime
    said_by: str
    kind: str = Field(max_length=40)
    text: str
    thread: str
    subject: str = Field(index=True)  # the platform's id of it, by which it is edited or removed
    inbox_id: int | None = Field(default=None)
    message_id: UUID | None = Field(default=None)


def remember(session: Session, touchpoints: Sequence[dict[str, Any]]) -> None:
    write_all(session, Touchpoint, touchpoints)


def rewrite(session: Session, fan_id: UUID, subject: str, text: str) -> None:
    """The fan changed or removed what he wrote: we keep no other text than he does."""
    session.execute(
        update(Touchpoint)
        .where(col(Touchpoint.fan_id) == fan_id, col(Touchpoint.subject) == subject, col(Touchpoint.said_by) == "fan")
        .values(text=text)
    )


def heard_as(session: Session, written: Collection[tuple[UUID, str]]) -> set[int]:
    """Where in the inbox these stand: what a fan wrote, by the platform's id of it."""
    if not written:
        return set()
    fan_ids, subjects = {fan_id for fan_id, _ in written}, {subject for _, subject in written}
    columns = (col(Touchpoint.fan_id), col(Touchpoint.subject), col(Touchpoint.inbox_id))
    theirs = sa.select(*columns).where(col(Touchpoint.fan_id).in_(fan_ids), col(Touchpoint.subject).in_(subjects))
    found = session.execute(theirs.where(col(Touchpoint.said_by) == "fan", col(Touchpoint.inbox_id).is_not(None)))
    return {row for fan_id, subject, row in found if row is not None and (fan_id, subject) in written}


def of(session: Session, fan_ids: Collection[UUID], most: int = 200) -> list[Touchpoint]:
    """The newest touchpoints of these fans, oldest first."""
    theirs = select(Touchpoint).where(col(Touchpoint.fan_id).in_(fan_ids))
    newest = theirs.order_by(col(Touchpoint.id).desc()).limit(most)
    return list(reversed(session.exec(newest).all()))
