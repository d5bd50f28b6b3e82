"""What the conditions of offers may ask about people, read for a whole batch in a handful of queries."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func
from sqlmodel import Session, col

from connectors import Kind
from leads import ambassadors, purchases, scores
from leads.merits import Merit
from leads.pipeline import Lead
from offers.claims import Claim
from offers.conditions import FanFacts
from optin import people
from optin.fans import Profile
from optin.history import Touchpoint
from optin.people import Person
from optin.schema import among, many
from optin.standing import EVERYTHING, Act, Purpose

Rows = Sequence[Sequence[Any]]
Query = sa.Select[*tuple[Any, ...]]


def _about(fan_id: Any) -> sa.ColumnElement[bool]:
    return among(fan_id, many("fan_ids"))


_PROFILES = sa.select(
    col(Profile.fan_id), col(Profile.platform), col(Profile.first_heard_at), col(Profile.last_heard_at)
).where(_about(Profile.fan_id))
_CLAIMS = sa.select(col(Claim.fan_id), col(Claim.offer_id), col(Claim.post), col(Claim.code)).where(
    _about(Claim.fan_id)
)
_LEADS = sa.select(col(Lead.fan_id)).where(_about(Lead.fan_id))
_DONE = (
    sa.select(col(Touchpoint.fan_id), col(Touchpoint.kind), func.count())
    .where(_about(Touchpoint.fan_id), col(Touchpoint.said_by) == "fan")
    .group_by(col(Touchpoint.fan_id), col(Touchpoint.kind))
)


_bought = purchases.bought(whose=_about).subquery()
_BOUGHT = sa.select(*(_bought.c[name] for name in ("fan_id", "id", "at", "amount", "currency")))

_MERITS = scores.standing(_about(Merit.fan_id))
_QUERIES: tuple[Query, ...] = (_PROFILES, _CLAIMS, _LEADS, _DONE, _BOUGHT, _MERITS)


def load(session: Session, person_ids: Collection[UUID], now: datetime) -> dict[UUID, FanFacts]:
    """The facts of these people, each with those of all his fans."""
    return of(session, people.load(session, person_ids), now)


def of(session: Session, everybody: Mapping[UUID, Person], now: datetime) -> dict[UUID, FanFacts]:
    """The same, by person, where the people are known already."""
    found = [_read(session, each, everybody) for each in _QUERIES]
    them = {person.id: person for person in everybody.values()}
    return {person.id: _facts(person, now, *(rows[person.id] for rows in found)) for person in them.values()}


def _read(session: Session, query: Query, everybody: Mapping[UUID, Person]) -> dict[UUID, list[Any]]:
    """The rows by person, without the fan's id that each begins with."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    for fan_id, *row in session.execute(query, {"fan_ids": list(everybody)}) if everybody else ():
        found[everybody[fan_id].id].append(row)
    return found


def _facts(
    person: Person, now: datetime, profiles: Rows, claims: Rows, leads: Rows, done: Rows, bought: Rows, merited: Rows
) -> FanFacts:
    times: Counter[str] = Counter()
    for kind, count in done:
        times[kind] += count
    his = {
        purchase_id: purchase for purchase_id, *purchase in bought
    }  # once, however many of his fans told the address
    spent: Counter[str] = Counter()
    for _, amount, currency in his.values():
        spent[currency] += amount
    return FanFacts(
        languages=frozenset(person.languages.values()),
        platforms=frozenset(platform for platform, _, _ in profiles),
        posts=frozenset(post for _, post, _ in claims if post),
        held=frozenset(str(offer_id) for offer_id, _, _ in claims),
        claimed=frozenset(str(offer_id) for offer_id, _, code in claims if code is not None),
        first_met=now - min(first for _, first, _ in profiles) if profiles else None,
        last_heard=now - max(last for _, _, last in profiles) if profiles else None,
        comments=times[Kind.COMMENT],
        messages=times[Kind.MESSAGE],
        is_lead=bool(leads),
        ambassador=_score(person, merited, now),
        purchases=len(his),
        last_purchase=now - max(at for at, _, _ in his.values()) if his else None,
        spent=spent,
        granted=_granted(person),
    )


def _score(person: Person, merited: Rows, now: datetime) -> int:
    if not merited or person.objects_to_profiling:
        return 0
    return ambassadors.score(map(scores.done, merited), now).points


def _granted(person: Person) -> dict[str, frozenset[str]]:
    """On each channel that the journal names, the purposes to which one of his fans stands by a yes."""
    purposes = _said_yes_to(person)
    channels = {line.channel for line in person.lines} if purposes else set()
    return {
        channel: frozenset(
            purpose
            for purpose in purposes
            if any(person.standing(fan_id, channel, purpose).granted for fan_id in person.fan_ids)
        )
        for channel in channels
    }


def _said_yes_to(person: Person) -> set[str]:
    """Whatever he may stand by: no other purpose was ever granted."""
    granted = {line.purpose for line in person.lines if line.act == Act.GRANTED}
    if EVERYTHING in granted:
        return {purpose.value for purpose in Purpose}
    return granted | {Purpose.SERVICE.value} if granted else granted
