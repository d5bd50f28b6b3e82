"""How a process of the service is started: as a command, or forked from one that has imported everything already."""

import ctypes
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Protocol

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Command:
    """`python -m module words`, run in a folder; what it prints is added to a log there."""

    module: str
    words: tuple[str, ...]
    environ: Mapping[str, str]
    folder: Path
    log: str


class Started(Protocol):
    """A process that leads a group of its own. `ended` is its exit code, or None while it runs."""

    pid: int

    def ended(self) -> int | None: ...

    def wait(self, seconds: float) -> int:
        """The exit code. Raises TimeoutError if the process goes on."""
        ...


Start = Callable[[Command], Started]


class _Child:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def ended(self) -> int | None:
        return self._process.poll()

    def wait(self, seconds: float) -> int:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None


class _Fork:
    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    def ended(self) -> int | None:
        return self._process.exitcode

    def wait(self, seconds: float) -> int:
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise TimeoutError
        return self._process.exitcode


def by_command(command: Command) -> Started:
    """As an operator starts it."""
    with (command.folder / command.log).open("ab") as log:
        return _Child(
            subprocess.Popen(
                [sys.executable, "-m", command.module, *command.words],
                env=dict(command.environ),
                cwd=command.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_the_parent,
            )
        )


def by_fork(command: Command) -> Started:
    """The same without the seconds that the imports take: many die in a short test."""
    process = _nursery().Process(target=_become, args=(command,))
    process.start()
    return _Fork(process)


def _die_with_the_parent() -> None:
    """A test run that is killed leaves nothing behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG of Linux


def _nursery() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "bot.clock",
            "bot.database",
            "bot.demo",
            "bot.journey",
            "bot.managers",
            "bot.polling",
            "bot.worker",
            "connectors.facebook",
            "connectors.telegram",
            "connectors.x",
            "gunicorn.app.wsgiapp",
            "gunicorn.workers.gthread",
            "leads.keys",
            "sandbox.app",
            "tests.crash.starting",
            "webhooks.app",
        ]
    )
    return context


def _become(command: Command) -> None:
    os.setsid()
    _die_with_the_parent()
    os.environ.clear()
    os.environ.update(command.environ)
    os.chdir(command.folder)
    log = os.open(command.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = [command.module, *command.words]
    runpy.run_module(command.module, run_name="__main__", alter_sys=True)
