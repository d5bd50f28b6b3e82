"""One condition in SQL: a subquery with a row for each person of whom something is known, and what must hold of it.

Whoever has no row is as offers/conditions.py says: none of the words, zero times, never, and no yes. What must hold is
never NULL, so that a `not` turns it round.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col

from connectors import Kind
from leads import purchases, scores, stage_queries
from leads.pipeline import Lead
from offers.catalog import Offer
from offers.claims import Claim
from offers.conditions import Condition, Money, Operator, Yes
from optin import consents
from optin.consents import Consent
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.standing import EVERYTHING, EVERYWHERE, LET_US_WRITE, Act, Purpose

_PERSON: sa.Label[UUID] = col(Fan.person_id).label("person_id")
_THERE = sa.literal(1)
_CLAIMED = col(Claim.code).is_not(None)


def known(condition: Condition, now: datetime) -> sa.Subquery:
    """`person_id` and `value`, once a person."""
    if condition.field in _FADING:
        return _FADING[condition.field](now).subquery()
    return _KNOWN[condition.field](condition.value).subquery()


def holds(condition: Condition, value: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    """What must be true of this column, which is NULL where the person has no row."""
    return _HOLDS[condition.operator](value, condition.value, now)


def objecting() -> sa.Subquery:
    """`person_id` of whoever has a fan who objects to profiling: no condition on a profile is asked of him. After a
    link, only the journal replayed can tell."""
    said_no = col(Consent.act) == Act.WITHDRAWN.value
    fans = sa.select(col(Consent.fan_id)).where(said_no, scores.objected(Consent.fan_id))
    return sa.select(_PERSON).where(col(Fan.id).in_(fans)).distinct().subquery()


def _one_of(column: Any, *where: ColumnElement[bool]) -> Callable[[tuple[str, ...]], sa.Select[Any]]:
    """Whether a row of his has one of these words."""
    return lambda words: _each(column.class_, _THERE, column.in_(words), *where)


def _offer(*where: ColumnElement[bool]) -> Callable[[tuple[str, ...]], sa.Select[Any]]:
    return lambda ids: _each(Claim, _THERE, col(Claim.offer_id).in_([UUID(each) for each in ids]), *where)


class _WordsOf(FunctionElement[Any]):
    """A row for each word of a list that is kept as JSON."""

    inherit_cache = True


@compiles(_WordsOf, "sqlite")
def _of_json(element: Any, compiler: Any, **how: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **how)})"


@compiles(_WordsOf, "postgresql")
def _of_json_text(element: Any, compiler: Any, **how: Any) -> str:
    return f"json_array_elements_text({compiler.process(element.clauses, **how)})"


def _liking(themes: tuple[str, ...]) -> sa.Select[Any]:
    """Who took an offer of one of these themes."""
    theme = _WordsOf(col(Offer.themes)).table_valued("value")
    offers = sa.select(col(Offer.id)).join(theme, sa.true()).where(theme.c.value.in_(themes))
    return _each(Claim, _THERE, _CLAIMED, col(Claim.offer_id).in_(offers))


def _propensity(_: object) -> sa.Select[Any]:
    """As `conditions.propensity` has it."""
    held = func.count(col(Claim.offer_id).distinct())
    taken = func.count(sa.case((_CLAIMED, col(Claim.offer_id))).distinct())
    return _each(Claim, 100 * taken // held)


def _times(kind: Kind) -> Callable[[int], sa.Select[Any]]:
    done = (col(Touchpoint.said_by) == "fan", col(Touchpoint.kind) == kind.value)
    return lambda _: _each(Touchpoint, func.count(), *done)


def _each(table: Any, value: ColumnElement[Any], *where: ColumnElement[bool]) -> sa.Select[Any]:
    theirs = sa.select(_PERSON, value.label("value")).select_from(Fan)
    if table is not Fan:
        theirs = theirs.join(table, col(table.fan_id) == col(Fan.id))
    return theirs.where(*where).group_by(col(Fan.person_id))


def _bought(value: Callable[[Any], ColumnElement[Any]]) -> Callable[[Any], sa.Select[Any]]:
    """Of each purchase once a person, by however many of his fans it is his."""

    def select(asked: Any) -> sa.Select[Any]:
        whose = purchases.bought().subquery()
        once = (
            sa.select(_PERSON, whose.c.id, whose.c.at, whose.c.amount, whose.c.currency)
            .join(whose, whose.c.fan_id == col(Fan.id))
            .distinct()
            .subquery()
        )
        his = sa.select(once.c.person_id, value(once.c).label("value")).group_by(once.c.person_id)
        return his.where(once.c.currency == asked.currency) if isinstance(asked, Money) else his

    return select


def _yes(asked: Yes) -> sa.Select[Any]:
    """Who is one fan alone, and whose last word is a yes: optin/standing.py without its links."""
    place = func.row_number().over(partition_by=col(Fan.person_id), order_by=consents.last_first()).label("place")
    said = (
        sa.select(_PERSON, col(Consent.act), place)
        .join(Consent, col(Consent.fan_id) == col(Fan.id))
        .where(_is_about(asked))
        .subquery()
    )
    return sa.select(said.c.person_id, _THERE.label("value")).where(said.c.place == 1, said.c.act == Act.GRANTED.value)


def _is_about(asked: Yes) -> ColumnElement[bool]:
    purpose: ColumnElement[bool] = col(Consent.purpose).in_((asked.purpose, EVERYTHING))
    if asked.purpose == Purpose.SERVICE:
        lets_us_write = sa.and_(col(Consent.act) == Act.GRANTED.value, col(Consent.purpose).in_(LET_US_WRITE))
        purpose = sa.or_(purpose, lets_us_write)
    here = col(Consent.channel).in_((asked.channel, EVERYWHERE))
    return sa.and_(here, col(Consent.act) != Act.ASKED.value, purpose)


_KNOWN: Mapping[str, Callable[[Any], sa.Select[Any]]] = {
    "language": _one_of(Fan.language),
    "platform": _one_of(Profile.platform),
    "source_post": _one_of(Claim.post),
    "holds_offer": _offer(),
    "claimed_offer": _offer(_CLAIMED),
    "affinity": _liking,
    "propensity": _propensity,
    "first_met": lambda _: _each(Profile, func.min(Profile.first_heard_at)),
    "last_heard": lambda _: _each(Profile, func.max(Profile.last_heard_at)),
    "comments": _times(Kind.COMMENT),
    "messages": _times(Kind.MESSAGE),
    "is_lead": lambda _: _each(Lead, _THERE),
    "stage": stage_queries.people_at,
    "is_customer": _bought(lambda purchase: func.count()),
    "purchases": _bought(lambda purchase: func.count()),
    "last_purchase": _bought(lambda purchase: func.max(purchase.at)),
    "spent": _bought(lambda purchase: func.sum(purchase.amount)),
    "consent": _yes,
}

_FADING: Mapping[str, Callable[[datetime], sa.Select[Any]]] = {"ambassador_score": scores.of_all}


def _within(at: ColumnElement[Any], days: int, now: datetime) -> ColumnElement[bool]:
    return sa.and_(at.is_not(None), at >= now - timedelta(days=days))


def _longer_ago(at: ColumnElement[Any], days: int, now: datetime) -> ColumnElement[bool]:
    return sa.and_(at.is_not(None), at < now - timedelta(days=days))


def _number(value: int | Money) -> int:
    return value.amount if isinstance(value, Money) else value


_HOLDS: Mapping[Operator, Callable[[ColumnElement[Any], Any, datetime], ColumnElement[bool]]] = {
    Operator.ANY_OF: lambda there, _, now: there.is_not(None),
    Operator.NONE_OF: lambda there, _, now: there.is_(None),
    Operator.AT_LEAST: lambda times, least, now: func.coalesce(times, 0) >= _number(least),
    Operator.AT_MOST: lambda times, most, now: func.coalesce(times, 0) <= _number(most),
    Operator.WITHIN: _within,
    Operator.LONGER_AGO: _longer_ago,
    Operator.NEVER: lambda at, _, now: at.is_(None),
    Operator.IS: lambda there, yes, now: there.is_not(None) if yes else there.is_(None),
    Operator.GRANTED: lambda there, _, now: there.is_not(None),
    Operator.NOT_GRANTED: lambda there, _, now: there.is_(None),
}
