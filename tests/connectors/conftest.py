"""The pretend platforms as real servers on 127.0.0.1, for the tests of the connectors."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest
from flask import Blueprint, Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.wire import Wire


class Servable(Protocol):
    """A pretend platform, or anything else that answers HTTP."""

    blueprint: Blueprint


Serve = Callable[[Servable], str]


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it would hold back each small answer for 40 ms

    def log(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Puts a pretend platform on the network, and tells the address of its server."""
    stops: list[Callable[[], None]] = []

    def start(pretender: Servable) -> str:
        app = Flask("pretended")
        app.register_blueprint(pretender.blueprint)
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        stops.extend((server.server_close, thread.join, server.shutdown))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for stop in reversed(stops):
        stop()


@pytest.fixture
def closed_url() -> str:
    """An address on which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"
