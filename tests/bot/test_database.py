"""The tables: as the code says, on both databases, and with the rules that no code may break."""

import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError

from bot import database, lanes
from bot.tables import metadata


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = database.connect(database_url)
    yield engine
    engine.dispose()


def test_the_migrations_make_the_tables_that_the_code_knows(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    assert differences == []


def test_migrating_again_changes_nothing(database_url: str, engine: sa.Engine) -> None:
    database.migrate(database_url)

    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM lane")).scalar_one() == lanes.LANES


def test_the_migrations_are_one_line() -> None:
    script = ScriptDirectory.from_config(database.alembic_config("sqlite://"))

    assert len(script.get_heads()) == 1


def test_no_lead_without_a_consent(engine: sa.Engine) -> None:
    lead = metadata.tables["lead"].columns

    assert lead["consent_id"].nullable is False
    assert {key.target_fullname for key in lead["consent_id"].foreign_keys} == {"consent.id"}


def test_a_database_that_restarted_while_a_connection_rested_is_met_by_no_error(database_url: str) -> None:
    engine, restarts = database.connect(database_url), database.connect(database_url)
    with database.transactions(engine)() as session:
        [before] = session.connection().execute(_WHO[engine.dialect.name]).all()
    if not database.is_sqlite(engine):
        with restarts.begin() as connection:
            assert connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": before[0]}).scalar_one()
    time.sleep(database.RESTED + 0.1)

    with database.transactions(engine)() as session:
        [after] = session.connection().execute(_WHO[engine.dialect.name]).all()

    assert (after == before) is database.is_sqlite(engine)
    restarts.dispose()
    engine.dispose()


_WHO = {"sqlite": sa.text("SELECT 1"), "postgresql": sa.text("SELECT pg_backend_pid()")}
NOBODY = "00000000-0000-0000-0000-000000000000"
CONSENT = f"""
    INSERT INTO consent
    (fan_id, channel, purpose, act, wording, wording_hash, how, place, evidence, given_at, recorded_at)
    VALUES ('{NOBODY}', 'email', 'offers', 'perhaps', '', '', '', '', '', '2026-11-02', '2026-11-02')
"""


def test_a_consent_is_given_or_withdrawn_and_nothing_else(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        fan = f"'{NOBODY}', 'fr', '2026-11-02', '{NOBODY}'"
        connection.exec_driver_sql(f"INSERT INTO fan (id, language, created_at, person_id) VALUES ({fan})")

    with pytest.raises(IntegrityError, match="act"), engine.begin() as connection:
        connection.exec_driver_sql(CONSENT)
