"""What can go wrong on the way: the answers that no platform documents and every platform gives."""

import select
import socket
import time
from collections.abc import Callable

from flask import Response, request

HTML = "<!DOCTYPE html><html><head><title>Sorry</title></head><body>Something went wrong.</body></html>"
LONGEST_HANG = 120.0  # seconds


def befall(kind: str, act: Callable[[], object]) -> Response | None:
    """Answer as `kind` asks, after `act` where the deed is done all the same; None if `kind` is no mishap."""
    match kind:
        case "500":
            return Response(HTML, 500, content_type="text/html; charset=utf-8")
        case "html":
            return Response(HTML, 200, content_type="text/html; charset=utf-8")
        case "empty":
            return Response(b"", 200)
        case "timeout":
            hang()
            return Response(b"", 504)
        case "lost":
            act()
            cut()
            return Response(b"", 500)
        case _:
            return None


def hang() -> None:
    """Say nothing until the caller gives up."""
    caller: socket.socket = request.environ["werkzeug.socket"]
    until = time.monotonic() + LONGEST_HANG
    while time.monotonic() < until:
        readable, _, _ = select.select([caller], [], [], 0.5)
        if readable and not caller.recv(1, socket.MSG_PEEK):
            return


def cut() -> None:
    """Cut the connection, so that no answer reaches the caller."""
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
