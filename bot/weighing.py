"""Weighing: which of a fan's profiles an offer is best brought to, and what speaks against it. Nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from bot import outbox, permitting, places
from bot.assembly import Bot
from bot.outbox import Outgoing
from bot.permitting import Desk
from leads import fan_facts
from offers import catalog, claims, condition_rows, conditions, segments
from offers.catalog import Offer
from offers.conditions import FanFacts
from optin import people, permits
from optin.fans import Profile
from optin.people import Person
from optin.permits import Answer, Deferral, Facts, Permit, Refusal


@dataclass(frozen=True, slots=True)
class Choice:
    """This profile was chosen among all of his, and this offer among all that he may have: `kept` says how."""

    profile_id: UUID
    kept: Mapping[str, Any]


@dataclass(slots=True)
class Candidate:
    """One of a fan's profiles to which the offer could go, and what was decided about it."""

    message: Outgoing
    facts: Facts
    answer: Answer


@dataclass(frozen=True, slots=True)
class Weighed:
    """`against` is what speaks against the offer itself: then it stays unsaid, even where a permit was given."""

    desk: Desk
    best: Candidate
    against: str

    @property
    def answer(self) -> Answer:
        return Refusal(self.against) if self.against else self.best.answer


def weigh(
    session: Session,
    bot: Bot,
    fan_id: UUID,
    offer: Offer,
    purpose: str,
    said_by: str,
    due_at: datetime,
    now: datetime,
    choice: Choice | None,
) -> Weighed | Refusal:
    """The best of his profiles for this offer; a refusal where there is none of which a permit could be asked."""
    everybody = people.load(session, [fan_id])
    person = everybody[fan_id]
    facts = fan_facts.of(session, everybody, now)[person.id]
    segment = segments.of(facts).value
    profiles = [one for one in _profiles(session, bot, person) if choice is None or one.id == choice.profile_id]
    drafts = [_draft(bot, one, offer, purpose, segment, said_by, due_at, now) for one in profiles]
    if not drafts:
        return Refusal(_against(session, bot, person, facts, offer, now) or "no_consent")
    desk = permitting.open_desk(session, bot, drafts, now)
    person = desk.person(drafts[0])
    against = _against(session, bot, person, facts, offer, now)
    return Weighed(desk, _best([_asked(desk, bot, draft) for draft in drafts], person), against)


def _against(session: Session, bot: Bot, person: Person, facts: FanFacts, offer: Offer, now: datetime) -> str:
    """What speaks against the offer itself, whatever may be said to him."""
    if not catalog.can_be_had(offer, now):
        return "offer_closed"
    if not _is_for(facts, offer):
        return "not_eligible"
    return "already_proposed" if _has_had(session, person, offer) else ""


def _is_for(facts: FanFacts, offer: Offer) -> bool:
    return conditions.evaluate(condition_rows.from_json(offer.conditions), facts)


def _profiles(session: Session, bot: Bot, person: Person) -> Sequence[Profile]:
    """His profiles on platforms that are set up: where he was heard last comes first."""
    his = select(Profile).where(col(Profile.fan_id).in_(person.fan_ids), col(Profile.platform).in_(bot.connectors))
    return session.exec(his.order_by(col(Profile.last_heard_at).desc(), col(Profile.id))).all()


def _has_had(session: Session, person: Person, offer: Offer) -> bool:
    """Whether this offer was brought to him before, or he holds its code."""
    brought = places.brought_to(session, person.fan_ids).values()
    if any(offer.id in offers for offers in brought):
        return True
    return any(hold.offer_id == offer.id and hold.code for hold in claims.held(session, person.fan_ids))


def _asked(desk: Desk, bot: Bot, draft: Outgoing) -> Candidate:
    draft.weight = desk.caps.weight(draft.way)
    facts = desk.facts(draft, bot.connectors[draft.platform].rules)
    return Candidate(draft, facts, permits.decide(facts, desk.now))


def _best(candidates: Sequence[Candidate], person: Person) -> Candidate:
    """What may go now before what has to wait, and what waits the shortest; of equals his own channel, then e-mail."""

    def rank(one: Candidate) -> tuple[int, datetime, bool, bool]:
        until = one.answer.until if isinstance(one.answer, Deferral) else one.message.created_at
        order = (Permit, Deferral, Refusal).index(type(one.answer))
        where = one.message.platform
        return order, until, where != person.preferences.channel, where != "email"

    return min(candidates, key=rank)


def _draft(
    bot: Bot, profile: Profile, offer: Offer, purpose: str, segment: str, said_by: str, due_at: datetime, now: datetime
) -> Outgoing:
    message_id = bot.new_id()
    return outbox.to_profile(
        message_id,
        profile,
        now,
        once=f"solicits:{message_id}",
        offer_id=offer.id,
        purpose="offer",
        solicits=purpose,
        segment=segment,
        priority=offer.priority,
        said_by=said_by,
        due_at=due_at,
    )
