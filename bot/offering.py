"""Offering: what a fan asked for is looked up in the catalogue, and he gets his own hold on it."""

from functools import lru_cache

from offers.matching import Candidate, Matcher

from bot import speech
from bot.facts import Known, Verdict
from bot.inbox import Outcome
from bot.scene import Scene
from bot.speech import Say
from connectors import Ask, Button, Way
from offers import catalog, claims, matching, texts
from offers.catalog import Offer
from offers.claims import Hold, Step

PERSONAL = frozenset({Way.PRIVATE, Way.DIRECT})
PREFIX = "offer-"  # of a payload that names an offer, in links and buttons that everyone may see


def asks_for_an_offer(scene: Scene, fan: Known) -> Verdict | None:
    """A keyword, a hashtag, a button or a link of ours names an offer."""
    offer = _named(scene) or _matched(scene)
    if offer is None:
        return None
    way = speech.way_of(scene)
    if way in PERSONAL:
        return _offer_privately(scene, fan, offer)
    return _invite(scene, fan, offer)


def _named(scene: Scene) -> Offer | None:
    slug = scene.interaction.payload.removeprefix(PREFIX)
    return next(
        (offer for offer in scene.facts.offers if offer.slug == slug and catalog.is_open(offer, scene.now)), None
    )


def _matched(scene: Scene) -> Offer | None:
    one = scene.interaction
    if not scene.facts.offers:
        return None
    found = matching.match(
        _matcher(tuple(map(_candidate, scene.facts.offers))), one.text, one.platform, one.account, one.thread, scene.now
    )
    return next((offer for offer in scene.facts.offers if found and offer.id == found.offer_id), None)


def _candidate(offer: Offer) -> Candidate:
    return Candidate(
        offer_id=offer.id,
        keywords=tuple(offer.keywords),
        platforms=frozenset(offer.platforms),
        accounts=frozenset(offer.accounts),
        posts=frozenset(offer.posts),
        starts_at=offer.starts_at,
        ends_at=offer.ends_at,
        priority=offer.priority,
        open=True,
    )


@lru_cache(maxsize=4)
def _matcher(candidates: tuple[Candidate, ...]) -> Matcher:
    """Built once for a catalogue, and again when it changes."""
    return Matcher(candidates)


def _offer_privately(scene: Scene, fan: Known, offer: Offer) -> Verdict:
    held = next((claim for claim in fan.holds if claim.offer_id == offer.id), None)
    if held is not None:
        return _remind(scene, fan, offer, held)
    if catalog.is_sold_out(offer):
        return speech.draft(scene, fan, "sold_out", "sold_out")
    claim = _open(scene, fan, offer)
    spoken = scene.language(fan)
    pitch = texts.render(catalog.texts(offer, spoken).get("pitch", ""), _words(scene, fan, offer))
    words = {"name": first_name(fan), "pitch": pitch, "link": link(scene, claim), "brand": scene.brand}
    say = Say(
        "offer_private",
        words,
        purpose="offer",
        claim=claim,
        buttons=(Button("E-mail", Ask.EMAIL),),
        approval=offer.needs_approval,
        then="" if scene.interaction.kind in scene.rules.opens_window else "look_in_messages",
    )
    return speech.answer(scene, fan, say)


def _remind(scene: Scene, fan: Known, offer: Offer, claim: Hold) -> Verdict:
    """He asks again: the same hold, and no second piece."""
    if scene.interaction.kind not in scene.rules.opens_window:
        return Outcome.SILENT, "holds_it_already"
    words = {"link": link(scene, claim), "code": claim.code or ""}
    return speech.answer(scene, fan, Say("offer_held", words, claim=claim))


def _invite(scene: Scene, fan: Known, offer: Offer) -> Verdict:
    """Others read this answer, so it holds nothing personal: it says where to ask."""
    one = scene.interaction
    connector = scene.bot.connectors[one.platform]
    link = connector.entry_link(one.account, PREFIX + offer.slug) if scene.rules.opens_window else ""
    keyword = offer.keywords[0] if offer.keywords else offer.name
    words = {"keyword": keyword, "link": link, "brand": scene.brand}
    return speech.answer(scene, fan, Say("offer_public", words, purpose="offer", approval=offer.needs_approval))


def _open(scene: Scene, fan: Known, offer: Offer) -> Hold:
    one, claim_id = scene.interaction, scene.bot.new_id()
    hold = Hold(claim_id, fan.fan_id, offer.id, Step.EMAIL.value, None)
    fan.holds.append(hold)
    scene.notes.claims.append(
        {
            "id": claim_id,
            "fan_id": fan.fan_id,
            "profile_id": fan.profile_id,
            "offer_id": offer.id,
            "token_hash": claims.hash_of(claims.token(scene.bot.settings.secret, claim_id)),
            "step": hold.step,
            "language": scene.language(fan),
            "platform": one.platform,
            "account": one.account,
            "post": one.thread if one.kind not in scene.rules.opens_window else "",
            "evidence": one.id,
            "opened_at": scene.now,
            "name": fan.name,
        }
    )
    return hold


def _words(scene: Scene, fan: Known, offer: Offer) -> dict[str, str]:
    return {"name": first_name(fan), "brand": scene.brand, "value": offer.value}


def first_name(fan: Known) -> str:
    return fan.name.split()[0][:40] if fan.name.strip() else ""


def link(scene: Scene, claim: Hold) -> str:
    """The page of this claim: a word for this fan alone, said in private only."""
    return f"{scene.bot.settings.address}/claim/{claims.token(scene.bot.settings.secret, claim.id)}"
