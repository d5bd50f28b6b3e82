"""Confirming: a yes to e-mails counts once the address itself has confirmed it. That click is also the proof that the
address and the fan who typed it are one person; before it, the address is somebody else."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from bot import endings, outbox, permitting, wording
from bot.assembly import Bot
from bot.outbox import Outgoing, State
from leads import pipeline
from leads.pipeline import Lead
from offers.catalog import Offer
from offers.claims import Claim
from optin import confirmations, consents, erasures, fans, links, people, permits, receipts, tokens
from optin.confirmations import Confirmation
from optin.fans import Fan, Handle, Profile
from optin.links import Proof
from optin.permits import Permit
from optin.receipts import Stage
from optin.standing import EVERYWHERE
from optin.tokens import Page
from optin.wordings import Wording, named

EMAIL = "email"


def is_possible(bot: Bot) -> bool:
    """Whether mails can be sent at all. Where they can't, a yes counts as it is given."""
    return EMAIL in bot.connectors


def ask(
    session: Session, bot: Bot, claim: Claim, words: Wording, how: str, evidence: str, now: datetime
) -> Confirmation | None:
    """Write the yes down, and ask the address. None where it was asked often enough: the page says the same."""
    line = consents.granted(claim.fan_id, EMAIL, words, how, evidence, now, claim.profile_id)
    asked_id = consents.record(session, consents.to_be_confirmed(line))
    if not confirmations.may_ask(session, _plain(claim.email), now):
        return None
    profile = _profile(session, bot, claim, now)
    asked = Confirmation(
        id=bot.new_id(),
        fan_id=claim.fan_id,
        profile_id=profile.id,
        claim_id=claim.id,
        asked_id=asked_id,
        email=_plain(claim.email),
        wording=words.name,
        asked_at=now,
    )
    session.add(asked)
    session.flush()
    link = f"{bot.settings.address}/confirm/{tokens.seal(bot.settings.secret, Page.CONFIRM, asked.id)}"
    _send(session, bot, claim, profile, "confirm", now, link=link)
    return asked


def send_code(session: Session, bot: Bot, claim: Claim, offer: Offer, now: datetime) -> None:
    """The code goes where it was promised to go: that is what the address was asked for."""
    if not is_possible(bot):
        return
    profile = _profile(session, bot, claim, now)
    _send(session, bot, claim, profile, "code_by_mail", now, code=str(claim.code), value=offer.value)


def confirm(session: Session, bot: Bot, asked: Confirmation, now: datetime) -> Lead | None:
    """The address has said yes. Whoever typed it and whoever reads it are one person from now on."""
    if not confirmations.is_open(asked, now) or not confirmations.confirm(session, asked.id, now):
        return None
    claim, profile = session.get_one(Claim, asked.claim_id), session.get_one(Profile, asked.profile_id)
    links.link(session, claim.fan_id, profile.fan_id, Proof.EMAIL, str(asked.id), now)
    fan_ids = people.one(session, claim.fan_id).fan_ids
    words = named(asked.wording, bot.settings.brand)
    yes = consents.granted(
        claim.fan_id, EMAIL, words, "mail", str(asked.id), now, profile.id, place="/confirm", asked_at=asked.asked_at
    )
    # For both sides of the new link, since a link by itself grants nothing to either.
    proofs = [consents.record(session, yes | {"fan_id": fan_id}) for fan_id in (claim.fan_id, profile.fan_id)]
    first_touch_at = fans.first_heard_at(session, fan_ids) or claim.opened_at
    return pipeline.promote(session, bot.new_id(), claim, proofs[0], first_touch_at, now)


def _profile(session: Session, bot: Bot, claim: Claim, now: datetime) -> Profile:
    """The address as a profile of its own: until it is confirmed, nobody knows whose it is."""
    who = Handle(EMAIL, bot.connectors[EMAIL].accounts[0], _plain(claim.email))
    known = fans.profile_at(session, who)
    if known is not None:
        return known
    fan_id = bot.new_id()
    session.add(Fan(id=fan_id, person_id=fan_id, language=claim.language, created_at=now))
    session.flush()
    profile = Profile(
        id=bot.new_id(),
        fan_id=fan_id,
        platform=EMAIL,
        account=who.account,
        handle=who.handle,
        name=claim.name,
        first_heard_at=now,
        last_heard_at=now,
    )
    session.add(profile)
    session.flush()
    _begin_unwilling(session, bot, profile, who, now)
    return profile


def _begin_unwilling(session: Session, bot: Bot, profile: Profile, who: Handle, now: datetime) -> None:
    """Whose address was erased gets no mail because somebody types it: he may write to us himself."""
    for since in erasures.suppressed(session, bot.settings.secret, [who]).values():
        line = consents.withdrawn(profile.fan_id, EVERYWHERE, "suppression", str(profile.id), since, now, profile.id)
        consents.record(session, line)


def _send(session: Session, bot: Bot, claim: Claim, profile: Profile, what: str, now: datetime, **words: str) -> None:
    """One mail that he has just asked for: no offer in it, and no solicitation."""
    language, brand = claim.language, bot.settings.brand
    message_id = bot.new_id()
    message = outbox.to_profile(
        message_id,
        profile,
        now,
        once=f"{what}:{message_id}",
        claim_id=claim.id,
        purpose="confirm",
        language=language,
        title=wording.say(f"{what}_title", language, brand=brand),
        text=wording.say(what, language, brand=brand, **words),
    )
    _decide(session, bot, message, now)


def _decide(session: Session, bot: Bot, message: Outgoing, now: datetime) -> None:
    desk = permitting.open_desk(session, bot, [message], now)
    facts = desk.facts(message, bot.connectors[EMAIL].rules)
    answer = permits.decide(facts, now)
    message.why = answer.why
    if not isinstance(answer, Permit):
        endings.note(message, State.REFUSED, answer.why)
    session.add(message)
    session.flush()
    desk.keep(message, facts, answer, Stage.DECIDED)
    receipts.keep(session, desk.receipts)


def _plain(address: str) -> str:
    """One address, however it is typed: no provider tells "Lea@" from "lea@"."""
    return address.strip().lower()


def words(bot: Bot, asked: Confirmation) -> Wording:
    """What was ticked, in the very words."""
    return named(asked.wording, bot.settings.brand)


def behind(session: Session, bot: Bot, word: str) -> Confirmation | None:
    known: UUID | None = tokens.opened(bot.settings.secret, Page.CONFIRM, word)
    return session.get(Confirmation, known) if known else None
