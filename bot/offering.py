"""Offering: what a fan asked for is looked up in the catalogue, and he gets his own hold on it."""

from datetime import timedelta

from bot import arriving, meaning, speech
from bot.facts import Known, Verdict
from bot.inbox import Outcome
from bot.scene import Scene
from bot.showcase import PREFIX, Wish
from bot.speech import Say
from connectors import Ask, Button, Way
from offers import catalog, claims, texts
from offers.catalog import Offer
from offers.claims import Hold, Step
from offers.conditions import FanFacts

PERSONAL = frozenset({Way.PRIVATE, Way.DIRECT})


def asks_for_an_offer(scene: Scene, fan: Known) -> Verdict | None:
    """A keyword, a hashtag, a button or a link of ours names an offer."""
    asked = scene.facts.showcase.wished(scene.interaction, scene.now)
    wish = _to_be_had(scene, fan, asked) if asked else None
    if wish is None:
        return None
    if not _may_have(scene, fan, wish.offer):
        return speech.draft(scene, fan, "not_eligible", "not_eligible")
    if speech.way_of(scene) in PERSONAL:
        return _offer_privately(scene, fan, wish)
    return _invite(scene, fan, wish)


def _to_be_had(scene: Scene, fan: Known, wish: Wish) -> Wish | None:
    """What he asks for, or what stands in for it; None where it is closed. Who holds it already keeps it."""
    offer, now = wish.offer, scene.now
    is_open = catalog.is_open(offer, now)
    if any(claim.offer_id == offer.id and (is_open or claim.code) for claim in fan.holds):
        return wish
    other = scene.facts.showcase.instead(offer, now, _about(scene, fan))
    if other is not None:
        return Wish(other, wish.keyword)
    return wish if is_open else None


def _may_have(scene: Scene, fan: Known, offer: Offer) -> bool:
    """Whether he is one of those whom it is for. Who holds it already keeps it."""
    held = any(claim.offer_id == offer.id for claim in fan.holds)
    return held or scene.facts.showcase.is_for(offer, _about(scene, fan))


def _about(scene: Scene, fan: Known) -> FanFacts:
    """What conditions ask, as it was before this batch. Of a newcomer we know what he shows."""
    newcomer = FanFacts(
        languages=frozenset({fan.language}),
        platforms=frozenset({fan.platform}),
        first_met=timedelta(0),
        last_heard=timedelta(0),
    )
    return scene.facts.about.get(fan.person.id, newcomer)


def _needs_a_person(scene: Scene, wish: Wish) -> bool:
    """Where the managers want it, and where he says more than that he wants it: no list knows every complaint."""
    return wish.offer.needs_approval or not meaning.is_plain(scene.interaction.text, wish.keyword)


def _offer_privately(scene: Scene, fan: Known, wish: Wish) -> Verdict:
    offer = wish.offer
    held = next((claim for claim in fan.holds if claim.offer_id == offer.id), None)
    if held is not None:
        return _remind(scene, fan, offer, held)
    if catalog.is_sold_out(offer):
        return speech.draft(scene, fan, "sold_out", "sold_out")
    claim = _open(scene, fan, offer)
    spoken = scene.language(fan)
    pitch = texts.render(catalog.texts(offer, spoken).get("pitch", ""), _words(scene, fan, offer))
    words = {"name": texts.first_name(fan.name), "pitch": pitch, "link": link(scene, claim), "brand": scene.brand}
    say = Say(
        "offer_private",
        words,
        purpose="offer",
        offer=offer.slug,
        claim=claim,
        buttons=(Button("E-mail", Ask.EMAIL),),
        approval=_needs_a_person(scene, wish),
        then="" if scene.interaction.kind in scene.rules.opens_window else "look_in_messages",
    )
    return speech.answer(scene, fan, say)


def _remind(scene: Scene, fan: Known, offer: Offer, claim: Hold) -> Verdict:
    """He asks again: the same hold, and no second piece."""
    if scene.interaction.kind not in scene.rules.opens_window:
        return Outcome.SILENT, "holds_it_already"
    words = {"link": link(scene, claim), "code": claim.code or ""}
    return speech.answer(scene, fan, Say("offer_held", words, offer=offer.slug, claim=claim))


def _invite(scene: Scene, fan: Known, wish: Wish) -> Verdict:
    """Others read this answer, so it holds nothing personal: it says where to ask."""
    one, offer = scene.interaction, wish.offer
    connector = scene.bot.connectors[one.platform]
    link = connector.entry_link(one.account, PREFIX + offer.slug) if scene.rules.opens_window else ""
    keyword = offer.keywords[0] if offer.keywords else offer.name
    words = {"keyword": keyword, "link": link, "brand": scene.brand}
    return speech.answer(
        scene, fan, Say("offer_public", words, purpose="offer", offer=offer.slug, approval=_needs_a_person(scene, wish))
    )


def _open(scene: Scene, fan: Known, offer: Offer) -> Hold:
    one, claim_id = scene.interaction, scene.bot.new_id()
    hold = Hold(claim_id, fan.fan_id, offer.id, Step.EMAIL.value, None)
    fan.holds.append(hold)
    arriving.at_offer(scene, fan, offer.id)
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
    return {"name": texts.first_name(fan.name), "brand": scene.brand, "value": offer.value}


def link(scene: Scene, claim: Hold) -> str:
    """The page of this claim: a word for this fan alone, said in private only."""
    return f"{scene.bot.settings.address}/claim/{claims.token(scene.bot.settings.secret, claim.id)}"
