"""Touches: each purchase with who made it and what had brought him, as one set that a statement reads once.

A purchase counts for the claim of its code; without one, for the last that its person had taken by then. So each claim
has a span, from its taking to that of the next, and a purchase falls into one span. Where only an address was told, all
who told it are asked together: whose the last claim is, bought it; if nobody took one, the person with the smallest id.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func
from sqlmodel import col

from leads.days import day
from leads.pipeline import Lead
from leads.purchases import Purchase, Whose
from offers.claims import Claim
from optin.fans import Fan

_BOUGHT: tuple[Any, ...] = (col(Purchase.at), day(col(Purchase.at)).label("day"), col(Purchase.amount))
_TOUCH: tuple[Any, ...] = (col(Claim.platform), col(Claim.offer_id), col(Claim.post))
_CLAIM: tuple[Any, ...] = (col(Claim.id), *_TOUCH)
_TAKEN_AT: Any = col(Claim.claimed_at)
_BEFORE_ALL = sa.literal(datetime(1, 1, 1, tzinfo=UTC), _TAKEN_AT.type)


def touched(*which: ColumnElement[bool], whose: Whose | None = None) -> sa.CTE:
    """The purchases of which this holds: at, amount, person_id, the address where we know nobody, and the touch.

    `whose` says of which fans: then what nobody bought whom we know is left out. Whoever asks for one fan asks for all
    who are one person with him.
    """
    theirs = whose or (lambda _: sa.true())
    parts = (_by_code(theirs), _by_lead(theirs), _by_address(theirs, isouter=whose is None))
    return sa.union_all(*(part.where(*which) for part in parts)).cte("touched").prefix_with("MATERIALIZED")


def _by_code(theirs: Whose) -> sa.Select[Any]:
    return (
        sa.select(*_BOUGHT, col(Fan.person_id), sa.null().label("address"), *_TOUCH)
        .select_from(Purchase)
        .join(Claim, col(Claim.id) == col(Purchase.claim_id))
        .join(Fan, col(Fan.id) == col(Claim.fan_id))
        .where(theirs(col(Fan.id)))
    )


def _by_lead(theirs: Whose) -> sa.Select[Any]:
    taken = _taken(theirs).subquery()
    spans = _spans(taken, taken.c.person_id, "spans_of_people")
    return (
        sa.select(*_BOUGHT, col(Fan.person_id), sa.null().label("address"), *_touch(spans))
        .select_from(Purchase)
        .join(Fan, col(Fan.id) == col(Purchase.fan_id))
        .outerjoin(spans, sa.and_(spans.c.person_id == col(Fan.person_id), *_falls_into(spans)))
        .where(col(Purchase.claim_id).is_(None), theirs(col(Fan.id)))
    )


def _by_address(theirs: Whose, isouter: bool) -> sa.Select[Any]:
    spans = _spans_of_addresses(theirs)
    nobody = sa.case((spans.c.person_id.is_(None), col(Purchase.email_hash)))
    here = sa.and_(spans.c.email_hash == col(Purchase.email_hash), *_falls_into(spans))
    return (
        sa.select(*_BOUGHT, spans.c.person_id, nobody.label("address"), *_touch(spans))
        .select_from(Purchase)
        .join(spans, here, isouter=isouter)
        .where(col(Purchase.claim_id).is_(None), col(Purchase.fan_id).is_(None))
    )


def _spans_of_addresses(theirs: Whose) -> sa.CTE:
    """Of all who told an address; from before all times there is each of them without a claim."""
    owners, taken = _owners(theirs), _taken(theirs).subquery()
    nothing = [sa.cast(sa.null(), column.type).label(column.name) for column in _CLAIM]
    known = sa.union_all(
        sa.select(owners.c.email_hash, owners.c.person_id, _BEFORE_ALL.label("since"), *nothing),
        sa.select(owners.c.email_hash, *taken.c).join_from(owners, taken, taken.c.person_id == owners.c.person_id),
    ).subquery()
    return _spans(known, known.c.email_hash, "spans_of_addresses")


def _owners(theirs: Whose) -> sa.CTE:
    """Who told which address, by a claim or as a lead."""
    told = (
        sa.select(col(table.email_hash), col(Fan.person_id))
        .join_from(table, Fan, col(Fan.id) == col(table.fan_id))
        .where(col(table.email_hash) != "", theirs(col(Fan.id)))
        for table in (Claim, Lead)
    )
    return sa.union(*told).cte("owners").prefix_with("MATERIALIZED")


def _taken(theirs: Whose) -> sa.Select[Any]:
    return (
        sa.select(col(Fan.person_id), _TAKEN_AT.label("since"), *_CLAIM)
        .join_from(Claim, Fan, col(Fan.id) == col(Claim.fan_id))
        .where(_TAKEN_AT.is_not(None), theirs(col(Fan.id)))
    )


def _spans(taken: sa.Subquery, of: Any, name: str) -> sa.CTE:
    """Of what was taken at one moment the greatest id is the last; of who took nothing, the smallest person's."""
    order = (taken.c.since, taken.c.id, taken.c.person_id.desc())
    until = func.lead(taken.c.since).over(partition_by=of, order_by=order).label("until")
    return sa.select(*taken.c, until).cte(name).prefix_with("MATERIALIZED")


def _falls_into(spans: sa.CTE) -> tuple[ColumnElement[bool], ...]:
    at = col(Purchase.at)
    return at >= spans.c.since, sa.or_(spans.c.until.is_(None), at < spans.c.until)


def _touch(spans: sa.CTE) -> list[Any]:
    return [spans.c[column.name] for column in _TOUCH]
