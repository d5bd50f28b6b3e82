"""Scores in SQL: the points of all leads at once, so that the highest can be shown first. leads/scoring.py says what
they are.

Of people with several profiles it may be wrong about what they allow (optin/standing.py), and by no more than that
part of a score. Who objects to profiling has none: of linked people it is enough that one profile ever said so.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import col

from leads import deeds, purchases
from leads.pipeline import Lead
from leads.redemptions import Redemption
from leads.scoring import WEIGHTS, Part
from offers.claims import Claim
from optin import consents
from optin.consents import Consent
from optin.fans import Fan
from optin.standing import EVERYTHING, EVERYWHERE, LET_US_WRITE, Act, Purpose

UNSCORED = -1  # comes last, in whatever order

_ASKED = (*LET_US_WRITE, Purpose.PROFILING, Purpose.CRM_PROFILE)


def of_leads() -> sa.Subquery:
    """`lead_id` and `points`, for each lead those of his person."""
    led = _led()
    words = _words(led)
    parts = {Part.CONSENTS: _consents(words)} | {part: query(led) for part, query in _COUNTED.items()}
    worth = sa.union_all(*map(_points, parts, parts.values()), _objectors(words)).subquery()
    objects = func.min(worth.c.points) == UNSCORED
    points = sa.case((objects, UNSCORED), else_=func.sum(worth.c.points)).label("points")
    # Summed up in one place: SQLite takes ten times as long to join a subquery for each part.
    people = sa.select(worth.c.person_id, points).group_by(worth.c.person_id).cte("scored")
    scored = people.prefix_with("MATERIALIZED")
    known: Any = sa.select(col(Lead.id).label("lead_id"), func.coalesce(scored.c.points, 0).label("points"))
    joined = known.join(Fan, col(Fan.id) == col(Lead.fan_id))
    found: sa.Subquery = joined.outerjoin(scored, scored.c.person_id == col(Fan.person_id)).subquery()
    return found


def _points(part: Part, counted: sa.Select[Any]) -> sa.Select[Any]:
    """`person_id` and what this part is worth."""
    weight, his = WEIGHTS[part], counted.subquery()
    worth = weight.each * his.c.count
    return sa.select(his.c.person_id, sa.case((worth > weight.most, weight.most), else_=worth).label("points"))


def _led() -> sa.CTE:
    """All fans of the people who are leads."""
    people = sa.select(col(Fan.person_id)).join(Lead, col(Lead.fan_id) == col(Fan.id))
    fans: Any = sa.select(col(Fan.id).label("fan_id"), col(Fan.person_id)).where(col(Fan.person_id).in_(people))
    led: sa.CTE = fans.cte("led").prefix_with("MATERIALIZED")
    return led


def _words(led: sa.CTE) -> sa.CTE:
    """Each fan's last word, on each channel of which he spoke, about each purpose that a score asks for."""
    his, said = aliased(Consent), aliased(Consent)
    spoken_of = sa.select(led.c.person_id, led.c.fan_id, col(his.channel)).distinct()
    spoken_of = spoken_of.join(his, col(his.fan_id) == led.c.fan_id)
    named = spoken_of.subquery()
    purposes = sa.union_all(*(sa.select(sa.literal(one.value).label("purpose")) for one in _ASKED)).subquery()
    each = (named.c.fan_id, named.c.channel, purposes.c.purpose)
    place = func.row_number().over(partition_by=each, order_by=consents.last_first(said))
    about = sa.and_(
        col(said.fan_id) == named.c.fan_id,
        col(said.channel).in_((named.c.channel, EVERYWHERE)),
        col(said.act) != Act.ASKED.value,
    )
    lines = (
        sa.select(
            named.c.person_id, named.c.fan_id, named.c.channel, purposes.c.purpose, col(said.act), col(said.given_at),
            col(said.channel).label("said_of"), col(said.purpose).label("said_about"), place.label("place"),
        )
        .join_from(named, said, about)
        .join(purposes, col(said.purpose).in_((purposes.c.purpose, EVERYTHING)))
        .subquery()
    )  # fmt: skip
    return sa.select(lines).where(lines.c.place == 1).cte("words").prefix_with("MATERIALIZED")


def _consents(words: sa.CTE) -> sa.Select[Any]:
    lets_us_write = words.c.purpose.in_([one.value for one in LET_US_WRITE])
    ways = sa.select(words.c.person_id, words.c.channel, words.c.purpose).distinct()
    his = ways.where(lets_us_write, words.c.act == Act.GRANTED.value).subquery()
    return sa.select(his.c.person_id, func.count().label("count")).group_by(his.c.person_id)


def _objectors(words: sa.CTE) -> sa.Select[Any]:
    """As leads/release.py has it: a no to profiling stands, and no later yes to being shown to the CRM."""
    profiling = sa.and_(words.c.purpose == Purpose.PROFILING.value, words.c.act == Act.WITHDRAWN.value)
    of_itself = sa.or_(words.c.said_about == Purpose.PROFILING.value, words.c.said_of == EVERYWHERE)
    shows_himself = sa.and_(
        words.c.purpose == Purpose.CRM_PROFILE.value,
        words.c.channel == EVERYWHERE,
        words.c.act == Act.GRANTED.value,
    )
    no = func.max(sa.case((sa.and_(profiling, of_itself), words.c.given_at)))
    yes = func.max(sa.case((shows_himself, words.c.given_at)))
    of_fans = sa.select(words.c.person_id).group_by(words.c.person_id, words.c.fan_id)
    objecting = of_fans.having(no.is_not(None), sa.or_(yes.is_(None), yes <= no)).subquery()
    return sa.select(objecting.c.person_id, sa.literal(UNSCORED)).distinct()


def _claims(led: sa.CTE) -> sa.Select[Any]:
    taken = func.count(col(Claim.offer_id).distinct()).label("count")
    theirs = sa.select(led.c.person_id, taken).join(Claim, col(Claim.fan_id) == led.c.fan_id)
    return theirs.where(col(Claim.code).is_not(None)).group_by(led.c.person_id)


def _redemptions(led: sa.CTE) -> sa.Select[Any]:
    theirs = sa.select(led.c.person_id, func.count().label("count")).join(Claim, col(Claim.fan_id) == led.c.fan_id)
    return theirs.join(Redemption, deeds.USED).group_by(led.c.person_id)


def _purchases(led: sa.CTE) -> sa.Select[Any]:
    """Each once a person, by however many of his fans it is his."""
    bought = purchases.bought().subquery()
    times = func.count(bought.c.id.distinct()).label("count")
    return sa.select(led.c.person_id, times).join(bought, bought.c.fan_id == led.c.fan_id).group_by(led.c.person_id)


_COUNTED: Mapping[Part, Any] = {
    Part.CLAIMS: _claims,
    Part.REDEMPTIONS: _redemptions,
    Part.PURCHASES: _purchases,
}
