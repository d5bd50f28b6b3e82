"""What each command begins with: the bot, put together out of the settings, or a list of what is wrong with them."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import click

from bot import assembly, kept
from bot.assembly import Bot
from connectors import Misconfigured


def assembled(settings: Callable[[Mapping[str, str]], Mapping[str, str]] = kept.recalled) -> Bot:
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
