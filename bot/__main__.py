"""The commands: `python -m bot run`, `worker`, `clock`, `migrate`, `explain`, `import-codes`, and more."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import structlog

from bot import (
    assembly,
    auditing,
    by_hand,
    clock,
    database,
    demo,
    hiring,
    importing,
    keyring,
    running,
    worker,
)
from bot.assembly import Bot
from bot.settings import env_file


@click.group()
def cli() -> None:
    """Fanfare: from fan to lead, with consent. Settings come from the environment, or from a file .env here."""
    for name, value in env_file().items():
        os.environ.setdefault(name, value)


def _work(role: Callable[[Bot, str, threading.Event], None]) -> None:
    """Run until SIGTERM or Ctrl-C; then finish what is in hand."""
    structlog.configure(processors=LOG)
    bot, stopping = by_hand.configured(dict), threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    role(bot, assembly.new_name(), stopping)
    for connector in bot.connectors.values():
        connector.close()


LOG: list[Any] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
]


@cli.command()
def run() -> None:
    """Everything on this machine: web, worker and clock, and the sandbox where no platform is set up."""
    sys.exit(running.run(dict(os.environ)))


@cli.command("worker")
def worker_() -> None:
    """Hear what the fans did, and say what was decided."""
    _work(worker.run)


@cli.command("clock")
def clock_() -> None:
    """Poll the platforms and let time pass. Any number may run: one leads."""
    _work(clock.run)


@cli.command()
def migrate() -> None:
    """Bring the tables up to date."""
    database.migrate(by_hand.configured().settings.database_url.get_secret_value())


for command in (*hiring.COMMANDS, *keyring.COMMANDS, *importing.COMMANDS, *auditing.COMMANDS):
    cli.add_command(command)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy an SQLite database into FILE, while it is used. PostgreSQL has a tool of its own: pg_dump."""
    with by_hand.opened() as bot:
        try:
            database.back_up(bot.settings.database_url.get_secret_value(), file)
        except (ValueError, FileExistsError) as wrong:
            raise click.ClickException(str(wrong)) from None
    click.echo(f"Saved as {file}. Keep SECRET_KEY with it.")


@cli.command("demo-offers")
def demo_offers() -> None:
    """Put two offers into an empty catalogue, to begin from."""
    with by_hand.opened() as bot, bot.transaction() as session:
        demo.fill(session, bot.new_id, bot.now())


if __name__ == "__main__":
    cli()
