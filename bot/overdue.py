"""Overdue: what may not be kept any longer, and how it goes: a rule for each time in bot/periods.py.

Where a consent has to be provable for longer than its fan may be known, he is reduced to the proof: his name, words,
addresses and claims go, and a keyed hash of each handle finds his journal again, if he asks.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, and_, delete, exists, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col, select

from bot import audiences, forgetting, inbox, others, traces
from bot.assembly import Bot
from bot.inbox import Inbox
from bot.outbox import Outgoing
from bot.pace import Pace
from bot.periods import Kept
from bot.traces import HIS, Traces
from leads import pipeline
from leads.hooks import Delivery
from leads.pipeline import ErasedLead
from offers.claims import Claim
from optin import erasures
from optin.confirmations import Confirmation
from optin.consents import Act, Consent
from optin.erasures import Erasure, Forgotten, How, Suppression
from optin.fans import Fan, Profile
from optin.links import Link
from optin.preferences import Preference
from optin.receipts import Receipt

AT_ONCE = 50  # fans
ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Rule:
    """`due` finds the next ones after a key, `count` says what they come to, `let_go` lets them go."""

    why: Kept
    due: Callable[[Session, datetime, Any], Sequence[Any]]
    count: Callable[[Session, Bot, Sequence[Any]], Mapping[str, int]]
    let_go: Callable[[Session, Bot, Sequence[Any], datetime], None]


# Fans who did nothing for so long


def _strangers(session: Session, before: datetime, after: Any) -> Sequence[UUID]:
    return _next(session, and_(_silent_since(before), ~_took_or_allowed_something()), after)


def _known(session: Session, before: datetime, after: Any) -> Sequence[UUID]:
    return _next(session, and_(_silent_since(before), _took_or_allowed_something()), after)


def _reduced(session: Session, before: datetime, after: Any) -> Sequence[UUID]:
    reduced = select(Fan.id).where(col(Fan.reduced_at) < before).order_by(col(Fan.id))
    return session.exec((reduced if after is None else reduced.where(col(Fan.id) > after)).limit(AT_ONCE)).all()


def _next(session: Session, which: ColumnElement[bool], after: Any) -> Sequence[UUID]:
    due = select(Fan.id).where(col(Fan.reduced_at).is_(None), which).order_by(col(Fan.id))
    return session.exec((due if after is None else due.where(col(Fan.id) > after)).limit(AT_ONCE)).all()


_member = aliased(Fan)  # whoever is one person with him: what one of them does, all of them did


def _silent_since(before: datetime) -> ColumnElement[bool]:
    acts: tuple[tuple[Any, Any], ...] = (
        (Profile.fan_id, Profile.last_heard_at),
        (Claim.fan_id, Claim.opened_at),
        (Claim.fan_id, Claim.claimed_at),
        (Consent.fan_id, Consent.given_at),
        (Preference.fan_id, Preference.given_at),
        (Confirmation.fan_id, Confirmation.confirmed_at),
    )
    did = (_of_person(fan_id, at >= before) for fan_id, at in acts)
    return and_(col(Fan.created_at) < before, *(~one for one in did))


def _took_or_allowed_something() -> ColumnElement[bool]:
    allowed = col(Consent.act) == Act.GRANTED.value
    return or_(_of_person(Claim.fan_id, col(Claim.code).is_not(None)), _of_person(Consent.fan_id, allowed))


def _of_person(fan_id: Any, which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(fan_id == _member.id, col(_member.person_id) == col(Fan.person_id), which)


def _count_traces(session: Session, bot: Bot, fan_ids: Sequence[Any]) -> Mapping[str, int]:
    return traces.counted(session, traces.of(session, bot, fan_ids))


def _count_reduced(session: Session, bot: Bot, fan_ids: Sequence[Any]) -> Mapping[str, int]:
    proven = _provable(session, fan_ids)
    counts = Counter(_count_traces(session, bot, [fan_id for fan_id in fan_ids if fan_id not in proven]))
    kept = {str(table.__tablename__) for table in PROOF}
    reduced = _count_traces(session, bot, list(proven))
    return counts + Counter({table: rows for table, rows in reduced.items() if table not in kept})


def _erase(session: Session, bot: Bot, fan_ids: Sequence[Any], now: datetime) -> None:
    forgetting.erase(session, bot, fan_ids, How.RETENTION, now)


PROOF = (Consent, Receipt, Link, Profile, Fan)  # what stays of a fan who allowed something once


def _reduce(session: Session, bot: Bot, fan_ids: Sequence[Any], now: datetime) -> None:
    proven = _provable(session, fan_ids)
    _erase(session, bot, [fan_id for fan_id in fan_ids if fan_id not in proven], now)
    if not proven:
        return
    them = traces.of(session, bot, proven)
    erasures.suppress(session, bot.settings.secret, forgetting.refused(session, them), now)
    others.keep_nothing(session, bot, them, now)
    pipeline.erase(session, proven, now)
    pipeline.touch_all(session, forgetting.whom_they_leave(session, proven), now)
    audiences.let_go(session, proven)
    for table, where in HIS.items():
        if table not in PROOF:
            session.connection().execute(delete(table).where(where(them)))
    _hide(session, bot, them)
    session.execute(update(Fan).where(col(Fan.id).in_(proven)).values(reduced_at=now))


def _provable(session: Session, fan_ids: Collection[UUID]) -> set[UUID]:
    return set(session.exec(select(Consent.fan_id).where(col(Consent.fan_id).in_(fan_ids))))


def _hide(session: Session, bot: Bot, them: Traces) -> None:
    for one in them.profiles:
        one.handle, one.name = erasures.instead_of(bot.settings.secret, one.handle), ""
        one.window_opened_at, one.window_opened_by = None, ""
        session.add(one)
    session.flush()


# Rows by themselves


def _words_heard(session: Session, before: datetime, after: Any) -> Sequence[int]:
    full = (col(Inbox.state) == inbox.Heard, col(Inbox.emptied_at).is_(None), col(Inbox.heard_at) < before)
    return _next_rows(session, Inbox, and_(*full), after)


def _of_nobody(session: Session, before: datetime, after: Any) -> Sequence[int]:
    his = (
        col(Profile.platform) == col(Inbox.platform),
        col(Profile.account) == col(Inbox.account),
        col(Profile.handle) == col(Inbox.author),
    )
    answered = exists().where(col(Outgoing.inbox_id) == col(Inbox.id))
    return _next_rows(session, Inbox, and_(col(Inbox.received_at) < before, ~exists().where(*his), ~answered), after)


def _next_rows(session: Session, table: Any, which: ColumnElement[bool], after: Any) -> Sequence[Any]:
    key = next(iter(table.__table__.primary_key.columns))
    due = sa.select(key).where(which) if after is None else sa.select(key).where(which, key > after)
    return session.execute(due.order_by(key).limit(ROWS_AT_ONCE)).scalars().all()


def _empty(session: Session, bot: Bot, rows: Sequence[Any], now: datetime) -> None:
    inbox.empty(session, rows, now)


def _rows_of(why: Kept, table: type[SQLModel], over: Callable[[datetime], ColumnElement[bool]]) -> Rule:
    """A table of which each row goes by its own time."""
    key = next(iter(table.__table__.primary_key.columns))  # type: ignore[attr-defined]

    def let_go(session: Session, bot: Bot, keys: Sequence[Any], now: datetime) -> None:
        session.connection().execute(delete(table).where(key.in_(keys)))

    return Rule(
        why,
        lambda session, before, after: _next_rows(session, table, over(before), after),
        lambda session, bot, keys: {str(table.__tablename__): len(keys)},
        let_go,
    )


def _as_inbox(session: Session, bot: Bot, rows: Sequence[Any]) -> Mapping[str, int]:
    return {"inbox": len(rows)}


RULES = (
    Rule(Kept.WORDS, _words_heard, _as_inbox, _empty),
    Rule(Kept.STRANGERS, _strangers, _count_traces, _erase),
    Rule(Kept.KNOWN, _known, _count_reduced, _reduce),
    Rule(Kept.PROOFS, _reduced, _count_traces, _erase),
    Rule(Kept.NOBODYS, _of_nobody, _as_inbox, lambda session, bot, rows, now: inbox.let_go(session, rows)),
    _rows_of(Kept.SUPPRESSED, Suppression, lambda before: col(Suppression.since) < before),
    _rows_of(Kept.ERASURES, Erasure, lambda before: col(Erasure.done_at) < before),
    _rows_of(Kept.ERASED_LEADS, ErasedLead, lambda before: col(ErasedLead.updated_at) < before),
    _rows_of(Kept.DELIVERIES, Delivery, lambda before: col(Delivery.at) < before),
    _rows_of(Kept.REDELIVERIES, Forgotten, lambda before: col(Forgotten.until) < before),
    _rows_of(Kept.LIMITS, Pace, lambda before: col(Pace.ready) < before.timestamp()),
)
