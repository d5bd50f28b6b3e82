"""What the panel shows of value: tables by platform, offer and post, and what one fan brought. It changes nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from leads import comparisons, lift, sales, value
from leads.comparisons import Compared
from leads.lift import Lifts, TooFew
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
class Change:
    """What bringing one offer changed, or all of them: then it has no name."""

    name: str
    compared: Compared
    lift: Lifts | TooFew

    @property
    def needed(self) -> int | None:
        """How many it takes to say anything, where there are too few."""
        return self.lift.needed if isinstance(self.lift, TooFew) else None


@dataclass(frozen=True, slots=True)
class Report:
    """All tables of one period. `elsewhere`: how many purchases were made in other currencies. `unseen`: how many
    people could not be compared."""

    worth: Worth
    funnel: Funnel
    tables: Mapping[str, list[Line]]
    elsewhere: int
    changes: Sequence[Change]
    unseen: int

    @property
    def empty(self) -> bool:
        told = self.worth.purchases or self.funnel.offered or self.elsewhere
        return not (told or self.changes or self.unseen)


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
        changes=_changes(comparisons.by_offer(session, currency, since, now), names),
        unseen=comparisons.unseen(session, since, now),
    )


def of_fan(session: Session, fan_ids: Collection[UUID], currency: str) -> Brought:
    bought = sales.of(session, fan_ids, currency)
    funnels = sales.funnels(session, (), col(Claim.fan_id).in_(fan_ids))
    return Brought(value.of_one(bought), funnels.get((), Funnel()), bought, _names(session) if bought else {})


def _changes(compared: Mapping[UUID, Compared], names: Mapping[UUID, str]) -> list[Change]:
    """All offers together, then each of them: whichever came to most people first."""
    if not compared:
        return []
    everything = _change("", sum(compared.values(), Compared()))
    each = [_change(names[offer_id], one) for offer_id, one in compared.items()]
    return [everything, *sorted(each, key=_to_most_people)]


def _change(name: str, compared: Compared) -> Change:
    return Change(name, compared, lift.compare(compared.offered, compared.held_out))


def _to_most_people(change: Change) -> tuple[int, str]:
    return -change.compared.offered.people - change.compared.held_out.people, change.name


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
