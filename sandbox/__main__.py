"""The commands of the sandbox: run it, or replay a file of real messages into the bot."""

import os
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sandbox import outcomes, replay, sayings, server
from sandbox.app import create_app
from sandbox.outcomes import Bot, Outcomes
from sandbox.replay import Pace, Route
from sandbox.sayings import Saying, Trouble

NO_KEY = """Without a key the bot cannot be asked what became of it. Make one with: python -m bot add-key NAME
and give it with --key or in FANFARE_API_KEY."""

AGAIN = "As new ones, not as the same again. X always does so, and Telegram without TELEGRAM_SECRET_TOKEN."


@click.group(invoke_without_command=True, help="Pretend platforms on 127.0.0.1, and a page on which you play the fan.")
@click.option("--port", envvar="SANDBOX_PORT", default=8001, show_default=True, type=click.IntRange(0, 65535))
@click.option("--bot-url", default="http://127.0.0.1:8000", show_default=True, help="Where the bot listens.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="A file that keeps what was said.")
@click.pass_context
def main(context: click.Context, port: int, bot_url: str, state: Path | None) -> None:
    if context.invoked_subcommand is None:
        run(port, bot_url.rstrip("/"), state)


def run(port: int, bot_url: str, state: Path | None) -> None:
    app = create_app(bot_url, os.environ)
    stage = app.extensions["stage"]
    with ExitStack() as opened:
        try:
            listening = server.listen(app, port)
        except OSError:
            raise click.ClickException(f"Port {port} is taken. Choose another with --port.") from None
        try:
            others = opened.enter_context(server.beside(stage, port))
        except OSError:
            taken = f"Port {port + 1} or {port + 2} is taken, which the mail server needs. Choose another with --port."
            raise click.ClickException(taken) from None
        opened.enter_context(server.remembered(stage, state))
        click.echo("\n".join((f"Play the fan at http://127.0.0.1:{listening.port}/", *others)))
        server.serve_until_stopped(listening)


@main.command("replay", help="Send the text column of FILE, as comments and messages of invented fans.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--platform", default="facebook", show_default=True, type=click.Choice(list(replay.ROUTES)))
@click.option("--url", help="Where the bot listens.  [default: its PORT on this machine]")
@click.option("--sandbox-url", help="For what no webhook brings.  [default: the sandbox on this machine]")
@click.option("--as", "manners", default="comments", show_default=True, type=click.Choice(list(sayings.MANNERS)))
@click.option("--rate", default=50.0, show_default=True, type=click.FloatRange(0), help="A second; 0 is at full speed.")
@click.option("--batch", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many share a webhook.")
@click.option("--limit", type=click.IntRange(1), help="Only so many rows.")
@click.option("--again", is_flag=True, help=AGAIN)
@click.option("--key", envvar="FANFARE_API_KEY", help="For the bot's API, to ask what became of it.")
@click.option(
    "--settings",
    default=Path("var/sandbox.env"),
    type=click.Path(dir_okay=False, path_type=Path),
    help="NAME=VALUE lines, for what the environment leaves open.  [default: what `python -m bot run` wrote]",
)
@click.option("--patience", default=300.0, show_default=True, help="Seconds to wait until all is heard.")
def replay_file(
    file: Path,
    platform: str,
    url: str | None,
    sandbox_url: str | None,
    manners: str,
    rate: float,
    batch: int,
    limit: int | None,
    again: bool,
    key: str | None,
    settings: Path,
    patience: float,
) -> None:
    console = Console()
    try:
        said = sayings.say(sayings.read_texts(file, limit), sayings.MANNERS[manners])
        prefix = sayings.prefix(file, platform, manners, again)
        known = known_settings(settings)
        bot_at = (url or f"http://127.0.0.1:{known.get('PORT', '8000')}").rstrip("/")
        sandbox = sandbox_url or f"http://127.0.0.1:{known.get('SANDBOX_PORT', '8001')}"
        route = replay.ROUTES[platform](known, bot_at, sandbox.rstrip("/"), prefix)
        replay.reach(route.reach)
        bot = Bot(bot_at, key, platform, route.key_prefix) if key else None
        before = bot.outcomes().known if bot else 0
        acknowledged = send(console, said, route, Pace(rate, batch))
        console.print(f"{acknowledged} acknowledged." + (f" {before} were known before." if before else ""))
        wrong = summarise(console, bot, route.expected(before, acknowledged), patience) if bot else ""
    except Trouble as trouble:
        raise click.ClickException(str(trouble)) from None
    if wrong:
        raise click.ClickException(wrong)
    if bot is None:
        click.echo(NO_KEY)


def known_settings(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    written = dict(line.split("=", 1) for line in lines if "=" in line)
    return written | {name: value for name, value in os.environ.items() if value}


def send(console: Console, said: list[Saying], route: Route, pace: Pace) -> int:
    columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=len(said))
        return replay.send(said, route, pace, lambda carried: progress.advance(bar, carried))


def summarise(console: Console, bot: Bot, expected: int, patience: float) -> str:
    """What is wrong, after saying what became of it."""
    with console.status("Waiting until all is heard") as status:

        def told(now: Outcomes) -> None:
            status.update(f"{now.known} of {expected} heard, {now.waiting} waiting")

        found = outcomes.settle(bot, expected, patience, told)
    console.print(outcomes.table(found))
    return outcomes.verdict(bot, found, expected)


if __name__ == "__main__":
    main()
