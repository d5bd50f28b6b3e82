"""from a signed webhook to the platform's call, at 100 a second; and what each process holds in memory."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

from sqlmodel import select

from bench import processes
from bot import assembly, database, demo
from offers.catalog import Offer

SECONDS = 20
RATE = 100
DEADLINE = 60.0


def measure(new_database: Callable[[str], str], share: float) -> Iterator[str]:
    """Each message asks for an offer; the answer is the call that is timed. Comments would soon meet Meta's limit."""
    url = new_database("latency")
    database.migrate(url)
    env = processes.environment(url, processes.free_port(), processes.free_port())
    _offer_without_approval(env)
    count = int(SECONDS * RATE * share)
    with processes.service(env) as running:
        _send(env, 50, 900_000)  # to warm up
        used = {name: -processes.cpu(process) for name, process in running.items()}
        sent = _send(env, count, 0)
        calls = _answers(env, count)
        used = {name: used[name] + processes.cpu(process) for name, process in running.items()}
        held = {name: processes.memory(process) for name, process in running.items()}
    took = sorted((call["at"] - sent[_number(call)]) * 1000 for call in calls)
    cuts = quantiles(took, n=100)
    yield f"{len(took)} answers   p50 {cuts[49]:6.1f} ms   p95 {cuts[94]:6.1f} ms   (aim: p95 < 100 ms)"
    yield "CPU, ms a message  " + "   ".join(f"{name} {1000 * spent / count:.1f}" for name, spent in used.items())
    yield "memory, MB         " + "   ".join(f"{name} {size:.0f}" for name, size in held.items())


def _offer_without_approval(env: dict[str, str]) -> None:
    bot = assembly.assemble(env)
    with bot.transaction() as session:
        demo.fill(session, bot.new_id, datetime.now(UTC))
        for offer in session.exec(select(Offer)):
            offer.needs_approval = False
            session.add(offer)
    bot.engine.dispose()


def _send(env: dict[str, str], count: int, first: int) -> dict[int, float]:
    """When each comment was sent, by its number."""
    command = [sys.executable, "-m", "bench.sender", env["PORT"], "8", str(count), str(RATE), str(first), "messages"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {number: at for number, at, _ in result["took"]}


def _answers(env: dict[str, str], expected: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + DEADLINE
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{env['SANDBOX_PORT']}/control/calls", timeout=30) as answer:
            calls = [
                call for call in json.load(answer)["calls"] if call["what"] == "message" and _number(call) < 900_000
            ]
        if len(calls) >= expected or time.monotonic() > deadline:
            return calls
        time.sleep(0.5)


def _number(call: dict[str, Any]) -> int:
    return int(call["to"].removeprefix("replay"))
