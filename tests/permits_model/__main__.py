"""Longer than the suite does: `python -m tests.permits_model --stories 2000 --database postgresql`."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import structlog

from bot import database
from tests import postgres
from tests.permits_model import play
from tests.permits_model.play import NewDatabase


@click.command()
@click.option("--stories", default=500, show_default=True)
@click.option("--steps", default=play.STEPS, show_default=True, help="In each story at most.")
@click.option("--database", "kind", default="sqlite", show_default=True, type=click.Choice(["sqlite", "postgresql"]))
@click.option("--new", is_flag=True, help="Other stories each time, instead of the same ones.")
@click.option("--shrink", is_flag=True, help="Look for the shortest story that fails: it takes minutes.")
def main(stories: int, steps: int, kind: str, new: bool, shrink: bool) -> None:
    """Play stories until one of them breaks a rule."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with _databases(kind) as new_database:
        seen = play.many(new_database, stories, steps, seeded=not new, shrinks=shrink)
    click.echo(f"{kind}: {stories} stories of up to {steps} steps, and no rule was broken.")
    for what, times in sorted(seen.items()):
        click.echo(f"{times:6} {what}")


@contextmanager
def _databases(kind: str) -> Iterator[NewDatabase]:
    if kind == "postgresql":
        with postgres.server() as server:
            url = server.create_database("stories")
            database.migrate(url)
            yield play.emptied(url)
        return
    with tempfile.TemporaryDirectory(dir=postgres._tools()) as folder:
        template = Path(folder) / "template.db"
        database.migrate(f"sqlite:///{template}")
        yield play.copies(template, Path(folder))


if __name__ == "__main__":
    main()
