"""What all tables share: the names of their constraints, and columns that SQLite and PostgreSQL read alike."""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from psycopg.types.json import Json
from sqlalchemy import JSON, BigInteger, Connection, Insert, Integer, insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
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


class _Ids(sa.types.TypeDecorator[Collection[UUID]]):
    """Many ids as one value: PostgreSQL's own spelling of an array, or JSON for SQLite."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Collection[UUID] | None, dialect: sa.Dialect) -> str:
        if dialect.name == "postgresql":
            return "{" + ",".join(map(str, value or ())) + "}"
        return json.dumps([one.hex for one in value or ()])


class _Among(FunctionElement[bool]):
    type = sa.Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # else SQLAlchemy writes "… IN (…) = 1", for which SQLite uses no index


def among(column: Any, ids: Collection[UUID] | sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    """`column IN (ids)` with all ids in one parameter, so that a statement is the same for however many.

    An IN with a thousand parameters takes SQLAlchemy and the driver longer to spell than PostgreSQL to answer.
    """
    given = ids if isinstance(ids, sa.BindParameter) else sa.literal(ids, _Ids())
    return _Among(column, given)


def many(name: str) -> sa.BindParameter[Any]:
    """The ids of a statement that is made once."""
    return sa.bindparam(name, type_=_Ids())


@compiles(_Among, "postgresql")
def _in_an_array(element: Any, compiler: Any, **how: Any) -> str:
    column, ids = (compiler.process(part, **how) for part in element.clauses)
    return f"{column} = ANY (CAST({ids} AS uuid[]))"


@compiles(_Among, "sqlite")
def _in_a_list(element: Any, compiler: Any, **how: Any) -> str:
    column, ids = (compiler.process(part, **how) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608 - both are spelt by the compiler


def write_all(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write many rows at once. Each names the same columns; what they leave out takes the model's plain default."""
    if not rows:
        return
    connection, table = session.connection(), sa.inspect(model).local_table
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        connection.execute(_into(table), list(rows))


@lru_cache
def _into(table: Any) -> Insert:
    return insert(table)


def _copy(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """PostgreSQL's own way for many rows: an INSERT each takes it and us several times as long."""
    plain = {column.name: column.default.arg for column in table.columns if column.default is not None}
    columns = [column for column in table.columns if column.name in rows[0] or column.name in plain]
    documents = {column.name for column in columns if isinstance(column.type, JSON)}
    spell = connection.dialect.identifier_preparer
    names = ", ".join(spell.format_column(column) for column in columns)
    with connection.connection.cursor().copy(f"COPY {spell.format_table(table)} ({names}) FROM STDIN") as copy:
        for row in rows:
            values = plain | row  # type: ignore[operator]
            copy.write_row([Json(values[c.name]) if c.name in documents else values[c.name] for c in columns])
