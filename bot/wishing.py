"""Wishing: how a fan wants to be written to, said in a chat: understood, kept, and confirmed in one line."""

from bot import choosing, facts, speech, summing_up
from bot.choosing import Word
from bot.facts import Known, Verdict
from bot.inbox import Outcome
from bot.scene import Scene
from bot.speech import Say
from connectors import Kind
from optin import answers
from optin.answers import Answer
from optin.wishes import CancelContract, Wish, Wishes

PRIVATE = frozenset({Kind.MESSAGE, Kind.PRESS})


def wishes_something(scene: Scene, fan: Known) -> Verdict | None:
    """A wish, or the end of a contract, which is for a person. Who comes back after a stop is answered again."""
    one = scene.interaction
    if fan.stopped and one.kind in PRIVATE and answers.meant(one.text) is Answer.START:
        return _comes_back(scene, fan)
    match scene.told:
        case CancelContract():
            return speech.draft(scene, fan, "draft_contract", "contract")
        case Wishes(told):
            return _note(scene, fan, told)
    return None


def _note(scene: Scene, fan: Known, told: tuple[Wish, ...]) -> Verdict:
    one = scene.interaction
    facts.write(scene.session, scene.notes, scene.facts, scene.now)  # the fan may have been met in this very batch
    word = Word(fan.fan_id, fan.profile_id, "chat", one.id, scene.said_at, scene.place, one.platform)
    choosing.wish(scene.session, scene.bot, fan.person, word, told, scene.now)
    if one.kind in PRIVATE:
        zone, spoken = scene.facts.caps.zone, scene.language(fan)
        holds = summing_up.noted(told, fan.person.preferences, spoken, zone, scene.now)
        speech.answer(scene, fan, Say("wishes_noted", {"holds": holds, "brand": scene.brand}))
    return Outcome.WISHED, "wishes"


def _comes_back(scene: Scene, fan: Known) -> Verdict:
    """He may be answered again. That is no yes to anything else: offers he would have to allow anew."""
    scene.answer_again(fan)
    speech.answer(scene, fan, Say("resumed", {"brand": scene.brand}))
    return Outcome.WISHED, "resumed"
