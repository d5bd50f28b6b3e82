"""Many rounds, with real commands and real waiting: `python -m tests.crash --rounds 20 --database postgresql`."""

import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click

from bot import database
from tests import postgres
from tests.crash import rounds
from tests.crash.rounds import Figures, Plan
from tests.crash.starting import CHECKOUT, Start, by_command, by_fork


@click.command()
@click.option("--rounds", "many", default=20, show_default=True)
@click.option("--seed", default=1, show_default=True, help="Of the first round; each next one has the next.")
@click.option("--database", "kind", default="sqlite", show_default=True, type=click.Choice(["sqlite", "postgresql"]))
@click.option("--kills", default=12, show_default=True, help="In each round.")
@click.option("--pause", default=0.1, show_default=True, help="Seconds between two webhooks of one sender at most.")
@click.option("--hurry", is_flag=True, help="As the tests do: fork instead of starting commands, wait for no lease.")
def main(many: int, seed: int, kind: str, kills: int, pause: float, hurry: bool) -> None:
    """Kill processes of the service under load, and hold what remains against what was acknowledged."""
    found = []
    with _databases(kind) as urls:
        for number, url in zip(range(seed, seed + many), urls, strict=False):
            plan = Plan(number, kills, echoes=number % 2 == 0, skips=hurry, pause=pause)
            found.append(_play(plan, kind, url, by_fork if hurry else by_command))
    click.echo(f"\n{kind}, {many} rounds: {_in_words(found)}")
    click.echo(f"  deaths: {dict(sum((one.kills for one in found), Counter[str]()))}")
    sys.exit(any(one.faults for one in found))


def _play(plan: Plan, kind: str, url: str, start: Start) -> Figures:
    began = time.monotonic()
    with _folder(kind, plan.seed) as folder:
        database.migrate(url := url.format(folder=folder))
        figures = rounds.play(start, folder, url, plan)
    click.echo(f"{kind} seed {plan.seed}: {_in_words([figures])}; {time.monotonic() - began:.0f} s")
    for fault in figures.faults:
        click.echo(f"  FAULT: {fault}")
    return figures


def _in_words(found: list[Figures]) -> str:
    def total(name: str) -> int:
        return sum(getattr(one, name) for one in found)

    states = sum((one.states for one in found), Counter[str]())
    longest = max((one.longest for one in found), default=timedelta(0)).total_seconds()
    return (
        f"{sum(one.kills.total() for one in found)} kills,"
        f" {total('interactions')} interactions acknowledged in {total('webhooks')} webhooks"
        f" ({total('tries')} tries, {total('repeated')} repeated),"
        f" {total('held')} held by the dead, {total('aside')} aside; messages {dict(states)};"
        f" taken over after {longest:.0f} s at most; {sum(len(one.faults) for one in found)} faults"
    )


@contextmanager
def _databases(kind: str) -> Iterator[Iterator[str]]:
    """The address of an empty database for each round; `{folder}` stands for the folder of the round."""
    if kind == "sqlite":
        yield ("sqlite:///{folder}/fanfare.db" for _ in iter(int, 1))
        return
    with postgres.server() as server:
        yield (server.create_database(f"round_{number}") for number, _ in enumerate(iter(int, 1)))


@contextmanager
def _folder(kind: str, seed: int) -> Iterator[Path]:
    """A folder of the round. Its logs stay until the same round is played again."""
    folder = CHECKOUT / ".tools" / f"crash-{kind}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    for big in folder.glob("*.db*"):
        big.unlink()


if __name__ == "__main__":
    main()
