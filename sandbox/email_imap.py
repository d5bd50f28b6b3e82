"""The pretend mail server's other face: enough of IMAP to read the brand's mailbox, and nothing to change it."""

import re
import socketserver
import threading
import time
from collections.abc import Callable

from sandbox.email_letters import Post
from sandbox.mishaps import HTML
from sandbox.wire import Call, Wire

RANGE = re.compile(r"^(\d+|\*)(?::(\d+|\*))?$")
LOGIN = re.compile(r'"?((?:[^"\\]|\\.)*?)"? "((?:[^"\\]|\\.)*)"')
HANG = 30.0  # seconds
Answer = Callable[["Reader", str, str], None]


class Mailbox(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, wire: Wire, post: Post, user: str, password: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), Reader)
        self.wire, self.post, self.login = wire, post, (user, password)
        self.port: int = self.server_address[1]
        self.closed = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.closed.set()
        self.shutdown()
        self.server_close()


class Reader(socketserver.StreamRequestHandler):
    """One connection."""

    server: Mailbox
    wbufsize = -1  # an answer of many lines in one piece

    def handle(self) -> None:
        self._open = True
        self._say("* OK sandbox ready")
        while self._open and (line := self.rfile.readline(65_536)):
            tag, _, asked = line.decode(errors="replace").strip().partition(" ")
            name, _, words = asked.partition(" ")
            if name.upper() == "UID":
                name, _, words = words.partition(" ")
            answer = ANSWERS.get(name.upper(), Reader._unknown)
            answer(self, tag, words)

    def _say(self, *lines: str) -> None:
        try:
            self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())
            self.wfile.flush()
        except OSError:
            self._open = False

    def _unknown(self, tag: str, words: str) -> None:
        self._say(f"{tag} BAD unknown command")

    def _capability(self, tag: str, words: str) -> None:
        self._say("* CAPABILITY IMAP4rev1", f"{tag} OK done")

    def _noop(self, tag: str, words: str) -> None:
        self._say(f"{tag} OK done")

    def _logout(self, tag: str, words: str) -> None:
        self._say("* BYE", f"{tag} OK done")
        self._open = False

    def _login(self, tag: str, words: str) -> None:
        given = LOGIN.fullmatch(words)
        known = given is not None and tuple(re.sub(r"\\(.)", r"\1", word) for word in given.groups())
        self._say(f"{tag} OK welcome" if known == self.server.login else f"{tag} NO [AUTHENTICATIONFAILED] no")

    def _examine(self, tag: str, words: str) -> None:
        fault = self.server.wire.faults.take("email", "read_mailbox")
        self.server.wire.note(Call("email", "read_mailbox", words.strip('"'), "", self.server.wire.now(), not fault))
        if fault in FAULTS:
            FAULTS[fault](self, tag, words)
        elif words.strip('"').upper() != "INBOX":
            self._say(f"{tag} NO [NONEXISTENT] no such mailbox")
        else:
            post, numbers = self.server.post, self.server.post.numbers()
            told = (f"{len(numbers)} EXISTS", f"OK [UIDVALIDITY {post.validity}] ", f"OK [UIDNEXT {numbers.stop}] ")
            self._say(*(f"* {each}" for each in told), f"{tag} OK [READ-ONLY] done")

    def _search(self, tag: str, words: str) -> None:
        """The days of SINCE are not counted: all that stands here came today."""
        found = re.search(r"UID (\S+)", words)
        numbers = self._meant(found[1]) if found else list(self.server.post.numbers())
        self._say(" ".join(["* SEARCH", *map(str, numbers)]), f"{tag} OK done")

    def _fetch(self, tag: str, words: str) -> None:
        wanted, _, asked = words.partition(" ")
        most = re.search(r"<0\.(\d+)>", asked)
        for number in (each for piece in wanted.split(",") for each in self._meant(piece)):
            mail = self.server.post.arrived(number)[: int(most[1]) if most else None]
            self.wfile.write(f"* {number} FETCH (UID {number} BODY[]<0> {{{len(mail)}}}\r\n".encode() + mail + b")\r\n")
        self._say(f"{tag} OK done")

    def _meant(self, words: str) -> list[int]:
        """As RFC 3501 has it: "8:*" means the last one at least."""
        numbers = self.server.post.numbers()
        if not numbers or not (found := RANGE.match(words)):
            return []
        ends = [numbers[-1] if end == "*" else int(end) for end in (found[1], found[2] or found[1])]
        return [number for number in range(min(ends), max(ends) + 1) if number in numbers]

    # When things go wrong

    def _busy(self, tag: str, words: str) -> None:
        self._say(f"{tag} NO [UNAVAILABLE] try again later")

    def _garbled(self, tag: str, words: str) -> None:
        self._say(HTML)
        self._open = False

    def _cut(self, tag: str, words: str) -> None:
        self._open = False

    def _hang(self, tag: str, words: str) -> None:
        until = time.monotonic() + HANG
        while time.monotonic() < until and not self.server.closed.wait(0.05):
            continue
        self._open = False


ANSWERS: dict[str, Answer] = {
    "CAPABILITY": Reader._capability,
    "NOOP": Reader._noop,
    "LOGIN": Reader._login,
    "EXAMINE": Reader._examine,
    "SELECT": Reader._examine,
    "SEARCH": Reader._search,
    "FETCH": Reader._fetch,
    "LOGOUT": Reader._logout,
}
FAULTS: dict[str, Answer] = {
    "500": Reader._busy,
    "html": Reader._garbled,
    "empty": Reader._cut,
    "lost": Reader._cut,
    "timeout": Reader._hang,
}
