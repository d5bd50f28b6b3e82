"""The fan's journey, from a comment to a code and a yes. Read this first.

What a fan did is heard in this order: his wish to be left alone, or to be written to otherwise, his complaint, his
answer to what we asked, his wish for an offer, and last whatever else he said. One thing done gets one automatic answer
at most, and what is not understood becomes a draft for a person or a silence with a reason.
"""

from collections.abc import Callable, Sequence

from sqlmodel import Session

from bot import arriving, bouncing, facts, inbox, joining, language, meaning, outbox, speech
from bot.assembly import Bot
from bot.claims_by_chat import takes_a_step, wait_for_turns
from bot.facts import Known, Verdict
from bot.inbox import Entry, Outcome
from bot.joining import joins
from bot.meaning import Meaning
from bot.offering import asks_for_an_offer
from bot.scene import Scene
from bot.speech import Say
from bot.wishing import wishes_something
from connectors import Kind
from leads import merits
from leads.ambassadors import Kind as Merited
from leads.merits import Thanks
from optin import history, people, wishes
from optin.standing import EVERYWHERE, Purpose
from optin.wishes import Stop

SPOKEN = frozenset(
    {Kind.COMMENT, Kind.POST, Kind.MENTION, Kind.MESSAGE, Kind.PRESS, Kind.REFERRAL, Kind.CONTACT, Kind.RATING}
)
PUBLIC = frozenset({Kind.COMMENT, Kind.POST, Kind.MENTION, Kind.RATING})
PRIVATE = frozenset({Kind.MESSAGE, Kind.PRESS, Kind.REFERRAL, Kind.CONTACT})
REWRITTEN = frozenset({Kind.COMMENT_EDITED, Kind.MESSAGE_EDITED})
REMOVED = frozenset({Kind.COMMENT_REMOVED, Kind.MESSAGE_REMOVED})
LEAVING = frozenset({Kind.STOP, Kind.BLOCKED})
NO_FAN = frozenset({Kind.ECHO, Kind.READ, Kind.DELIVERED, Kind.RESTRICTED, Kind.UNKNOWN})


def hear(session: Session, bot: Bot, entries: Sequence[Entry]) -> None:
    """Hear a batch: facts for all of it, a decision for each, and what follows written together."""
    now = bot.now()
    wait_for_turns(session, entries, joining.claimants(session, bot, entries))
    known = facts.load(session, entries, speech.private_once, bot.settings.secret, now)
    notes = facts.Notes()
    inbox.let_go(session, known.let_go)
    for entry in entries:
        if entry.id in known.let_go:
            continue
        outcome, reason = _hear_one(Scene(session, bot, known, notes, entry, now))
        notes.heard.append((entry.id, outcome.value, reason))
    facts.write(session, notes, known, now)


def _hear_one(scene: Scene) -> Verdict:
    one = scene.interaction
    if one.kind is Kind.BOUNCED or (one.kind is Kind.STOP and one.by_bot):
        return bouncing.hear(scene)
    if one.kind in NO_FAN:
        return speech.note(scene)
    if one.by_bot or one.author in scene.connector_accounts:
        return Outcome.NOTED, "not_a_fan"
    fan = _recognize(scene)
    for step in STEPS:
        verdict = step(scene, fan)
        if verdict is not None:
            return verdict
    return Outcome.SILENT, "nothing_asked"


def _recognize(scene: Scene) -> Known:
    """The fan, as we know him or as we just meet him, with what he did now remembered."""
    met = scene.fan()
    fan = met or _meet(scene)
    one = scene.interaction
    fan.name = one.author_name or fan.name
    fan.last_heard_at = max(fan.last_heard_at or one.at, one.at)
    if one.kind in scene.rules.opens_window:
        _open_window(scene, fan)
    scene.notes.met[fan.profile_id] = fan
    scene.remember(fan)
    arriving.note(scene, fan, is_new=met is None)
    return fan


def _open_window(scene: Scene, fan: Known) -> None:
    at = min(scene.interaction.at, scene.now)
    if fan.window_opened_at is None or at >= fan.window_opened_at:
        fan.window_opened_at, fan.window_opened_by = at, scene.interaction.id
    fan.blocked = False


def _meet(scene: Scene) -> Known:
    one, bot = scene.interaction, scene.bot
    scene.spoken = language.detect(one.text, one.language or bot.settings.language)
    who, fan_id = facts.handle_of(scene.entry), bot.new_id()
    person = people.new(fan_id, scene.spoken)
    fan = Known(fan_id, bot.new_id(), one.platform, who.handle, one.author_name, person, is_new=True)
    scene.facts.people[who] = fan
    scene.notes.new.append(fan)
    if who in scene.facts.left_alone:
        scene.begin_unwilling(fan, scene.facts.left_alone[who])
    return fan


def _wants_out(scene: Scene, fan: Known) -> Verdict | None:
    """STOP, in any words and on any platform, is heard before anything else."""
    one = scene.interaction
    if one.kind in SPOKEN or one.kind in REWRITTEN:
        zone = fan.person.preferences.timezone or scene.facts.caps.zone
        scene.told = wishes.verdict(one.text, scene.now, zone)
    stop = scene.told if isinstance(scene.told, Stop) else None
    if stop is None and one.kind not in LEAVING:
        return None
    channel = EVERYWHERE if stop and stop.everywhere else one.platform
    was_stopped = fan.stopped
    fan.blocked = fan.blocked or one.kind is Kind.BLOCKED
    how = "platform" if one.kind in LEAVING else "chat"
    scene.withdraw(fan, channel, how)
    _advertise_no_more(scene, fan, how)
    _drop_what_waits(scene, fan, channel)
    if stop and stop.contract:
        speech.draft(scene, fan, "draft_contract", "contract")
        return Outcome.STOPPED, "contract"
    if was_stopped:
        return Outcome.STOPPED, "said_again"
    if one.kind in PRIVATE:
        speech.answer(scene, fan, Say("stopped", purpose="stop"))
    return Outcome.STOPPED, one.kind.value


def _advertise_no_more(scene: Scene, fan: Known, how: str) -> None:
    """Who wants to hear no more on one channel wants no advertisements of ours on a platform instead."""
    if fan.person.ever_allowed(Purpose.AUDIENCES):
        scene.withdraw(fan, EVERYWHERE, how, Purpose.AUDIENCES)


def _drop_what_waits(scene: Scene, fan: Known, channel: str) -> None:
    """Whatever was decided for him a moment ago stays unsaid."""
    scene.notes.withdrawn |= {(fan_id, channel) for fan_id in fan.person.fan_ids}
    for message in scene.notes.messages:
        waits = message["state"] in (outbox.State.WAITING.value, outbox.State.DRAFT.value)
        here = channel in (EVERYWHERE, message["platform"])
        if waits and here and message["fan_id"] in fan.person.fan_ids:
            message.update(state=outbox.State.REFUSED.value, reason="fan_said_stop")


def _changed_his_words(scene: Scene, fan: Known) -> Verdict | None:
    one = scene.interaction
    if one.kind not in REWRITTEN | REMOVED:
        return None
    text = one.text if one.kind in REWRITTEN else ""
    history.rewrite(scene.session, fan.fan_id, one.subject, text)
    for touchpoint in scene.notes.touchpoints:
        if touchpoint["fan_id"] == fan.fan_id and touchpoint["subject"] == one.subject:
            touchpoint["text"] = text
    (scene.notes.removed if one.kind in REMOVED else scene.notes.reworded).add((fan.fan_id, one.subject))
    return Outcome.SILENT, "edited" if one.kind in REWRITTEN else "removed"


def _leaves(scene: Scene, fan: Known) -> Verdict | None:
    """Who leaves without a word wants no offers of ours here any more. Coming back is no yes."""
    one = scene.interaction
    if one.kind is not Kind.UNFOLLOWED:
        return None
    for purpose in (Purpose.OFFERS, Purpose.NEWSLETTER):
        scene.withdraw(fan, one.platform, "platform", purpose)
    _advertise_no_more(scene, fan, "platform")
    return Outcome.STOPPED, one.kind.value


def _says_nothing(scene: Scene, fan: Known) -> Verdict | None:
    """A reaction, an unblock, a hidden comment, or words for another app: remembered, and no reason to speak."""
    one = scene.interaction
    if one.kind not in SPOKEN:
        return Outcome.SILENT, one.kind.value
    return None


def _complains(scene: Scene, fan: Known) -> Verdict | None:
    """A complaint, a call for help or anger goes to a person, and never gets a promotion."""
    scene.meant = meaning.read(scene.interaction.text)
    if meaning.promotable(scene.meant):
        return None
    fan.person.languages[fan.fan_id] = scene.language(fan)
    return speech.draft(scene, fan, "draft_complaint", scene.meant.value)


def _is_kind(scene: Scene, fan: Known) -> Verdict | None:
    """Praise where others read it, and thanks to another fan, are remembered. They need no answer for that."""
    one, praise = scene.interaction, scene.meant is Meaning.PRAISE
    if one.kind not in PUBLIC or fan.person.objects_to_profiling or not (praise or scene.meant is Meaning.THANKS):
        return None
    said = [merits.merit(fan.fan_id, Merited.PRAISE, scene.said_at, one.subject or one.id)] if praise else []
    if one.parent in ("", one.thread):
        scene.notes.merits += said
    elif scene.rules.exact_parent:
        scene.notes.thanks.append(
            Thanks(one.platform, one.account, one.parent, fan.fan_id, scene.said_at, of_brand=tuple(said))
        )
    return None


def _else(scene: Scene, fan: Known) -> Verdict | None:
    """What is neither an answer nor a wish: a greeting is greeted, a question goes to a person."""
    if scene.interaction.kind in PRIVATE:
        return _talks(scene, fan)
    if scene.meant is Meaning.QUESTION:
        return speech.draft(scene, fan, "draft_question", "question")
    return None


def _talks(scene: Scene, fan: Known) -> Verdict:
    if scene.meant is Meaning.GREETING or scene.interaction.kind is Kind.REFERRAL:
        return speech.answer(scene, fan, Say("hello", {"brand": scene.brand}))
    if scene.meant in (Meaning.THANKS, Meaning.PRAISE):
        return speech.answer(scene, fan, Say("thanks", {"brand": scene.brand}))
    return speech.draft(scene, fan, "draft_question", "not_understood")


Step = Callable[[Scene, Known], Verdict | None]
STEPS: tuple[Step, ...] = (
    _wants_out,
    _changed_his_words,
    _leaves,
    joins,
    _says_nothing,
    wishes_something,
    _complains,
    _is_kind,
    takes_a_step,
    asks_for_an_offer,
    _else,
)
