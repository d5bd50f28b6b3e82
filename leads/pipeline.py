"""A lead: a fan who said yes. It stands on a consent, and without one it can't be written."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, text
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from leads import hooks
from leads.hooks import Event, Happened
from offers.claims import Claim
from optin import addresses
from optin.fans import Fan
from optin.schema import belongs_to, known


class Lead(SQLModel, table=True):
    """`revision` grows with every change of any lead, in the order of the commits: the CRM reads on from it."""

    id: UUID = known()
    fan_id: UUID = Field(foreign_key="fan.id", unique=True)
    consent_id: int = belongs_to("consent")
    claim_id: UUID | None = belongs_to("claim", nullable=True)
    offer_id: UUID | None = belongs_to("offer", nullable=True, index=False)
    email: str = Field(index=True)
    email_hash: str = Field(default="", max_length=64, index=True)  # by which shops tell purchases
    name: str = ""
    language: str = Field(max_length=8)
    platform: str = Field(max_length=40)
    account: str
    post: str = ""
    first_touch_at: datetime
    created_at: datetime
    updated_at: datetime = Field(index=True)
    revision: int = Field(sa_type=BigInteger, unique=True)


class ErasedLead(SQLModel, table=True):
    """What is left of a lead who was erased: that he is gone, for whoever got him from us."""

    __tablename__ = "erased_lead"

    id: UUID = known()
    updated_at: datetime
    revision: int = Field(sa_type=BigInteger, unique=True)


class Revision(SQLModel, table=True):
    """The last revision that was given out: one row, whose lock puts the writers of leads in a line."""

    id: int = Field(primary_key=True)
    last: int = Field(sa_type=BigInteger)


NEXT = text("UPDATE revision SET last = last + 1 WHERE id = 1 RETURNING last")


def next_revision(session: Session) -> int:
    """The next number. Until this transaction ends nobody else gets one, so no reader passes one not yet there."""
    return int(session.execute(NEXT).scalar_one())


def last_revision(session: Session) -> int:
    """The last number whose change everybody can see."""
    return session.exec(select(Revision.last).where(Revision.id == 1)).one()


def promote(
    session: Session, lead_id: UUID, claim: Claim, consent_id: int, first_touch_at: datetime, now: datetime
) -> Lead:
    """Make the fan of this claim a lead, or bring his lead up to date, and with it those of his other profiles."""
    # First the line of writers, then the look: two offers taken at once would both find no lead, and make two.
    revision = next_revision(session)
    before = of(session, claim.fan_id)
    lead = before or _born(lead_id, claim, consent_id, first_touch_at, now)
    lead.email = claim.email or lead.email
    lead.email_hash = addresses.hash_of(lead.email) if lead.email else ""
    lead.updated_at = now
    lead.revision = revision
    session.add(lead)
    session.flush()
    hooks.note(session, _changed(lead) if before else [Happened(Event.LEAD_QUALIFIED, lead.fan_id, lead.id)], now)
    touch_all(session, _one_with(session, lead.fan_id), now)
    return lead


def touch(session: Session, fan_id: UUID, now: datetime) -> None:
    """What a fan allows has changed: let the CRM read his lead again."""
    touch_all(session, [fan_id], now)


def touch_all(session: Session, fan_ids: Iterable[UUID], now: datetime) -> None:
    touched = [lead for fan_id in sorted(fan_ids) if (lead := _touch(session, fan_id, now))]
    hooks.note(session, [one for lead in touched for one in _changed(lead)], now)


def _touch(session: Session, fan_id: UUID, now: datetime) -> Lead | None:
    # As above: a lead that is being made at this moment has to hear of a "no" as well.
    revision = next_revision(session)
    lead = of(session, fan_id)
    if lead is not None:
        lead.updated_at, lead.revision = now, revision
        session.add(lead)
        session.flush()
    return lead


def _changed(lead: Lead) -> list[Happened]:
    """A lead changes by what he allows, so that both are to be told."""
    return [Happened(event, lead.fan_id, lead.id) for event in (Event.LEAD_UPDATED, Event.CONSENT_CHANGED)]


def _one_with(session: Session, fan_id: UUID) -> Sequence[UUID]:
    """The other fans of his person who are leads: what he said now may be said for them, too."""
    me, other = aliased(Fan), aliased(Fan)
    theirs = select(Lead.fan_id).join(other, col(other.id) == col(Lead.fan_id))
    theirs = theirs.join(me, col(me.person_id) == col(other.person_id))
    return session.exec(theirs.where(col(me.id) == fan_id, col(Lead.fan_id) != fan_id)).all()


def erase(session: Session, fan_ids: Iterable[UUID], now: datetime) -> None:
    """Let go of these fans' leads, and tell the CRM that they are gone."""
    gone = session.exec(select(Lead).where(col(Lead.fan_id).in_(list(fan_ids))).order_by(col(Lead.id))).all()
    for lead in gone:
        session.add(ErasedLead(id=lead.id, updated_at=now, revision=next_revision(session)))
        session.delete(lead)
    session.flush()
    # Without the fan: with him goes whatever else was to be told of him.
    hooks.note(session, [Happened(Event.LEAD_ERASED, lead_id=lead.id) for lead in gone], now)


def of(session: Session, fan_id: UUID) -> Lead | None:
    return session.exec(select(Lead).where(Lead.fan_id == fan_id)).first()


def newest(session: Session, most: int = 200) -> list[Lead]:
    return list(session.exec(select(Lead).order_by(col(Lead.revision).desc()).limit(most)))


def _born(lead_id: UUID, claim: Claim, consent_id: int, first_touch_at: datetime, now: datetime) -> Lead:
    return Lead(
        id=lead_id,
        fan_id=claim.fan_id,
        consent_id=consent_id,
        claim_id=claim.id,
        offer_id=claim.offer_id,
        email=claim.email,
        name=claim.name,
        language=claim.language,
        platform=claim.platform,
        account=claim.account,
        post=claim.post,
        first_touch_at=first_touch_at,
        created_at=now,
        updated_at=now,
        revision=0,
    )
