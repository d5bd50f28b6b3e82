"""Letters: what an endpoint is told, made at the moment of sending from what may be told by then."""

from typing import Any

from sqlmodel import Session, col, select

from leads import feed
from leads.hooks import Delivery, Event
from leads.pipeline import Lead
from offers.catalog import Offer
from offers.claims import Claim


def of(session: Session, delivery: Delivery) -> dict[str, Any]:
    """In the shape that Standard Webhooks asks for. Of a lead it says what the feed says, and nothing beside it."""
    match delivery.event:
        case Event.TEST:
            told: dict[str, Any] = {}
        case Event.OFFER_CLAIMED:
            told = _claimed(session, delivery)
        case _:
            told = _lead(session, delivery) or {"id": str(delivery.lead_id)}
    return {"type": delivery.event, "timestamp": delivery.at.isoformat(), "data": told}


def _lead(session: Session, delivery: Delivery) -> dict[str, Any] | None:
    found = feed.one(session, delivery.lead_id) if delivery.lead_id else None
    return found.model_dump(mode="json") if found else None


def _claimed(session: Session, delivery: Delivery) -> dict[str, Any]:
    """Without the code, which is as good as money; a fan who allowed nothing is no more than a number here."""
    claim = session.get_one(Claim, delivery.claim_id)
    offer = session.get_one(Offer, claim.offer_id)
    known = session.exec(select(Lead.id).where(col(Lead.fan_id) == claim.fan_id)).first()
    found = feed.one(session, known) if known else None
    return {
        "claim_id": str(claim.id),
        "offer": offer.slug,
        "offer_name": offer.name,
        "claimed_at": claim.claimed_at.isoformat() if claim.claimed_at else None,
        "lead": found.model_dump(mode="json") if found else None,
    }
