"""Offering: what a fan asked for is looked up in the catalogue, and he gets his own hold on it."""

from bot import arriving, meaning, settling, speech
from bot.facts import Known, Verdict
from bot.inbox import Outcome
from bot.scene import Scene
from bot.settling import Answer
from bot.showcase import PREFIX
from bot.speech import Say
from connectors import Ask, Button, Way
from offers import catalog, claims, texts
from offers.catalog import Offer
from offers.claims import Hold, Step

PERSONAL = frozenset({Way.PRIVATE, Way.DIRECT})


def asks_for_an_offer(scene: Scene, fan: Known) -> Verdict | None:
    """A keyword, a hashtag, a button or a link of ours names an offer; or he asks whether there is anything for him."""
    answer = settling.settle(scene, fan)
    if answer is None:
        return None
    if not _may_have(scene, fan, answer.offer):
        return speech.draft(scene, fan, "not_eligible", "not_eligible")
    if speech.way_of(scene) in PERSONAL:
        return _offer_privately(scene, fan, answer)
    return _invite(scene, fan, answer)


def _may_have(scene: Scene, fan: Known, offer: Offer) -> bool:
    """Whether he is one of those whom it is for. Who holds it already keeps it."""
    return settling.holds(fan, offer) or scene.facts.showcase.is_for(offer, scene.about(fan))


def _needs_a_person(scene: Scene, wish: Answer) -> bool:
    """Where the managers want it, and where he says more than that he wants it: no list knows every complaint."""
    return wish.offer.needs_approval or not meaning.is_plain(scene.interaction.text, wish.keyword)


def _offer_privately(scene: Scene, fan: Known, wish: Answer) -> Verdict:
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
        weighed=wish.weighed,
        segment=wish.segment,
    )
    return speech.answer(scene, fan, say)


def _remind(scene: Scene, fan: Known, offer: Offer, claim: Hold) -> Verdict:
    """He asks again: the same hold, and no second piece."""
    if scene.interaction.kind not in scene.rules.opens_window:
        return Outcome.SILENT, "holds_it_already"
    words = {"link": link(scene, claim), "code": claim.code or ""}
    return speech.answer(scene, fan, Say("offer_held", words, offer=offer.slug, claim=claim))


def _invite(scene: Scene, fan: Known, wish: Answer) -> Verdict:
    """Others read this answer, so it holds nothing personal: it says where to ask."""
    one, offer = scene.interaction, wish.offer
    connector = scene.bot.connectors[one.platform]
    link = connector.entry_link(one.account, PREFIX + offer.slug) if scene.rules.opens_window else ""
    keyword = offer.keywords[0] if offer.keywords else offer.name
    words = {"keyword": keyword, "link": link, "brand": scene.brand}
    say = Say(
        "offer_public",
        words,
        purpose="offer",
        offer=offer.slug,
        approval=_needs_a_person(scene, wish),
        weighed=wish.weighed,
    )
    return speech.answer(scene, fan, say)


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
