"""Ways in: links that a marketer puts somewhere, each under a name of its own, so that we know by which of them a fan
came to an offer."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from offers.texts import Fault
from optin.schema import belongs_to, known

LONGEST = 60
WORD = re.compile(r"[\w .+-]*")  # whatever else reads the words of a link has to read them alike


class Amiss(StrEnum):
    """What can be wrong with a name. A page puts it into words."""

    MISSING = "no_way_name"
    TOO_LONG = "too_long"
    ODD_LETTERS = "odd_way_letters"


class WayIn(SQLModel, table=True):
    """`code` stands in the link, for everyone to see. A row is never changed: the link may be printed."""

    __tablename__ = "way_in"
    __table_args__ = (UniqueConstraint("offer_id", "source", "medium", "campaign"),)

    id: UUID = known()
    code: str = Field(max_length=20, unique=True)
    offer_id: UUID = belongs_to("offer", index=False)
    source: str = Field(max_length=LONGEST)
    medium: str = Field(max_length=LONGEST)
    campaign: str = Field(max_length=LONGEST)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Name:
    """Where a link stands, in the words of UTM: "shop window", "poster", "summer"."""

    source: str = ""
    medium: str = ""
    campaign: str = ""

    @classmethod
    def typed(cls, source: str, medium: str, campaign: str) -> "Name":
        return cls(*map(word, (source, medium, campaign)))


def word(typed: str) -> str:
    """Small letters and single spaces: "Poster" and "poster" would be counted apart."""
    return " ".join(unicodedata.normalize("NFC", typed).lower().split())


def faults(name: Name) -> dict[str, list[Fault]]:
    """What keeps this from being a name, by field."""
    if not any(astuple(name)):
        return {"source": [Fault(Amiss.MISSING)]}
    found = {field.name: _fault(getattr(name, field.name)) for field in fields(name)}
    return {field: [fault] for field, fault in found.items() if fault}


def _fault(word: str) -> Fault | None:
    if len(word) > LONGEST:
        return Fault(Amiss.TOO_LONG, str(LONGEST))
    return None if WORD.fullmatch(word) else Fault(Amiss.ODD_LETTERS)


def add(session: Session, way_id: UUID, code: str, offer_id: UUID, name: Name, now: datetime) -> WayIn | None:
    """A way of this name to this offer. None where there is one."""
    if any(Name(one.source, one.medium, one.campaign) == name for one in of(session, offer_id)):
        return None
    way = WayIn(
        id=way_id,
        code=code,
        offer_id=offer_id,
        source=name.source,
        medium=name.medium,
        campaign=name.campaign,
        created_at=now,
    )
    session.add(way)
    session.flush()
    return way


def of(session: Session, offer_id: UUID) -> Sequence[WayIn]:
    """The ways to this offer, in the order in which they were named."""
    theirs = select(WayIn).where(WayIn.offer_id == offer_id)
    return session.exec(theirs.order_by(col(WayIn.created_at), col(WayIn.id))).all()


def behind(session: Session, codes: Collection[str]) -> dict[str, WayIn]:
    """The ways that have these codes, by code."""
    found = session.exec(select(WayIn).where(col(WayIn.code).in_(codes))).all() if codes else ()
    return {way.code: way for way in found}
