"""Managers are let in from the command line, or get a new password, and it says in words why they can't."""

import warnings
from getpass import GetPassWarning

import click

from bot import by_hand, managers
from bot.managers import LONGEST_PASSWORD, SHORTEST_PASSWORD, Unfit

AGAINST = {
    Unfit.EMAIL_ODD: "this is no e-mail address. Write it like claire@example.com",
    Unfit.EMAIL_TAKEN: "a manager has this address already. For a new password: python -m bot set-password EMAIL",
    Unfit.TOO_SHORT: f"the password is too short. Choose one of at least {SHORTEST_PASSWORD} characters",
    Unfit.TOO_LONG: f"the password is too long. Choose one of at most {LONGEST_PASSWORD} characters",
}


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


PASSWORD = click.option("--password", callback=password_of, help="At least ten characters; asked for if left out.")


@click.command()
@click.argument("email")
@click.option("--name", default="", help="How the panel calls the person.")
@PASSWORD
def add_manager(email: str, name: str, password: str) -> None:
    """Let a community manager sign in to the panel."""
    with by_hand.opened() as bot, bot.transaction() as session:
        added = managers.add(session, bot.new_id(), email, name, password, bot.settings.language, bot.now())
    if isinstance(added, Unfit):
        raise click.ClickException(f"not added: {AGAINST[added]}.")
    click.echo(f"{email} may sign in at {bot.settings.address}/panel")


@click.command()
@click.argument("email")
@PASSWORD
def set_password(email: str, password: str) -> None:
    """Give a manager who forgot it a new password, and end every session of the old one."""
    with by_hand.opened() as bot, bot.transaction() as session:
        manager = managers.by_email(session, email)
        against = managers.change_password(session, manager.id, password) if manager else None
    if manager is None:
        raise click.ClickException(f"no manager signs in with {email}. Add one: python -m bot add-manager EMAIL")
    if against:
        raise click.ClickException(f"not changed: {AGAINST[against]}.")
    click.echo(f"{email} has a new password, and is signed out everywhere.")


COMMANDS = (add_manager, set_password)
