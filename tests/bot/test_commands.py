"""What an operator types by hand beside the service."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner, Result

from bot import database
from bot.__main__ import cli
from leads import keys
from tests.cast import SECRET


def types(url: str, *words: str) -> Result:
    return CliRunner().invoke(cli, words, env={"DATABASE_URL": url, "SECRET_KEY": SECRET})


def test_a_key_is_made_listed_without_its_secret_and_revoked(database_url: str) -> None:
    key = types(database_url, "add-key", "the CRM").output.strip()
    listed = types(database_url, "keys").output
    [beginning, name] = listed.partition(":")[0].split("  ")

    revoked = types(database_url, "revoke-key", beginning)
    again = types(database_url, "revoke-key", beginning)

    assert (name, key.startswith(beginning), key in listed) == ("the CRM", True, False)
    assert (revoked.exit_code, again.exit_code) == (0, 1)
    assert "revoked" in types(database_url, "keys").output
    engine = database.connect(database_url)
    with database.readings(engine)() as session:
        assert keys.check(session, key) is None
    engine.dispose()


def test_a_backup_is_whole_while_somebody_writes(sqlite_url: str, tmp_path: Path) -> None:
    types(sqlite_url, "add-key", "before")
    engine = database.connect(sqlite_url)
    with database.transactions(engine)() as session:
        keys.make(session, "not there yet", bytes(range(40)), datetime(2026, 6, 1, tzinfo=UTC))

        saved = types(sqlite_url, "backup", str(tmp_path / "saved.db"))

    engine.dispose()
    assert (saved.exit_code, "SECRET_KEY" in saved.output) == (0, True)
    with closing(sqlite3.connect(tmp_path / "saved.db")) as copy:
        assert copy.execute("SELECT name FROM api_key").fetchall() == [("before",)]
    assert types(sqlite_url, "backup", str(tmp_path / "saved.db")).exit_code == 1


def test_who_uses_postgresql_is_told_of_its_own_tool(postgresql_url: str, tmp_path: Path) -> None:
    told = types(postgresql_url, "backup", str(tmp_path / "saved.db"))

    assert (told.exit_code, "pg_dump" in told.output) == (1, True)
    assert not (tmp_path / "saved.db").exists()


def test_a_database_without_tables_is_told_of_and_given_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"

    before, migrated, after = types(url, "keys"), types(url, "migrate"), types(url, "keys")

    assert (before.exit_code, "python -m bot migrate" in before.output) == (1, True)
    assert (migrated.exit_code, after.exit_code, "There is no key yet" in after.output) == (0, 0, True)
