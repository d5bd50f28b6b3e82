"""The audience of an offer: how many people meet its conditions. A person counts once, with all that his fans did.

The tree is asked in SQL, but for one thing: what consent holds after profiles were linked (optin/standing.py replays
the journal). Of linked people the query lets through whoever may meet the conditions, and each is looked at here.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col

from leads import condition_queries, fan_facts
from offers import conditions
from offers.conditions import All, Any, Condition, Not, Tree, Yes
from optin.fans import Fan

AT_ONCE = 1000  # linked people whose facts are loaded together

People = sa.Select[UUID]
Found = Mapping[Condition, sa.Subquery]

_PERSON = col(Fan.person_id)
_LINKED = sa.select(_PERSON).where(col(Fan.id) != _PERSON).distinct().subquery("linked")
_IS_LINKED = _LINKED.c.person_id.is_not(None)


def count(session: Session, tree: Tree, now: datetime) -> int:
    """How many people the offer is for."""
    sure = sa.select(func.count()).select_from(_sure(tree, now).subquery())
    return int(session.execute(sure).scalar_one()) + sum(1 for _ in _looked_at(session, tree, now))


def members(session: Session, tree: Tree, now: datetime) -> Iterator[UUID]:
    """The people whom the offer is for."""
    yield from session.scalars(_sure(tree, now)).all()
    yield from _looked_at(session, tree, now)


def matching(tree: Tree, now: datetime) -> People:
    """The people who meet the conditions; where these ask for consent, also linked people who only may meet them."""
    found = {condition: condition_queries.known(condition) for condition in conditions.rows(tree)}
    joined = sa.outerjoin(Fan, _LINKED, _LINKED.c.person_id == _PERSON)
    for each in found.values():
        joined = joined.outerjoin(each, each.c.person_id == _PERSON)
    # A person has the id of one of his fans: that one stands for all.
    return sa.select(_PERSON).select_from(joined).where(col(Fan.id) == _PERSON, _where(tree, True, found, now))


def _sure(tree: Tree, now: datetime) -> People:
    everybody = matching(tree, now)
    return everybody.where(~_IS_LINKED) if _asks_for_consent(tree) else everybody


def _looked_at(session: Session, tree: Tree, now: datetime) -> Iterator[UUID]:
    """The linked people of whom the query isn't sure, and who do meet the conditions."""
    if not _asks_for_consent(tree):
        return
    candidates, holds = session.scalars(matching(tree, now).where(_IS_LINKED)).all(), conditions.compiled(tree)
    for start in range(0, len(candidates), AT_ONCE):
        facts = fan_facts.load(session, candidates[start : start + AT_ONCE], now)
        yield from (person_id for person_id, known in facts.items() if holds(known))


def _asks_for_consent(tree: Tree) -> bool:
    return any(isinstance(condition.value, Yes) for condition in conditions.rows(tree))


def _where(tree: Tree, wanted: bool, found: Found, now: datetime) -> ColumnElement[bool]:
    """That the tree is true, or that it is false: a `not` is carried down, so that "may" stays on the wide side."""
    match tree:
        case All(of) | Any(of):
            parts = [_where(each, wanted, found, now) for each in of]
            together = isinstance(tree, All) is wanted
            return sa.and_(sa.true(), *parts) if together else sa.or_(sa.false(), *parts)
        case Not(of):
            return _where(of, not wanted, found, now)
        case Condition():
            holds = condition_queries.holds(tree, found[tree].c.value, now)
            surely = holds if wanted else sa.not_(holds)
            return sa.or_(_IS_LINKED, surely) if isinstance(tree.value, Yes) else surely
