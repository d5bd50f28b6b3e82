"""`make bench`: how fast, beside the bare limit of the same machine, on SQLite and on PostgreSQL, in one run."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import click

from bench import acknowledging, arbitration, campaign, claiming, conditions, deciding, feed, latency, permits, ranking
from tests import postgres

NewDatabase = Callable[[str], str]
SCRATCH = Path(".tools") / "bench"
MEASUREMENTS = {
    "acknowledging": acknowledging,
    "deciding": deciding,
    "claiming": claiming,
    "conditions": conditions,
    "feed": feed,
    "latency": latency,
    "ranking": ranking,
}
WITHOUT_DATABASE = {"permits": permits, "arbitration": arbitration}
WHERE_ASKED = {"campaign": campaign}  # on PostgreSQL, and only by its name: it makes a million fans first


@click.command()
@click.option("--quick", is_flag=True, help="A tenth of the work: to see that it runs, not to quote.")
@click.option("--only", type=click.Choice([*MEASUREMENTS, *WITHOUT_DATABASE, *WHERE_ASKED]), help="One measurement.")
def main(quick: bool, only: str | None) -> None:
    """Print every figure as a table; each limit is measured in the same run, turn and turn about."""
    share = 0.1 if quick else 1.0
    print(f"Python {sys.version.split()[0]}, {_cores()} cores. A ratio is to the bare limit beside it.")
    for name, alone in WITHOUT_DATABASE.items():
        if only in (None, name):
            _print("No database", alone, alone.measure(share))
    if only in WITHOUT_DATABASE:
        return
    for kind, new_database in _databases():
        for name, measurement in (MEASUREMENTS | WHERE_ASKED).items():
            asked = name == only if name in WHERE_ASKED else only in (None, name)
            if asked and not (name in WHERE_ASKED and kind.startswith("SQLite")):
                _print(kind, measurement, measurement.measure(new_database, share))


def _print(where: str, measurement: ModuleType, lines: Iterator[str]) -> None:
    print(f"\n{where}: {measurement.__doc__}".split("\n\n")[0])
    for line in lines:
        print("  " + line, flush=True)


def _databases() -> Iterator[tuple[str, NewDatabase]]:
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    yield "SQLite (WAL, synchronous=NORMAL)", lambda name: f"sqlite:///{SCRATCH.resolve()}/{name}.db"
    with postgres.server(fsync=True) as server:
        yield "PostgreSQL (fsync on)", server.create_database
    shutil.rmtree(SCRATCH, ignore_errors=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
