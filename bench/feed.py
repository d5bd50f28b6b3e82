"""the feed of a million leads: a page at its beginning, middle and end, and a stream's memory.

Each lead has a fan and a consent of his own. The stream is 100,000 leads of NDJSON through the API, in a process of its
own whose memory is looked at before and after: what it grew by does not depend on how many leads there are.
"""

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection

import sqlalchemy as sa
from pydantic import SecretStr

from bot import assembly, database
from bot.settings import Settings
from leads import feed, keys
from webhooks.app import create_app

LEADS, STREAMED = 1_000_000, 100_000
PAGE, TIMES = 200, 7
SECOND = 50_000  # leads that changed in each second
NOW = datetime(2026, 11, 20, tzinfo=UTC)
FORK = multiprocessing.get_context("fork")

NUMBERS = {
    "sqlite": "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {leads}) ",
    "postgresql": "WITH n AS (SELECT generate_series(1, {leads}) AS n) ",
}
SPELLED = {
    "sqlite": {
        "id": "printf('%032x', n)",
        "hash": "printf('%064x', n)",
        "at": "strftime('%Y-%m-%d %H:%M:%S.000000', '2026-11-20', '+' || (n / 50000) || ' seconds')",
    },
    "postgresql": {
        "id": "lpad(to_hex(n), 32, '0')::uuid",
        "hash": "lpad(to_hex(n), 64, '0')",
        "at": "timestamptz '2026-11-20 00:00:00+00' + (n / 50000) * interval '1 second'",
    },
}
TABLES = {
    "fan (id, person_id, language, created_at)": "{id}, {id}, 'fr', {at}",
    "consent (id, fan_id, channel, purpose, act, wording, wording_hash, how, place, evidence, given_at, recorded_at)": (
        "n, {id}, 'email', 'offers', 'granted', 'offers_email.1.fr', '', 'claim_page', '', 'c', {at}, {at}"
    ),
    "lead (id, fan_id, consent_id, email, email_hash, name, language, platform, account, post, first_touch_at, "
    "created_at, updated_at, revision, told_qualified)": (
        "{id}, {id}, n, 'fan-' || n || '@example.com', {hash}, 'Fan', 'fr', 'facebook', '1', '', {at}, "
        "{at}, {at}, n, true"
    ),
}


def measure(new_database: Callable[[str], str], share: float) -> Iterator[str]:
    url, leads = new_database("feed"), int(LEADS * share)
    database.migrate(url)
    engine = database.connect(url)
    _fill(engine, leads)
    reading = database.readings(engine)
    places = {"beginning": 0, "middle": leads // 2, "end": leads - PAGE}
    for name, after in places.items():
        cursor = feed.cursor_at(after)
        yield f"{name:22} {_median(partial(_page, reading, cursor)):7.1f} ms a page of {PAGE}"
    lately = NOW + timedelta(seconds=leads // SECOND)
    yield f"{'updated_since, lately':22} {_median(lambda: _page(reading, '', lately)):7.1f} ms for its first page"
    yield _streamed(url, max(0, leads - int(STREAMED * share)))
    engine.dispose()


def _fill(engine: sa.Engine, leads: int) -> None:
    kind = engine.dialect.name
    with engine.begin() as connection:
        for table, values in TABLES.items():
            picked = f"SELECT {values.format(**SPELLED[kind])} FROM n"
            into = f"INSERT INTO {table} "
            numbers = NUMBERS[kind].format(leads=leads)
            connection.execute(sa.text(into + numbers + picked if kind == "postgresql" else numbers + into + picked))
        connection.execute(sa.text("UPDATE revision SET last = :last"), {"last": leads})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))


def _page(reading: database.Transaction, cursor: str, since: datetime | None = None) -> None:
    with reading() as session:
        assert feed.page(session, PAGE, cursor, since).leads


def _median(work: Callable[[], None]) -> float:
    work()  # once for the cache
    times = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def _streamed(url: str, after: int) -> str:
    ours, theirs = FORK.Pipe()
    child = FORK.Process(target=_stream, args=(url, after, theirs))
    child.start()
    lines, seconds, grown = ours.recv()
    child.join()
    return f"{'NDJSON':22} {lines / seconds:7.0f} leads a second; memory grew by {grown:.0f} MB over {lines} leads"


def _stream(url: str, after: int, told: Connection) -> None:
    bot = assembly.put_together(Settings(database_url=SecretStr(url), secret_key=SecretStr("bench" * 8)), {})
    with bot.transaction() as session:
        key = keys.make(session, "bench", assembly.random_bytes(), NOW)
    client, header = create_app(bot).test_client(), {"Authorization": f"Bearer {key}"}
    client.get("/api/v1/leads?limit=200", headers=header)
    before, begun, lines = _peak(), time.perf_counter(), 0
    for part in client.get(f"/api/v1/leads?format=ndjson&cursor={feed.cursor_at(after)}", headers=header).response:
        lines += bytes(part).count(b"\n") if isinstance(part, bytes) else part.count("\n")
    told.send((lines, time.perf_counter() - begun, _peak() - before))


def _peak() -> float:
    """The most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
