"""Others: what their rows tell of a fan who is erased is taken out, and nothing else of theirs changes."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, update
from sqlmodel import Session, col, select

from bot import inbox
from bot.assembly import Bot
from bot.changes import Change
from bot.inbox import Inbox
from bot.outbox import Outgoing, State
from bot.traces import QUOTES, Traces
from leads import pipeline, purchases
from leads.pipeline import Lead
from leads.purchases import Purchase
from offers import claims
from offers.arrivals import Arrival
from offers.claims import Claim
from optin import links
from optin.addresses import hash_of
from optin.confirmations import Confirmation
from optin.consents import Consent
from optin.erasures import EMAIL
from optin.fans import Profile
from optin.history import Touchpoint
from optin.preferences import Preference
from optin.receipts import Receipt

ERASED = "erased"  # in the place of an id, or as the reason why a message does not go
GONE = "…"  # in the place of a word
TELL_OF_BOTH = ("linked", "unlinked")  # what a manager did with one fan and said of another
UNSENT = (State.DRAFT.value, State.WAITING.value, State.DEFERRED.value)
WINDOW = 5_000  # rows of the inbox that are looked through at a time


def unname(bot: Bot, fan_ids: Collection[UUID]) -> None:
    """Take these fans' handles out of what the platforms told of others: replies to them, and the like."""
    with bot.reading() as session:
        profiles = session.exec(select(Profile).where(col(Profile.fan_id).in_(fan_ids))).all()
        last = session.exec(select(func.max(Inbox.id))).one() or 0
    for one in profiles:
        for after in range(0, last, WINDOW):
            _unname(bot, one, after)


def _unname(bot: Bot, profile: Profile, after: int) -> None:
    here = (profile.platform, profile.account, profile.handle)
    with bot.reading() as session:
        rows = inbox.naming(session, *here, after, after + WINDOW)
    for row, raw in rows:
        with bot.transaction() as session:
            inbox.retell(session, row, _without(raw, profile.handle))


def keep_nothing(session: Session, bot: Bot, them: Traces, now: datetime) -> None:
    """What others were told about their claims, and the addresses that others gave as theirs."""
    _keep_no_quotes(session, QUOTES[Change](them))
    linked = [str(fan_id) for fan_id in links.ever_one_with(session, them.fan_ids)]
    _keep_no_quotes(session, and_(col(Change.what).in_(TELL_OF_BOTH), col(Change.subject_id).in_(linked)))
    _keep_no_codes(session, bot, them)
    _keep_no_addresses(session, them, now)
    _keep_no_purchases(session, them, now)
    _tell_that_touches_go(session, them, now)
    through = update(Preference).where(col(Preference.profile_id).in_(them.profile_ids))
    others = through.where(col(Preference.fan_id).not_in(them.fan_ids))
    session.execute(others.values(profile_id=None, evidence=ERASED))


def _keep_no_quotes(session: Session, where: Any) -> None:
    """Who decided what, and when, stays in the managers' journal; what was said to the fan goes."""
    for change in session.exec(select(Change).where(where)).all():
        change.before, change.after = _unquoted(change.before), _unquoted(change.after)
    session.flush()


def _unquoted(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name in ("state", "reason")}


def _keep_no_codes(session: Session, bot: Bot, them: Traces) -> None:
    """Messages about their claims that went to whoever was one with them."""
    words = [word for claim in them.claims for word in (claim.code, claim.email, _word(bot, claim)) if word]
    about = select(Outgoing).where(col(Outgoing.claim_id).in_([claim.id for claim in them.claims]))
    messages = session.exec(about.where(col(Outgoing.fan_id).not_in(them.fan_ids))).all()
    for one in messages:
        one.claim_id, one.text = None, _scrubbed(one.text, words)
        one.buttons = [{name: _scrubbed(text, words) for name, text in button.items()} for button in one.buttons]
        if one.state in UNSENT:
            one.state, one.reason = State.REFUSED.value, ERASED
    said = select(Touchpoint).where(col(Touchpoint.message_id).in_([one.id for one in messages]))
    for touchpoint in session.exec(said).all():
        touchpoint.text = _scrubbed(touchpoint.text, words)
    session.flush()
    _keep_no_quotes(session, col(Change.subject_id).in_([str(one.id) for one in messages]))


def _word(bot: Bot, claim: Claim) -> str:
    return claims.token(bot.settings.secret, claim.id)


def _scrubbed(text: str, words: Iterable[str]) -> str:
    for word in words:
        text = text.replace(word, GONE)
    return text


def _keep_no_addresses(session: Session, them: Traces, now: datetime) -> None:
    """An address that goes is nobody's address any more, whoever gave it as his."""
    addresses = [one.handle for one in them.profiles if one.platform == EMAIL]
    if not addresses:
        return
    typed = select(Confirmation.fan_id).where(col(Confirmation.profile_id).in_(them.profile_ids))
    fan_ids = (links.ever_one_with(session, them.fan_ids) | set(session.exec(typed))) - them.fan_ids
    for table in (Claim, Lead):
        gave = update(table).where(col(table.fan_id).in_(fan_ids), func.lower(table.email).in_(addresses))
        session.execute(gave.values(email="", email_hash=""))
    pipeline.touch_all(session, fan_ids, now)


def _keep_no_purchases(session: Session, them: Traces, now: datetime) -> None:
    """What was told by an address of theirs goes with it: whoever typed the same one loses it, too. Nobody's purchase
    names a lead of theirs any more."""
    hashes = [hash_of(one.handle) for one in them.handles if one.platform == EMAIL]
    told = session.exec(select(Purchase.id).where(col(Purchase.email_hash).in_(hashes)).limit(1)).first()
    if told is not None:
        pipeline.touch_all(session, purchases.told_by_address(session, hashes) - them.fan_ids, now)
    theirs = select(Lead.id).where(col(Lead.fan_id).in_(them.fan_ids))
    named = update(Purchase).where(col(Purchase.lead_id).in_(theirs), col(Purchase.fan_id).not_in(them.fan_ids))
    session.execute(named.values(lead_id=None))  # the shop named their lead beside somebody else's code


def _tell_that_touches_go(session: Session, them: Traces, now: datetime) -> None:
    """Others came by what these did while they were one person: that goes with them, and a reader has to hear of it."""
    theirs = select(Arrival.id).where(col(Arrival.fan_id).in_(them.fan_ids))
    claimed = select(Claim.fan_id).where(col(Claim.came_by).in_(theirs))
    led = select(Lead.fan_id).where(col(Lead.came_first).in_(theirs))
    pipeline.touch_all(session, {*session.exec(claimed), *session.exec(led)} - them.fan_ids, now)


def keep_no_words(session: Session, bot: Bot, them: Traces) -> None:
    """What they refused stays refused for whoever was one with them; by which words of theirs goes."""
    through = select(Consent.evidence).where(
        col(Consent.profile_id).in_(them.profile_ids), col(Consent.fan_id).not_in(them.fan_ids)
    )
    for evidence in set(session.exec(through)):
        lines = update(Consent).where(
            col(Consent.evidence) == evidence,
            col(Consent.profile_id).in_(them.profile_ids),
            col(Consent.fan_id).not_in(them.fan_ids),
        )
        # A new name each: lines of one refusal are known by it to be one.
        session.execute(lines.values(profile_id=None, evidence=f"{ERASED}:{bot.new_id()}", place=""))
    _keep_no_evidence(session, them)


def _keep_no_evidence(session: Session, them: Traces) -> None:
    """Receipts of the others hold the lines that spoke for them or against; what was decided stays as it was."""
    names = {str(fan_id) for fan_id in them.fan_ids}
    fan_ids = links.ever_one_with(session, them.fan_ids) - them.fan_ids
    for receipt in session.exec(select(Receipt).where(col(Receipt.fan_id).in_(fan_ids))).all():
        facts = _unproven(receipt.facts, names)
        if facts != receipt.facts:
            session.execute(update(Receipt).where(col(Receipt.id) == receipt.id).values(facts=facts))


def _unproven(told: Any, fan_ids: Collection[str]) -> Any:
    if isinstance(told, list):
        return [_unproven(one, fan_ids) for one in told]
    if not isinstance(told, dict):
        return told
    plain = {name: _unproven(one, fan_ids) for name, one in told.items()}
    return plain | {"evidence": ERASED} if plain.get("fan_id") in fan_ids else plain


def _without(told: Any, handle: str) -> Any:
    """The same JSON, with nothing where the handle stood by itself."""
    if isinstance(told, list):
        return [_without(one, handle) for one in told]
    if isinstance(told, dict):
        return {name: _without(one, handle) for name, one in told.items()}
    return "" if isinstance(told, str | int) and str(told) == handle else told
