"""A mail server as a setting names it: smtp://user:password@host:587 and the like."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Server:
    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    path: str = ""

    @property
    def is_here(self) -> bool:
        """On this very machine, where nobody listens on the way."""
        return self.host in LOOPBACK


def parsed(url: str, ports: Mapping[str, int]) -> Server | None:
    """The server, or None where the address is none. `ports` are the known schemes, each with its usual port."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or ports.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in ports or not host or bool(parts.username) != bool(parts.password):
        return None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(parts.scheme, host, port, user, password, unquote(parts.path.strip("/")))


def trusted() -> ssl.SSLContext:
    """TLS that knows whom it speaks to."""
    return ssl.create_default_context()
