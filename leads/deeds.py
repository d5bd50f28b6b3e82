"""Deeds: what people did and what they stand by, read for a whole batch in a handful of queries.

Stages, scores and the conditions of offers are made from it. Nothing in it changes by the mere passing of time.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import and_, func
from sqlmodel import Session, col

from connectors import Kind
from leads import details, purchases, release
from leads.details import Detail
from leads.pipeline import Lead
from leads.redemptions import Redemption
from leads.scoring import Counts
from offers.catalog import Offer
from offers.claims import Claim
from offers.questions import RATHER_NOT, Question
from offers.stages import Footing
from optin.fans import Profile
from optin.history import Touchpoint
from optin.people import Person
from optin.schema import among
from optin.standing import EVERYTHING, LET_US_WRITE, Act, Purpose

Rows = Sequence[Sequence[Any]]
Query = sa.Select[*tuple[Any, ...]]

# Whoever wrote to us by e-mail has told his address; one that somebody typed is nobody's before it confirms.
WROTE_A_MAIL = and_(col(Profile.platform).in_(release.MAIL), col(Profile.window_opened_at).is_not(None))
TOLD_ON_A_CLAIM = col(Claim.email) != ""
TOLD_AS_A_LEAD = col(Lead.email) != ""
TOLD_A_NUMBER = and_(col(Detail.name) == Question.PHONE.value, col(Detail.value) != RATHER_NOT)
USED = and_(col(Redemption.claim_id) == col(Claim.id), col(Redemption.undone_at).is_(None))


@dataclass(frozen=True, slots=True)
class Deeds:
    """Of all fans of a person together. What never happened is None, zero or empty."""

    platforms: frozenset[str]
    first_heard_at: datetime | None
    last_heard_at: datetime | None
    posts: frozenset[str]  # under which he opened a claim
    held: frozenset[str]  # offers on which he has a claim
    claimed: frozenset[str]  # offers of which he has the code
    themes: frozenset[str]  # of these offers
    redemptions: int
    comments: int
    messages: int
    is_lead: bool
    purchases: int
    last_bought_at: datetime | None
    spent: Mapping[str, int]  # by currency
    granted: Mapping[str, Collection[str]]  # by channel, the purposes to which one of his fans said yes
    details: Mapping[str, str]  # what he told of himself: offers/questions.py
    footing: Footing

    @property
    def counts(self) -> Counts:
        """As far as a score asks."""
        return Counts(
            consents=sum(purpose in purposes for purposes in self.granted.values() for purpose in LET_US_WRITE),
            claims=len(self.claimed),
            redemptions=self.redemptions,
            purchases=self.purchases,
            interactions=self.comments + self.messages,
            last_heard_at=self.last_heard_at,
        )


def _about(fan_id: Any) -> sa.ColumnElement[bool]:
    return among(fan_id, "fan_ids")


_PROFILES = sa.select(
    col(Profile.fan_id), col(Profile.platform), col(Profile.first_heard_at), col(Profile.last_heard_at), WROTE_A_MAIL
).where(_about(Profile.fan_id))
_CLAIMS = (
    sa.select(
        *map(col, (Claim.fan_id, Claim.offer_id, Claim.post, Claim.code, Offer.themes)),
        TOLD_ON_A_CLAIM,
        col(Redemption.id),
    )
    .join(Offer, col(Offer.id) == col(Claim.offer_id))
    .outerjoin(Redemption, USED)
    .where(_about(Claim.fan_id))
)
_LEADS = sa.select(col(Lead.fan_id), col(Lead.fan_id), col(Lead.email)).where(_about(Lead.fan_id))
_DONE = (
    sa.select(col(Touchpoint.fan_id), col(Touchpoint.kind), func.count())
    .where(_about(Touchpoint.fan_id), col(Touchpoint.said_by) == "fan")
    .group_by(col(Touchpoint.fan_id), col(Touchpoint.kind))
)
_bought = purchases.bought(whose=_about).subquery()
_BOUGHT = sa.select(*(_bought.c[name] for name in ("fan_id", "id", "at", "amount", "currency")))

_QUERIES: tuple[Query, ...] = (_PROFILES, _CLAIMS, _LEADS, _DONE, _BOUGHT)


def of(session: Session, everybody: Mapping[UUID, Person]) -> dict[UUID, Deeds]:
    """The deeds of these people, by person."""
    found = [_read(session, each, everybody) for each in _QUERIES]
    told = details.of_people(session, {fan_id: person.id for fan_id, person in everybody.items()})
    them = {person.id: person for person in everybody.values()}
    return {known: _deeds(person, told[known], *(rows[known] for rows in found)) for known, person in them.items()}


def _read(session: Session, query: Query, everybody: Mapping[UUID, Person]) -> dict[UUID, list[Any]]:
    """The rows by person, without the fan's id that each begins with."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    for fan_id, *row in session.execute(query, {"fan_ids": list(everybody)}) if everybody else ():
        if fan_id in everybody:
            found[everybody[fan_id].id].append(row)
    return found


def _deeds(
    person: Person, told: Mapping[str, str], profiles: Rows, claims: Rows, leads: Rows, done: Rows, bought: Rows
) -> Deeds:
    times: Counter[str] = Counter()
    for kind, count in done:
        times[kind] += count
    his = {each: purchase for each, *purchase in bought}  # once, however many of his fans told the address
    spent: Counter[str] = Counter()
    for _, amount, currency in his.values():
        spent[currency] += amount
    granted, number = _granted(person), told.get(Question.PHONE.value, "")
    return Deeds(
        platforms=frozenset(platform for platform, *_ in profiles),
        first_heard_at=min((first for _, first, _, _ in profiles), default=None),
        last_heard_at=max((last for _, _, last, _ in profiles), default=None),
        posts=frozenset(post for _, post, *_ in claims if post),
        held=frozenset(str(offer_id) for offer_id, *_ in claims),
        claimed=frozenset(str(offer_id) for offer_id, _, code, *_ in claims if code is not None),
        themes=frozenset(theme for _, _, code, themes, *_ in claims if code is not None for theme in themes),
        redemptions=sum(used is not None for *_, used in claims),
        comments=times[Kind.COMMENT],
        messages=times[Kind.MESSAGE],
        is_lead=bool(leads),
        purchases=len(his),
        last_bought_at=max((at for at, _, _ in his.values()), default=None),
        spent=spent,
        granted=granted,
        details=told,
        footing=Footing(
            asked=bool(claims),
            allows=any(purpose in purposes for purposes in granted.values() for purpose in LET_US_WRITE),
            told_address=bool(number) or _told_address(profiles, claims, leads),
            qualifies=any(release.qualifies(person.standing, fan_id, email, number) for fan_id, email in leads),
            bought=bool(his),
        ),
    )


def _told_address(profiles: Rows, claims: Rows, leads: Rows) -> bool:
    typed = any(told for *_, told, _ in claims) or any(email for _, email in leads)
    return typed or any(wrote for *_, wrote in profiles)


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
