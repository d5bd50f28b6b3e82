"""The relay: the mail server that takes our mails and carries them on."""

import re
import smtplib
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from connectors.base import Busy, PlatformError, Refused, Scope, Uncertain, Unreachable
from connectors.mail.servers import Server, trusted
from connectors.mail.verdicts import Verdict, code_in, judge

PORTS = {"smtp": 587, "smtps": 465}
IDLE = 20.0  # seconds after which a relay may have hung up
MOST_BY_ONE = 50  # mails over one connection; relays count them

# How long to wait, by the reply: RFC 5321 4.5.4.1 asks for 30 minutes; greylisting lifts after 5. Checked 2026-11.
PAUSES = {421: timedelta(minutes=1), 450: timedelta(minutes=5), 451: timedelta(minutes=5), 452: timedelta(minutes=15)}
PAUSE = timedelta(minutes=15)
REFUSES_US = {530, 534, 535, 538}  # RFC 4954 6, checked 2026-11


@dataclass(slots=True)
class _Line:
    """One connection, and how much it has carried."""

    smtp: smtplib.SMTP
    carried: int = 0
    since: float = 0.0


class Relay:
    """Connections to one server, each used by one thread at a time."""

    def __init__(self, server: Server, own_name: str, patience: float) -> None:
        self._server = server
        self._own_name = own_name
        self._patience = patience
        self._idle: list[_Line] = []
        self._lock = threading.Lock()

    def hand_over(self, sender: str, recipient: str, mail: bytes) -> None:
        """Returns once the relay has taken it. Raises Refused, Busy, Unreachable or Uncertain."""
        line = self._line()
        trouble = _carry(line.smtp, sender, recipient, mail)
        line.carried += 1
        line.since = time.monotonic()
        if trouble is None or isinstance(trouble, Refused | Busy):
            self._keep(line)
        else:
            line.smtp.close()
        if trouble is not None:
            raise trouble

    def close(self) -> None:
        with self._lock:
            lines, self._idle = self._idle, []
        for line in lines:
            _hang_up(line.smtp)

    def _keep(self, line: _Line) -> None:
        if line.carried < MOST_BY_ONE:
            with self._lock:
                self._idle.append(line)
        else:
            _hang_up(line.smtp)

    def _line(self) -> _Line:
        while True:
            with self._lock:
                line = self._idle.pop() if self._idle else None
            if line is None:
                return _Line(self._connected())
            if time.monotonic() - line.since < IDLE and _answers(line.smtp):
                return line
            line.smtp.close()

    def _connected(self) -> smtplib.SMTP:
        trouble: PlatformError
        try:
            return self._opened()
        except smtplib.SMTPNotSupportedError:
            trouble = Refused("no_starttls", Scope.ACCOUNT)
        except smtplib.SMTPServerDisconnected:
            trouble = Unreachable("hung_up")
        except smtplib.SMTPResponseException as error:
            trouble = _not_let_in(error.smtp_code)
        except (OSError, smtplib.SMTPException, ValueError, UnicodeError):
            trouble = Unreachable("unreachable")
        raise trouble  # out here, as the other errors hold names and words of the server

    def _opened(self) -> smtplib.SMTP:
        server = self._server
        if server.scheme == "smtps":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, self._own_name, timeout=self._patience, context=trusted()
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, self._own_name, timeout=self._patience)
        try:
            smtp.ehlo_or_helo_if_needed()
            if server.scheme == "smtp" and not server.is_here:
                smtp.starttls(context=trusted())
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _carry(smtp: smtplib.SMTP, sender: str, recipient: str, mail: bytes) -> PlatformError | None:
    """What went wrong, or None."""
    options = [] if recipient.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
    steps: tuple[tuple[str, set[int], Callable[[], tuple[int, bytes]]], ...] = (
        ("sender", {250}, lambda: smtp.mail(sender, options)),
        ("recipient", {250, 251}, lambda: smtp.rcpt(recipient)),
        ("data", {354}, lambda: smtp.docmd("DATA")),
    )
    asked = False
    try:
        if options and not smtp.has_extn("smtputf8"):
            return Refused("address_not_ascii", Scope.PERSON)
        for stage, welcome, ask in steps:
            code, said = ask()
            if code not in welcome:
                _begin_anew(smtp)
                return _no(stage, code, said) or Unreachable("garbled_answer")
        asked = True
        smtp.send(_stuffed(mail))
        code, said = smtp.getreply()
    except (OSError, smtplib.SMTPException, ValueError, UnicodeError):
        return Uncertain("no_answer") if asked else Unreachable("hung_up")
    return None if code == 250 else _no("content", code, said) or Uncertain("garbled_answer")


def _stuffed(mail: bytes) -> bytes:
    """RFC 5321 4.5.2: a line of one dot ends it, so a dot more stands before each line that begins with one.

    Every line ends alike: a lone CR or LF is where two servers would disagree about the end of the mail.
    """
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", mail.rstrip(b"\r\n") + b"\r\n")
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"


def _no(stage: str, code: int, said: bytes) -> PlatformError | None:
    text = said.decode("utf-8", errors="replace")
    exact = code_in(f"{code} {text}")
    reason = f"smtp_{exact or code}"
    if 400 <= code < 500:
        return Busy(reason, PAUSES.get(code, PAUSE), Scope.MESSAGE)
    if not 500 <= code < 600:
        return None
    if code in REFUSES_US or exact.startswith("5.7."):
        return Refused(reason, Scope.ACCOUNT)
    nobody = stage == "recipient" and (exact.startswith("5.1.") or judge(exact, text) is Verdict.HARD)
    return Refused(reason, Scope.PERSON if nobody else Scope.MESSAGE)


def _not_let_in(code: int) -> PlatformError:
    reason = f"smtp_{code}"
    if 500 <= code < 600:
        return Refused(reason, Scope.ACCOUNT)
    return Busy(reason, PAUSES.get(code, PAUSE)) if 400 <= code < 500 else Unreachable("garbled_answer")


def _answers(smtp: smtplib.SMTP) -> bool:
    try:
        return smtp.noop()[0] == 250
    except (OSError, smtplib.SMTPException, ValueError):
        return False


def _begin_anew(smtp: smtplib.SMTP) -> None:
    with suppress(OSError, smtplib.SMTPException, ValueError):
        smtp.rset()


def _hang_up(smtp: smtplib.SMTP) -> None:
    with suppress(OSError, smtplib.SMTPException, ValueError):
        smtp.quit()
