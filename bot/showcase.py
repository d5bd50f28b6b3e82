"""The showcase: the offers that may be asked for while a batch is heard, found by a fan's words or by a link's name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlmodel import Session

from connectors import Interaction
from offers import catalog, condition_rows, conditions, matching
from offers.catalog import Offer, State
from offers.conditions import FanFacts, Test
from offers.matching import Candidate, Matcher, Place

PAUSED = -1_000_000  # the priority of an offer that is only known for what stands in for it
PREFIX = "offer-"  # of a payload that names an offer, in links and buttons that everyone may see


@dataclass(frozen=True, slots=True)
class Wish:
    """An offer that a fan asks for, and by which words ("" where a link or a button named it)."""

    offer: Offer
    keyword: str


@dataclass(frozen=True, slots=True)
class Showcase:
    offers: Mapping[UUID, Offer]
    matcher: Matcher
    for_some: Mapping[UUID, Test]  # of the offers that are not for everybody, who may have them
    by_link: Mapping[str, UUID]  # the offers that links of ours name, by payload (bot/refs.py)

    @property
    def asks_for_campaigns(self) -> bool:
        """Whether it matters by which campaign a fan came."""
        return any(offer.campaigns for offer in self.offers.values())

    def wished(self, one: Interaction, campaign: str, now: datetime) -> list[Wish]:
        """What he names: several offers where he names them all as plainly. What a link names shows everywhere."""
        named = self._named(one.payload, now)
        return [named] if named else self._said(one, campaign, now)

    def anything(self, one: Interaction, asked: str, campaign: str, now: datetime) -> list[Wish]:
        """All that is shown where he asks, for who names none of it."""
        place = Place(one.platform, one.account, one.thread, now, campaign)
        shown = (offer for offer in self.offers.values() if catalog.is_open(offer, now))
        return [Wish(offer, asked) for offer in shown if place.suits(_candidate(offer))]

    @property
    def shown(self) -> list[str]:
        """The short names of those that are open: a paused one is only known for what stands in for it."""
        return [one.slug for one in self.offers.values() if one.state == State.OPEN.value]

    def _named(self, payload: str, now: datetime) -> Wish | None:
        slug, linked = payload.removeprefix(PREFIX), self.by_link.get(payload)
        shown = (offer for offer in self.offers.values() if offer.id == linked or (slug and offer.slug == slug))
        return next(
            (Wish(offer, "") for offer in shown if catalog.is_open(offer, now) or self.instead(offer, now)), None
        )

    def _said(self, one: Interaction, campaign: str, now: datetime) -> list[Wish]:
        if not self.offers:
            return []
        place = Place(one.platform, one.account, one.thread, now, campaign)
        found = matching.matches(self.matcher, one.text, place)
        return [Wish(self.offers[each.offer_id], each.keyword) for each in found]

    def instead(self, offer: Offer, now: datetime, about: FanFacts | None = None) -> Offer | None:
        """What stands in for an offer that can't be had now, or not by whom this is known about."""

        def may_have(one: Offer) -> bool:
            return catalog.can_be_had(one, now) and self.is_for(one, about)

        other = catalog.stand_in(offer, self.offers, may_have)
        return None if other is offer else other

    def is_for(self, offer: Offer, about: FanFacts | None) -> bool:
        holds = self.for_some.get(offer.id)
        return holds is None or about is None or holds(about)


def stocked(session: Session, by_link: Mapping[str, UUID]) -> Showcase:
    """What may be asked for now, in one query; what finds it is built anew only when the catalogue has changed."""
    offers = catalog.asked_for(session)
    for_some = {offer.id: _test(offer) for offer in offers if offer.conditions != condition_rows.everybody()}
    matcher = _matcher(tuple(map(_candidate, offers)))
    return Showcase({offer.id: offer for offer in offers}, matcher, for_some, by_link)


def _test(offer: Offer) -> Test:
    return conditions.compiled(condition_rows.from_json(offer.conditions))


@lru_cache(maxsize=4)
def _matcher(candidates: tuple[Candidate, ...]) -> Matcher:
    return Matcher(candidates)


def _candidate(offer: Offer) -> Candidate:
    return Candidate(
        offer_id=offer.id,
        keywords=tuple(offer.keywords),
        platforms=frozenset(offer.platforms),
        accounts=frozenset(offer.accounts),
        posts=frozenset(offer.posts),
        campaigns=frozenset(offer.campaigns),
        starts_at=offer.starts_at,
        ends_at=None if offer.fallback_id else offer.ends_at,
        priority=offer.priority if offer.state == State.OPEN.value else PAUSED,
        open=True,
    )
