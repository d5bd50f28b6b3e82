"""Writing: what a person of the brand says to a fan in the conversation that he has with us.

An answer is held against the fan's word and the platform's window. What promotes something is a solicitation like any
of the bot's: it needs his yes, room under the caps and the right hour, counts from then on, and says why it came.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from bot import changes, outbox, own_words, permitting, wording
from bot.assembly import Bot
from bot.changes import Subject, What
from bot.inbox import Inbox
from bot.managers import Manager
from bot.outbox import Outgoing
from bot.own_words import Unfit
from bot.permitting import Desk
from connectors import Way
from optin import permits, receipts, tokens
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.permits import Answer, Deferral, Facts, Permit, Refusal
from optin.receipts import Stage
from optin.standing import Purpose
from optin.tokens import Page


def may_write(session: Session, bot: Bot, profile: Profile, now: datetime) -> Answer:
    """Whether a person may answer this fan now, in the conversation that he has with us."""
    answered = _last_to_answer(session, bot, profile)
    if answered is None:
        return Refusal("fan_never_wrote")
    message = _message(session, profile, answered, bot.new_id(), "", "manager", now)
    desk = permitting.open_desk(session, bot, [message], now)
    return permits.decide(_facts(desk, message), now)


def write(
    session: Session,
    bot: Bot,
    profile: Profile,
    message_id: UUID,
    text: str,
    manager: Manager,
    now: datetime,
    promotes: bool = False,
) -> UUID | Unfit | Refusal | Deferral:
    """Say it to this fan. The same `message_id` twice, as from a form sent twice, is one message.

    `promotes`: it is no answer alone. Where it would have to wait it is not written down: its author is there to
    choose another hour or other words.
    """
    answered = _last_to_answer(session, bot, profile)
    if answered is None:
        return Refusal("fan_never_wrote")
    message = _message(session, profile, answered, message_id, text, own_words.signature(manager), now)
    message.solicits = Purpose.OFFERS.value if promotes else ""
    desk = permitting.open_desk(session, bot, [message], now)
    message.weight = desk.caps.weight(message.way) if promotes else 0
    facts = _facts(desk, message)
    permit = permits.decide(facts, now)
    if not isinstance(permit, Permit):
        return permit
    words = message.text
    message.text = _with_the_way_out(bot, message) if promotes and words else words
    against = own_words.unfit(own_words.rules_of(bot, message.platform), Way.DIRECT, message.text)
    if against is None:
        _put(session, desk, message, facts, permit, words, manager)
    return against or message_id


def _put(
    session: Session, desk: Desk, message: Outgoing, facts: Facts, permit: Permit, words: str, manager: Manager
) -> None:
    """Write it down with its receipt, once."""
    message.why, message.valid_until = permit.why, permit.until
    if not _put_once(session, message):
        return
    desk.keep(message, facts, permit, Stage.DECIDED, said="own_words")
    receipts.keep(session, desk.receipts)
    changes.record(session, manager, What.WROTE, Subject.MESSAGE, message.id, {}, {"text": words}, desk.now)


def _last_to_answer(session: Session, bot: Bot, profile: Profile) -> Inbox | None:
    """The last thing he did that may be answered by a direct message."""
    answers = own_words.rules_of(bot, profile.platform).answers
    kinds = [kind.value for kind, ways in answers.items() if Way.DIRECT in ways]
    his = select(Inbox).join(Touchpoint, col(Touchpoint.inbox_id) == col(Inbox.id))
    his = his.where(
        Touchpoint.fan_id == profile.fan_id, Touchpoint.profile_id == profile.id, Touchpoint.said_by == "fan"
    )
    return session.exec(his.where(col(Inbox.kind).in_(kinds)).order_by(col(Touchpoint.id).desc()).limit(1)).first()


def _facts(desk: Desk, message: Outgoing) -> Facts:
    """A paused account holds what waits; whoever writes now is told of it."""
    facts = desk.facts(message, own_words.rules_of(desk.bot, message.platform))
    return replace(facts, account_paused=(message.platform, message.account) in desk.paused)


def _message(
    session: Session, profile: Profile, answered: Inbox, message_id: UUID, text: str, said_by: str, now: datetime
) -> Outgoing:
    return outbox.to_profile(
        message_id,
        profile,
        now,
        once=f"manager:{message_id}",
        inbox_id=answered.id,
        purpose="answer",
        language=session.get_one(Fan, profile.fan_id).language,
        text=own_words.tidy(text),
        said_by=said_by,
    )


def _with_the_way_out(bot: Bot, message: Outgoing) -> str:
    why = f"{bot.settings.address}/why/{tokens.seal(bot.settings.secret, Page.WHY, message.id)}"
    return wording.say("own_promotion", message.language, text=message.text, why=why)


def _put_once(session: Session, message: Outgoing) -> bool:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(Outgoing).values(message.model_dump()).on_conflict_do_nothing().returning(col(Outgoing.id))
    return session.execute(fresh).first() is not None
