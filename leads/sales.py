"""Sales: what was bought, read out of the tables: one person's sale by sale, everybody's summed up in the database.

What the sums mean is said in leads/value.py: each of them must be what its functions make of the sales.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col

from leads.purchases import Purchase
from leads.redemptions import Redemption
from leads.touches import touched
from leads.value import Funnel, Sale, Touch, Worth
from offers.claims import Claim
from optin.fans import Profile

Key = tuple[Any, ...]  # () of what has no touch
TABLES: Mapping[str, tuple[str, ...]] = {
    "all": (),
    "platform": ("platform",),
    "offer": ("offer_id",),
    "post": ("platform", "post"),
}
_KEYS = ("platform", "offer_id", "post")


def worths(session: Session, currency: str, since: datetime | None, until: datetime) -> dict[str, dict[Key, Worth]]:
    """What was bought in these days: by platform, by offer and by post, and all of it by (). One statement."""
    bought = touched(*_days(since, until), col(Purchase.currency) == currency)
    rows = session.execute(sa.union_all(*(_summed(bought, name) for name in TABLES)))
    found: dict[str, dict[Key, Worth]] = {name: {} for name in TABLES}
    for name, platform, offer_id, post, *sums in rows:
        touch = {"platform": platform, "offer_id": offer_id, "post": post}
        key = tuple(touch[column] for column in TABLES[name])
        found[name][() if None in key else key] = Worth(*map(int, sums))
    return found


def of(session: Session, fan_ids: Collection[UUID], currency: str) -> list[Sale]:
    """What the person bought whose fans these are, newest first."""
    bought = touched(col(Purchase.currency) == currency, whose=lambda fan_id: fan_id.in_(fan_ids))
    rows = session.execute(sa.select(*bought.c).order_by(bought.c.at.desc()))
    return [
        Sale(person_id, at, amount, Touch(platform, offer_id, post) if offer_id else None)
        for at, _, amount, person_id, _, platform, offer_id, post in rows
    ]


def elsewhere(session: Session, currency: str, since: datetime | None, until: datetime) -> int:
    """How many purchases of these days were made in other currencies."""
    others = sa.select(func.count()).where(*_days(since, until), col(Purchase.currency) != currency)
    return int(session.execute(others).scalar_one())


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


def _days(since: datetime | None, until: datetime) -> list[ColumnElement[bool]]:
    days = [col(Purchase.at) <= until]
    return days if since is None else [*days, col(Purchase.at) > since]


def _summed(bought: sa.CTE, name: str) -> sa.Select[Any]:
    """The histories of a table's lines, summed up. Nothing bought is no line."""
    his = _histories(bought, TABLES[name])
    key = [his.c[column] if column in his.c else sa.cast(sa.null(), bought.c[column].type) for column in _KEYS]
    sums = (
        func.sum(his.c.revenue), func.sum(his.c.purchases), func.count(),
        func.sum(sa.case((his.c.visits > 1, 1), else_=0)), func.sum(his.c.visits - 1), func.sum(his.c.days),
    )  # fmt: skip
    lines = sa.select(sa.literal(name), *key, *sums).group_by(*(his.c[column] for column in TABLES[name]))
    return lines.having(func.count() > 0)


def _histories(bought: sa.CTE, key: tuple[str, ...]) -> sa.Subquery:
    """A row for each buyer and line, as `value.of_one` has it."""
    number = bought.c.day
    buyer_and_key = (bought.c.person_id, bought.c.address, *(bought.c[column] for column in key))
    return (
        sa.select(
            func.sum(bought.c.amount).label("revenue"), func.count().label("purchases"),
            func.count(number.distinct()).label("visits"), (func.max(number) - func.min(number)).label("days"),
            *buyer_and_key,
        ).group_by(*buyer_and_key).subquery()
    )  # fmt: skip
