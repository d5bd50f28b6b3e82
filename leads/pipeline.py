"""A lead: a fan who said yes. It stands on a consent, and without one it can't be written."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from leads import details, hooks, release
from leads.hooks import Event, Happened
from offers import arrivals
from offers.claims import Claim
from offers.questions import Question
from optin import addresses, people
from optin.fans import Fan
from optin.schema import Counted, among, belongs_to, known


class Lead(SQLModel, table=True):
    """`revision` grows with every change of any lead, in the order of the commits: the CRM reads on from it."""

    __table_args__ = (Index("ix_lead_updated_at_revision", "updated_at", "revision"),)  # see leads/feed.py

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
    came_first: int | None = Field(
        default=None, foreign_key="arrival.id", ondelete="SET NULL", nullable=True, index=True, sa_type=Counted
    )
    created_at: datetime
    updated_at: datetime
    revision: int = Field(sa_type=BigInteger, unique=True)
    told_qualified: bool = False  # what the hooks said of him last, by which they know when he qualifies anew


class ErasedLead(SQLModel, table=True):
    """What is left of a lead who was erased: that he is gone, for whoever got him from us."""

    __tablename__ = "erased_lead"
    __table_args__ = (Index("ix_erased_lead_updated_at_revision", "updated_at", "revision"),)

    id: UUID = known()
    updated_at: datetime
    revision: int = Field(sa_type=BigInteger, unique=True)


class Revision(SQLModel, table=True):
    """The last revision that was given out: one row, whose lock puts the writers of leads in a line."""

    id: int = Field(primary_key=True)
    last: int = Field(sa_type=BigInteger)


DEED = (Event.LEAD_UPDATED,)
CONSENT = (Event.LEAD_UPDATED, Event.CONSENT_CHANGED)  # a lead changes by what he allows, so that both are to be told
NEXT = text("UPDATE revision SET last = last + 1 WHERE id = 1 RETURNING last")


def next_revision(session: Session) -> int:
    """The next number. Until this transaction ends nobody else gets one, so no reader passes one not yet there."""
    return int(session.execute(NEXT).scalar_one())


def stand_in_line(session: Session) -> None:
    """Until this transaction ends no lead is made, changed or erased."""
    session.execute(select(Revision.last).where(Revision.id == 1).with_for_update())


def last_revision(session: Session) -> int:
    """The last number whose change everybody can see."""
    return session.exec(select(Revision.last).where(Revision.id == 1)).one()


def promote(
    session: Session, lead_id: UUID, claim: Claim, consent_id: int, first_touch_at: datetime, now: datetime
) -> Lead:
    """Make the fan of this claim a lead, or bring his lead up to date, and with it those of his other profiles. Whoever
    calls this holds the person, lest `note_deeds` find no lead while one is being made."""
    # First the line of writers, then the look: two offers taken at once would both find no lead, and make two.
    revision = next_revision(session)
    before = of(session, claim.fan_id)
    lead = before or _born(session, lead_id, claim, consent_id, first_touch_at, now)
    lead.email = claim.email or lead.email
    lead.email_hash = addresses.hash_of(lead.email) if lead.email else ""
    lead.updated_at = now
    lead.revision = revision
    session.add(lead)
    session.flush()
    _tell(session, [lead], CONSENT if before else (), now)
    touch_all(session, _one_with(session, lead.fan_id), now)
    return lead


def touch(session: Session, fan_id: UUID, now: datetime) -> None:
    """What a fan allows has changed: let the CRM read his lead again."""
    touch_all(session, [fan_id], now)


def touch_all(session: Session, fan_ids: Iterable[UUID], now: datetime) -> None:
    _tell(session, _touch_each(session, fan_ids, now), CONSENT, now)


def note_deeds(session: Session, fan_ids: Collection[UUID], now: datetime) -> None:
    """What these fans did has changed their leads, and those of whoever is one person with them.

    Whoever calls this holds them (`links.hold`), so that no lead of theirs is made meanwhile: most have none, and need
    not stand in the line of those who write leads.
    """
    _tell(session, _touch_each(session, _led(session, fan_ids), now), DEED, now)


def _touch_each(session: Session, fan_ids: Iterable[UUID], now: datetime) -> list[Lead]:
    return [lead for fan_id in sorted(fan_ids) if (lead := _touch(session, fan_id, now))]


def _touch(session: Session, fan_id: UUID, now: datetime) -> Lead | None:
    # As above: a lead that is being made at this moment has to hear of a "no" as well.
    revision = next_revision(session)
    lead = of(session, fan_id)
    if lead is not None:
        lead.updated_at, lead.revision = now, revision
        session.add(lead)
        session.flush()
    return lead


def _tell(session: Session, leads: Sequence[Lead], events: Sequence[Event], now: datetime) -> None:
    """These events of each lead, and where he qualifies since just now, that. A new lead who does not is an update."""
    reached = _newly_qualified(session, leads)
    told = {lead.id: (*events, *((Event.LEAD_QUALIFIED,) if lead.id in reached else ())) for lead in leads}
    happened = [
        Happened(event, lead.fan_id, lead.id) for lead in leads for event in told[lead.id] or (Event.LEAD_UPDATED,)
    ]
    hooks.note(session, happened, now)


def _newly_qualified(session: Session, leads: Sequence[Lead]) -> set[UUID]:
    """Those of whom it was not told. Who qualifies no longer will be told of again, if he does."""
    everybody = people.load(session, [lead.fan_id for lead in leads])
    told = details.of_people(session, {fan_id: person.id for fan_id, person in everybody.items()})
    before = {lead.id for lead in leads if lead.told_qualified}
    for lead in leads:
        person = everybody[lead.fan_id]
        number = told[person.id].get(Question.PHONE.value, "")
        lead.told_qualified = release.qualifies(person.standing, lead.fan_id, lead.email, number)
        session.add(lead)
    session.flush()
    return {lead.id for lead in leads if lead.told_qualified} - before


IS_LED = sa.exists().where(among(Lead.fan_id, "fan_ids"))  # one of these fans is a lead

_asked_for = aliased(Fan)
_LED = (
    sa.select(col(Lead.fan_id))
    .join(Fan, col(Fan.id) == col(Lead.fan_id))
    .join(_asked_for, col(_asked_for.person_id) == col(Fan.person_id))
    .where(among(_asked_for.id, "fan_ids"))
    .distinct()
)


def _led(session: Session, fan_ids: Collection[UUID]) -> Sequence[UUID]:
    """Which of these fans, and of whoever is one person with them, are leads."""
    return session.connection().execute(_LED, {"fan_ids": list(fan_ids)}).scalars().all() if fan_ids else ()


def _one_with(session: Session, fan_id: UUID) -> Sequence[UUID]:
    """The other fans of his person who are leads: what he said now may be said for them, too."""
    me, other = aliased(Fan), aliased(Fan)
    theirs = select(Lead.fan_id).join(other, col(other.id) == col(Lead.fan_id))
    theirs = theirs.join(me, col(me.person_id) == col(other.person_id))
    return session.exec(theirs.where(col(me.id) == fan_id, col(Lead.fan_id) != fan_id)).all()


def erase(session: Session, fan_ids: Iterable[UUID], now: datetime) -> None:
    """Tell the CRM that these fans' leads are gone. The rows go with all else that is theirs (bot/traces.py), after
    the purchases that name them."""
    gone = session.exec(select(Lead).where(col(Lead.fan_id).in_(list(fan_ids))).order_by(col(Lead.id))).all()
    for lead in gone:
        session.add(ErasedLead(id=lead.id, updated_at=now, revision=next_revision(session)))
    session.flush()
    # Without the fan: with him goes whatever else was to be told of him.
    hooks.note(session, [Happened(Event.LEAD_ERASED, lead_id=lead.id) for lead in gone], now)


def of(session: Session, fan_id: UUID) -> Lead | None:
    return session.exec(select(Lead).where(Lead.fan_id == fan_id)).first()


def newest(session: Session, most: int = 200) -> list[Lead]:
    return list(session.exec(select(Lead).order_by(col(Lead.revision).desc()).limit(most)))


def _born(
    session: Session, lead_id: UUID, claim: Claim, consent_id: int, first_touch_at: datetime, now: datetime
) -> Lead:
    came = arrivals.ends(session, claim.fan_id)
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
        came_first=came.first if came else None,
        created_at=now,
        updated_at=now,
        revision=0,
    )
