"""The commands: `python -m bot run`, `worker`, `clock`, `migrate`, `explain`, `import-codes`, and more."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import click
import structlog

from bot import (
    assembly,
    by_hand,
    clock,
    database,
    demo,
    dossier,
    explaining,
    explaining_in_text,
    hiring,
    keyring,
    readable,
    retention,
    running,
    worker,
)
from bot.assembly import Bot
from bot.settings import env_file
from offers import catalog, listed


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


PASSWORD = click.option(
    "--password", callback=hiring.password_of, help="At least ten characters; asked for if left out."
)


@cli.command("add-manager")
@click.argument("email")
@click.option("--name", default="", help="How the panel calls the person.")
@PASSWORD
def add_manager(email: str, name: str, password: str) -> None:
    """Let a community manager sign in to the panel."""
    bot = by_hand.assembled()
    hiring.add(bot, email, name, password)
    click.echo(f"{email} may sign in at {bot.settings.address}/panel")


@cli.command("set-password")
@click.argument("email")
@PASSWORD
def set_password(email: str, password: str) -> None:
    """Give a manager a new password, and end every session of the old one."""
    hiring.set_password(by_hand.assembled(), email, password)
    click.echo(f"{email} has a new password, and is signed out everywhere.")


for command in keyring.COMMANDS:
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


@cli.command("import-codes")
@click.argument("offer")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--without-faulty", is_flag=True, help="Take the good lines, though others are faulty.")
def import_codes(offer: str, file: BinaryIO, dry_run: bool, without_faulty: bool) -> None:
    """Give an offer the codes of a shop's own list: a CSV file, in its first column or the one headed "code"."""
    bot, text = by_hand.assembled(), _decoded(file.read())
    if unread := listed.unread(text):
        raise click.ClickException(f"{unread}.")
    with bot.transaction() as session:
        found = catalog.by_slug(session, offer)
        if found is None:
            raise click.ClickException("there is no offer of this short name: it stands in the offer's links")
        listing = listed.sift(session, listed.read(text))
        takes = not dry_run and bool(listing.codes) and (without_faulty or not listing.faults)
        if takes:
            listed.add(session, found, listing.codes, bot.now())
        left = listed.free(session, found.id)
    bot.engine.dispose()
    for line, amiss in listing.faults:
        click.echo(f"line {line}: {amiss.value}", err=True)
    click.echo(f"{len(listing.codes)} good, {len(listing.faults)} faulty; {left} free in the offer's stock.")
    if not takes:
        click.echo("Nothing was changed." + ("" if dry_run else " Mend the list, or add --without-faulty."))
    sys.exit(0 if takes or (dry_run and not listing.faults) else 1)


def _decoded(raw: bytes) -> str:
    """As most programs write it, else as French Excel does."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


@cli.command("dossier")
@click.argument("fan_or_handle")
@click.option("--html", is_flag=True, help="A page to read, instead of JSON.")
def dossier_(fan_or_handle: str, html: bool) -> None:
    """All that is kept of a person, by a fan's id, a handle or an e-mail address: for an auditor, or for himself."""
    bot = by_hand.assembled()
    with bot.reading() as session:
        fan_ids = dossier.found(session, bot, fan_or_handle)
        if len(fan_ids) != 1:
            raise click.ClickException(_which(dossier.shown(session, fan_ids)))
        told = dossier.of(session, bot, fan_ids.pop())
    assert told is not None
    click.echo(readable.page(told, told["language"]) if html else dossier.as_json(told))


def _which(fans: list[str]) -> str:
    if not fans:
        return "nobody is known by this"
    return "several fans are known by this; say which, by the id:\n  " + "\n  ".join(fans)


@cli.command("retention")
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
def retention_(dry_run: bool) -> None:
    """Let go of what may not be kept any longer. The clock does it every day."""
    bot = by_hand.assembled()
    counts = retention.foresee(bot) if dry_run else retention.run(bot)
    click.echo("Would go:" if dry_run else "Gone:")
    for (why, table), rows in sorted(counts.items()):
        click.echo(f"  {why.value:14} {table:14} {rows:8}")
    if not counts:
        click.echo("  nothing")


@cli.command()
@click.argument("message", type=click.UUID)
def explain(message: UUID) -> None:
    """Why a message went, waits or stays unsaid: every decision about it, with all that it was decided from."""
    bot = by_hand.assembled()
    with bot.reading() as session:
        explained = explaining.explain(session, bot, message)
        if explained is None:
            raise click.ClickException("there is no such message")
        click.echo(explaining_in_text.text(explained))


@cli.command("demo-offers")
def demo_offers() -> None:
    """Put two offers into an empty catalogue, to begin from."""
    bot = by_hand.assembled()
    with bot.transaction() as session:
        demo.fill(session, bot.new_id, bot.now())


if __name__ == "__main__":
    cli()
