"""Managers are let in from the command line, and it says in words why one can't be."""

import click

from bot import managers
from bot.assembly import Bot
from bot.managers import LONGEST_PASSWORD, SHORTEST_PASSWORD, Unfit

AGAINST = {
    Unfit.EMAIL_ODD: "this is no e-mail address. Write it like claire@example.com",
    Unfit.EMAIL_TAKEN: "a manager has this address already",
    Unfit.TOO_SHORT: f"the password is too short. Choose one of at least {SHORTEST_PASSWORD} characters",
    Unfit.TOO_LONG: f"the password is too long. Choose one of at most {LONGEST_PASSWORD} characters",
}


def add(bot: Bot, email: str, name: str, password: str) -> None:
    with bot.transaction() as session:
        added = managers.add(session, bot.new_id(), email, name, password, bot.settings.language, bot.now())
    bot.engine.dispose()
    if isinstance(added, Unfit):
        raise click.ClickException(f"not added: {AGAINST[added]}.")
