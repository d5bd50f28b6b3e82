"""The consent journal: what a fan allowed or withdrew, in which words, and how we know. Rows are only ever added."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from optin.schema import belongs_to, counted, write_all
from optin.wordings import Wording

EVERYWHERE = "*"


class Act(StrEnum):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class Purpose(StrEnum):
    """What a fan is asked about. An answer to his own question needs no consent, and has no purpose here."""

    OFFERS = "offers"


class Consent(SQLModel, table=True):
    __table_args__ = (CheckConstraint("act IN ('granted', 'withdrawn')", name="act"),)

    id: int = counted()
    fan_id: UUID = belongs_to("fan")
    profile_id: UUID | None = belongs_to("profile", nullable=True, index=False)
    channel: str = Field(max_length=40)  # a platform's name, "email", or "*" for all
    purpose: str = Field(max_length=40)
    act: str = Field(max_length=10)
    wording: str  # which text was shown, with its version and language
    wording_hash: str = Field(max_length=64)
    how: str  # "claim_page", "chat", "platform", "manager"
    evidence: str  # the id of what proves it: a claim, or the platform's id of what he wrote
    given_at: datetime
    recorded_at: datetime


_LINE = (
    col(Consent.fan_id),
    col(Consent.channel),
    col(Consent.purpose),
    col(Consent.act),
    col(Consent.given_at),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal, as far as deciding needs it."""

    channel: str
    purpose: str
    act: str
    given_at: datetime


def granted(
    fan_id: UUID, channel: str, wording: Wording, how: str, evidence: str, now: datetime, profile_id: UUID | None = None
) -> dict[str, Any]:
    """A line that says yes, ready to be written."""
    return {
        "fan_id": fan_id,
        "profile_id": profile_id,
        "channel": channel,
        "purpose": Purpose.OFFERS.value,
        "act": Act.GRANTED.value,
        "wording": wording.name,
        "wording_hash": wording.hash,
        "how": how,
        "evidence": evidence,
        "given_at": now,
        "recorded_at": now,
    }


def withdrawn(
    fan_id: UUID,
    channel: str,
    how: str,
    evidence: str,
    given_at: datetime,
    now: datetime,
    profile_id: UUID | None = None,
) -> dict[str, Any]:
    """A line that says no. It needs no wording: the fan may say it in any words."""
    return {
        "fan_id": fan_id,
        "profile_id": profile_id,
        "channel": channel,
        "purpose": Purpose.OFFERS.value,
        "act": Act.WITHDRAWN.value,
        "wording": "",
        "wording_hash": "",
        "how": how,
        "evidence": evidence,
        "given_at": given_at,
        "recorded_at": now,
    }


def journal(session: Session, lines: Sequence[dict[str, Any]]) -> None:
    write_all(session, Consent, lines)


def record(session: Session, line: dict[str, Any]) -> int:
    """Write one line and say its id, for a lead to stand on."""
    row = Consent.model_validate(line)
    session.add(row)
    session.flush()
    return row.id


def entries(session: Session, fan_ids: Collection[UUID]) -> dict[UUID, list[Entry]]:
    """The journal of these fans, oldest line first, in one query."""
    found: dict[UUID, list[Entry]] = {}
    if fan_ids:
        theirs = sa.select(*_LINE).where(col(Consent.fan_id).in_(fan_ids)).order_by(col(Consent.id))
        for fan_id, *line in session.execute(theirs):
            found.setdefault(fan_id, []).append(Entry(*line))
    return found


def of(session: Session, fan_id: UUID) -> list[Consent]:
    return list(session.exec(select(Consent).where(Consent.fan_id == fan_id).order_by(col(Consent.id))))


def effective(lines: Iterable[Entry], channel: str, purpose: str = Purpose.OFFERS.value) -> Act | None:
    """What holds now: the last word on this channel or on all of them; None where nothing was ever said."""
    said = [line for line in lines if line.purpose == purpose and line.channel in (channel, EVERYWHERE)]
    return Act(said[-1].act) if said else None
