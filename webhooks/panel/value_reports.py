"""What the panel shows of value: tables by platform, offer and post, and what one fan brought. It changes nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from leads import sales, value
from leads.sales import Key
from leads.value import Funnel, Sale, Worth
from offers.catalog import Offer
from offers.claims import Claim

KEYS: Mapping[str, tuple[Any, ...]] = {
    "platform": (col(Claim.platform),),
    "offer": (col(Claim.offer_id),),
    "post": (col(Claim.platform), col(Claim.post)),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table. `name` is a platform, an offer's name or a post's id; "" where no claim came before."""

    name: str
    platform: str
    offer_id: UUID | None
    worth: Worth
    funnel: Funnel
    fans: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """All tables of one period. `elsewhere`: how many purchases were made in other currencies."""

    worth: Worth
    funnel: Funnel
    tables: Mapping[str, list[Line]]
    elsewhere: int

    @property
    def empty(self) -> bool:
        return not (self.worth.purchases or self.funnel.offered or self.elsewhere)


@dataclass(frozen=True, slots=True)
class Brought:
    """What one person brought us."""

    worth: Worth
    funnel: Funnel
    sales: list[Sale]
    offers: Mapping[UUID, str]


def report(session: Session, currency: str, since: datetime | None, now: datetime) -> Report:
    worths = sales.worths(session, currency, since, now)
    names, fans = _names(session), sales.fans(session)
    tables = {}
    for name, columns in KEYS.items():
        funnels = sales.funnels(session, columns, *_opened(since, now))
        tables[name] = _lines(name, worths[name], funnels, names, fans)
    return Report(
        worth=worths["all"].get((), Worth()),
        funnel=sum((line.funnel for line in tables["platform"]), Funnel()),
        tables=tables,
        elsewhere=sales.elsewhere(session, currency, since, now),
    )


def of_fan(session: Session, fan_ids: Collection[UUID], currency: str) -> Brought:
    bought = sales.of(session, fan_ids, currency)
    funnels = sales.funnels(session, (), col(Claim.fan_id).in_(fan_ids))
    return Brought(value.of_one(bought), funnels.get((), Funnel()), bought, _names(session) if bought else {})


def _opened(since: datetime | None, now: datetime) -> list[ColumnElement[bool]]:
    opened = [col(Claim.opened_at) <= now]
    return opened if since is None else [*opened, col(Claim.opened_at) > since]


def _lines(
    by: str,
    worths: Mapping[Key, Worth],
    funnels: Mapping[Key, Funnel],
    names: Mapping[UUID, str],
    fans: Mapping[str, int],
) -> list[Line]:
    """What brought most comes first, what no code came before last; what came under no post is in no line of posts."""
    keys = {*worths, *funnels}
    lines = [_line(by, key, worths.get(key, Worth()), funnels.get(key, Funnel()), names, fans) for key in keys]
    shown = [line for line in lines if by != "post" or line.name or not line.platform]
    return sorted(shown, key=lambda line: (not line.name, -line.worth.revenue, -line.funnel.offered, line.name))


def _line(by: str, key: Key, worth: Worth, funnel: Funnel, names: Mapping[UUID, str], fans: Mapping[str, int]) -> Line:
    match by, key:
        case "platform", (platform,):
            return Line(platform, platform, None, worth, funnel, fans.get(platform, 0))
        case "offer", (offer_id,):
            return Line(names[offer_id], "", offer_id, worth, funnel)
        case "post", (platform, post):
            return Line(post, platform, None, worth, funnel)
        case _:
            return Line("", "", None, worth, funnel)


def _names(session: Session) -> dict[UUID, str]:
    return dict(session.exec(select(Offer.id, Offer.name)).all())
