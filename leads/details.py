"""Details: what a fan told of himself beside his address. His last word holds, and he may take it back."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from offers.questions import RATHER_NOT, Question
from optin.people import Person
from optin.schema import among, belongs_to


class Detail(SQLModel, table=True):
    """`value` is "" where he would rather not tell."""

    fan_id: UUID = Field(foreign_key="fan.id", primary_key=True)
    name: str = Field(primary_key=True, max_length=20)
    value: str = Field(max_length=80)
    claim_id: UUID | None = belongs_to("claim", nullable=True)  # on whose page; None: in a chat
    told_at: datetime


_COLUMNS = (col(Detail.fan_id), col(Detail.name), col(Detail.value))
_OF = sa.select(*_COLUMNS).where(among(Detail.fan_id, "fan_ids")).order_by(col(Detail.told_at), _COLUMNS[0])


def tell(session: Session, fan_id: UUID, question: Question, value: str, now: datetime, claim_id: UUID | None) -> None:
    """He says this of himself from now on."""
    row = Detail(fan_id=fan_id, name=question.value, value=value, told_at=now, claim_id=claim_id)
    session.merge(row)
    session.flush()


def take_back(session: Session, fan_ids: Collection[UUID], question: Question, now: datetime) -> None:
    """Nothing is kept but that he would rather not tell."""
    his = sa.update(Detail).where(col(Detail.fan_id).in_(fan_ids), col(Detail.name) == question.value)
    session.execute(his.values(value=RATHER_NOT, told_at=now))


def of_people(session: Session, person_of: Mapping[UUID, UUID]) -> dict[UUID, dict[str, str]]:
    """What these people told or declined to tell, given the person of each fan: the last word on each thing holds, by
    whichever of his fans he said it."""
    found: dict[UUID, dict[str, str]] = {person_id: {} for person_id in person_of.values()}
    for fan_id, name, value in session.connection().execute(_OF, {"fan_ids": list(person_of)}) if person_of else ():
        found[person_of[fan_id]][name] = value
    return found


def of_person(session: Session, person: Person) -> dict[str, str]:
    return of_people(session, dict.fromkeys(person.fan_ids, person.id))[person.id]
