"""Tables that hold rows are brought up to date, and what they know of fans is read anew."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command

from bot import database

LEA, MAX, OFFER, CLAIM, LEAD = (UUID(int=number) for number in range(1, 6))
BEFORE = "0012"


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


@pytest.fixture
def url(database_url: str) -> str:
    """A database as it was before anybody wrote down how fans came."""
    engine = database.connect(database_url)
    address = f"{database_url}.old" if database.is_sqlite(engine) else database_url
    if not database.is_sqlite(engine):
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    command.upgrade(database.alembic_config(address), BEFORE)
    return address


def filled(connection: sa.Connection) -> None:
    """Léa and Max are one person, Max was met first; Léa took a code and became a lead."""
    known = sa.MetaData()
    known.reflect(connection)

    def put(table: str, **row: Any) -> None:
        blank = {
            column.name: "" for column in known.tables[table].columns
            if not column.nullable and column.server_default is None and not column.primary_key
        }  # fmt: skip
        spelt = {
            name: value.hex if isinstance(value, UUID) and connection.dialect.name == "sqlite" else value
            for name, value in row.items()
        }
        connection.execute(known.tables[table].insert().values(blank | spelt))

    lists: dict[str, Any] = {name: [] for name in ("keywords", "platforms", "accounts", "posts", "texts", "conditions")}
    counts = {"priority": 0, "taken": 1, "grace_days": 0, "needs_approval": False, "codes_listed": False}
    times = {"created_at": day(1), "updated_at": day(1)}
    put("offer", id=OFFER, slug="promo", state="open", kind="percent", **lists, **counts, **times)
    for fan_id, platform, first in ((LEA, "x", 2), (MAX, "telegram", 1)):
        put("fan", id=fan_id, person_id=LEA, language="fr", created_at=day(first))
        heard = {"first_heard_at": day(first), "last_heard_at": day(first)}
        put("profile", id=fan_id, fan_id=fan_id, platform=platform, handle=platform, **heard)
    his = {"fan_id": LEA, "offer_id": OFFER, "platform": "x", "language": "fr"}
    put("claim", id=CLAIM, profile_id=LEA, step="done", post="p", code="C", opened_at=day(3), claimed_at=day(4), **his)
    put("consent", id=1, fan_id=LEA, act="granted", given_at=day(4), recorded_at=day(4))
    at = {"first_touch_at": day(1), "created_at": day(4), "updated_at": day(4)}
    put("lead", id=LEAD, consent_id=1, claim_id=CLAIM, revision=1, **at, **his)


def test_how_fans_came_before_is_told_by_what_was_known(url: str) -> None:
    engine = database.connect(url)
    with engine.begin() as connection:
        filled(connection)
    engine.dispose()

    database.migrate(url)

    engine = database.connect(url)
    with engine.connect() as connection:
        came = connection.execute(sa.text("SELECT id, platform, post, by_friend FROM arrival ORDER BY id")).all()
        last = connection.execute(sa.text("SELECT came_by FROM claim")).scalar_one()
        first = connection.execute(sa.text("SELECT came_first FROM lead")).scalar_one()
    engine.dispose()
    assert [tuple(row) for row in came] == [(1, "telegram", "", 0), (2, "x", "", 0), (3, "x", "p", 0)]
    assert (first, last) == (1, 3)
