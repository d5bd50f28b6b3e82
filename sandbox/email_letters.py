"""Pretend mailboxes, inside: the letters that fans got and wrote, and the brand's own mailbox."""

import email
import re
import threading
from dataclasses import asdict, dataclass, field
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from sandbox.wire import Wire

Json = dict[str, Any]
SHOWN_INBOXES, SHOWN_LETTERS = 40, 200
KEPT = 2000  # letters that outlive a restart


@dataclass(slots=True)
class Letter:
    """One mail in somebody's inbox, or sent from there."""

    id: str
    box: str  # whose inbox it stands in
    source: str  # as it came, each letter a byte
    sender: str  # of the envelope: where a bounce goes
    at: float
    by_brand: bool
    spam: bool = False
    unsubscribed: bool = False
    _parsed: EmailMessage | None = field(default=None, repr=False)

    @property
    def mail(self) -> EmailMessage:
        if self._parsed is None:
            parsed = email.message_from_bytes(self.source.encode("latin-1"), policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self._parsed = parsed
        return self._parsed

    @property
    def title(self) -> str:
        return str(self.mail.get("Subject", ""))

    def body(self, kind: str) -> str:
        part = self.mail.get_body((kind,))
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n")

    def one_click(self) -> str:
        """Where a mailbox provider posts for the reader who wants no more of this; "" where there is no such place."""
        found = re.search(r"<(https?://[^<>]+)>", str(self.mail.get("List-Unsubscribe", "")))
        return found[1] if found and self.mail.get("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click" else ""

    def way_out(self) -> tuple[str, str]:
        """The address and the subject of the mail that does the same."""
        found = re.search(r"<mailto:([^<>?]+)(?:\?subject=([^<>&]*))?>", str(self.mail.get("List-Unsubscribe", "")))
        return (found[1], (found[2] or "").replace("%20", " ")) if found else ("", "")

    def dump(self) -> Json:
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}


class Post:
    """All letters. Several threads may ask at once."""

    def __init__(self, wire: Wire, account: str) -> None:
        self.wire, self.account = wire, account
        self.lock = threading.RLock()
        self.validity = int(wire.now())
        self._letters: dict[str, Letter] = {}
        self._mailbox: list[str] = []  # the brand's; the number of a letter is its place, counted from 1
        self._first = 1

    def put(self, box: str, source: bytes, sender: str, by_brand: bool) -> Letter:
        """Into a fan's inbox."""
        with self.lock:
            text = source.decode("latin-1")
            letter = Letter(self.wire.new_id(), box.lower(), text, sender, self.wire.now(), by_brand)
            self._letters[letter.id] = letter
            return letter

    def find(self, id: str) -> Letter:
        return self._letters[id]

    def last_to(self, box: str) -> Letter | None:
        return next((each for each in reversed(self.of(box)) if each.by_brand and not each.spam), None)

    def of(self, box: str) -> list[Letter]:
        with self.lock:
            return [letter for letter in self._letters.values() if letter.box == box.lower()]

    def boxes(self) -> list[str]:
        with self.lock:
            return list(dict.fromkeys(letter.box for letter in self._letters.values()))

    # The brand's mailbox

    def arrive(self, source: bytes) -> None:
        with self.lock:
            self._mailbox.append(source.decode("latin-1"))

    def numbers(self) -> range:
        return range(self._first, self._first + len(self._mailbox))

    def arrived(self, number: int) -> bytes:
        return self._mailbox[number - self._first].encode("latin-1")

    # What the sandbox page draws

    def threads(self) -> list[Json]:
        return [self._thread(box) for box in self.boxes()[-SHOWN_INBOXES:]]

    def _thread(self, box: str) -> Json:
        entries = [self._entry(letter) for letter in self.of(box)[-SHOWN_LETTERS:]]
        return {"id": box, "kind": "chat", "title": box, "fan": box, "entries": entries}

    def _entry(self, letter: Letter) -> Json:
        asks = ["unsubscribe"] if (letter.one_click() or letter.way_out()[0]) and not letter.unsubscribed else []
        asks += [] if letter.spam else ["spam"]
        return {
            "id": letter.id,
            "author": parseaddr(str(letter.mail.get("From", "")))[0] or letter.box,
            "title": letter.title,
            "text": letter.body("plain").strip(),
            "frame": f"/email/letters/{letter.id}" if letter.by_brand and letter.body("html") else "",
            "at": letter.at,
            "by_brand": letter.by_brand,
            "spam": letter.spam,
            "unsubscribed": letter.unsubscribed,
            "buttons": [{"ask": ask, "id": letter.id} for ask in asks] if letter.by_brand else [],
        }

    # What outlives a restart

    def dump(self) -> Json:
        with self.lock:
            kept = list(self._letters.values())[-KEPT:]
            first = max(self._first, self._first + len(self._mailbox) - KEPT)
            mailbox = {"mailbox": self._mailbox[first - self._first :], "first": first, "validity": self.validity}
            return {"letters": [letter.dump() for letter in kept]} | mailbox

    def load(self, state: Json) -> None:
        with self.lock:
            self._letters = {told["id"]: Letter(**told) for told in state["letters"]}
            self._mailbox, self._first, self.validity = state["mailbox"], state["first"], state["validity"]
