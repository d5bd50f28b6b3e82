"""Stages in SQL: who has come so far, among all people at once. What each stage rests on, offers/stages.py says.

Of people with several profiles it may be wrong about what they allow: what holds after a link only the journal replayed
can tell (optin/standing.py), and leads/audience.py looks at those one by one.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import col

from leads import deeds, purchases, release
from leads.details import Detail
from leads.pipeline import Lead
from offers import stages
from offers.claims import Claim
from optin.consents import Consent
from optin.fans import Fan, Profile
from optin.standing import EVERYTHING, EVERYWHERE, LET_US_WRITE, Act, Purpose

_PERSON = col(Fan.person_id)


def people_at(wanted: Collection[str]) -> sa.Select[Any]:
    """`person_id` and `value`, for each person at one of these stages."""
    person = sa.select(_PERSON).distinct().subquery()
    joined: sa.FromClause = person
    reached: list[tuple[ColumnElement[bool], ColumnElement[str]]] = []
    for stage, fact in stages.RESTS_ON:
        of_whom = _of_people(_FANS[fact]())
        joined = joined.outerjoin(of_whom, of_whom.c.person_id == person.c.person_id)
        reached.append((of_whom.c.person_id.is_not(None), sa.literal(stage.value)))
    stage_of = sa.case(*reached, else_=sa.literal(stages.Stage.ANONYMOUS.value))
    people = sa.select(person.c.person_id, sa.literal(1).label("value"))
    return people.select_from(joined).where(stage_of.in_(wanted))


def _of_people(fans: Any) -> sa.Subquery:
    """The people of these fans, each once."""
    which = fans.subquery()
    return sa.select(_PERSON).join(which, which.c.fan_id == col(Fan.id)).distinct().subquery()


def _buyers() -> Any:
    return sa.select(purchases.bought().subquery().c.fan_id)


def _qualified() -> Any:
    """Leads who stand by a yes at an address of their own."""
    mail = [sa.select(*_at(channel)).where(deeds.TOLD_AS_A_LEAD) for channel in release.MAIL]
    number = sa.and_(col(Detail.fan_id) == col(Lead.fan_id), deeds.TOLD_A_NUMBER)
    calls = [sa.select(*_at(channel)).join(Detail, number) for channel in release.PHONE]
    his, yes = sa.union_all(*mail, *calls).subquery(), aliased(Consent)
    there = sa.and_(col(yes.fan_id) == his.c.fan_id, col(yes.channel).in_((his.c.channel, EVERYWHERE)))
    at_it = sa.select(his.c.fan_id).join(yes, there)
    return sa.union(*(at_it.where(_holds(yes, his.c.channel, purpose)) for purpose in LET_US_WRITE))


def _at(channel: str) -> tuple[Any, ColumnElement[str]]:
    return col(Lead.fan_id), sa.literal(channel).label("channel")


def _willing() -> Any:
    yes = aliased(Consent)
    said = sa.select(col(yes.fan_id))
    return sa.union(*(said.where(_holds(yes, col(yes.channel), purpose)) for purpose in LET_US_WRITE))


def _holds(yes: Any, channel: Any, purpose: Purpose) -> ColumnElement[bool]:
    """That this line says yes to the purpose, and that no later no stands against it on this channel."""
    no = aliased(Consent)
    against = sa.exists().where(
        col(no.fan_id) == col(yes.fan_id),
        col(no.act) == Act.WITHDRAWN.value,
        col(no.given_at) >= col(yes.given_at),  # of two at the same instant the no is the last word
        col(no.channel).in_((channel, EVERYWHERE)),
        col(no.purpose).in_((purpose.value, EVERYTHING)),
    )
    agreed = col(yes.purpose).in_((purpose.value, EVERYTHING))
    return sa.and_(col(yes.act) == Act.GRANTED.value, agreed, ~against)


def _addressed() -> Any:
    told = (
        (Claim, deeds.TOLD_ON_A_CLAIM),
        (Lead, deeds.TOLD_AS_A_LEAD),
        (Profile, deeds.WROTE_A_MAIL),
        (Detail, deeds.TOLD_A_NUMBER),
    )
    return sa.union(*(sa.select(col(table.fan_id)).where(which) for table, which in told))


def _asking() -> Any:
    return sa.select(col(Claim.fan_id))


_FANS: Mapping[str, Callable[[], Any]] = {
    "bought": _buyers,
    "qualifies": _qualified,
    "told_address": _addressed,
    "allows": _willing,
    "asked": _asking,
}
