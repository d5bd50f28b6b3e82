"""The whole service, started by its one command in a folder of its own."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds, on a machine that is busy
PHONE = {"viewport": {"width": 390, "height": 844}}
DESK = {"viewport": {"width": 1280, "height": 900}}
SLOWLY = 30_000.0  # milliseconds: the machine may be busy, and X is asked only every few seconds
NewPage = Callable[..., Page]


@dataclass(frozen=True)
class Service:
    """What `make run` gives a newcomer."""

    port: int
    folder: Path

    @property
    def at(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def panel(self) -> str:
        return f"{self.at}/panel"

    @property
    def fan_page(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}/?lang=fr"

    @property
    def password(self) -> str:
        """The one that the program printed."""
        lines = (self.folder / "out.txt").read_text().splitlines()
        return next(line.split()[-1] for line in lines if "with the password" in line)

    def command(self, *words: str) -> str:
        """What a command of the program prints."""
        done = subprocess.run(
            [sys.executable, "-m", "bot", *words], cwd=self.folder, env=self.environ(), capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def environ(self) -> dict[str, str]:
        made_here = json.loads((self.folder / "var" / "secrets.json").read_text())
        return {**_plain(self.port), "SECRET_KEY": made_here["secret_key"]}

    def ask(self, path: str, key: str, told: dict[str, Any] | None = None) -> Any:
        """What the API answers; to what is `told` to it, where something is."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        body = json.dumps(told).encode() if told is not None else None
        request = urllib.request.Request(f"{self.at}{path}", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    running = Service(_four_free_ports(), tmp_path)
    with (tmp_path / "out.txt").open("wb") as out:
        command = [sys.executable, "-m", "bot", "run"]
        process = subprocess.Popen(command, cwd=tmp_path, env=_plain(running.port), stdout=out, stderr=out)
    try:
        _wait_until_it_runs(process, tmp_path / "out.txt")
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(PATIENCE)
    assert code == 0, (tmp_path / "out.txt").read_text()


@pytest.fixture
def fan(new_page: NewPage, service: Service) -> Page:
    page = new_page(**DESK)
    page.set_default_timeout(SLOWLY)
    page.goto(service.fan_page)
    return page


@pytest.fixture
def manager(new_page: NewPage, service: Service) -> Page:
    page = new_page(**DESK)
    page.set_default_timeout(SLOWLY)
    page.goto(f"{service.panel}?lang=fr")
    page.fill("input[name=email]", "demo@fanfare.example")
    page.fill("input[name=password]", service.password)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="À valider").wait_for()
    return page


def _plain(port: int) -> dict[str, str]:
    """An environment without any setting of ours, as on a fresh machine."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**kept, "PORT": str(port), "PYTHONPATH": str(CHECKOUT)}


def _wait_until_it_runs(process: subprocess.Popen[bytes], out: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while "Fanfare is running" not in out.read_text():
        assert process.poll() is None, out.read_text()
        assert time.monotonic() < deadline, out.read_text()
        time.sleep(0.1)


def _four_free_ports() -> int:
    """A port that is free, as are the next three: below those that the system hands out to others while we start."""
    for port in random.sample(range(20_000, 30_000, 4), 100):
        with ExitStack() as tried:
            try:
                for each in range(port, port + 4):
                    tried.enter_context(socket.socket()).bind(("127.0.0.1", each))
            except OSError:
                continue
            return port
    raise OSError("no free ports")
