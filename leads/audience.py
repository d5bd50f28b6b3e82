"""The audience of an offer: how many people meet its conditions. A person counts once, with all that his fans did.

The tree is asked in SQL, but for one thing: what a person's words mean after profiles were linked (optin/standing.py
replays the journal). Of linked people the query lets through whoever may meet the conditions, and each is looked at
here.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col

from leads import condition_queries, fan_facts
from offers import conditions
from offers.conditions import FIELDS, All, Any, Condition, Not, Operator, Tree, Yes
from optin.fans import Fan
from optin.standing import Purpose

AT_ONCE = 1000  # linked people whose facts are loaded together

Known = sa.CTE
Columns = Mapping[Condition, ColumnElement[object]]
_PERSON = col(Fan.person_id)


def count(session: Session, tree: Tree, now: datetime) -> int:
    """How many people the offer is for."""
    sure = sa.select(func.count()).select_from(_sure(tree, now).subquery())
    return int(session.execute(sure).scalar_one()) + sum(1 for _ in _looked_at(session, tree, now))


def members(session: Session, tree: Tree, now: datetime) -> Iterator[UUID]:
    """The people whom the offer is for."""
    yield from session.scalars(_sure(tree, now)).all()
    yield from _looked_at(session, tree, now)


def willing(tree: Tree, channels: Iterable[str]) -> Tree:
    """Who of them said yes to offers on one of these channels."""
    said_yes = (Condition("consent", Operator.GRANTED, Yes(channel, Purpose.OFFERS)) for channel in channels)
    return All((tree, Any(tuple(said_yes))))


def matching(tree: Tree, now: datetime) -> sa.Select[UUID]:
    """The people who meet the conditions; where these hang on his words, also linked people who only may meet them."""
    return _matching(tree, _known(tree, now), now)


def _sure(tree: Tree, now: datetime) -> sa.Select[UUID]:
    known = _known(tree, now)
    people = _matching(tree, known, now)
    return people.where(~known.c.linked) if rests_on_consent(tree) else people


def _looked_at(session: Session, tree: Tree, now: datetime) -> Iterator[UUID]:
    """The linked people of whom the query isn't sure, and who do meet the conditions."""
    if not rests_on_consent(tree):
        return
    known, holds = _known(tree, now), conditions.compiled(tree)
    candidates = session.scalars(_matching(tree, known, now).where(known.c.linked)).all()
    for start in range(0, len(candidates), AT_ONCE):
        facts = fan_facts.load(session, candidates[start : start + AT_ONCE], now)
        yield from (person_id for person_id, his in facts.items() if holds(his))


def _known(tree: Tree, now: datetime) -> Known:
    """A row for each person, with a column for each condition.

    Materialized, so that PostgreSQL joins before it filters: it takes a few conditions for so rare that it would then
    go through one subquery for each row of another.
    """
    person = _people(tree).subquery()
    joined: sa.FromClause = person
    columns: list[sa.ColumnElement[object]] = [*person.c]
    for name, condition in _named(tree).items():
        each = condition_queries.known(condition, now)
        joined = joined.outerjoin(each, each.c.person_id == person.c.person_id)
        columns.append(each.c.value.label(name))
    return sa.select(*columns).select_from(joined).cte("known").prefix_with("MATERIALIZED", dialect="postgresql")


def _people(tree: Tree) -> sa.Select[*tuple[object, ...]]:
    """A row for each person; where a profile is asked for, with whether he objects to that."""
    everybody: sa.Select[*tuple[object, ...]] = sa.select(
        _PERSON.label("person_id"), (func.count() > 1).label("linked")
    ).group_by(_PERSON)
    if not any(FIELDS[condition.field].profile for condition in conditions.rows(tree)):
        return everybody
    no = condition_queries.objecting()
    objects = func.count(no.c.person_id) > 0
    return everybody.add_columns(objects.label("objects")).outerjoin(no, no.c.person_id == _PERSON)


def _named(tree: Tree) -> dict[str, Condition]:
    """Each condition once."""
    return {f"value_{place}": condition for place, condition in enumerate(dict.fromkeys(conditions.rows(tree)))}


def _matching(tree: Tree, known: Known, now: datetime) -> sa.Select[UUID]:
    columns = {condition: known.c[name] for name, condition in _named(tree).items()}
    return sa.select(known.c.person_id).where(_where(tree, True, columns, known, now))


def rests_on_consent(tree: Tree) -> bool:
    """Whether SQL can't be sure of linked people: who they are depends on what each said before the link."""
    return any(FIELDS[condition.field].replayed for condition in conditions.rows(tree))


def _where(tree: Tree, wanted: bool, columns: Columns, known: Known, now: datetime) -> ColumnElement[bool]:
    """That the tree is true, or that it is false: a `not` is carried down, so that "may" stays on the wide side."""
    match tree:
        case All(of) | Any(of):
            parts = [_where(each, wanted, columns, known, now) for each in of]
            together = isinstance(tree, All) is wanted
            return sa.and_(sa.true(), *parts) if together else sa.or_(sa.false(), *parts)
        case Not(of):
            return _where(of, not wanted, columns, known, now)
        case Condition():
            holds = condition_queries.holds(tree, columns[tree], now)
            about, surely = FIELDS[tree.field], holds if wanted else sa.not_(holds)
            surely = sa.and_(~known.c.objects, surely) if about.profile else surely
            return sa.or_(known.c.linked, surely) if about.replayed else surely
