"""The journal of how fans want to be written to. Rows are only ever added."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from optin.choices import (
    READERS,
    About,
    Entry,
    Preferences,
    anew,
    as_json,
    effective,
    fewer,
    from_json,
    merged,
    steps,
)
from optin.hours import next_time
from optin.schema import among, belongs_to, counted, write_all

__all__ = [
    "About",
    "Entry",
    "Preference",
    "Preferences",
    "anew",
    "as_json",
    "effective",
    "entries",
    "fewer",
    "from_json",
    "had_he_not_said",
    "merged",
    "next_time",
    "of",
    "record",
    "said",
    "steps",
]


class Preference(SQLModel, table=True):
    __table_args__ = (
        CheckConstraint(f"what IN ({', '.join(repr(about.value) for about in About)})", name="what"),
        CheckConstraint("how IN ('chat', 'page', 'claim_page', 'manager')", name="how"),
    )

    id: int = counted()
    fan_id: UUID = belongs_to("fan")
    profile_id: UUID | None = belongs_to("profile", nullable=True)
    what: str = Field(max_length=20)
    value: str = Field(max_length=200)
    how: str = Field(max_length=20)
    evidence: str  # the id of what proves it: what he wrote, or the page that he sent
    given_at: datetime
    recorded_at: datetime


_LINE = (col(Preference.id), col(Preference.what), col(Preference.value), col(Preference.recorded_at))


def said(
    fan_id: UUID,
    what: str,
    value: str,
    how: str,
    evidence: str,
    given_at: datetime,
    now: datetime,
    profile_id: UUID | None = None,
) -> dict[str, Any]:
    """A line of the journal, ready to be written. Raises ValueError where nobody could act on its value."""
    READERS[About(what)](value)
    return {
        "fan_id": fan_id,
        "profile_id": profile_id,
        "what": what,
        "value": value,
        "how": how,
        "evidence": evidence,
        "given_at": given_at,
        "recorded_at": now,
    }


def record(session: Session, lines: Sequence[dict[str, Any]]) -> None:
    write_all(session, Preference, lines)


def entries(session: Session, fan_ids: Collection[UUID]) -> dict[UUID, list[Entry]]:
    """The journal of these fans, oldest line first, in one query."""
    found: dict[UUID, list[Entry]] = {}
    if fan_ids:
        theirs = sa.select(col(Preference.fan_id), *_LINE).where(among(Preference.fan_id, fan_ids))
        for fan_id, *line in session.execute(theirs.order_by(col(Preference.id))):
            found.setdefault(fan_id, []).append(Entry(*line))
    return found


def had_he_not_said(session: Session, fan_ids: Collection[UUID], evidence: str) -> Preferences:
    """What would hold for this person without what he said there."""
    theirs = sa.select(*_LINE).where(col(Preference.fan_id).in_(fan_ids), col(Preference.evidence) != evidence)
    return effective(Entry(*line) for line in session.execute(theirs.order_by(col(Preference.id))))


def of(session: Session, fan_id: UUID) -> list[Preference]:
    return list(session.exec(select(Preference).where(Preference.fan_id == fan_id).order_by(col(Preference.id))))
