"""Managers are let in from the command line, or get a new password, and it says in words why they can't."""

import warnings
from getpass import GetPassWarning

import click

from bot import managers
from bot.assembly import Bot
from bot.managers import LONGEST_PASSWORD, SHORTEST_PASSWORD, Unfit

AGAINST = {
    Unfit.EMAIL_ODD: "this is no e-mail address. Write it like claire@example.com",
    Unfit.EMAIL_TAKEN: "a manager has this address already. For a new password: python -m bot set-password EMAIL",
    Unfit.TOO_SHORT: f"the password is too short. Choose one of at least {SHORTEST_PASSWORD} characters",
    Unfit.TOO_LONG: f"the password is too long. Choose one of at most {LONGEST_PASSWORD} characters",
}


def add(bot: Bot, email: str, name: str, password: str) -> None:
    with bot.transaction() as session:
        added = managers.add(session, bot.new_id(), email, name, password, bot.settings.language, bot.now())
    bot.engine.dispose()
    if isinstance(added, Unfit):
        raise click.ClickException(f"not added: {AGAINST[added]}.")


def set_password(bot: Bot, email: str, password: str) -> None:
    """For one who forgot it. Whoever is signed in with the old one is signed out."""
    with bot.transaction() as session:
        manager = managers.by_email(session, email)
        against = managers.change_password(session, manager.id, password) if manager else None
    bot.engine.dispose()
    if manager is None:
        raise click.ClickException(f"no manager signs in with {email}. Add one: python -m bot add-manager EMAIL")
    if against:
        raise click.ClickException(f"not changed: {AGAINST[against]}.")


def password_of(context: click.Context, option: click.Parameter, given: str | None) -> str:
    """The one that was given, or what is typed twice and not shown."""
    if given is not None:
        return given
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        try:
            return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
        except GetPassWarning:
            raise click.UsageError("There is no terminal on which to ask: give the password with --password.") from None
