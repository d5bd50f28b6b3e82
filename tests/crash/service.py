"""One service of real processes: web, two workers and the platform that judges them."""

import os
import random
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from tests.crash.starting import CHECKOUT, Command, Start, Started

APP_SECRET = "the-secret-of-a-pretend-app"
PAGES = "104200000000001:ring-1,104200000000002:ring-2,104200000000003:ring-3"
WORKERS = 2
PATIENCE = 100.0  # seconds


class Service:
    """`echoes` says whether the platform tells us of what we said, as Meta does; `pause` how long it takes at most."""

    def __init__(self, start: Start, folder: Path, database_url: str, *, echoes: bool, pause: float = 0.09) -> None:
        self._start, self._folder, self._pause = start, folder, pause
        self.port, self._judge_port = free_ports(1)[0], free_ports(1)[0]
        self.address, self._judge = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self._judge_port}"
        self._told = self.address if echoes else ""
        self.environ = self._settings(database_url)
        self.web: Started
        self.workers: list[Started] = []
        self._platform: Started
        self._orphans: list[tuple[int, int]] = []  # with the group that they are of

    def _settings(self, database_url: str) -> dict[str, str]:
        passed = {name: os.environ[name] for name in ("HOME", "LANG", "PATH", "TMPDIR") if name in os.environ}
        path = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
        return passed | {
            "PYTHONPATH": os.pathsep.join(path),
            "DATABASE_URL": database_url,
            "SECRET_KEY": "not-so-hidden-in-the-tests-0123456789abcdef",
            "PORT": str(self.port),
            "FACEBOOK_APP_SECRET": APP_SECRET,
            "FACEBOOK_VERIFY_TOKEN": "verify",
            "FACEBOOK_PAGES": PAGES,
            "FACEBOOK_API_URL": f"{self._judge}/facebook",
        }

    # Its life

    def begin(self) -> None:
        judge = (str(self._judge_port), str(self._pause), self._told, APP_SECRET, PAGES)
        self._platform = self._run("tests.crash.platform", *judge)
        self.start_web()
        self.workers = [self.new_worker() for _ in range(WORKERS)]
        wait_until(lambda: self._answers(f"{self._judge}/healthz"))
        self.wait_for_web()

    def end(self) -> None:
        for process in (self.web, *self.workers, self._platform):
            kill_group(process)
        for orphan, group in self._orphans:
            with suppress(ProcessLookupError):
                if os.getpgid(orphan) == group:
                    os.kill(orphan, signal.SIGKILL)

    def behead_web(self) -> None:
        """kill -9 of gunicorn's first process alone: the others notice it by themselves, some seconds later."""
        self._orphans += [(child, self.web.pid) for child in self.web_workers()]
        os.kill(self.web.pid, signal.SIGKILL)
        self.web.wait(PATIENCE)

    def start_web(self) -> None:
        words = "-k gthread -w 2 --threads 8 --no-control-socket --log-level warning -b"
        self.web = self._run("gunicorn", *words.split(), f"127.0.0.1:{self.port}", "webhooks.wsgi:app")

    def new_worker(self) -> Started:
        return self._run("bot", "worker")

    def bring_back(self) -> None:
        """Start again whatever has died."""
        if self.web.ended() is not None:
            self.start_web()
        self.workers = [self.new_worker() if one.ended() is not None else one for one in self.workers]

    def web_workers(self) -> list[int]:
        """The processes that gunicorn made."""
        try:
            return list(map(int, Path(f"/proc/{self.web.pid}/task/{self.web.pid}/children").read_text().split()))
        except FileNotFoundError:
            return []

    def _run(self, module: str, *words: str) -> Started:
        name = words[0] if module == "bot" else module.rpartition(".")[2]
        return self._start(Command(module, words, self.environ, self._folder, f"{name}.log"))

    # What it says

    def wait_for_web(self) -> None:
        """A new gunicorn gives up after five seconds, and orphans of the old one may hold the port for longer."""

        def answers() -> bool:
            if self.web.ended() is not None:
                self.start_web()
            return self._answers(f"{self.address}/healthz")

        wait_until(answers)

    def shown(self, box: str, state: str) -> int:
        """What the metrics say that stands in this state."""
        line = f'fanfare_items{{box="{box}",state="{state}"}} '
        told = requests.get(f"{self.address}/metrics", timeout=10).text.splitlines()
        return sum(int(float(one.removeprefix(line))) for one in told if one.startswith(line))

    def calls(self) -> list[dict[str, Any]]:
        """What the platform was asked to say, and whether it did."""
        told = requests.get(f"{self._judge}/control/calls", timeout=30).json()["calls"]
        return [call for call in told if call["what"] in ("private_reply", "message", "public_reply")]

    def _answers(self, url: str) -> bool:
        try:
            return requests.get(url, timeout=5).ok
        except requests.RequestException:
            return False


def wait_until(happened: Callable[[], bool], seconds: float = PATIENCE, staying: float = 0) -> None:
    """Until it is so, and stays so for a while."""
    since = began = time.monotonic()
    while True:
        so, now = happened(), time.monotonic()
        since = since if so else now
        if so and now - since >= staying:
            return
        if now - began > seconds:
            raise TimeoutError
        time.sleep(0.05)


def kill_group(process: Started) -> None:
    """kill -9 of a process and of those that it made. One that has ended is left alone: its number may be another's."""
    if process.ended() is None:
        for kill in (os.killpg, os.kill):  # a fork leads no group in its first moment
            with suppress(ProcessLookupError):
                kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


def free_ports(many: int) -> list[int]:
    """Neighbours below those that the system hands out by itself, so that nobody takes them in the meantime."""
    while True:
        first = random.randrange(20_000, 32_000)
        try:
            for port in range(first, first + many):
                with socket.create_server(("127.0.0.1", port)):
                    pass
        except OSError:
            continue
        return list(range(first, first + many))
