"""The ports that `python -m bot run` needs, and whether another program has them."""

import errno
import socket

from connectors import Misconfigured

OF_SANDBOX = 3  # after ours: its page, and its mail server's two


def must_be_free(port: str, host: str, pretends: bool) -> None:
    """Raises Misconfigured if one is taken, by what may well be Fanfare itself."""
    more = OF_SANDBOX if pretends else 0
    if not (port.isdecimal() and 1 <= int(port) <= 65535 - more):
        raise Misconfigured([f"PORT has to be a number from 1 to {65535 - more}."])
    ours = int(port)
    needed = [(host, ours), *(("127.0.0.1", each) for each in range(ours + 1, ours + 1 + more))]
    taken = next((each for at, each in needed if _is_taken(at, each)), None)
    if taken is not None:
        also = f" The {more} ports after it have to be free, too." if more else ""
        raise Misconfigured(
            [f"Port {taken} is taken: is Fanfare running already? Choose another with PORT=NUMBER.{also}"]
        )


def _is_taken(host: str, port: int) -> bool:
    try:
        socket.create_server((host, port)).close()
    except OSError as refused:  # any other reason is for the server to tell
        return refused.errno == errno.EADDRINUSE
    return False
