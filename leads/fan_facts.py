"""What the conditions of offers may ask about people at this moment, read for a whole batch."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col

from leads import ambassadors, deeds, scores
from leads.deeds import Deeds
from leads.merits import Merit
from offers import stages
from offers.conditions import FanFacts
from optin import people
from optin.people import Person
from optin.schema import among, many

_MERITS = scores.standing(among(col(Merit.fan_id), many("fan_ids")))


def load(session: Session, person_ids: Collection[UUID], now: datetime) -> dict[UUID, FanFacts]:
    """The facts of these people, each with those of all his fans."""
    return of(session, people.load(session, person_ids), now)


def of(session: Session, everybody: Mapping[UUID, Person], now: datetime) -> dict[UUID, FanFacts]:
    """The same, by person, where the people are known already."""
    done, merits = deeds.of(session, everybody), _merits(session, everybody)
    them = {person.id: person for person in everybody.values()}
    return {known: _facts(person, done[known], merits.get(known, ()), now) for known, person in them.items()}


def _facts(person: Person, did: Deeds, merits: Sequence[Sequence[Any]], now: datetime) -> FanFacts:
    return FanFacts(
        languages=frozenset(person.languages.values()),
        platforms=did.platforms,
        posts=did.posts,
        held=did.held,
        claimed=did.claimed,
        first_met=_ago(did.first_heard_at, now),
        last_heard=_ago(did.last_heard_at, now),
        comments=did.comments,
        messages=did.messages,
        is_lead=did.is_lead,
        stage=frozenset((stages.of(did.footing).value,)),
        is_customer=did.footing.bought,
        ambassador=_score(person, merits, now),
        purchases=did.purchases,
        last_purchase=_ago(did.last_bought_at, now),
        spent=did.spent,
        granted=did.granted,
    )


def _merits(session: Session, everybody: Mapping[UUID, Person]) -> dict[UUID, list[Sequence[Any]]]:
    """By person, without the fan's id that each row begins with."""
    found: dict[UUID, list[Sequence[Any]]] = {}
    for fan_id, *row in session.execute(_MERITS, {"fan_ids": list(everybody)}) if everybody else ():
        found.setdefault(everybody[fan_id].id, []).append(row)
    return found


def _score(person: Person, merits: Sequence[Sequence[Any]], now: datetime) -> int:
    if not merits or person.objects_to_profiling:
        return 0
    return ambassadors.score(map(scores.done, merits), now).points


def _ago(at: datetime | None, now: datetime) -> timedelta | None:
    return None if at is None else now - at
