"""The killer: ends processes of the service by force at random moments, and notes what each of them held."""

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from tests.crash.service import Service, kill_group, wait_until
from tests.crash.starting import Started
from tests.crash.witness import Witness

LOOKS = 200  # how often a process is stopped and looked at, to catch it in the middle of something


@dataclass(frozen=True)
class Death:
    """`held` are the interactions and `sending` the messages that may have been in the hands of the dead."""

    what: str
    at: datetime
    held: frozenset[int] = frozenset()
    sending: frozenset[UUID] = frozenset()


class Killer:
    def __init__(self, service: Service, witness: Witness, chance: random.Random) -> None:
        self._service, self._witness, self._chance = service, witness, chance
        self._planned: list[Callable[[], None]] = []
        self.deaths: list[Death] = []

    def kill(self) -> None:
        """One death after a random while, and new processes in the place of the dead."""
        if not self._planned:
            self._planned = [
                self._web_worker,
                self._web_master,
                self._all_of_web,
                self._worker,
                self._worker,
                self._while_hearing,
                self._while_hearing,
                self._while_sending,
            ]
            self._chance.shuffle(self._planned)
        if self._chance.random() < 0.8:  # else they may die while they begin
            self._wait_until_all_work()
        time.sleep(self._chance.uniform(0.1, 0.8))
        self._planned.pop()()
        time.sleep(self._chance.uniform(0, 0.2))
        self._service.bring_back()

    def _wait_until_all_work(self) -> None:
        self._service.wait_for_web()
        wait_until(lambda: all(map(self._works, self._service.workers)))

    def _works(self, worker: Started) -> bool:
        if worker.ended() is not None:
            raise RuntimeError("A worker ended by itself: see worker.log")
        return self._witness.has_shown_life(worker.pid)

    # The ways to die

    def _web_worker(self) -> None:
        """One of gunicorn's processes; gunicorn makes another."""
        at = datetime.now(UTC)
        if found := self._service.web_workers():
            os.kill(self._chance.choice(found), signal.SIGKILL)
        self.deaths.append(Death("web worker", at))

    def _web_master(self) -> None:
        at = datetime.now(UTC)
        self._service.behead_web()
        self.deaths.append(Death("web master", at))

    def _all_of_web(self) -> None:
        at = datetime.now(UTC)
        kill_group(self._service.web)
        self.deaths.append(Death("web", at))

    def _worker(self) -> None:
        self._end("worker", [self._chance.choice(self._service.workers)])

    def _while_hearing(self) -> None:
        victim = self._chance.choice(self._service.workers)
        catch([victim], lambda: bool(self._witness.held_by(victim.pid)), self._chance)
        self._end("worker while hearing", [victim])

    def _while_sending(self) -> None:
        catch(self._service.workers, lambda: bool(self._witness.sending()), self._chance)
        self._end("all workers while sending", self._service.workers)

    def _end(self, what: str, victims: Sequence[Started]) -> None:
        at = datetime.now(UTC)
        for victim in victims:
            kill_group(victim)
        held = frozenset[int]().union(*(self._witness.held_by(victim.pid) for victim in victims))
        self.deaths.append(Death(what, at, held, self._witness.sending()))


def catch(victims: Sequence[Started], is_busy: Callable[[], bool], chance: random.Random) -> bool:
    """Stop them at random moments until that is one at which they are busy. They stay stopped then."""
    for _ in range(LOOKS):
        for victim in victims:
            os.kill(victim.pid, signal.SIGSTOP)
        if is_busy():
            return True
        for victim in victims:
            os.kill(victim.pid, signal.SIGCONT)
        time.sleep(chance.uniform(0, 0.02))
    return False
