"""The journal of what managers changed: who, when, what it was before and after. Rows are only ever added."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from bot.managers import Manager
from optin.schema import belongs_to, counted, document


class What(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    REOPENED = "reopened"
    WROTE = "wrote"
    SAID_SENT = "said_sent"
    SENT_AGAIN = "sent_again"
    TRIED_AGAIN = "tried_again"
    DISMISSED = "dismissed"
    MADE = "made"
    EDITED = "edited"
    OPENED = "opened"
    PAUSED = "paused"
    RESUMED = "resumed"
    SIGN_IN_CHANGED = "sign_in_changed"
    REDEEMED = "redeemed"
    UNREDEEMED = "unredeemed"
    PROPOSED = "proposed"
    DROPPED = "dropped"
    LET_COMPETE = "let_compete"
    NOTED = "noted"
    LINKED = "linked"
    UNLINKED = "unlinked"
    RULES_CHANGED = "rules_changed"
    WAY_NAMED = "way_named"
    SAID_HELPFUL = "said_helpful"
    NOT_HELPFUL = "not_helpful"
    HOOK_ADDED = "hook_added"
    HOOK_ROTATED = "hook_rotated"
    HOOK_SHUT = "hook_shut"
    HOOK_REOPENED = "hook_reopened"
    HOOK_REPLAYED = "hook_replayed"
    AUDIENCE_FILLED = "audience_filled"
    AUDIENCE_EMPTIED = "audience_emptied"


class Subject(StrEnum):
    MESSAGE = "message"
    INTERACTION = "interaction"
    OFFER = "offer"
    ACCOUNT = "account"
    MANAGER = "manager"
    REDEMPTION = "redemption"
    FAN = "fan"
    RULES = "rules"
    WEBHOOK = "webhook"
    AUDIENCE = "audience"


class Change(SQLModel, table=True):
    __table_args__ = (Index("ix_change_subject", "subject", "subject_id"),)

    id: int = counted()
    manager_id: UUID = belongs_to("manager", index=False)
    at: datetime
    what: str = Field(max_length=20)
    subject: str = Field(max_length=20)
    subject_id: str
    before: dict[str, Any] = document()
    after: dict[str, Any] = document()


def record(
    session: Session, manager: Manager, what: What, subject: Subject, subject_id: object,
    before: dict[str, Any], after: dict[str, Any], now: datetime,
) -> int:  # fmt: skip
    """Write down who did it, in the transaction in which he did it. Says the id of the line."""
    change = Change(
        manager_id=manager.id,
        at=now,
        what=what.value,
        subject=subject.value,
        subject_id=str(subject_id),
        before=before,
        after=after,
    )
    session.add(change)
    session.flush()
    return change.id


def last(session: Session, subject: Subject, subject_id: object) -> Change | None:
    """The latest change of this thing."""
    theirs = select(Change).where(Change.subject == subject.value, Change.subject_id == str(subject_id))
    return session.exec(theirs.order_by(col(Change.id).desc()).limit(1)).first()


def of(session: Session, subject: Subject, subject_ids: Collection[object]) -> Sequence[Change]:
    """All changes of these things, oldest first."""
    wanted = [str(one) for one in subject_ids]
    theirs = select(Change).where(Change.subject == subject.value, col(Change.subject_id).in_(wanted))
    return session.exec(theirs.order_by(col(Change.id))).all() if wanted else []
