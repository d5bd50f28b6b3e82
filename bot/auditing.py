"""The commands of who has to account for what is kept and sent: a dossier, what retention takes, and why."""

from uuid import UUID

import click

from bot import by_hand, dossier, explaining, explaining_in_text, readable, retention


@click.command("dossier")
@click.argument("fan_or_handle")
@click.option("--html", is_flag=True, help="A page to read, instead of JSON.")
def tell_all(fan_or_handle: str, html: bool) -> None:
    """All that is kept of a person, by a fan's id, a handle or an e-mail address: for an auditor, or for himself."""
    with by_hand.opened() as bot, bot.reading() as session:
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


@click.command("retention")
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
def let_go(dry_run: bool) -> None:
    """Let go of what may not be kept any longer. The clock does it every day."""
    with by_hand.opened() as bot:
        counts = retention.foresee(bot) if dry_run else retention.run(bot)
    click.echo("Would go:" if dry_run else "Gone:")
    for (why, table), rows in sorted(counts.items()):
        click.echo(f"  {why.value:14} {table:14} {rows:8}")
    if not counts:
        click.echo("  nothing")


@click.command()
@click.argument("message", type=click.UUID)
def explain(message: UUID) -> None:
    """Why a message went, waits or stays unsaid: every decision about it, with all that it was decided from."""
    with by_hand.opened() as bot, bot.reading() as session:
        explained = explaining.explain(session, bot, message)
        if explained is None:
            raise click.ClickException("there is no such message")
        click.echo(explaining_in_text.text(explained))


COMMANDS = (tell_all, let_go, explain)
