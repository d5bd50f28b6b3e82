"""Claiming inside a chat: the fan gives his e-mail address, gets his code, and says yes or no to hearing from us."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import Session

from bot import claiming, confirming, facts, speech, telling
from bot.claiming import Code, Turn
from bot.facts import Known, Verdict
from bot.inbox import Entry, Outcome
from bot.offering import link
from bot.scene import Scene
from bot.speech import Say
from connectors import Button, Interaction, Kind
from offers import claims, questions, stock
from offers.catalog import Offer
from offers.claims import Claim, Hold, Step
from offers.questions import Question
from optin import answers, fans, links
from optin.wordings import wording

CHAT = frozenset({Kind.MESSAGE, Kind.PRESS, Kind.CONTACT})
YES, NO = "consent-yes", "consent-no"
WORDS = {"fr": ("Oui", "Non"), "en": ("Yes", "No")}


def wait_for_turns(session: Session, entries: Sequence[Entry], others: Collection[UUID] = ()) -> None:
    """Before a batch is read: whoever may take a step is held, `others` with them, and then what they may take, as
    `claiming.take` says."""
    if not others and not any(entry.interaction.kind in CHAT for entry in entries):
        return
    # All of the batch: once a lead is written down in it, nobody else may be waited for.
    known = fans.behind(session, {facts.handle_of(entry) for entry in entries})
    people = links.hold(session, {*known.values(), *others})
    givers = {known.get(facts.handle_of(entry)) for entry in entries if _email_in(entry.interaction)}
    theirs = {person for fan_id, person in people.items() if fan_id in givers}
    if theirs:
        stock.hold(session, claims.to_be_given(session, theirs))


def takes_a_step(scene: Scene, fan: Known) -> Verdict | None:
    """His answer to what we asked for last."""
    if scene.interaction.kind not in CHAT:
        return None
    return _gives_email(scene, fan) or _says_yes_or_no(scene, fan)


def _gives_email(scene: Scene, fan: Known) -> Verdict | None:
    one = scene.interaction
    claim = _held(fan, Step.EMAIL)
    if claim is None:
        return None
    email = _email_in(one)
    if email is not None:
        return _give_code(scene, fan, claim, email)
    if "@" in one.text:
        return speech.answer(scene, fan, Say("email_unclear", claim=claim))
    if one.phone:
        _keep_number(scene, fan, one.phone)
        return speech.answer(scene, fan, Say("email_missing", {"link": link(scene, claim)}, claim=claim))
    return None


def _keep_number(scene: Scene, fan: Known, phone: str) -> None:
    """He shared his own contact. That is no yes to be called (see leads/release.py)."""
    facts.write(scene.session, scene.notes, scene.facts, scene.now)  # a newcomer has to stand in the tables first
    number = questions.read(Question.PHONE, phone)
    if number:
        telling.tell(scene.session, fan.person, fan.fan_id, Question.PHONE, number, scene.now, None)


def _email_in(one: Interaction) -> str | None:
    return answers.email_in(one.email or one.text) if one.kind in CHAT else None


def _give_code(scene: Scene, fan: Known, claim: Hold, email: str) -> Verdict:
    stored = _write_down(scene, claim)
    offer = scene.session.get_one(Offer, claim.offer_id)
    turn = Turn(stored, offer, fan.person.fan_ids)
    taken = claiming.take(scene.session, scene.bot, turn, email, scene.now)
    if not isinstance(taken, Code):
        speech.answer(scene, fan, Say(taken.value, claim=claim))
        return Outcome.CLAIMED, taken.value
    claim.code, claim.step = taken.code, Step.CONSENT.value
    spoken = scene.language(fan)
    words = {
        "code": taken.code,
        "value": offer.value,
        "link": link(scene, claim),
        "wording": wording("offers_email", spoken, scene.brand).text,
    }
    yes, no = WORDS[spoken]
    buttons = (Button(yes, payload=YES), Button(no, payload=NO))
    speech.answer(scene, fan, Say("code_given", words, claim=claim, buttons=buttons))
    return Outcome.CLAIMED, "code_given"


def _write_down(scene: Scene, claim: Hold) -> Claim:
    """What this batch has noted so far is written, so that the claim can be taken where it stands."""
    facts.write(scene.session, scene.notes, scene.facts, scene.now)
    return scene.session.get_one(Claim, claim.id)


def _says_yes_or_no(scene: Scene, fan: Known) -> Verdict | None:
    one = scene.interaction
    claim = _held(fan, Step.CONSENT)
    if claim is None:
        return None
    if one.payload == YES or answers.says_yes(one.text):
        return _agree(scene, fan, claim)
    if one.payload == NO or answers.says_no(one.text):
        stored = _write_down(scene, claim)
        claims.finish(scene.session, stored)
        claim.step = Step.DONE.value
        speech.answer(scene, fan, Say("consent_declined", claim=claim))
        return Outcome.CLAIMED, "consent_declined"
    return None


def _agree(scene: Scene, fan: Known, claim: Hold) -> Verdict:
    """He read the words in the message before, and said yes: that message and this answer are the proof."""
    stored = _write_down(scene, claim)
    words = wording("offers_email", scene.language(fan), scene.brand)
    claiming.allow(
        scene.session, scene.bot, stored, {"email": words}, "chat", scene.interaction.id, scene.now, scene.said_at
    )
    claim.step = Step.DONE.value
    noted = "consent_to_confirm" if confirming.is_possible(scene.bot) else "consent_noted"
    speech.answer(scene, fan, Say(noted, claim=claim))
    return Outcome.CLAIMED, "consent_given"


def _held(fan: Known, step: Step) -> Hold | None:
    return next((claim for claim in reversed(fan.holds) if claim.step == step.value), None)
