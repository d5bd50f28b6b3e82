"""What the conditions of offers may ask about people at this moment, read for a whole batch."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from leads import deeds, scores
from leads.deeds import Deeds
from offers import stages
from offers.conditions import FanFacts, propensity
from optin import people
from optin.people import Person


def load(session: Session, person_ids: Collection[UUID], now: datetime) -> dict[UUID, FanFacts]:
    """The facts of these people, each with those of all his fans."""
    return of(session, people.load(session, person_ids), now)


def of(session: Session, everybody: Mapping[UUID, Person], now: datetime) -> dict[UUID, FanFacts]:
    """The same, by person, where the people are known already."""
    done, points = deeds.of(session, everybody), scores.points(session, everybody, now)
    return {person.id: _facts(person, done[person.id], points.get(person.id, 0), now) for person in everybody.values()}


def _facts(person: Person, did: Deeds, points: int, now: datetime) -> FanFacts:
    return FanFacts(
        languages=frozenset(person.languages.values()),
        platforms=did.platforms,
        posts=did.posts,
        held=did.held,
        claimed=did.claimed,
        likes=did.themes,
        propensity=propensity(len(did.claimed), len(did.held)),
        first_met=_ago(did.first_heard_at, now),
        last_heard=_ago(did.last_heard_at, now),
        comments=did.comments,
        messages=did.messages,
        is_lead=did.is_lead,
        objects_to_profiling=person.objects_to_profiling,
        ambassador=points,
        stage=frozenset((stages.of(did.footing).value,)),
        is_customer=did.footing.bought,
        purchases=did.purchases,
        last_purchase=_ago(did.last_bought_at, now),
        spent=did.spent,
        granted=did.granted,
    )


def _ago(at: datetime | None, now: datetime) -> timedelta | None:
    return None if at is None else now - at
