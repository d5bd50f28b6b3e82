"""The commands for keys: whoever has one reads the leads and tells purchases."""

from datetime import datetime

import click

from bot import assembly, by_hand
from leads import keys


@click.command()
@click.argument("name")
def add_key(name: str) -> None:
    """Make a key for a CRM. It is shown this once; we keep its hash."""
    with by_hand.opened() as bot, bot.transaction() as session:
        click.echo(keys.make(session, name, assembly.random_bytes(), bot.now()))


@click.command("keys")
def list_keys() -> None:
    """Which keys there are: how each begins, whose it is, and when it was used last."""
    with by_hand.opened() as bot, bot.reading() as session:
        rows = keys.listed(session)
    for one in rows:
        revoked = f", revoked {_day(one.revoked_at)}" if one.revoked_at else ""
        click.echo(f"ff_{one.prefix}  {one.name}: made {_day(one.created_at)}, used {_day(one.last_used_at)}{revoked}")
    if not rows:
        click.echo("There is no key yet. Make one with: python -m bot add-key NAME")


@click.command()
@click.argument("beginning", metavar="BEGINNING")
def revoke_key(beginning: str) -> None:
    """Let a key open nothing any more. BEGINNING is how `python -m bot keys` shows it, or the whole key."""
    with by_hand.opened() as bot, bot.transaction() as session:
        revoked = keys.revoke(session, beginning, bot.now())
    if not revoked:
        raise click.ClickException("there is no such key that counts: see `python -m bot keys`")
    click.echo(f"{revoked} opens nothing any more.")


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "never"


COMMANDS = (add_key, list_keys, revoke_key)
