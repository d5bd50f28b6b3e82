"""signed webhooks acknowledged a second, and p99, beside the same server doing one bare INSERT a request."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from statistics import median, quantiles

from bench import processes
from bot import database

REQUESTS = 4000  # a round
ROUNDS = 3
CONNECTIONS = 8


def measure(new_database: Callable[[str], str], share: float) -> Iterator[str]:
    """Rounds turn and turn about, so that what else the machine does falls on both; the median of them."""
    count = int(REQUESTS * share)
    url = new_database("acknowledging")
    database.migrate(url)
    ours, bare = _environment(url), _environment(new_database("bare"))
    results: dict[str, list[tuple[float, float]]] = {"fanfare": [], "bare": []}
    with processes.web("webhooks.wsgi:app", ours), processes.web("bench.bare:app", bare):
        for turn in range(ROUNDS + 1):  # the first warms both up
            for name, env in (("bare", bare), ("fanfare", ours)):
                result = _round(int(env["PORT"]), count, turn * count)
                results[name] += [result] if turn else []
    fast, limit = (median(rate for rate, _ in results[name]) for name in ("fanfare", "bare"))
    slow = {name: median(p99 for _, p99 in rounds) for name, rounds in results.items()}
    yield f"acknowledged   {fast:7.0f} a second   p99 {slow['fanfare']:6.1f} ms"
    yield f"bare INSERT    {limit:7.0f} a second   p99 {slow['bare']:6.1f} ms"
    yield f"ratio          {fast / limit:7.2f}            (aim: 0.80)"


def _environment(url: str) -> dict[str, str]:
    return processes.environment(url, processes.free_port(), processes.free_port())


def _round(port: int, count: int, first: int) -> tuple[float, float]:
    """How many a second, and the 99th percentile in milliseconds."""
    command = [
        sys.executable,
        "-m",
        "bench.sender",
        str(port),
        str(CONNECTIONS),
        str(count),
        "0",
        str(first),
        "comments",
    ]
    result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return count / result["seconds"], quantiles([seconds for _, _, seconds in result["took"]], n=100)[98] * 1000
