"""The consent journal: what a fan allowed or withdrew, in which words, and how we know. Rows are only ever added."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, Session, SQLModel, col, select

from optin.schema import among, belongs_to, counted, write_all
from optin.standing import EVERYTHING, EVERYWHERE, Act, Line, Purpose, Standing
from optin.wordings import Wording

__all__ = ["EVERYTHING", "EVERYWHERE", "Act", "Consent", "Line", "Purpose", "Standing"]


_ABOUT_AUDIENCES = text("purpose = 'audiences'")  # few are, and they are looked through often


class Consent(SQLModel, table=True):
    """The database itself refuses to change a line, and lets one go only where its fan has asked to be forgotten."""

    __table_args__ = (
        CheckConstraint("act IN ('asked', 'granted', 'withdrawn')", name="act"),
        Index("ix_consent_audiences", "fan_id", postgresql_where=_ABOUT_AUDIENCES, sqlite_where=_ABOUT_AUDIENCES),
    )

    id: int = counted()
    fan_id: UUID = belongs_to("fan")
    profile_id: UUID | None = belongs_to("profile", nullable=True)
    channel: str = Field(max_length=40)  # a platform's name, "email", or "*" for all
    purpose: str = Field(max_length=40)
    act: str = Field(max_length=10)
    wording: str  # which text was shown, with its version and language
    wording_hash: str = Field(max_length=64)
    how: str  # "claim_page", "chat", "platform", "preferences", "mail", "manager", "suppression"
    place: str = ""  # where he said it: "facebook:PAGE:POST", or a page of ours
    evidence: str  # the id of what proves it: a claim, or the platform's id of what he wrote
    asked_at: datetime | None = None  # of a double opt-in: when the form was sent that this confirms
    given_at: datetime
    recorded_at: datetime


_LINE = (
    col(Consent.id), col(Consent.fan_id), col(Consent.channel), col(Consent.purpose), col(Consent.act),
    col(Consent.given_at), col(Consent.evidence),
)  # fmt: skip
_THEIRS = sa.select(*_LINE).where(among(Consent.fan_id, "fan_ids")).order_by(col(Consent.id))


def granted(
    fan_id: UUID,
    channel: str,
    wording: Wording,
    how: str,
    evidence: str,
    now: datetime,
    profile_id: UUID | None = None,
    *,
    purpose: str = Purpose.OFFERS.value,
    place: str = "",
    asked_at: datetime | None = None,
    given_at: datetime | None = None,
) -> dict[str, Any]:
    """A line that says yes, ready to be written."""
    said = _said(fan_id, profile_id, channel, purpose, Act.GRANTED, how, place, evidence, given_at or now, now)
    return said | {"wording": wording.name, "wording_hash": wording.hash, "asked_at": asked_at}


def to_be_confirmed(line: dict[str, Any]) -> dict[str, Any]:
    """The first half of a double opt-in: the same yes, which allows nothing before it is confirmed."""
    return line | {"act": Act.ASKED.value, "asked_at": line["given_at"]}


def withdrawn(
    fan_id: UUID,
    channel: str,
    how: str,
    evidence: str,
    given_at: datetime,
    now: datetime,
    profile_id: UUID | None = None,
    *,
    purpose: str = EVERYTHING,
    place: str = "",
) -> dict[str, Any]:
    """A line that says no. It needs no wording: the fan may say it in any words."""
    said = _said(fan_id, profile_id, channel, purpose, Act.WITHDRAWN, how, place, evidence, given_at, now)
    return said | {"wording": "", "wording_hash": "", "asked_at": None}


def taken_back(line: dict[str, Any]) -> dict[str, Any]:
    """A no that he takes back in his own words: he may be answered again, and no more than that."""
    return line | {"act": Act.GRANTED.value, "purpose": Purpose.SERVICE.value}


def by_whole_person(line: dict[str, Any], fan_ids: Iterable[UUID]) -> list[dict[str, Any]]:
    """The same no for each fan who is one person with who said it: so it outlives whatever unlinks them."""
    return [line | {"fan_id": fan_id} for fan_id in {line["fan_id"]: None, **dict.fromkeys(fan_ids)}]


def journal(session: Session, lines: Sequence[dict[str, Any]]) -> None:
    write_all(session, Consent, lines)


def record(session: Session, line: dict[str, Any]) -> int:
    """Write one line and say its id, for a lead to stand on."""
    row = Consent.model_validate(line)
    session.add(row)
    session.flush()
    return row.id


def entries(session: Session, fan_ids: Collection[UUID]) -> dict[UUID, list[Line]]:
    """The journal of these fans, oldest line first, in one query."""
    found: dict[UUID, list[Line]] = {}
    if fan_ids:
        for row in session.connection().execute(_THEIRS, {"fan_ids": list(fan_ids)}):
            found.setdefault(row.fan_id, []).append(Line(*row))
    return found


def of(session: Session, fan_ids: Collection[UUID]) -> list[Consent]:
    """The whole lines of these fans, oldest first."""
    return list(session.exec(select(Consent).where(col(Consent.fan_id).in_(fan_ids)).order_by(col(Consent.id))))


def last_first(said: Any = Consent) -> tuple[sa.ColumnElement[Any], ...]:
    """The order in which the last word comes first, as optin/standing.py has it."""
    withdrawn = sa.case((col(said.act) == Act.WITHDRAWN.value, 1), else_=0)
    return col(said.given_at).desc(), withdrawn.desc(), col(said.id).desc()


def as_line(row: dict[str, Any]) -> Line:
    """A line that is noted and not yet written, for whoever decides in the meantime."""
    return Line(0, row["fan_id"], row["channel"], row["purpose"], row["act"], row["given_at"], row["evidence"])


def _said(
    fan_id: UUID,
    profile_id: UUID | None,
    channel: str,
    purpose: str,
    act: Act,
    how: str,
    place: str,
    evidence: str,
    given_at: datetime,
    now: datetime,
) -> dict[str, Any]:
    return {
        "fan_id": fan_id,
        "profile_id": profile_id,
        "channel": channel,
        "purpose": purpose,
        "act": act.value,
        "how": how,
        "place": place,
        "evidence": evidence,
        "given_at": given_at,
        "recorded_at": now,
    }
