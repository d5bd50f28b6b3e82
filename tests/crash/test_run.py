"""`python -m bot run` starts everything, keeps it alive, stops it without a trace, and keeps the data."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from sqlmodel import select

from bot.inbox import Inbox
from offers.catalog import Offer
from tests.crash.service import free_ports, kill_group, wait_until
from tests.crash.starting import CHECKOUT, Command, Started, by_command
from tests.crash.witness import Witness

PATIENCE = 110.0  # seconds: five processes begin, on a machine that may be busy


@pytest.fixture
def port() -> int:
    return free_ports(4)[0]


def environ() -> dict[str, str]:
    path = os.pathsep.join([str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ} | {"PYTHONPATH": path}


@contextmanager
def supervised(folder: Path, port: int) -> Iterator[Started]:
    """Everything, once it is ready; and nothing of it afterwards, whatever the test did."""
    process = by_command(Command("bot", ("run",), environ() | {"PORT": str(port)}, folder, "run.log"))
    try:
        wait_until(lambda: "Fanfare is running" in (folder / "run.log").read_text(), PATIENCE)
        yield process
    finally:
        for child in family(process.pid) if process.ended() is None else ():
            os.kill(child, signal.SIGKILL)
        kill_group(process)


@pytest.mark.timeout(240)
def test_what_is_stopped_leaves_no_process_and_keeps_the_data(tmp_path: Path, port: int) -> None:
    before: list[tuple[int, str]] = []
    codes, left, offers = [], [], []
    for sign in (signal.SIGINT, signal.SIGTERM):
        with supervised(tmp_path, port) as process:
            children = family(process.pid)
            comment(port, "Bonjour à tous", "Léa")
            wait_until(lambda: len(heard(tmp_path)) == len(before) + 1)  # noqa: B023 - called within the turn

            os.kill(process.pid, sign)
            codes.append(process.wait(PATIENCE))

            left += [child for child in children if Path(f"/proc/{child}").exists()]
            assert heard(tmp_path)[: len(before)] == before
            before = heard(tmp_path)
            offers.append(shelf(tmp_path))
        (tmp_path / "run.log").unlink()

    assert codes == [0, 0]
    assert (left, [one for one in (port, port + 1) if _is_taken(one)]) == ([], [])
    assert offers[0] == offers[1] != []


@pytest.mark.timeout(240)
def test_what_is_killed_is_started_again(tmp_path: Path, port: int) -> None:
    with supervised(tmp_path, port) as process:
        for role in ("worker", "gunicorn"):
            [victim, *_] = [child for child in family(process.pid) if role in command_of(child)]

            os.kill(victim, signal.SIGKILL)
            wait_until(lambda: not Path(f"/proc/{victim}").exists())  # noqa: B023 - called within the turn
            wait_until(lambda: process.ended() is not None or _is_whole(process, port), PATIENCE)
            assert process.ended() is None
            comment(port, "Bonjour", f"fan of {role}")
            wait_until(lambda: bool(heard(tmp_path, role)), PATIENCE)  # noqa: B023 - the same


@pytest.mark.timeout(240)
def test_a_command_beside_it_needs_no_settings_that_it_made_for_itself(tmp_path: Path, port: int) -> None:
    with supervised(tmp_path, port):
        made = by_command(Command("bot", ("add-key", "crm"), environ(), tmp_path, "key.log"))
        assert made.wait(PATIENCE) == 0

        key = (tmp_path / "key.log").read_text().strip()
        leads = f"http://127.0.0.1:{port}/api/v1/leads"
        assert requests.get(leads, headers={"Authorization": f"Bearer {key}"}, timeout=30).ok


@pytest.mark.parametrize("after", [0, 3])
def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path, port: int, after: int) -> None:
    with socket.create_server(("127.0.0.1", port + after)):
        started = by_command(Command("bot", ("run",), environ() | {"PORT": str(port)}, tmp_path, "run.log"))
        code = started.wait(PATIENCE)

    told = (tmp_path / "run.log").read_text()
    assert (code, f"Port {port + after} is taken" in told, "Choose another with PORT=" in told) == (2, True, True)
    assert ("Traceback" in told, (tmp_path / "var" / "sandbox.env").exists()) == (False, False)


def _is_whole(process: Started, port: int) -> bool:
    """The sandbox, gunicorn and its worker, our worker and the clock."""
    return len(family(process.pid)) == 5 and answers(port)


def comment(port: int, text: str, fan: str) -> None:
    deed = {"platform": "facebook", "deed": "comment", "fan": fan, "text": text}
    requests.post(f"http://127.0.0.1:{port + 1}/control/act", json=deed, timeout=30).raise_for_status()


def heard(folder: Path, of: str = "") -> list[tuple[int, str]]:
    witness = Witness(f"sqlite:///{folder}/var/fanfare.db")
    with witness.reading() as session:
        found = session.exec(select(Inbox).where(Inbox.state == "heard").order_by(Inbox.id)).all()  # type: ignore[arg-type]
    witness.close()
    return [(one.id, one.key) for one in found if of in one.interaction.get("author_name", "")]


def shelf(folder: Path) -> list[tuple[str, str]]:
    witness = Witness(f"sqlite:///{folder}/var/fanfare.db")
    with witness.reading() as session:
        found = session.exec(select(Offer).order_by(Offer.slug)).all()
    witness.close()
    return [(str(one.id), one.slug) for one in found]


def family(pid: int) -> list[int]:
    """The processes that it made, and those that they made."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [each for child in map(int, children) for each in (child, *family(child))]


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def _is_taken(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionError:
        return False
    return True
