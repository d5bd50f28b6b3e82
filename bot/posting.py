"""Posting to an address that a person typed: never to a machine of our own network, whatever its name says today.

The name is looked up at each post, every address it has is judged, and the connection goes to a judged address itself,
so that a name which answers otherwise a moment later (DNS rebinding) wins nothing. Redirects are not followed.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

TIMEOUT = 10.0  # seconds for each step
LONGEST = 30.0  # and for all of them: who sends a letter a second does not keep us


class Trouble(StrEnum):
    """Why there is no answer, or none that counts."""

    INTERNAL = "internal_address"
    UNKNOWN_NAME = "unknown_name"
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    CERTIFICATE = "certificate"
    NO_HTTP = "no_http"
    NO_KEY = "no_key"  # SECRET_KEY has changed: what was sealed with it can't be opened
    ANSWERED_NO = "answered_no"  # with a status that is none of 2xx


@dataclass(frozen=True, slots=True)
class Answer:
    status: int | None = None
    trouble: Trouble | None = None

    @property
    def arrived(self) -> bool:
        return self.trouble is None


class Internal(OSError):
    """That name leads into our own network."""


def post(url: str, headers: Mapping[str, str], body: str, *, local: bool) -> Answer:
    """Post it, and say what came back. `local` lets it go to this very machine, for development."""
    try:
        status = _post(url, headers, body, local)
    except Internal:
        return Answer(trouble=Trouble.INTERNAL)
    except (socket.gaierror, UnicodeError):
        return Answer(trouble=Trouble.UNKNOWN_NAME)
    except TimeoutError:
        return Answer(trouble=Trouble.SLOW)
    except ssl.SSLError:
        return Answer(trouble=Trouble.CERTIFICATE)
    except OSError:
        return Answer(trouble=Trouble.UNREACHABLE)
    except http.client.HTTPException:
        return Answer(trouble=Trouble.NO_HTTP)
    return Answer(status, None if 200 <= status < 300 else Trouble.ANSWERED_NO)


def _post(url: str, headers: Mapping[str, str], body: str, local: bool) -> int:
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    line = _connected(host, port, local)
    watch = threading.Timer(LONGEST, _hang_up, [line])
    watch.daemon = True
    watch.start()
    try:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
        # What http.client would connect to is the name; we did that, to an address that was judged.
        connection.sock = ssl.create_default_context().wrap_socket(line, server_hostname=host) if secure else line
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("POST", path, body.encode(), dict(headers))
        return connection.getresponse().status
    finally:
        watch.cancel()
        line.close()


def _hang_up(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _connected(host: str, port: int, local: bool) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not all(may_be_told(str(address[0]), local=local) for *_, address in found):
        raise Internal
    family, kind, protocol, _, address = found[0]
    line = socket.socket(family, kind, protocol)
    line.settimeout(TIMEOUT)
    try:
        line.connect(address)
    except OSError:
        line.close()
        raise
    return line


def may_be_told(address: str, *, local: bool) -> bool:
    """Whether this is an address of the open internet, or, where that is allowed, this machine."""
    seen = ipaddress.ip_address(address.partition("%")[0])
    inside = _inside(seen)
    return (inside.is_global and not inside.is_multicast) or (local and inside.is_loopback)


def _inside(seen: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address may come in the dress of IPv6: mapped, by 6to4, or by NAT64 (RFC 6052)."""
    if isinstance(seen, ipaddress.IPv4Address):
        return seen
    if seen in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(seen) & 0xFFFFFFFF)
    return seen.ipv4_mapped or seen.sixtofour or seen
