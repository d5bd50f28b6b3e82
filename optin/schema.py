"""What all tables share: the names of their constraints, and columns that SQLite and PostgreSQL read alike."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from psycopg.types.json import Json
from sqlalchemy import JSON, BigInteger, Connection, Insert, Integer, insert
from sqlalchemy.exc import DBAPIError
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


class _Many(sa.types.TypeDecorator[Collection[Any]]):
    """Many values as one: PostgreSQL's own spelling of an array, or JSON for SQLite."""

    impl = sa.types.NullType  # what is spelled "CAST($1 AS uuid[])" is an array to PostgreSQL before it plans
    cache_ok = True

    def __init__(self, of: str) -> None:
        super().__init__()
        self.of = of  # PostgreSQL's name of their type

    def process_bind_param(self, value: Collection[Any] | None, dialect: sa.Dialect) -> str:
        many = value or ()
        if dialect.name == "sqlite":
            return json.dumps([one.hex if self.of == "uuid" else one for one in many])
        spelled = (_QUOTED.sub(r"\\\g<0>", one) for one in many) if self.of == "varchar" else map(str, many)
        return "{" + ",".join(f'"{one}"' for one in spelled) + "}"


_QUOTED = re.compile(r'["\\]')


class _Among(FunctionElement[bool]):
    type = sa.Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # else SQLAlchemy writes "… IN (…) = 1", for which SQLite uses no index


def among(column: Any, values: Collection[Any] | str) -> sa.ColumnElement[bool]:
    """`column IN (values)` with all values in one parameter, so that a statement is the same for however many. A name
    stands for the values that a statement gets which is made once.

    An IN with a thousand parameters takes SQLAlchemy and the driver longer to spell than PostgreSQL to answer, and it
    may compare each row with each of them.
    """
    plain = getattr(column.type, "impl_instance", column.type)  # what a type of SQLModel's own comes down to
    kind = _Many(_NAMES[plain.python_type])
    return _Among(column, sa.bindparam(values, type_=kind) if isinstance(values, str) else sa.literal(values, kind))


_NAMES = {UUID: "uuid", str: "varchar", int: "bigint"}


@compiles(_Among, "postgresql")
def _in_an_array(element: Any, compiler: Any, **how: Any) -> str:
    column, many = element.clauses
    return f"{compiler.process(column, **how)} = ANY (CAST({compiler.process(many, **how)} AS {many.type.of}[]))"


@compiles(_Among, "sqlite")
def _in_a_list(element: Any, compiler: Any, **how: Any) -> str:
    column, many = (compiler.process(part, **how) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({many}))"  # noqa: S608 - both are spelt by the compiler


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
    into = f"COPY {spell.format_table(table)} ({names}) FROM STDIN"
    with _in_sqlalchemys_words(into), connection.connection.cursor().copy(into) as copy:
        for row in rows:
            values = plain | row  # type: ignore[operator]
            copy.write_row([Json(values[c.name]) if c.name in documents else values[c.name] for c in columns])


@contextmanager
def _in_sqlalchemys_words(statement: str) -> Iterator[None]:
    """It knows nothing of a COPY, and whoever catches its errors would miss the driver's own."""
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True) from error
