"""Comparisons: what people bought after they were first brought an offer, beside those who were held out of it by lot.

What an offer itself makes known would flatter it: whoever takes one tells us his address or shows a code, and whoever
was left alone does not. So in both groups only that counts by which we knew a person before the lot was drawn: a code
that he had, a lead that he was, an address that he had told. Of whom we had none of these we could see no purchase
either way, and he is in neither group. An address that two of them told counts for both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func
from sqlmodel import Session, col

from leads.lift import NOBODY, Group
from leads.pipeline import Lead
from leads.purchases import Purchase
from offers.claims import Claim
from offers.exposures import Exposure


@dataclass(frozen=True, slots=True)
class Compared:
    """Who was brought the offer, and who would have been."""

    offered: Group = NOBODY
    held_out: Group = NOBODY

    def __add__(self, other: "Compared") -> "Compared":
        return Compared(self.offered + other.offered, self.held_out + other.held_out)


def by_offer(session: Session, currency: str, since: datetime | None, until: datetime) -> dict[UUID, Compared]:
    """By the offer that came first to people in these days. What they bought since counts, up to the end."""
    drawn = _drawn(since, until)
    rows = session.execute(_grouped(drawn, currency, until))
    groups = {(offer_id, held_out): Group(people, buyers, int(revenue), float(squares))
              for offer_id, held_out, people, buyers, revenue, squares in rows}  # fmt: skip
    return {
        offer_id: Compared(groups.get((offer_id, False), NOBODY), groups.get((offer_id, True), NOBODY))
        for offer_id, _ in groups
    }


def unseen(session: Session, since: datetime | None, until: datetime) -> int:
    """How many people of these days are in neither group, since we had nothing to know a purchase of theirs by."""
    drawn = _drawn(since, until)
    seen = _seen(drawn)
    people = sa.select(func.count(drawn.c.person_id.distinct())).where(drawn.c.person_id.not_in(sa.select(seen)))
    return int(session.execute(people).scalar_one())


def _drawn(since: datetime | None, until: datetime) -> sa.CTE:
    of_days = sa.select(Exposure).where(col(Exposure.at) <= until)
    return (of_days if since is None else of_days.where(col(Exposure.at) > since)).cte("drawn")


def _grouped(drawn: sa.CTE, currency: str, until: datetime) -> sa.Select[Any]:
    seen, spent = _seen(drawn), _spent(drawn, currency, until)
    people = sa.select(drawn.c.person_id, drawn.c.offer_id, drawn.c.held_out).distinct().subquery()
    amount = sa.cast(spent.c.revenue, sa.Float)
    return (
        sa.select(
            people.c.offer_id, people.c.held_out, func.count(), func.count(spent.c.person_id),
            func.coalesce(func.sum(spent.c.revenue), 0), func.coalesce(func.sum(amount * amount), 0.0),
        )
        .select_from(people)
        .join(seen, seen.c.person_id == people.c.person_id)
        .outerjoin(spent, spent.c.person_id == people.c.person_id)
        .group_by(people.c.offer_id, people.c.held_out)
    )  # fmt: skip


def _seen(drawn: sa.CTE) -> sa.Subquery:
    """Whose purchases we could know of."""
    by = (sa.select(drawn.c.person_id).join_from(drawn, table, known) for table, known in _known(drawn).items())
    return sa.union(*by).subquery()


def _spent(drawn: sa.CTE, currency: str, until: datetime) -> sa.Subquery:
    """What each of them bought afterwards: each purchase once, by however many ways we know it."""
    known = _known(drawn)
    by_code = col(Purchase.claim_id) == col(Claim.id)
    by_address = sa.and_(col(Purchase.email_hash) == col(Claim.email_hash), col(Claim.email_hash) != "")
    by_lead = col(Purchase.lead_id) == col(Lead.id)
    bought = (
        sa.select(drawn.c.person_id, col(Purchase.id), col(Purchase.amount))
        .join_from(drawn, table, known[table])
        .join(Purchase, way)
        .where(col(Purchase.currency) == currency, col(Purchase.at) > drawn.c.at, col(Purchase.at) <= until)
        for table, way in ((Claim, by_code), (Claim, by_address), (Lead, by_lead))
    )
    each = sa.union(*bought).subquery()
    return sa.select(each.c.person_id, func.sum(each.c.amount).label("revenue")).group_by(each.c.person_id).subquery()


def _known(drawn: sa.CTE) -> Mapping[Any, sa.ColumnElement[bool]]:
    """By what we knew a fan before."""
    return {
        Claim: sa.and_(col(Claim.fan_id) == drawn.c.fan_id, col(Claim.claimed_at) <= drawn.c.at),
        Lead: sa.and_(col(Lead.fan_id) == drawn.c.fan_id, col(Lead.created_at) <= drawn.c.at),
    }
