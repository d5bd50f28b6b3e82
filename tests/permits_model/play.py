"""Playing many stories, each on an empty database."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from bot import database
from tests.permits_model.machine import World
from tests.permits_model.wire import Carrier, Mail
from tests.stage import Stage

STORIES = 26
STEPS = 40
KEPT = {"alembic_version", "lane", "revision"}  # what the migrations wrote

NewDatabase = Callable[[], str]


def many(
    new_database: NewDatabase, stories: int, steps: int = STEPS, *, seeded: bool = True, shrinks: bool = False
) -> Counter[str]:
    """The same stories each time, unless `seeded` is False. To shrink one that fails takes minutes.

    Says how often each thing happened: stories in which nothing leaves would prove nothing.
    """
    phases = [Phase.generate, Phase.shrink] if shrinks else [Phase.generate]
    stage = Stage(new_database(), Carrier("pigeon"), Mail("mail"))  # one for all: it knows how to say each query

    seen = Counter[str]()

    def begin() -> World:
        stage.close()
        new_database()
        return World(stage, seen)

    try:
        run_state_machine_as_test(begin, settings=_settings(stories, steps, phases, seeded))  # type: ignore[arg-type]
    finally:
        stage.close()
    return seen


def _settings(stories: int, steps: int, phases: list[Phase], seeded: bool) -> settings:
    return settings(
        max_examples=stories,
        stateful_step_count=steps,
        phases=phases,
        derandomize=seeded,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def copies(template: Path, folder: Path) -> NewDatabase:
    """SQLite: a fresh copy of the template, over the one before."""

    def fresh() -> str:
        for old in folder.glob("story.db*"):
            old.unlink()
        return f"sqlite:///{shutil.copy(template, folder / 'story.db')}"

    return fresh


def emptied(url: str) -> NewDatabase:
    """PostgreSQL: one database, emptied. The journals refuse to lose a row, but not to be truncated."""
    engine = database.connect(url)
    tables = [name for name in sa.inspect(engine).get_table_names() if name not in KEPT]
    engine.dispose()

    def fresh() -> str:
        with engine.begin() as connection:
            connection.execute(sa.text(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE"))
            connection.execute(sa.text("UPDATE lane SET holder = '', held_until = NULL, attempts = 0"))
            connection.execute(sa.text("UPDATE revision SET last = 0"))
        engine.dispose()
        return url

    return fresh
