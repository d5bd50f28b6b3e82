"""How the journey speaks: a permit is asked, the words are chosen, and a message or its refusal goes to the outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from bot import accounts, outbox, wording
from bot.facts import Known, Verdict
from bot.inbox import Entry, Outcome
from bot.outbox import State
from bot.scene import Scene
from connectors import Button, Kind, Way
from offers.claims import Hold
from optin import permits, receipts
from optin.permits import Answer, Facts, Permit, Refusal
from optin.receipts import Stage
from optin.standing import SILENCE, Purpose


def private_once(entry: Entry) -> str:
    """The name under which there can be one private reply to a comment, by whomever."""
    one = entry.interaction
    return f"{one.platform}:{one.account}:{one.subject}:private"


def way_of(scene: Scene) -> Way | None:
    """The best way in which this may be answered on its platform."""
    return next(iter(scene.rules.answers.get(scene.interaction.kind, ())), None)


def public_way_of(scene: Scene) -> Way | None:
    """The way for a person's answer: where others read the question, they may read the answer too."""
    ways = scene.rules.answers.get(scene.interaction.kind, ())
    return Way.PUBLIC if Way.PUBLIC in ways else next(iter(ways), None)


@dataclass(frozen=True, slots=True)
class Say:
    """What is to be said: an occasion of `bot/messages`, with its words. Without a `way` the platform's best."""

    what: str
    words: Mapping[str, str] = field(default_factory=dict)
    purpose: str = "answer"
    way: Way | None = None
    claim: Hold | None = None
    buttons: Sequence[Button] = ()
    approval: bool = False  # a person approves it first
    offer: str = ""  # the offer's short name, where it gives one
    then: str = ""  # what is said in public, once this has arrived in private
    weighed: Mapping[str, Any] = field(default_factory=dict)  # how it was chosen, where others answered the wish
    segment: str = ""  # of the fan, where its claim tells how that choice went


def answer(scene: Scene, fan: Known, say: Say) -> Verdict:
    """Say it by itself, or as a draft where a person has to approve it."""
    asked = _facts(scene, fan, say, by_human=False)
    permit = permits.decide(asked, scene.now)
    if permit in AGAINST_THE_BOT:  # he asks again by himself: whether that is a yes is for a person to see
        asked = _facts(scene, fan, say, by_human=True)
        permit = permits.decide(asked, scene.now)
        return _put(scene, fan, say, asked, permit, State.DRAFT, "asks_after_stop")
    return _put(scene, fan, say, asked, permit, State.DRAFT if say.approval else State.WAITING, say.what)


AGAINST_THE_BOT = (Refusal("fan_said_stop"), Refusal("fan_wants_no_offers"))


def draft(scene: Scene, fan: Known, what: str, reason: str) -> Verdict:
    """Leave the answer to a person, with words to begin from."""
    say = Say(what, way=public_way_of(scene))
    asked = _facts(scene, fan, say, by_human=True)
    return _put(scene, fan, say, asked, permits.decide(asked, scene.now), State.DRAFT, reason)


def _facts(scene: Scene, fan: Known, say: Say, *, by_human: bool) -> Facts:
    one, way = scene.interaction, say.way or way_of(scene)
    gives_an_offer = say.purpose == "offer"
    return Facts(
        channel=one.platform,
        way=way or Way.DIRECT,
        allowed=permits.allowed(scene.rules, one.kind, way or Way.DIRECT),
        kind=one.kind,
        asked_at=one.at,
        window_opened_at=fan.window_opened_at,
        window_opened_by=fan.window_opened_by,
        blocked=fan.blocked,
        account_paused=(one.platform, one.account) in scene.facts.paused,
        already_answered=way is Way.PRIVATE and private_once(scene.entry) in scene.facts.said,
        by_human=by_human,
        confirms_stop=say.purpose == "stop",
        service=fan.person.standing(fan.fan_id, one.platform, Purpose.SERVICE),
        offers=fan.person.standing(fan.fan_id, one.platform, Purpose.OFFERS) if gives_an_offer else SILENCE,
    )


def _put(scene: Scene, fan: Known, say: Say, asked: Facts, permit: Answer, state: State, reason: str) -> Verdict:
    """Write the message, or what was refused; what can't be said in any way leaves a receipt and no message."""
    if isinstance(permit, Refusal):
        if not asked.allowed.answerable or permit.why == "already_answered":
            _keep_receipt(scene, fan, say, asked, permit, None)
            return Outcome.SILENT, permit.why
        if permit.why not in MAY_CHANGE:
            state, reason = State.REFUSED, permit.why
    message = _message(scene, fan, say, asked.way, permit) | {"state": state.value, "reason": reason}
    scene.facts.said.add(message["once"])
    scene.notes.messages.append(message)
    _keep_receipt(scene, fan, say, asked, permit, message)
    return OUTCOMES[state], reason


# An account that is paused may be free again when the message is due: the permit is asked again then.
MAY_CHANGE = frozenset({"account_paused"})
OUTCOMES = {State.WAITING: Outcome.ANSWERED, State.DRAFT: Outcome.DRAFTED, State.REFUSED: Outcome.SILENT}


def _keep_receipt(
    scene: Scene, fan: Known, say: Say, asked: Facts, permit: Answer, message: dict[str, Any] | None
) -> None:
    held = "approval" if message and message["state"] == State.DRAFT.value else ""
    scene.notes.receipts.append(
        receipts.receipt(
            scene.bot.new_id(),
            fan.fan_id,
            message["id"] if message else None,
            scene.entry.id,
            Stage.DECIDED,
            asked,
            permit,
            scene.now,
            house_rules=scene.facts.rules_version,
            chosen=_chosen(scene, say),
            held=held,
        )
    )


def _chosen(scene: Scene, say: Say) -> dict[str, Any]:
    """What was said, and the open offers among which it chose."""
    if not say.offer:
        return {"said": say.what}
    return {"said": say.what, "offer": say.offer, "among": scene.facts.showcase.shown, **say.weighed}


def _message(scene: Scene, fan: Known, say: Say, way: Way, permit: Answer) -> dict[str, Any]:
    one, spoken = scene.interaction, scene.language(fan)
    text = wording.say(say.what, spoken, **say.words)
    return {
        "id": scene.bot.new_id(),
        "once": private_once(scene.entry) if way is Way.PRIVATE else f"{scene.entry.id}:auto",
        "platform": one.platform,
        "account": one.account,
        "way": way.value,
        "recipient": fan.handle if way is Way.DIRECT else one.subject,
        "handle": fan.handle,
        "lane": scene.entry.lane,
        "answers": one.subject,
        "fan_id": fan.fan_id,
        "profile_id": fan.profile_id,
        "inbox_id": scene.entry.id,
        "claim_id": say.claim.id if say.claim else None,
        "offer_id": say.claim.offer_id if say.claim else None,
        "purpose": say.purpose,
        "segment": say.segment,
        "language": spoken,
        "text": wording.shortened(text, scene.rules.max_text.get(way, len(text))),
        "buttons": outbox.written(say.buttons[: scene.rules.max_buttons]),
        "then_text": wording.say(say.then, spoken, brand=scene.brand) if say.then else "",
        "why": permit.why,
        "said_by": "bot",
        "due_at": scene.now,
        "valid_until": permit.until if isinstance(permit, Permit) else None,
        "created_at": scene.now,
        "attempts": 0,
    }


COME_BACK = frozenset({Kind.ECHO, Kind.READ, Kind.DELIVERED})


def note(scene: Scene) -> Verdict:
    """What is no fan's word: our own message coming back proves that it arrived; a ban silences the account."""
    one = scene.interaction
    if one.kind in COME_BACK:
        scene.notes.emptied.append(scene.entry.id)  # what we said stands in the outbox
    if one.kind is Kind.ECHO:
        return _echo(scene)
    if one.kind is Kind.RESTRICTED:
        _restrict(scene)
    return (Outcome.UNKNOWN, "no_name_for_it") if one.kind is Kind.UNKNOWN else (Outcome.NOTED, one.kind.value)


def _echo(scene: Scene) -> Verdict:
    one = scene.interaction
    try:
        scene.notes.echoes[UUID(one.payload)] = one.subject
    except ValueError:
        return Outcome.NOTED, "echo"
    return Outcome.NOTED, "echo_of_ours"


def _restrict(scene: Scene) -> None:
    one = scene.interaction
    if one.payload == "block":
        accounts.pause(scene.session, one.platform, one.account, "platform_restriction", scene.now)
