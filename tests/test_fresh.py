"""A database that was used is lent again only as it was on its first day, whatever was done to it."""

from collections.abc import Iterator

import psycopg
import pytest

from tests import postgres as postgresql
from tests.fresh import Shelf

A_CONSENT = """
    INSERT INTO consent
    (fan_id, channel, purpose, act, wording, wording_hash, how, place, evidence, given_at, recorded_at)
    VALUES (gen_random_uuid(), 'x', 'offers', 'granted', 'w', 'h', 'chat', '', '1', now(), now())
"""
AN_INDEX = """
    SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON oid = indrelid
    WHERE NOT indisunique AND relnamespace = 'public'::regnamespace LIMIT 1
"""


@pytest.fixture
def lent(postgres: postgresql.Server, postgresql_template: str) -> Iterator[Shelf]:
    shelf = Shelf(postgres, postgresql_template)
    yield shelf
    shelf.close()


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def content(url: str) -> dict[str, list]:
    with connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        kept = {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for (name,) in tables}
        kept["sequences"] = connection.execute("SELECT * FROM pg_sequences ORDER BY 2").fetchall()
    return kept


def number(url: str) -> int:
    """Which database it is, whatever its name."""
    return int(asked(url, "SELECT oid FROM pg_database WHERE datname = current_database()"))


def asked(url: str, question: str) -> str:
    with connect(url) as connection:
        [[answer]] = connection.execute(question).fetchall()
    return str(answer)


def test_rows_and_numbers_are_as_the_migrations_left_them(lent: Shelf) -> None:
    with lent.lend() as url:
        first, before = number(url), content(url)
        with connect(url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(A_CONSENT)
            connection.execute("UPDATE lane SET attempts = 7")
            connection.execute("DELETE FROM revision")
        assert content(url) != before

    with lent.lend() as url:
        assert number(url) == first
        assert content(url) == before


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE left_over (name TEXT)",
        "ALTER TABLE fan DROP COLUMN language",
        "ALTER TABLE fan SET (fillfactor = 50)",
        "ALTER TABLE consent DISABLE TRIGGER USER",
        "DROP INDEX {index}",
        "ALTER SEQUENCE consent_id_seq INCREMENT 7",
        "CREATE FUNCTION left_over() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_a_database_whose_schema_was_changed_is_thrown_away(lent: Shelf, change: str) -> None:
    with lent.lend() as url, connect(url) as connection:
        connection.execute(change.format(index=asked(url, AN_INDEX)))

    assert lent.spare == []


def test_whoever_outlives_his_test_cannot_write_into_the_next_ones(lent: Shelf) -> None:
    with lent.lend() as old:
        first, straggler = number(old), connect(old)

    with lent.lend() as url:
        assert number(url) == first
        with pytest.raises(psycopg.OperationalError):
            straggler.execute("UPDATE lane SET attempts = 7")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            connect(old)
    straggler.close()
