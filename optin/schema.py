"""What all tables share: the names of their constraints, and columns that SQLite and PostgreSQL read alike."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Integer, insert
from sqlmodel import Field, Session, SQLModel

# Set before the first table is defined: a migration can only name a constraint that has a name.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Counted = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only an INTEGER by itself


def counted() -> Any:
    """An id that the database counts up."""
    return Field(default=None, primary_key=True, sa_type=Counted)


def known() -> Any:
    """An id that we make before the row is written, so that a whole batch can refer to it."""
    return Field(primary_key=True)


def belongs_to(table: str, *, nullable: bool = False, index: bool = True) -> Any:
    """A reference to the `id` of another table."""
    return Field(default=None if nullable else ..., foreign_key=f"{table}.id", nullable=nullable, index=index)


def document() -> Any:
    """A column of JSON. Replace its value whole: a change inside it is not seen."""
    return Field(default=None, sa_type=JSON, nullable=False)


Id = UUID


def write_all(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write many rows in one statement. Each names the same columns: the ORM would split them at every None."""
    if rows:
        session.connection().execute(insert(table.__table__), list(rows))  # type: ignore[attr-defined]
