"""Erasures: who asked to be forgotten, and the keyed hashes by which we know not to begin again."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from optin.schema import known


class Erasure(SQLModel, table=True):
    """Written before anything of the fan is removed: only for such a fan does the database let go of its journals."""

    fan_id: UUID = known()  # no reference: the fan will be gone
    code: str = Field(max_length=40, index=True)  # by which whoever asked may look how far it is
    how: str = Field(max_length=20)  # "fan", "platform", "manager", "retention"
    asked_at: datetime
    done_at: datetime | None = None


class Suppression(SQLModel, table=True):
    """Nobody is solicited at this address or handle any more. `hash` is keyed: the table alone tells nothing."""

    hash: str = Field(primary_key=True, max_length=64)
    since: datetime
