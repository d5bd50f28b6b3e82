"""The feed of leads, page after page in the order of their changes, so that a reader can stop and go on anywhere."""

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from leads import records
from leads.pipeline import ErasedLead, Lead
from leads.records import ErasedRecord, LeadRecord
from offers.catalog import Offer
from offers.claims import Claim
from optin import consents, people

WIDTH = 8  # bytes of a revision
CURSOR = r"^([A-Za-f][A-Za-z0-9_-]{9}[AEIMQUYcgkosw048])?$"  # what those bytes look like in base64; or nothing


class BadCursor(ValueError):
    """What was given as a cursor is none of ours."""


@dataclass(frozen=True, slots=True)
class Page:
    """`next_cursor` is always there: with nothing new today, it is where to go on tomorrow."""

    leads: tuple[LeadRecord | ErasedRecord, ...]
    has_more: bool
    next_cursor: str


def page(session: Session, limit: int, cursor: str = "", updated_since: datetime | None = None) -> Page:
    """The leads that changed after this cursor, the one that changed longest ago first. Raises BadCursor.

    Revisions become visible in their order (see leads/pipeline.py), so nobody appears later behind the cursor. Who
    changes while a reader goes through the pages comes once more, further on.
    """
    after = position(cursor)
    there = session.execute(_changed(after, updated_since).limit(limit + 1)).all()
    gone = session.exec(_erased(after, updated_since).limit(limit + 1)).all()
    order = sorted([*(lead.revision for lead, _, _ in there), *(lead.revision for lead in gone)])
    last = order[:limit][-1] if order else after
    records = {lead.revision: ErasedRecord(id=lead.id, status="erased", updated_at=lead.updated_at) for lead in gone}
    shown = [row for row in there if row[0].revision <= last]
    everything = records | dict(zip((row[0].revision for row in shown), _records(session, shown), strict=True))
    return Page(tuple(everything[revision] for revision in order[:limit]), len(order) > limit, cursor_at(last))


def one(session: Session, lead_id: UUID) -> LeadRecord | None:
    rows = session.execute(_with_source().where(col(Lead.id) == lead_id)).all()
    return next(iter(_records(session, rows)), None)


def is_erased(session: Session, lead_id: UUID) -> bool:
    return session.get(ErasedLead, lead_id) is not None


def cursor_at(revision: int) -> str:
    """Opaque, so that nobody counts on what is inside."""
    return base64.urlsafe_b64encode(revision.to_bytes(WIDTH, "big")).decode().rstrip("=")


def position(cursor: str) -> int:
    """The revision after which to go on. Raises BadCursor."""
    if not re.fullmatch(CURSOR, cursor):
        raise BadCursor("this is no cursor of ours")
    return int.from_bytes(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), "big")


def _changed(after: int, updated_since: datetime | None) -> Any:
    changed = _with_source().where(col(Lead.revision) > after).order_by(col(Lead.revision))
    return changed if updated_since is None else changed.where(col(Lead.updated_at) >= updated_since)


def _erased(after: int, updated_since: datetime | None) -> Any:
    erased = select(ErasedLead).where(col(ErasedLead.revision) > after).order_by(col(ErasedLead.revision))
    return erased if updated_since is None else erased.where(col(ErasedLead.updated_at) >= updated_since)


def _with_source() -> Any:
    joined = select(Lead, Offer, Claim).outerjoin(Offer, col(Offer.id) == col(Lead.offer_id))
    return joined.outerjoin(Claim, col(Claim.id) == col(Lead.claim_id))


def _records(session: Session, rows: Collection[Any]) -> tuple[LeadRecord, ...]:
    everybody = people.load(session, {lead.fan_id for lead, _, _ in rows})
    journal = {line.id: line for line in consents.of(session, everybody)} if everybody else {}
    return tuple(records.of(lead, offer, claim, everybody[lead.fan_id], journal) for lead, offer, claim in rows)
