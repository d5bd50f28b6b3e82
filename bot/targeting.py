"""Targeting: what managers decide about custom audiences: whom one is filled with, and that it is emptied."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from bot import audiences, changes
from bot.audiences import AudienceList
from bot.changes import Subject, What
from bot.managers import Manager
from offers.catalog import Offer


def fill(session: Session, audience_id: str, offer: Offer | None, manager: Manager, now: datetime) -> None:
    """With everybody who allows it, or of them with those for whom this offer is."""
    known = session.get(AudienceList, audience_id)
    before = _told(known.offer_id) if known and known.connected else {}
    audiences.connect(session, audience_id, offer.id if offer else None)
    after = _told(offer.id if offer else None)
    changes.record(session, manager, What.AUDIENCE_FILLED, Subject.AUDIENCE, audience_id, before, after, now)


def empty(session: Session, audience: AudienceList, manager: Manager, now: datetime) -> bool:
    """Take everybody out. False where that was decided before."""
    if not audience.connected:
        return False
    audiences.disconnect(session, audience)
    before = _told(audience.offer_id)
    changes.record(session, manager, What.AUDIENCE_EMPTIED, Subject.AUDIENCE, audience.id, before, {}, now)
    return True


def _told(offer_id: UUID | None) -> dict[str, str]:
    return {"offer": str(offer_id)} if offer_id else {"offer": ""}
