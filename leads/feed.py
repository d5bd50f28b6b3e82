"""The feed of leads, page after page in the order of their changes, so that a reader can stop and go on anywhere."""

import base64
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from leads import deeds, pipeline, records
from leads.pipeline import ErasedLead, Lead
from leads.records import Record, Told
from offers import arrivals
from offers.catalog import Offer
from offers.claims import Claim
from optin import consents, people
from optin.people import Person

Leads = Mapping[UUID, Sequence[Lead]]  # by person
WIDTH = 8  # bytes of a revision
CURSOR = r"^([A-Za-f][A-Za-z0-9_-]{9}[AEIMQUYcgkosw048])?$"  # what those bytes look like in base64; or nothing


class BadCursor(ValueError):
    """What was given as a cursor is none of ours."""


class AheadOfUs(ValueError):
    """This cursor was given by a later state of the database: it was brought back from a backup since."""


@dataclass(frozen=True, slots=True)
class Page:
    """`next_cursor` is always there: with nothing new today, it is where to go on tomorrow."""

    leads: tuple[Record, ...]
    has_more: bool
    next_cursor: str


def page(
    session: Session, limit: int, cursor: str = "", updated_since: datetime | None = None, until: str = ""
) -> Page:
    """The leads that changed after this cursor, the one that changed longest ago first. Raises BadCursor
    and AheadOfUs.

    Revisions become visible in their order (see leads/pipeline.py), so nobody appears later behind the cursor. Who
    changes while a reader goes through the pages comes once more, further on.
    """
    after = position(cursor)
    # Known before anything is read: what commits between our queries is beyond it, and comes on the next page whole.
    last = position(until or end(session, cursor))
    begins = {table: _begin(session, table, after, last, updated_since) for table in (Lead, ErasedLead)}
    there = session.execute(_changed(_with_source(), Lead, begins, last, updated_since).limit(limit + 1)).all()
    gone = session.exec(_changed(select(ErasedLead), ErasedLead, begins, last, updated_since).limit(limit + 1)).all()
    order = sorted([*(lead.revision for lead, _, _ in there), *(lead.revision for lead in gone)])
    nothing_new = after if updated_since is None else last  # who asked for a time has no use for what is before it
    read = order[:limit][-1] if order else nothing_new
    found = _records(session, [row for row in there if row[0].revision <= read])
    found |= {lead.revision: records.erased(lead) for lead in gone}
    shown = (found[revision] for revision in order[:limit] if revision in found)
    return Page(tuple(shown), len(order) > limit, cursor_at(read))


def one(session: Session, lead_id: UUID) -> Record | None:
    """This lead, as the feed shows him."""
    gone = session.get(ErasedLead, lead_id)
    if gone is not None:
        return records.erased(gone)
    rows = session.execute(_with_source().where(col(Lead.id) == lead_id)).all()
    return next(iter(_records(session, rows).values()), None)


def end(session: Session, after: str = "") -> str:
    """The cursor behind everything that is there by now. Raises AheadOfUs where `after` is further still."""
    last = pipeline.last_revision(session)
    if position(after) > last:
        raise AheadOfUs
    return cursor_at(last)


def cursor_at(revision: int) -> str:
    """Opaque, so that nobody counts on what is inside."""
    return base64.urlsafe_b64encode(revision.to_bytes(WIDTH, "big")).decode().rstrip("=")


def position(cursor: str) -> int:
    """The revision after which to go on. Raises BadCursor."""
    if not re.fullmatch(CURSOR, cursor):
        raise BadCursor("this is no cursor of ours")
    return int.from_bytes(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), "big")


def _begin(session: Session, table: Any, after: int, last: int, updated_since: datetime | None) -> int:
    """The revision after which there is something to look at. Times follow the revisions closely, but not exactly: so
    the first of all that changed since then counts, and not the one that the times say was first."""
    revision, changed_at = col(table.revision), col(table.updated_at)
    next_one = select(changed_at).where(revision > after).order_by(revision).limit(1)
    if updated_since is None or (session.exec(next_one).first() or updated_since) >= updated_since:
        return after
    # "+ 0" keeps databases from going through the revisions from the lowest up, past all that is older.
    first = select(func.min(revision + 0)).where(revision > after, changed_at >= updated_since)
    found = session.exec(first).one()
    return last if found is None else found - 1


def _changed(asked: Any, table: Any, begins: Mapping[Any, int], last: int, updated_since: datetime | None) -> Any:
    revision = col(table.revision)
    changed = asked.where(revision > begins[table], revision <= last).order_by(revision)
    return changed if updated_since is None else changed.where(col(table.updated_at) >= updated_since)


def _with_source() -> Any:
    joined = select(Lead, Offer, Claim).outerjoin(Offer, col(Offer.id) == col(Lead.offer_id))
    return joined.outerjoin(Claim, col(Claim.id) == col(Lead.claim_id))


def _records(session: Session, rows: Collection[Any]) -> dict[int, Record]:
    """By revision. Who was erased since the rows were read is left out: he comes once more, as erased."""
    everybody = people.load(session, {lead.fan_id for lead, _, _ in rows})
    journal = {line.id: line for line in consents.of(session, everybody)} if everybody else {}
    whole = {one for one, person in everybody.items() if all(line.id in journal for line in person.lines)}
    leads = _leads_of(session, {lead.fan_id: lead for lead, _, _ in rows}, everybody)
    did = deeds.of(session, everybody)
    came = arrivals.told(session, {one for row in rows for one in _touches(*row) if one is not None})

    def told(lead: Lead, offer: Offer | None, claim: Claim | None) -> Told:
        person = everybody[lead.fan_id]
        first, last = (came.get(one) if one is not None else None for one in _touches(lead, offer, claim))
        return Told(lead, offer, claim, person, leads[person.id], did[person.id], first, last)

    return {row[0].revision: records.of(told(*row), journal) for row in rows if row[0].fan_id in whole}


def _touches(lead: Lead, _offer: Offer | None, claim: Claim | None) -> tuple[int | None, int | None]:
    """How he came first, and how he came last before he took the code."""
    return lead.came_first, claim.came_by if claim else None


def _leads_of(session: Session, shown: Mapping[UUID, Lead], everybody: Mapping[UUID, Person]) -> Leads:
    """All leads of each person, the oldest first: he goes on under the first that may go out."""
    others = [fan_id for fan_id in everybody if fan_id not in shown]
    rest = session.exec(select(Lead).where(col(Lead.fan_id).in_(others))).all() if others else []
    found: dict[UUID, list[Lead]] = {}
    for lead in sorted([*shown.values(), *rest], key=lambda lead: (lead.created_at, lead.id)):
        if lead.fan_id in everybody:
            found.setdefault(everybody[lead.fan_id].id, []).append(lead)
    return found
