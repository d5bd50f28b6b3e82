"""interactions fully decided a second, by one worker and by two, beside bare INSERTs of the rows that they write."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlmodel import SQLModel, select

from bench import crowd, processes
from bot import assembly, database, demo, inbox, lanes
from bot.assembly import Bot
from bot.outbox import Outgoing
from offers.catalog import Offer
from offers.claims import Claim
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.schema import write_all

INTERACTIONS = 12_000
BATCH = 200
WRITTEN = (Fan, Profile, Touchpoint, Claim, Outgoing)


def measure(new_database: Callable[[str], str], share: float) -> Iterator[str]:
    count = int(INTERACTIONS * share)
    for workers in (1, 2):
        url = new_database(f"deciding{workers}")
        env = processes.environment(url, processes.free_port(), processes.free_port())
        bot = _fill(env, url, count)
        rate = _decide(env, workers, count)
        aim = "   (aim: 1,500)" if workers == 1 else ""
        yield f"{workers} worker{'s' if workers > 1 else ' '}        {rate:7.0f} a second{aim}"
        if workers == 1:
            rows, bare = _bare(bot, new_database("deciding_bare"), count)
            yield f"bare INSERTs     {bare:7.0f} a second   ({rows / count:.1f} rows each)"
            yield f"ratio            {rate / bare:7.2f}"
        bot.engine.dispose()


def _fill(env: dict[str, str], url: str, count: int) -> Bot:
    """An offer, and a backlog that nobody has heard."""
    database.migrate(url)
    bot, now = assembly.assemble(env), datetime.now(UTC)
    with bot.transaction() as session:
        demo.fill(session, bot.new_id, now)
    crowded = crowd.comments(count, now, account=processes.PAGE)
    for start in range(0, count, BATCH):
        with bot.transaction() as session:
            inbox.keep(session.connection(), crowded[start : start + BATCH], lanes.of, now)
    return bot


def _decide(env: dict[str, str], workers: int, count: int) -> float:
    """Workers that only hear, each a process; timed from when all have started to when nothing waits."""
    command = [sys.executable, "-m", "bench.hearer"]
    started = [
        subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(workers)
    ]
    for process in started:
        process.stdout.readline() if process.stdout else None
    begun = time.perf_counter()
    for process in started:
        process.stdin.write(b"go\n") if process.stdin else None
        process.stdin.flush() if process.stdin else None
    heard = sum(json.loads(process.communicate()[0])["heard"] for process in started)
    if heard != count:
        raise SystemExit(f"{heard} of {count} heard")
    return count / (time.perf_counter() - begun)


def _bare(bot: Bot, url: str, count: int) -> tuple[int, float]:
    """The rows that deciding wrote, written again to an empty database: as many statements and commits, no thought."""
    database.migrate(url)
    copy = assembly.put_together(bot.settings.model_copy(update={"database_url": SecretStr(url)}), {})
    with copy.transaction() as session:
        for needed in (Offer, inbox.Inbox):
            write_all(session, needed, _rows(bot, needed))
    kept = {table: _rows(bot, table) for table in WRITTEN}
    begun = time.perf_counter()
    for table, rows in kept.items():
        for start in range(0, len(rows), BATCH * len(WRITTEN)):
            with copy.transaction() as session:
                for part in range(start, start + BATCH * len(WRITTEN), BATCH):
                    write_all(session, table, rows[part : part + BATCH])
    took = time.perf_counter() - begun
    copy.engine.dispose()
    return sum(map(len, kept.values())), count / took


def _rows(bot: Bot, table: type[SQLModel]) -> list[dict[str, object]]:
    with bot.reading() as session:
        return [row.model_dump() for row in session.exec(select(table)).all()]
