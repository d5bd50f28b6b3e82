"""One round: a service under load, deaths at random moments, then calm, and the verdict."""

import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import connectors
from bot import assembly, demo
from tests.crash import verdict
from tests.crash.crowd import Crowd
from tests.crash.killer import Death, Killer
from tests.crash.service import PATIENCE, Service, wait_until
from tests.crash.starting import Start
from tests.crash.verdict import Evidence
from tests.crash.witness import Witness

CALM = 150.0  # seconds at most until nothing waits: two leases, and time to spare on a busy machine
STILL = 1.0  # seconds without a change: only the leases of the dead are waited for


@dataclass(frozen=True)
class Plan:
    seed: int
    kills: int
    echoes: bool  # the platform tells us what we said, as Meta does
    skips: bool = True  # set the clock on by hand instead of waiting for the leases of the dead
    pause: float = 0.2  # seconds between two webhooks of one sender at most


@dataclass(frozen=True)
class Figures:
    kills: Counter[str]
    interactions: int
    webhooks: int
    tries: int
    repeated: int
    held: int  # interactions that were in the hands of the dead
    states: Counter[str]  # of the messages
    aside: int
    longest: timedelta  # until what the dead held was heard, or given up
    faults: list[str]


def play(start: Start, folder: Path, database_url: str, plan: Plan) -> Figures:
    service = Service(start, folder, database_url, echoes=plan.echoes)
    witness = Witness(database_url)
    try:
        with witness.transaction() as session:
            demo.fill(session, assembly.new_id, datetime.now(UTC))
        service.begin()
        return _play(service, witness, folder, plan)
    finally:
        service.end()
        witness.close()


def _play(service: Service, witness: Witness, folder: Path, plan: Plan) -> Figures:
    crowd = Crowd(connectors.load(service.environ)["facebook"], service.address, plan.seed, plan.pause)
    killer = Killer(service, witness, random.Random(plan.seed))
    crowd.begin()
    for _ in range(plan.kills):
        killer.kill()
    crowd.finish()
    waited = _come_to_rest(service, witness, killer.deaths, plan)
    evidence = verdict.gather(
        witness,
        acknowledged=crowd.heard.by_fan,
        deaths=killer.deaths,
        calls=service.calls(),
        waited=waited,
        shown_uncertain=service.shown("outbox", "uncertain"),
    )
    found = crowd.trouble + verdict.faults(evidence, witness) + _endings(service, folder)
    return _figures(evidence, crowd, witness, found)


def _come_to_rest(service: Service, witness: Witness, deaths: Sequence[Death], plan: Plan) -> timedelta:
    """Until nothing waits. Says how long a message stayed in the hands of the dead."""
    service.bring_back()
    service.wait_for_web()
    if plan.skips:
        _wait_until_still(witness)
        witness.let_leases_end({one.pid for one in service.workers})
    died = {message: death.at for death in deaths for message in death.sending}
    held = {message: died[message] for message in witness.sending() if message in died}
    waited = [timedelta(0)]

    def at_rest() -> bool:
        sending, now = witness.sending(), datetime.now(UTC)
        waited.extend(witness.since(held.pop(message), now, message) for message in held.keys() - sending)
        return witness.unfinished() == (0, 0) and (not plan.echoes or witness.echoes() >= len(service.calls()))

    wait_until(at_rest, CALM, STILL)  # an echo may be faster than the sender, who still has something to add
    return max(waited)


def _wait_until_still(witness: Witness) -> None:
    seen = [witness.unfinished()]

    def unchanged() -> bool:
        seen.append(witness.unfinished())
        return seen[-1] == seen[-2]

    wait_until(unchanged, CALM, STILL)


def _endings(service: Service, folder: Path) -> list[str]:
    """Whoever is still there was never killed, and goes when he is asked to."""
    there = [one for one in (*service.workers, service.web) if one.ended() is None]
    found = ["A process ended by itself."] * (len(there) < len(service.workers) + 1)
    for process in there:
        os.kill(process.pid, signal.SIGTERM)
    codes = [process.wait(PATIENCE) for process in there]
    found += [f"A process that was asked to end did so with code {code}." for code in codes if code]
    told = "".join(log.read_text(errors="replace") for log in folder.glob("*.log"))
    return found + ["A process broke: see its log."] * ("Traceback" in told)


def _figures(evidence: Evidence, crowd: Crowd, witness: Witness, faults: list[str]) -> Figures:
    return Figures(
        kills=Counter(death.what for death in evidence.deaths),
        interactions=len(crowd.heard.interactions()),
        webhooks=crowd.heard.webhooks,
        tries=crowd.heard.tries,
        repeated=crowd.heard.repeated,
        held=len(frozenset[int]().union(*(death.held for death in evidence.deaths))),
        states=Counter(one.state for one in evidence.messages),
        aside=sum(one.state == "aside" for one in evidence.inbox),
        longest=max(verdict.longest_wait(evidence, witness), evidence.waited),
        faults=faults,
    )
