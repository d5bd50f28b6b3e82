"""The pretend mail server's ear: SMTP on 127.0.0.1, with the refusals of real ones."""

import asyncio
import socket
import threading
from collections.abc import Callable

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.email_reports import REASONS
from sandbox.mishaps import HTML, LONGEST_HANG
from sandbox.wire import Call, Wire

# Faults that may be asked for by name, and what a server says then.
TO_RECIPIENT = {
    "greylist": "451 4.7.1 <{to}>: Recipient address rejected: Greylisted, try again in 5 minutes",
    "no_such_user": "550 5.1.1 <{to}>: Recipient address rejected: User unknown",
    "unknown": "550 no such user here",
    "mailbox_full": "552 5.2.2 <{to}>: Mailbox full",
    "policy": "550 5.7.1 <{to}>: Access denied by policy",
    "busy": "421 4.3.2 Service shutting down",
}
TO_CONTENT = {
    "500": "451 4.3.0 Internal trouble, try again later",
    "html": HTML,
    "empty": "",
    "spam": "554 5.7.1 Message content rejected as spam",
    "too_big": "552 5.3.4 Message size exceeds limit",
}
UNDONE = {*TO_RECIPIENT, *TO_CONTENT, "timeout"}
Took = Callable[[str, str, bytes], None]  # recipient, sender of the envelope, mail


class Handler:
    def __init__(self, wire: Wire, took: Took, bounced: Callable[[str, str, bytes, str], None]) -> None:
        self._wire, self._took, self._bounced = wire, took, bounced
        self._faults: dict[int, str] = {}
        self.login = LoginPassword(b"", b"")

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, sender: str, options: list[str]
    ) -> str:
        if self.login.login and not session.authenticated:  # aiosmtpd would warn of asking this without TLS
            return "530 5.7.0 Authentication required"
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, options: list[str]) -> str:
        fault = self._wire.faults.take("email", "message")
        if fault in TO_RECIPIENT:
            self._note(to, b"", done=False)
            return TO_RECIPIENT[fault].format(to=to)
        self._faults[id(envelope)] = fault
        envelope.rcpt_tos.append(to)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self._faults.pop(id(envelope), "")
        mail = envelope.content if isinstance(envelope.content, bytes) else b""
        for to in envelope.rcpt_tos:
            self._note(to, mail, done=fault not in UNDONE)
        if fault == "timeout":
            await asyncio.sleep(LONGEST_HANG)  # or until the caller gives up
        if fault in TO_CONTENT:
            return TO_CONTENT[fault]
        for to in envelope.rcpt_tos:
            if fault in REASONS:
                self._bounced(to, envelope.mail_from or "", mail, fault)
            else:
                self._took(to, envelope.mail_from or "", mail)
        if fault == "lost" and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return "250 2.0.0 Ok: queued"

    def _note(self, to: str, mail: bytes, done: bool) -> None:
        self._wire.note(Call("email", "message", to, mail.decode(errors="replace"), self._wire.now(), done))


class Ear:
    """Listens in a thread of its own until it is closed."""

    def __init__(self, handler: Handler, user: str, password: str, port: int, host: str = "127.0.0.1") -> None:
        self._handler = handler
        handler.login = LoginPassword(user.encode(), password.encode())
        self._socket = socket.create_server((host, port), backlog=128)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._closed = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._closed.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._listen())
        self._loop.close()

    async def _listen(self) -> None:
        """An event ends it, and not a stop of the loop: that is lost where it comes before the server is there."""
        server = await self._loop.create_server(self._speaker, sock=self._socket)
        await self._closed.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.01)

    def _speaker(self) -> SMTP:
        return SMTP(
            self._handler,
            hostname="sandbox",
            loop=self._loop,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=self._lets_in,
        )

    def _lets_in(self, server: SMTP, session: Session, envelope: Envelope, kind: str, given: object) -> AuthResult:
        return AuthResult(success=given == self._handler.login, handled=False)
