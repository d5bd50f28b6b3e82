"""Who is asked to stop finishes what is in hand, lets go of the rest, and ends well."""

import os
import random
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import requests
from sqlmodel import col, select

from bot import assembly, demo
from bot.inbox import Inbox
from bot.lanes import Lane
from bot.outbox import Outgoing, State
from tests.crash.crowd import KNOWN, signed, thing, webhook
from tests.crash.killer import catch
from tests.crash.service import PATIENCE, Service, wait_until
from tests.crash.starting import by_fork
from tests.crash.witness import Witness

SLOW = 0.6  # seconds that the platform takes for an answer at most


@contextmanager
def running(folder: Path, database_url: str) -> Iterator[tuple[Service, Witness]]:
    service, witness = Service(by_fork, folder, database_url, echoes=False, pause=SLOW), Witness(database_url)
    try:
        with witness.transaction() as session:
            demo.fill(session, assembly.new_id, datetime.now(UTC))
        service.begin()
        yield service, witness
    finally:
        service.end()
        witness.close()


def test_a_worker_that_is_asked_to_stop_leaves_nothing_half_done(database_url: str, tmp_path: Path) -> None:
    with running(tmp_path, database_url) as (service, witness), ThreadPoolExecutor(1) as fans:
        fans.submit(_write_much, service)
        caught = catch(service.workers, lambda: _hears_and_sends(service, witness), random.Random(1))

        for worker in service.workers:
            os.kill(worker.pid, signal.SIGTERM)
            os.kill(worker.pid, signal.SIGCONT)
        codes = [worker.wait(PATIENCE) for worker in service.workers]

        with witness.reading() as session:
            held = session.exec(select(Lane).where(Lane.holder != "")).all()
            states = set(session.exec(select(Outgoing.state)).all())
            sent = session.exec(select(Outgoing.id).where(Outgoing.state == State.SENT)).all()
        assert caught  # in the middle of hearing and of sending
        assert codes == [0, 0]
        assert (held, witness.sending()) == ([], frozenset())
        assert states <= {State.SENT, State.WAITING, State.DRAFT}
        assert sorted(call["more"]["metadata"] for call in service.calls()) == sorted(map(str, sent))


def test_a_request_in_hand_is_answered_before_the_web_process_ends(database_url: str, tmp_path: Path) -> None:
    with running(tmp_path, database_url) as (service, witness):
        body = webhook([thing(f"{KNOWN}m1", f"{KNOWN}1", random.Random(1))])
        head = "".join(f"{name}: {value}\r\n" for name, value in (signed(body) | {"Expect": "100-continue"}).items())

        with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as connection:
            connection.sendall(
                f"POST /webhooks/facebook HTTP/1.1\r\nHost: here\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode()
            )
            go_on = connection.recv(1000)
            os.kill(service.web.pid, signal.SIGTERM)
            wait_until(lambda: not _listens(service.web.pid))
            connection.sendall(body)
            answer = connection.recv(1000)
        code = service.web.wait(PATIENCE)

        assert go_on.startswith(b"HTTP/1.1 100 ")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert code == 0
        with witness.reading() as session:
            assert session.exec(select(Inbox.key).where(col(Inbox.key) == f"{KNOWN}1")).all() == [f"{KNOWN}1"]


def _write_much(service: Service) -> None:
    for many in range(40):
        fans = [f"{many}-{number}" for number in range(50)]
        body = webhook([thing(f"{KNOWN}m{fan}", f"{KNOWN}{fan}", random.Random(fan)) for fan in fans])
        requests.post(f"{service.address}/webhooks/facebook", body, headers=signed(body), timeout=PATIENCE)


def _hears_and_sends(service: Service, witness: Witness) -> bool:
    return bool(witness.sending()) and any(witness.held_by(one.pid) for one in service.workers)


def _listens(pid: int) -> bool:
    """Whether this process holds a socket: the first one of gunicorn has no other than the one that it listens on."""
    held = []
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            held.append(os.readlink(one))
    return any(one.startswith("socket:") for one in held)
