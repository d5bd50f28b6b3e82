"""What the panel shows of leads: where each came from, what it allows now, and how far it has come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from leads import deeds, ranking, scoring
from leads.deeds import Deeds
from leads.pipeline import Lead
from leads.ranking import Place
from offers import stages
from offers.catalog import Offer
from offers.questions import RATHER_NOT
from optin import people
from optin.consents import Consent
from optin.people import Person
from optin.schema import among
from optin.standing import Act
from webhooks.panel.reports import PAGE, piece
from webhooks.panel.shapes import Kept, Progress, Slice


def kept(session: Session, after: int | None, now: datetime) -> Slice[Kept]:
    """The leads, whichever changed last first."""
    found = select(Lead.fan_id, Lead.revision)
    if after is not None:
        found = found.where(col(Lead.revision) < after)
    rows = session.exec(found.order_by(col(Lead.revision).desc()).limit(PAGE + 1)).all()
    return piece(_kept(session, [fan_id for fan_id, _ in rows], now), [str(revision) for _, revision in rows])


def by_score(session: Session, after: tuple[int, int] | None, now: datetime) -> tuple[Slice[Kept], bool]:
    """The leads, the highest score first, and whether all of them stand where they belong. Who has none comes last."""
    ranked = ranking.best(session, Place(*after) if after else None, PAGE + 1)
    leads = _kept(session, list(ranked.places), now)
    return piece(leads, [f"{place.points}.{place.revision}" for place in ranked.places.values()]), ranked.whole


def _kept(session: Session, fan_ids: Sequence[UUID], now: datetime) -> list[Kept]:
    """In this order."""
    found = select(Lead, Consent, Offer.name).join(Consent, col(Lead.consent_id) == col(Consent.id))
    found = found.outerjoin(Offer, col(Lead.offer_id) == col(Offer.id)).where(among(Lead.fan_id, fan_ids))
    rows = sorted(session.exec(found), key=lambda row: fan_ids.index(row[0].fan_id))
    everybody = people.load(session, fan_ids)
    come = progress(session, everybody, now)
    return [
        Kept(lead, offer or "", _allows(everybody[lead.fan_id], lead), consent, come[lead.fan_id])
        for lead, consent, offer in rows
    ]


def progress(session: Session, everybody: Mapping[UUID, Person], now: datetime) -> dict[UUID, Progress]:
    """How far each of these fans has come, with all that the others of his person did."""
    did = deeds.of(session, everybody)
    return {fan_id: _progress(person, did[person.id], now) for fan_id, person in everybody.items()}


def _progress(person: Person, did: Deeds, now: datetime) -> Progress:
    stage = stages.of(did.footing).value
    told = {name: value for name, value in did.details.items() if value != RATHER_NOT}
    score = ranking.score(person, did)
    return Progress(stage, score, scoring.lately(did.counts, now) if score else None, told)


def _allows(person: Person, lead: Lead) -> dict[str, str]:
    """The last word on each channel that was ever spoken of: "yes", "no", or "asked" until he confirms it."""
    channels = dict.fromkeys(line.channel for line in person.lines)
    return {channel: _last_word(person, lead.fan_id, channel) for channel in channels}


def _last_word(person: Person, fan_id: UUID, channel: str) -> str:
    standing = person.standing(fan_id, channel)
    asked = any(line.channel == channel and line.act == Act.ASKED for line in person.lines)
    return "yes" if standing.granted else "asked" if asked and not standing.withdrawn else "no"
