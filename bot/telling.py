"""Telling: a fan says more of himself, step by step, or takes it back; his lead follows."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from leads import details, pipeline
from offers.questions import RATHER_NOT, Question
from optin.people import Person


def tell(
    session: Session, person: Person, fan_id: UUID, question: Question, value: str, now: datetime, claim_id: UUID | None
) -> None:
    """Whoever calls this holds the person. RATHER_NOT is an answer, too."""
    details.tell(session, fan_id, question, value, now, claim_id)
    if value != RATHER_NOT:
        _let_it_be_read_again(session, person.fan_ids, now)


def take_back(session: Session, person: Person, question: Question, now: datetime) -> None:
    """He would rather not have told it."""
    details.take_back(session, person.fan_ids, question, now)
    _let_it_be_read_again(session, person.fan_ids, now)


def _let_it_be_read_again(session: Session, fan_ids: Collection[UUID], now: datetime) -> None:
    pipeline.touch_all(session, fan_ids, now)
