"""Real servers on 127.0.0.1 for the tests of the sandbox."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask

from sandbox import server

Serve = Callable[[Flask], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Puts an application on the network, and tells its address."""
    with ExitStack() as stops:

        def start(app: Flask) -> str:
            listening = server.listen(app, 0)
            thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            for stop in (listening.server_close, thread.join, listening.shutdown):
                stops.callback(stop)
            return f"http://127.0.0.1:{listening.port}"

        yield start
