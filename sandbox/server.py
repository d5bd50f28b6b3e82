"""Puts the sandbox on 127.0.0.1 until it is asked to stop, and keeps what was said over a restart."""

import json
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.stage import Stage

BETWEEN_SAVES = 2.0  # seconds

log = logging.getLogger(__name__)


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it would hold back each small answer for 40 ms

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: addresses hold the bot's tokens."""


def listen(app: Flask, port: int) -> BaseWSGIServer:
    """Raises OSError if the port is taken. Port 0 is any free one."""
    with socket.create_server(("127.0.0.1", port), backlog=128) as listener:
        free = listener.getsockname()[1]
        return make_server("127.0.0.1", free, app, threaded=True, request_handler=Quiet, fd=listener.fileno())


def serve_until_stopped(server: BaseWSGIServer) -> None:
    """Answers until SIGINT or SIGTERM."""
    for sign in (signal.SIGINT, signal.SIGTERM):
        # In a thread, because shutdown waits for the very loop that this signal interrupts.
        signal.signal(sign, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.1)
    server.server_close()


@contextmanager
def beside(stage: Stage, port: int) -> Iterator[list[str]]:
    """Opens what speaks no HTTP on the ports after ours, and tells where. Raises OSError if one is taken."""
    with ExitStack() as closing:
        told, closers = [], _abilities(stage, "close")
        for name, open_ports in _abilities(stage, "open").items():
            ports = open_ports(port + 1, port + 2) if port else open_ports()
            closing.callback(closers[name])
            told.append(f"{name}: {' and '.join(f'127.0.0.1:{each}' for each in ports)}")
        yield told


@contextmanager
def remembered(stage: Stage, path: Path | None) -> Iterator[None]:
    """Brings back what the file holds, saves it now and then and at the end. A pretender without `dump` forgets."""
    if path is None:
        yield
        return
    _load(stage, path)
    over = threading.Event()
    saver = threading.Thread(target=_save_now_and_then, args=(stage, path, over))
    saver.start()
    try:
        yield
    finally:
        over.set()
        saver.join()
        _save(stage, path)


def _save_now_and_then(stage: Stage, path: Path, over: threading.Event) -> None:
    saved = ""
    while not over.wait(BETWEEN_SAVES):
        if (state := _state(stage)) != saved:
            _write(path, state)
            saved = state


def _save(stage: Stage, path: Path) -> None:
    _write(path, _state(stage))


def _state(stage: Stage) -> str:
    return json.dumps({name: dump() for name, dump in _abilities(stage, "dump").items()}, ensure_ascii=False)


def _write(path: Path, state: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(state, encoding="utf-8")
    os.replace(fresh, path)


def _load(stage: Stage, path: Path) -> None:
    with suppress(FileNotFoundError):
        try:
            states: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            for name, load in _abilities(stage, "load").items():
                if name in states:
                    load(states[name])
        except (AttributeError, KeyError, TypeError, ValueError):  # half written, or by another version of ours
            log.warning("%s could not be read: the sandbox begins anew", path)


def _abilities(stage: Stage, name: str) -> Mapping[str, Any]:
    return {key: getattr(each, name) for key, each in stage.pretenders.items() if hasattr(each, name)}
