"""Soliciting: bringing an offer to a fan who did not ask for it just now. He said yes to that before, or nothing goes.

Bot and managers solicit by this door alone. The person is locked while it is decided, his place under the caps is the
message itself, and what finds no room is deferred and competes again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from bot import wording
from bot.assembly import Bot
from bot.outbox import Outgoing, State
from bot.permitting import Desk
from bot.weighing import Candidate, Choice, Weighed, weigh
from connectors import Way
from offers import catalog, claims, exposures, holdout, texts
from offers.catalog import Offer
from offers.claims import Claim, Hold
from optin import obstacles, receipts, tokens
from optin.fans import Profile
from optin.obstacles import Obstacle
from optin.people import Person
from optin.permits import Answer, Deferral, Permit, Refusal
from optin.receipts import Stage
from optin.standing import Purpose
from optin.tokens import Page


@dataclass(frozen=True, slots=True)
class Proposed:
    """What became of it. `message_id` is None where nothing may go."""

    answer: Answer
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of it now: the answer, the channel, the words, and all that is in the way."""

    answer: Answer
    channel: str = ""
    text: str = ""
    obstacles: Sequence[Obstacle] = ()


def propose(
    session: Session,
    bot: Bot,
    fan_id: UUID,
    offer: Offer,
    now: datetime,
    said_by: str = "bot",
    due_at: datetime | None = None,
    purpose: str = Purpose.OFFERS,
    choice: Choice | None = None,
) -> Proposed:
    """Bring this offer to this fan, on the channel that was chosen, else on the one that he prefers among those on
    which he said yes.

    `due_at` is when it may leave at the earliest. The answer is kept with a receipt, whatever it is.
    """
    weighed = weigh(session, bot, fan_id, offer, purpose, said_by, due_at or now, now, choice)
    if isinstance(weighed, Refusal):
        return Proposed(weighed)
    weighed = _by_lot(session, bot, weighed, offer)
    goes = not isinstance(weighed.answer, Refusal)
    if goes:
        _put(session, bot, weighed.desk, weighed.best, offer)
    _keep_receipt(session, weighed, choice)
    return Proposed(weighed.answer, weighed.best.message.id if goes else None)


def preview(
    session: Session,
    bot: Bot,
    fan_id: UUID,
    offer: Offer,
    now: datetime,
    said_by: str = "bot",
    choice: Choice | None = None,
) -> Preview:
    """What `propose` would answer, but for the lot: who knew it before would choose the held out otherwise than the
    rest. Nothing is written."""
    weighed = weigh(session, bot, fan_id, offer, Purpose.OFFERS, said_by, now, now, choice)
    if isinstance(weighed, Refusal) or weighed.against:
        return Preview(weighed if isinstance(weighed, Refusal) else weighed.answer)
    desk, best = weighed.desk, weighed.best
    message, profile = best.message, desk.profiles[best.message.profile_id]
    message.language = desk.person(message).languages[message.fan_id]
    text = _text(bot, message, profile, offer, f"{bot.settings.address}/claim/…", f"{bot.settings.address}/why/…")
    return Preview(best.answer, message.platform, text, obstacles.between(best.facts, now))


def _by_lot(session: Session, bot: Bot, weighed: Weighed, offer: Offer) -> Weighed:
    """A few of those who would be brought it go without. This is asked last, when all else has been said, and both
    leave the same trace: so they differ in nothing but the lot."""
    if isinstance(weighed.answer, Refusal):
        return weighed
    person = weighed.desk.person(weighed.best.message)
    held_out = holdout.is_held_out(bot.settings.secret, person.id, bot.settings.holdout_percent)
    exposures.note(session, person.id, person.fan_ids, offer.id, held_out, weighed.desk.now)
    return replace(weighed, against="held_out") if held_out else weighed


def _put(session: Session, bot: Bot, desk: Desk, best: Candidate, offer: Offer) -> None:
    """Write it down with his own hold on the offer: what may go takes its place, what may not yet waits without one."""
    message, person = best.message, desk.person(best.message)
    language = person.languages[message.fan_id]
    profile = desk.profiles[message.profile_id]
    hold = _hold(session, bot, person, profile, offer, language, desk.now)
    message.claim_id, message.language = hold.id, language
    message.title = texts.filled(catalog.texts(offer, language), _words(bot, profile, offer)).get("title", "")
    address, secret = bot.settings.address, bot.settings.secret
    link = f"{address}/claim/{claims.token(secret, hold.id)}"
    why = f"{address}/why/{tokens.seal(secret, Page.WHY, message.id)}"
    message.text = _text(bot, message, profile, offer, link, why)
    if isinstance(best.answer, Deferral):
        message.state, message.reason = State.DEFERRED.value, best.answer.why
        message.due_at = max(message.due_at, best.answer.until)
    elif isinstance(best.answer, Permit):
        message.valid_until = best.answer.until
    session.add(message)
    session.flush()


def _text(bot: Bot, message: Outgoing, profile: Profile, offer: Offer, link: str, why: str) -> str:
    words = _words(bot, profile, offer)
    pitch = texts.render(catalog.texts(offer, message.language).get("pitch", ""), words)
    text = wording.say(
        "offer_proposed",
        message.language,
        name=words["name"],
        pitch=pitch,
        brand=words["brand"],
        link=link,
        why=why,
    )
    return wording.shortened(text, bot.connectors[message.platform].rules.max_text.get(Way(message.way), len(text)))


def _words(bot: Bot, profile: Profile, offer: Offer) -> dict[str, str]:
    return {"name": texts.first_name(profile.name), "brand": bot.settings.brand, "value": offer.value}


def _hold(
    session: Session, bot: Bot, person: Person, profile: Profile, offer: Offer, language: str, now: datetime
) -> Hold:
    """The hold that he has already, or a new one."""
    held = next((one for one in claims.held(session, person.fan_ids) if one.offer_id == offer.id), None)
    if held is not None:
        return held
    claim_id = bot.new_id()
    claim = Claim(
        id=claim_id,
        fan_id=profile.fan_id,
        profile_id=profile.id,
        offer_id=offer.id,
        token_hash=claims.hash_of(claims.token(bot.settings.secret, claim_id)),
        language=language,
        platform=profile.platform,
        account=profile.account,
        opened_at=now,
        name=profile.name,
    )
    session.add(claim)
    session.flush()
    return Hold(claim_id, profile.fan_id, offer.id, claim.step, None)


def _keep_receipt(session: Session, weighed: Weighed, choice: Choice | None) -> None:
    """Of what is refused there is no message, and its receipt stands for itself."""
    desk, best = weighed.desk, weighed.best
    desk.keep(best.message, best.facts, best.answer, Stage.DECIDED, weighed.against)
    row = desk.receipts[-1]
    if choice is not None:
        row["chosen"] |= choice.kept
    if isinstance(weighed.answer, Refusal):
        row["message_id"] = None
    receipts.keep(session, [row])
