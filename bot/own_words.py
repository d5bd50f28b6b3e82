"""A manager's own words: what fits where it is said, and a message that a person writes in an open conversation."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from bot import accounts, changes
from bot.assembly import Bot
from bot.changes import Subject, What
from bot.inbox import Inbox
from bot.managers import Manager
from bot.outbox import Outgoing, State
from connectors import Kind, Rules, Way
from offers import coupons
from optin import people, permits, receipts
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.permits import Answer, Facts, Permit, Refusal
from optin.receipts import Stage
from optin.standing import Purpose

LONGEST_TEXT = 10_000  # characters, where the platform names no limit


class Unfit(StrEnum):
    """Why a text can't go out as it is."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_PERSONAL = "too_personal"  # a fan's own link or code, where everyone reads it
    WINDOW_CLOSED = "window_closed"
    FAN_SAID_STOP = "fan_said_stop"


def tidy(text: str) -> str:
    """A text as it was typed into a form, with plain ends of lines."""
    return text.replace("\r\n", "\n").strip()


def signature(manager: Manager) -> str:
    """How a message says who of the brand said it."""
    return f"manager:{manager.id}"


def rules_of(bot: Bot, platform: str) -> Rules:
    """What the platform allows; nothing where it is no longer set up."""
    connector = bot.connectors.get(platform)
    return connector.rules if connector else Rules(answers={})


def longest(rules: Rules, way: Way) -> int:
    return rules.max_text.get(way, LONGEST_TEXT)


def unfit(rules: Rules, way: Way, words: str) -> Unfit | None:
    """What speaks against saying this in this way."""
    if not words:
        return Unfit.EMPTY
    if len(words) > longest(rules, way):
        return Unfit.TOO_LONG
    return Unfit.TOO_PERSONAL if way is Way.PUBLIC and _is_personal(words) else None


def may_write(session: Session, bot: Bot, profile: Profile, now: datetime) -> Answer:
    """Whether a person may write to this fan now, in the conversation that he has with us."""
    answered = _last_to_answer(session, bot, profile)
    if answered is None:
        return Refusal("fan_never_wrote")
    return permits.decide(_asked(session, bot, profile, answered, now), now)


def write(
    session: Session, bot: Bot, profile: Profile, message_id: UUID, text: str, manager: Manager, now: datetime
) -> UUID | Unfit | Refusal:
    """Say it to this fan. The same `message_id` twice, as from a form sent twice, is one message."""
    answered = _last_to_answer(session, bot, profile)
    if answered is None:
        return Refusal("fan_never_wrote")
    asked = _asked(session, bot, profile, answered, now)
    permit = permits.decide(asked, now)
    if not isinstance(permit, Permit):
        return Refusal(permit.why)
    words = tidy(text)
    against = unfit(rules_of(bot, profile.platform), Way.DIRECT, words)
    if against:
        return against
    if _put_once(session, _row(session, profile, answered, message_id, words, manager, permit, now)):
        kept = receipts.receipt(
            bot.new_id(), profile.fan_id, message_id, answered.id, Stage.DECIDED, asked, permit, now,
            chosen={"said": "own_words"},
        )  # fmt: skip
        receipts.keep(session, [kept])
        changes.record(session, manager, What.WROTE, Subject.MESSAGE, message_id, {}, {"text": words}, now)
    return message_id


def _is_personal(words: str) -> bool:
    codes = re.findall(r"[\w-]+-\w\b", words)
    return "/claim/" in words or any(coupons.is_wellformed(code) for code in codes)


def _last_to_answer(session: Session, bot: Bot, profile: Profile) -> Inbox | None:
    """The last thing he did that may be answered by a direct message."""
    answers = rules_of(bot, profile.platform).answers
    kinds = [kind.value for kind, ways in answers.items() if Way.DIRECT in ways]
    his = select(Inbox).join(Touchpoint, col(Touchpoint.inbox_id) == col(Inbox.id))
    his = his.where(
        Touchpoint.fan_id == profile.fan_id, Touchpoint.profile_id == profile.id, Touchpoint.said_by == "fan"
    )
    return session.exec(his.where(col(Inbox.kind).in_(kinds)).order_by(col(Touchpoint.id).desc()).limit(1)).first()


def _asked(session: Session, bot: Bot, profile: Profile, answered: Inbox, now: datetime) -> Facts:
    person = people.one(session, profile.fan_id)
    return Facts(
        channel=profile.platform,
        way=Way.DIRECT,
        allowed=permits.allowed(rules_of(bot, profile.platform), Kind(answered.kind), Way.DIRECT),
        kind=Kind(answered.kind),
        asked_at=answered.at,
        window_opened_at=profile.window_opened_at,
        window_opened_by=profile.window_opened_by,
        blocked=profile.blocked_at is not None,
        account_paused=(profile.platform, profile.account) in accounts.paused(session, now),
        by_human=True,
        service=person.standing(profile.fan_id, profile.platform, Purpose.SERVICE),
    )


def _row(
    session: Session,
    profile: Profile,
    answered: Inbox,
    message_id: UUID,
    words: str,
    manager: Manager,
    permit: Permit,
    now: datetime,
) -> dict[str, Any]:
    return {
        "id": message_id,
        "once": f"manager:{message_id}",
        "platform": profile.platform,
        "account": profile.account,
        "way": Way.DIRECT.value,
        "recipient": profile.handle,
        "handle": profile.handle,
        "lane": answered.lane,
        "answers": "",
        "fan_id": profile.fan_id,
        "profile_id": profile.id,
        "inbox_id": answered.id,
        "purpose": "answer",
        "language": session.get_one(Fan, profile.fan_id).language,
        "text": words,
        "buttons": [],
        "then_text": "",
        "state": State.WAITING.value,
        "reason": "",
        "why": permit.why,
        "said_by": signature(manager),
        "due_at": now,
        "valid_until": permit.until,
        "created_at": now,
        "attempts": 0,
        "external_id": "",
    }


def _put_once(session: Session, row: dict[str, Any]) -> bool:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(Outgoing).values(row).on_conflict_do_nothing().returning(col(Outgoing.id))
    return session.execute(fresh).first() is not None
