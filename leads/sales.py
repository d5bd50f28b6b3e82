"""Sales: purchases with who bought and what had brought him, read out of the tables for leads/value.py."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from leads import purchases
from leads.purchases import Purchase
from leads.redemptions import Redemption
from leads.value import Funnel, Sale, Touch
from offers.claims import Claim
from optin.fans import Fan, Profile

_one, _together = aliased(Fan), aliased(Fan)  # the fan whose the purchase is, and all who are one person with him


def made(session: Session, currency: str, since: datetime | None, until: datetime) -> Iterator[Sale]:
    """All sales of these days, those of one buyer together."""
    days = [col(Purchase.at) <= until] if since is None else [col(Purchase.at) <= until, col(Purchase.at) > since]
    which = (*days, col(Purchase.currency) == currency)
    yield from _read(session, _touched(purchases.bought(*which).subquery(), *which))


def of(session: Session, fan_ids: Collection[UUID], currency: str) -> list[Sale]:
    """What the person of these fans bought, newest first."""
    here = col(Purchase.currency) == currency
    his = purchases.bought(here, whose=lambda fan_id: fan_id.in_(fan_ids)).subquery()
    return sorted(_read(session, _touched(his, his.c.id.is_not(None))), key=lambda sale: sale.at, reverse=True)


def elsewhere(session: Session, currency: str, since: datetime | None, until: datetime) -> int:
    """How many purchases of these days were made in other currencies."""
    others = sa.select(func.count()).where(col(Purchase.at) <= until, col(Purchase.currency) != currency)
    return int(session.execute(others if since is None else others.where(col(Purchase.at) > since)).scalar_one())


def funnels(session: Session, key: tuple[Any, ...], *which: ColumnElement[bool]) -> dict[tuple[Any, ...], Funnel]:
    """What became of the claims that were opened, by these columns of a claim."""
    holds = sa.and_(col(Redemption.claim_id) == col(Claim.id), col(Redemption.undone_at).is_(None))
    counted = (func.count(col(Claim.id)), func.count(col(Claim.code)), func.count(col(Redemption.id)))
    grouped = sa.select(*key, *counted).select_from(Claim).outerjoin(Redemption, holds).where(*which).group_by(*key)
    return {tuple(row[: len(key)]): Funnel(*row[len(key) :]) for row in session.execute(grouped)}


def fans(session: Session) -> dict[str, int]:
    """How many fans we know on each platform."""
    known = sa.select(col(Profile.platform), func.count(col(Profile.fan_id).distinct())).group_by(Profile.platform)
    return {str(platform): int(count) for platform, count in session.execute(known)}


def _read(session: Session, touched: sa.Select[Any]) -> Iterator[Sale]:
    for person_id, address, at, amount, platform, offer_id, post in session.execute(touched):
        touch = Touch(platform, offer_id, post) if offer_id else None
        yield Sale(person_id or address, at, amount, touch)


def _touched(whose: sa.Subquery, *which: ColumnElement[bool]) -> sa.Select[Any]:
    """Each purchase once, with the claim that was its last touch, and the person who held that."""
    named = col(Claim.id) == col(Purchase.claim_id)
    taken_before = sa.and_(col(Purchase.claim_id).is_(None), col(Claim.claimed_at) <= col(Purchase.at))
    newest = (col(Claim.id).is_(None), col(Claim.claimed_at).desc(), col(Claim.id).desc(), col(_one.person_id))
    touched = (
        sa.select(
            col(_one.person_id), col(Purchase.email_hash), col(Purchase.at), col(Purchase.amount),
            col(Claim.platform), col(Claim.offer_id), col(Claim.post),
            func.row_number().over(partition_by=col(Purchase.id), order_by=newest).label("place"),
        )
        .select_from(Purchase)
        .outerjoin(whose, whose.c.id == col(Purchase.id))
        .outerjoin(_one, col(_one.id) == whose.c.fan_id)
        .outerjoin(_together, col(_together.person_id) == col(_one.person_id))
        .outerjoin(Claim, sa.and_(col(Claim.fan_id) == col(_together.id), sa.or_(named, taken_before)))
        .where(*which)
        .subquery()
    )  # fmt: skip
    told = [column for column in touched.c if column.name != "place"]
    return (
        sa.select(*told).where(touched.c.place == 1).order_by(touched.c.person_id, touched.c.email_hash, touched.c.at)
    )
