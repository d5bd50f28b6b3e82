"""Permit receipts: for every decision to send, hold, defer or refuse, what it was decided from, so that it can be asked
again and gives the same answer."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlmodel import Field, Session, SQLModel, col, select

from optin import permits
from optin.permits import Answer, Deferral, Facts, Permit, Refusal
from optin.schema import Counted, belongs_to, document, known, write_all

_FACTS: TypeAdapter[Facts] = TypeAdapter(Facts)


class Stage(StrEnum):
    """When it was decided: each message is asked about again before it goes out."""

    DECIDED = "decided"
    SENDING = "sending"


class Verdict(StrEnum):
    PERMIT = "permit"
    REFUSAL = "refusal"
    DEFERRAL = "deferral"


_VERDICTS: Mapping[type, Verdict] = {Permit: Verdict.PERMIT, Refusal: Verdict.REFUSAL, Deferral: Verdict.DEFERRAL}


class Receipt(SQLModel, table=True):
    """The database refuses to change one. `chosen` says what was said, and among what it was chosen."""

    id: UUID = known()
    fan_id: UUID = belongs_to("fan")
    message_id: UUID | None = Field(default=None, index=True)
    inbox_id: int | None = Field(default=None, sa_type=Counted)
    at: datetime
    stage: str = Field(max_length=10)
    verdict: str = Field(max_length=10)
    why: str
    until: datetime | None = None
    held: str = ""  # why it stays unsaid all the same: "approval", "pace", or what speaks against the offer itself
    facts: dict[str, Any] = document()
    law: str = Field(max_length=20)  # the version of the rules in optin/permits.py
    house_rules: int = 0  # the version of what the managers chose; 0 for the caps that we bring along
    chosen: dict[str, Any] = document()


def receipt(
    receipt_id: UUID,
    fan_id: UUID,
    message_id: UUID | None,
    inbox_id: int | None,
    stage: Stage,
    facts: Facts,
    answer: Answer,
    now: datetime,
    *,
    house_rules: int = 0,
    chosen: Mapping[str, Any] | None = None,
    held: str = "",
) -> dict[str, Any]:
    """One receipt, ready to be written."""
    return {
        "id": receipt_id,
        "fan_id": fan_id,
        "message_id": message_id,
        "inbox_id": inbox_id,
        "at": now,
        "stage": stage.value,
        "verdict": _VERDICTS[type(answer)].value,
        "why": answer.why,
        "until": None if isinstance(answer, Refusal) else answer.until,
        "held": held,
        "facts": _FACTS.dump_python(facts, mode="json"),
        "law": permits.VERSION,
        "house_rules": house_rules,
        "chosen": dict(chosen or {}),
    }


def keep(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    write_all(session, Receipt, rows)


def facts_of(row: Receipt) -> Facts:
    return _FACTS.validate_python(row.facts)


def replayed(row: Receipt) -> Answer:
    """The same question once more, of the facts that were kept. By rules of the same version it has the same answer."""
    return permits.decide(facts_of(row), row.at)


def of_message(session: Session, message_id: UUID) -> Sequence[Receipt]:
    """All that was decided about this message, in its order."""
    its = select(Receipt).where(Receipt.message_id == message_id)
    return session.exec(its.order_by(col(Receipt.at), col(Receipt.id))).all()


def of_fans(session: Session, fan_ids: Collection[UUID]) -> Sequence[Receipt]:
    theirs = select(Receipt).where(col(Receipt.fan_id).in_(fan_ids))
    return session.exec(theirs.order_by(col(Receipt.at), col(Receipt.id))).all()
