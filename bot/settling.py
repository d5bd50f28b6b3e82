"""Settling which offer answers a wish: what the fan names, and the best of it for him where he names several or none.

An answer is a service that he asked for. So what he names comes before whatever is worth more, what stands in for it
comes only where nothing that he named is to be had, and something is given even if it costs more than it brings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from bot import arbitrating, assembly, speech, stakes
from bot.arbitrating import Decision
from bot.facts import Known
from bot.meaning import Meaning
from bot.scene import Scene
from bot.showcase import PREFIX, Wish
from bot.stakes import Stakes
from connectors import Way
from offers import arbitration, catalog, segments, wanting
from offers.arbitration import Candidate
from offers.catalog import Offer

ASKING = frozenset({Meaning.WISH, Meaning.QUESTION})


@dataclass(frozen=True, slots=True)
class Answer:
    """The offer that answers a wish, by which of its words, and how it was chosen where there was a choice."""

    offer: Offer
    keyword: str
    weighed: Mapping[str, Any] = field(default_factory=dict)
    segment: str = ""  # of the fan, where offers competed


def settle(scene: Scene, fan: Known) -> Answer | None:
    """What answers his wish; None where he has none, or nothing of it is open."""
    showcase, one = scene.facts.showcase, scene.interaction
    campaign = scene.facts.campaigns.get(fan.person.id, "")
    named = showcase.wished(one, campaign, scene.now)
    if len(named) == 1:
        return _to_be_had(scene, fan, named[0])
    if named:
        return _best(scene, fan, named) or _at_least(scene, fan, named)
    if scene.meant in ASKING and (asked := wanting.anything(one.text)):
        return _best(scene, fan, showcase.anything(one, asked, campaign, scene.now))
    return None


def holds(fan: Known, offer: Offer) -> bool:
    return any(claim.offer_id == offer.id for claim in fan.holds)


def _to_be_had(scene: Scene, fan: Known, wish: Wish) -> Answer | None:
    """What he asks for, or what stands in for it; None where it is closed. Who holds it already keeps it."""
    offer, now = wish.offer, scene.now
    is_open = catalog.is_open(offer, now)
    if any(claim.offer_id == offer.id and (is_open or claim.code) for claim in fan.holds):
        return Answer(offer, wish.keyword)
    other = scene.facts.showcase.instead(offer, now, scene.about(fan))
    if other is not None:
        return Answer(other, wish.keyword)
    return Answer(offer, wish.keyword) if is_open else None


def _at_least(scene: Scene, fan: Known, named: Sequence[Wish]) -> Answer | None:
    """Nothing new is to be had: what he has of it already, or else the first, so that he hears why he can't have it."""
    his_first = sorted(named, key=lambda wish: not holds(fan, wish.offer))
    found = (_to_be_had(scene, fan, wish) for wish in his_first)
    return next((answer for answer in found if answer), None)


def _best(scene: Scene, fan: Known, wishes: Sequence[Wish]) -> Answer | None:
    """Of what he may have the best; but what he began to claim he is led on with."""
    begun = next((wish for wish in wishes if _is_begun(scene, fan, wish.offer)), None)
    if begun is not None:
        return Answer(begun.offer, begun.keyword)
    unfit = {wish.offer.id: why for wish in wishes if (why := _unfit(scene, fan, wish.offer))}
    fit = [wish for wish in wishes if wish.offer.id not in unfit] or _standing_in(scene, fan, wishes)
    if len(fit) > 1:
        return _weighed(scene, fan, fit, unfit)
    weighed = arbitrating.as_chosen(Decision(fan.person.id, "", unfit=unfit), 0) if unfit else {}
    return Answer(fit[0].offer, fit[0].keyword, weighed) if fit else None


def _is_begun(scene: Scene, fan: Known, offer: Offer) -> bool:
    is_open = catalog.is_open(offer, scene.now)
    return is_open and any(claim.offer_id == offer.id and not claim.code for claim in fan.holds)


def _unfit(scene: Scene, fan: Known, offer: Offer) -> str:
    if holds(fan, offer):
        return "already_proposed"
    if not catalog.can_be_had(offer, scene.now):
        return "offer_closed"
    return "" if scene.facts.showcase.is_for(offer, scene.about(fan)) else "not_eligible"


def _standing_in(scene: Scene, fan: Known, wishes: Sequence[Wish]) -> list[Wish]:
    showcase, about = scene.facts.showcase, scene.about(fan)
    others = {
        other.id: Wish(other, wish.keyword)
        for wish in wishes
        if not holds(fan, wish.offer) and (other := showcase.instead(wish.offer, scene.now, about))
    }
    return [wish for wish in others.values() if not holds(fan, wish.offer)]


def _weighed(scene: Scene, fan: Known, fit: Sequence[Wish], unfit: Mapping[UUID, str]) -> Answer:
    known, seed = _stakes(scene), scene.bot.draw()
    segment = segments.of(known.about.get(fan.person.id) or scene.about(fan)).value
    candidates = [_candidate(scene, fan, wish.offer, segment, known) for wish in fit]
    ranking = arbitration.rank(candidates, assembly.chance(seed).betavariate, owed=True)
    best = next(wish for wish in fit if wish.offer.id == ranking[0].candidate.offer_id)
    decision = Decision(fan.person.id, "", None, segment, ranking, unfit)
    return Answer(best.offer, best.keyword, arbitrating.as_chosen(decision, seed), segment)


def _stakes(scene: Scene) -> Stakes:
    facts = scene.facts
    if facts.stakes is None:
        known = (known.person for known in facts.people.values() if not known.is_new)
        facts.stakes = stakes.load(scene.session, known, scene.now)
    return facts.stakes


def _candidate(scene: Scene, fan: Known, offer: Offer, segment: str, known: Stakes) -> Candidate:
    one, way = scene.interaction, speech.way_of(scene) or Way.DIRECT
    connector = scene.bot.connectors.get(one.platform)
    link = scene.bot.settings.address
    if way is Way.PUBLIC:  # as bot/offering.py invites
        link = connector.entry_link(one.account, PREFIX + offer.slug) if connector and scene.rules.opens_window else ""
    return Candidate(
        offer_id=offer.id,
        channel=one.platform,
        profile_id=fan.profile_id,
        belief=known.beliefs.of(str(offer.id), one.platform, segment),
        gain=arbitration.gain(offer.worth, offer.cost),
        price=stakes.price(scene.session, known, connector, one.account, way, link, scene.now),
        priority=offer.priority,
        guessed=offer.worth is None,
    )
