"""The mailbox: where answers, bounces and complaints arrive. It is read as it is, and nothing in it is changed."""

import imaplib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.base import Busy, PlatformError, Refused, Scope, Unreachable
from connectors.mail.letters import MOST_READ
from connectors.mail.servers import Server, trusted

PORTS = {"imap": 143, "imaps": 993}
FIRST_LOOK = timedelta(days=2)  # what is older has been answered by somebody
MOST_AT_ONCE = 20  # letters a page
MOST_A_TURN = 500  # letters a poll; the next one goes on
REST = timedelta(minutes=2)
# RFC 5530 and what large providers say, checked 2026-11.
LATER = re.compile(rb"UNAVAILABLE|INUSE|LIMIT|THROTTLED|OVERQUOTA|too many", re.IGNORECASE)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Found:
    """Some letters, the oldest first; `position` is set with the last of them."""

    letters: tuple[bytes, ...]
    position: str | None = None


class Mailbox:
    def __init__(self, server: Server, patience: float) -> None:
        self._server = server
        self._patience = patience

    def since(self, position: str, now: datetime) -> Iterator[Found]:
        """What came after `position`. Raises Busy, Unreachable or Refused."""
        trouble: PlatformError
        try:
            yield from self._read(position, now)
            return
        except imaplib.IMAP4.abort:
            trouble = Unreachable("mailbox_hung_up")
        except imaplib.IMAP4.error as error:
            trouble = _meant(error)
        except (OSError, ValueError, UnicodeError, IndexError, TypeError):
            trouble = Unreachable("mailbox_unreachable")
        raise trouble  # out here, as the other errors hold names and words of the server

    def _read(self, position: str, now: datetime) -> Iterator[Found]:
        imap = self._connected()
        try:
            imap.login(self._server.user, self._server.password)
            validity, newest = _opened(imap, self._server.path or "INBOX")
            known, _, last = position.partition(":")
            begun = int(last) if known == validity else 0
            numbers = _numbers(imap, begun, None if known == validity else now - FIRST_LOOK)
            yield from _pages(imap, validity, numbers, max(begun, newest))
        except BaseException:
            imap.shutdown()  # not a word more: it may be what we wait for
            raise
        with suppress(OSError, imaplib.IMAP4.error):
            imap.logout()

    def _connected(self) -> imaplib.IMAP4:
        server = self._server
        if server.scheme == "imaps":
            return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=trusted(), timeout=self._patience)
        return imaplib.IMAP4(server.host, server.port, timeout=self._patience)


def _opened(imap: imaplib.IMAP4, name: str) -> tuple[str, int]:
    """The mailbox's UIDVALIDITY, and the number of its newest letter.

    While UIDVALIDITY stays the same, its numbers mean the same letters (RFC 3501 2.3.1.1).
    """
    _done(imap.select('"' + re.sub(r'(["\\])', r"\\\1", name) + '"', readonly=True))
    return str(_told(imap, "UIDVALIDITY", 1)), _told(imap, "UIDNEXT", 1) - 1


def _told(imap: imaplib.IMAP4, name: str, otherwise: int) -> int:
    value = imap.response(name)[1][0]
    return int(value) if isinstance(value, bytes) else otherwise


def _numbers(imap: imaplib.IMAP4, begun: int, since: datetime | None) -> list[int]:
    criteria = [f"UID {begun + 1}:*"]
    if since is not None:
        criteria.append(f"SINCE {since.day}-{MONTHS[since.month - 1]}-{since.year}")
    found = _done(imap.uid("SEARCH", *criteria))
    numbers = (int(number) for line in found if isinstance(line, bytes) for number in line.split())
    # "8:*" means the last letter too, whatever its number.
    return sorted(number for number in numbers if number > begun)


def _pages(imap: imaplib.IMAP4, validity: str, numbers: list[int], newest: int) -> Iterator[Found]:
    todo, rest = numbers[:MOST_A_TURN], numbers[MOST_A_TURN:]
    end = todo[-1] if rest else max([newest, *todo])
    pages = [todo[begin : begin + MOST_AT_ONCE] for begin in range(0, len(todo), MOST_AT_ONCE)]
    for page in pages[:-1]:
        yield Found(tuple(_fetched(imap, page)))
    yield Found(tuple(_fetched(imap, pages[-1])) if pages else (), f"{validity}:{end}")


def _fetched(imap: imaplib.IMAP4, numbers: list[int]) -> Iterator[bytes]:
    answer = _done(imap.uid("FETCH", ",".join(map(str, numbers)), f"(UID BODY.PEEK[]<0.{MOST_READ}>)"))
    for piece in answer:
        if isinstance(piece, tuple):
            yield piece[1]


def _done(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    kind, lines = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(b" ".join(line for line in lines if isinstance(line, bytes)))
    return lines


def _meant(error: imaplib.IMAP4.error) -> PlatformError:
    said = error.args[0] if error.args else b""
    said = said if isinstance(said, bytes) else str(said).encode(errors="replace")
    if LATER.search(said):
        return Busy("mailbox_busy", REST)
    return Refused("mailbox_refused", Scope.ACCOUNT)
