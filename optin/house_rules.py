"""The house rules: the caps, weights and quiet hours that the managers chose. Each change is a new version."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlmodel import Field, Session, SQLModel, col, select

from optin.pressure import Caps
from optin.schema import counted, document

_CAPS: TypeAdapter[Caps] = TypeAdapter(Caps)
BUILT_IN = 0  # the version of the caps that we bring along


class HouseRules(SQLModel, table=True):
    """The newest holds. The database refuses to change or to forget one, since receipts name it."""

    __tablename__ = "house_rules"

    version: int = counted()
    caps: dict[str, Any] = document()
    by: str = Field(max_length=60)  # who of the brand
    at: datetime


_NEWEST = sa.select(col(HouseRules.version), col(HouseRules.caps)).order_by(col(HouseRules.version).desc()).limit(1)


def current(session: Session) -> tuple[int, Caps]:
    """What holds now, with its version."""
    newest = session.connection().execute(_NEWEST).first()
    return (newest.version, _CAPS.validate_python(newest.caps)) if newest else (BUILT_IN, Caps())


def change(session: Session, caps: Caps, by: str, now: datetime) -> int:
    """Let these hold from now on; says their version."""
    row = HouseRules(caps=_CAPS.dump_python(caps, mode="json"), by=by, at=now)
    session.add(row)
    session.flush()
    return row.version


def versions(session: Session, most: int) -> Sequence[HouseRules]:
    """What the managers chose, the newest first."""
    return session.exec(select(HouseRules).order_by(col(HouseRules.version).desc()).limit(most)).all()


def caps_of(row: HouseRules) -> Caps:
    return _CAPS.validate_python(row.caps)
