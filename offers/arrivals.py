"""Arrivals: how a fan came to us: when we first heard of him, by each link of ours that he followed, and to each offer.

The first one of a person tells how he came first, and the last one before he took a code how he came last. Their order
is that in which we heard of them, so that what a platform tells late changes nothing of what was said already.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import bindparam, func
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col

from offers.catalog import Offer
from offers.ways_in import WayIn
from optin.fans import Fan
from optin.schema import among, belongs_to, counted, write_all


class Arrival(SQLModel, table=True):
    """`shared_by` is the fan whose own link it was; `by_friend` says so even when that fan is forgotten."""

    id: int = counted()
    fan_id: UUID = belongs_to("fan")
    profile_id: UUID = belongs_to("profile")
    at: datetime
    platform: str = Field(max_length=40)
    account: str = Field(max_length=200)
    post: str = ""
    offer_id: UUID | None = belongs_to("offer", nullable=True, index=False)
    way_id: UUID | None = belongs_to("way_in", nullable=True)
    by_friend: bool = False
    shared_by: UUID | None = Field(default=None, foreign_key="fan.id", ondelete="SET NULL", nullable=True, index=True)


@dataclass(frozen=True, slots=True)
class Came:
    """An arrival as it is told outside; the last three are the words of its link."""

    at: datetime
    platform: str
    account: str
    post: str
    offer: str
    by_friend: bool
    source: str
    medium: str
    campaign: str


def write(session: Session, arrivals: Sequence[dict[str, Any]]) -> None:
    write_all(session, Arrival, arrivals)


# Of the person with the parameter "fan_ids": his last arrival, and whether any was by a friend's link.
_HIS = among(Arrival.fan_id, "fan_ids")
LAST = sa.select(func.max(col(Arrival.id))).where(_HIS).scalar_subquery()
BY_A_FRIEND = sa.exists().where(_HIS, col(Arrival.shared_by).is_not(None))


@dataclass(frozen=True, slots=True)
class Ends:
    """The first arrival of a person, and the id of the last."""

    first: int
    fan_id: UUID
    shared_by: UUID | None
    last: int


# Made once: it is asked for each code that is given.
_me, _one_of_him = aliased(Fan), aliased(Fan)
_ENDS = (
    sa.select(
        col(Arrival.id), col(Arrival.fan_id), col(Arrival.shared_by), func.max(col(Arrival.id)).over().label("last")
    )
    .join(_one_of_him, col(_one_of_him.id) == col(Arrival.fan_id))
    .join(_me, col(_me.person_id) == col(_one_of_him.person_id))
    .where(col(_me.id) == bindparam("fan"))
    .order_by(col(Arrival.id))
    .limit(1)
)


def ends(session: Session, fan_id: UUID) -> Ends | None:
    """How the person who this fan is came first and last."""
    row = session.connection().execute(_ENDS, {"fan": fan_id}).first()
    return Ends(*row) if row else None


def campaigns(session: Session, persons: Mapping[UUID, UUID]) -> dict[UUID, str]:
    """The campaign by which each person came last, by any of his fans; `persons` says whose each fan is."""
    named = sa.select(col(Arrival.fan_id), col(WayIn.campaign))
    by_campaign = named.join(WayIn, col(WayIn.id) == col(Arrival.way_id)).where(
        among(Arrival.fan_id, "fan_ids"), col(WayIn.campaign) != ""
    )
    last_comes_last = session.execute(by_campaign.order_by(col(Arrival.id)), {"fan_ids": list(persons)})
    return {persons[fan_id]: campaign for fan_id, campaign in last_comes_last}


def by_way(session: Session, way_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many people came by each of these ways."""
    counts = (
        sa.select(col(Arrival.way_id), func.count(col(Fan.person_id).distinct()))
        .join(Fan, col(Fan.id) == col(Arrival.fan_id))
        .where(col(Arrival.way_id).in_(way_ids))
        .group_by(col(Arrival.way_id))
    )
    return {row[0]: row[1] for row in session.execute(counts)} if way_ids else {}


_TOLD = (
    sa.select(
        col(Arrival.id),
        col(Arrival.at),
        col(Arrival.platform),
        col(Arrival.account),
        col(Arrival.post),
        func.coalesce(col(Offer.slug), ""),
        col(Arrival.by_friend),
        *(func.coalesce(col(column), "") for column in (WayIn.source, WayIn.medium, WayIn.campaign)),
    )
    .outerjoin(Offer, col(Offer.id) == col(Arrival.offer_id))
    .outerjoin(WayIn, col(WayIn.id) == col(Arrival.way_id))
)


def of(session: Session, fan_ids: Collection[UUID], most: int) -> Sequence[Came]:
    """How this person came, the last time first."""
    his = _TOLD.where(col(Arrival.fan_id).in_(fan_ids)).order_by(col(Arrival.id).desc())
    return [Came(*came) for _, *came in session.execute(his.limit(most))]


def told(session: Session, ids: Collection[int]) -> Mapping[int, Came]:
    """These arrivals, by id, in one query."""
    rows = session.execute(_TOLD.where(col(Arrival.id).in_(ids))) if ids else ()
    return {arrival_id: Came(*came) for arrival_id, *came in rows}
