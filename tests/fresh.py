"""PostgreSQL databases as they were on their first day: cloning one costs far more than emptying one again."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from tests.postgres import Server

PATIENCE = 5000  # milliseconds for whoever is still connected
BIG = 16 * 1024 * 1024  # what has grown beyond is thrown away: emptying it would cost more than a clone

# Each change of a schema leaves a row of a later transaction in one of these, or one row fewer.
CATALOGS = (
    "attrdef", "attribute", "class_", "constraint", "extension", "index", "namespace", "proc", "rewrite", "sequence",
    "trigger", "type",
)  # fmt: skip
NAMED = "SELECT count(*), md5(string_agg(concat(oid, relname, relkind, reloptions), ',' ORDER BY oid)) FROM pg_class"
STAMPED = "SELECT count(*), max(xmin::text::bigint)::text FROM pg_{}"
SHAPE = " UNION ALL ".join(NAMED if name == "class_" else STAMPED.format(name) for name in CATALOGS)

FILLED = """
    SELECT relname, pg_relation_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
"""
ANEW = """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences
    WHERE last_value IS NOT NULL
"""
LEAVE = "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE datname = %s"


@dataclass
class Shelf:
    """The databases that may be used again, all of them copies of one template."""

    server: Server
    template: str
    spare: list[str] = field(default_factory=list)
    shape: list[tuple] = field(default_factory=list)
    written: dict[str, bytes] = field(default_factory=dict)  # by the migrations

    def __post_init__(self) -> None:
        with self._at(self.template) as connection:
            self.shape = _shape(connection)
            for name, _ in connection.execute(FILLED).fetchall():
                self.written[name] = _copied(connection, name)

    @contextmanager
    def lend(self) -> Iterator[str]:
        """A database by a name that none had before."""
        name = _new_name()
        if self.spare:
            self.server.rename(self.spare.pop(), name)
        else:
            self.server.clone(self.template, name)
        yield self.server.url(name)
        self._take_back(name)

    def close(self) -> None:
        while self.spare:
            self.server.drop(self.spare.pop())

    def _take_back(self, name: str) -> None:
        resting = _new_name()
        try:
            self._send_away(name)
            # Before it is emptied, so that whoever outlives his test finds the name gone, and writes into nobody's.
            self.server.rename(name, resting)
        except psycopg.errors.ObjectInUse:
            self.server.drop(name)
            return
        if self._as_new(resting):
            self.spare.append(resting)
        else:
            self.server.drop(resting)

    def _send_away(self, name: str) -> None:
        with self._at("postgres") as connection:
            connection.execute(LEAVE, [PATIENCE, name])

    def _as_new(self, name: str) -> bool:
        with self._at(name) as connection:
            filled = dict(connection.execute(FILLED).fetchall())
            if sum(filled.values()) > BIG or _shape(connection) != self.shape:
                return False
            self._empty(connection, filled)
        return True

    def _empty(self, connection: psycopg.Connection, filled: dict[str, int]) -> None:
        connection.execute("SET session_replication_role = replica")  # the journals refuse to lose a row
        for name in filled:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
        if filled:
            names = sql.SQL(", ").join(sql.Identifier(name) for name in filled)
            connection.execute(sql.SQL("VACUUM {}").format(names))  # else rows would lie in another order next time
        for name, rows in self.written.items():
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
                copy.write(rows)
        connection.execute(ANEW)

    @contextmanager
    def _at(self, name: str) -> Iterator[psycopg.Connection]:
        with psycopg.connect(host=str(self.server.folder), user="postgres", dbname=name, autocommit=True) as connection:
            yield connection


def _new_name() -> str:
    return f"test_{uuid.uuid4().hex}"


def _shape(connection: psycopg.Connection) -> list[tuple]:
    return connection.execute(SHAPE).fetchall()


def _copied(connection: psycopg.Connection, name: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))) as copy:
        return b"".join(bytes(part) for part in copy)
