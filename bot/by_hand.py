"""What each command begins with: the bot, put together out of the settings, or a list of what is wrong with them."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import click
from sqlalchemy.exc import OperationalError

from bot import assembly, database, kept
from bot.assembly import Bot
from connectors import Misconfigured


def assembled() -> Bot:
    """With all that a running service made for itself, and tables that are up to date."""
    bot = configured()
    try:
        behind = database.is_behind(bot.engine)
    except OperationalError:
        raise click.ClickException("the database can't be reached: see DATABASE_URL") from None
    if behind:
        bot.engine.dispose()
        raise click.ClickException("the database is empty or of an older version: run `python -m bot migrate` first")
    return bot


def configured(settings: Callable[[Mapping[str, str]], Mapping[str, str]] = kept.recalled) -> Bot:
    try:
        return assembly.assemble(settings(os.environ))
    except Misconfigured as wrong:
        click.echo("Fanfare can't start:\n" + "\n".join(f"  - {fault}" for fault in wrong.faults), err=True)
        sys.exit(2)


@contextmanager
def opened() -> Iterator[Bot]:
    """The bot, for as long as the command takes."""
    bot = assembled()
    try:
        yield bot
    finally:
        bot.engine.dispose()
