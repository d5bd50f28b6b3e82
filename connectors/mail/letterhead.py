"""Writing a mail: the headers that mailbox providers ask for, and nothing that could be smuggled into them."""

import re
from dataclasses import dataclass
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate

from connectors.base import Message
from connectors.mail.letters import Letter, addresses, storable
from connectors.mail.markup import to_html

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
LONGEST_TITLE = 250  # characters
ID = re.compile(r"<[^\s<>@]{1,200}@[^\s<>@]{1,200}>")
PLAIN_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,47}")
KEY = re.compile(rf"^X-Fanfare-Key:\s*({PLAIN_KEY.pattern})\s*$", re.IGNORECASE | re.MULTILINE)
NAMED = tuple(
    re.compile(rf"^{name}:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
    for name in ("In-Reply-To", "References", "Message-ID")
)
MOST_NAMED = 20
TO = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
URL = re.compile(r"https?://[!-;=?-~]{1,900}")  # any printable ASCII but < and >: RFC 2369 puts it between those
# What a mailbox provider's program may post to, and a loopback address for those that only play one.
ONE_CLICK = re.compile(r"https://|http://(?:127\.0\.0\.1|localhost|\[::1\])(?=[:/]|$)")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes."""

    name: str
    address: str
    bounces: str  # to which failures come back; {key} in it is the message's
    postal_address: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def sender_of(self, key: str) -> str:
        """The envelope's sender: it tells us which message came back, whatever the bounce says."""
        return self.bounces.format(key=key) if PLAIN_KEY.fullmatch(key) else self.bounces.format(key="0")

    def id_of(self, key: str) -> str:
        return f"<{key if PLAIN_KEY.fullmatch(key) else storable(key).encode().hex()[:100]}@{self.domain}>"

    def is_sent_to_bounces(self, letter: Letter) -> bool:
        return bool(self._keys_of_bounces(letter))

    def key_in(self, letter: Letter, source: str) -> str:
        """The key of our message which this letter is about, or ""."""
        told = *self._keys_of_bounces(letter), *KEY.findall(source), *self._ids(source)
        return next(iter(told), "")

    def _keys_of_bounces(self, letter: Letter) -> list[str]:
        pattern = re.compile(re.escape(self.bounces).replace(r"\{key\}", f"({PLAIN_KEY.pattern})"), re.IGNORECASE)
        found = [each for name in TO for _, address in addresses(letter, name) if (each := pattern.fullmatch(address))]
        return [each[1] for each in found]

    def _ids(self, source: str) -> list[str]:
        """Of our mails, where a letter names them: in what it answers, or in the head of what it brings back."""
        named = " ".join(value for pattern in NAMED for value in pattern.findall(source)[:MOST_NAMED])
        return re.findall(rf"<({PLAIN_KEY.pattern})@{re.escape(self.domain)}>", named, re.IGNORECASE)

    def write(self, message: Message) -> bytes:
        """The whole mail, to its one reader."""
        mail = EmailMessage(policy=policy.SMTP)
        user, _, domain = message.to.rpartition("@")
        mail["From"] = Address(self.name, addr_spec=self.address)
        mail["To"] = Address(username=user, domain=domain)
        mail["Reply-To"] = Address(addr_spec=self.address)
        mail["Subject"] = _line(message.title)[:LONGEST_TITLE] or self.name or self.domain
        mail["Date"] = formatdate()  # the time at which it leaves; nothing is decided by it
        mail["Message-ID"] = self.id_of(message.key)
        if ID.fullmatch(message.answers):
            mail["In-Reply-To"] = mail["References"] = message.answers
        if PLAIN_KEY.fullmatch(message.key):
            mail["X-Fanfare-Key"] = message.key
        if not message.by_human:
            mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 5
        text = self._signed(message)
        mail.set_content(text, cte="quoted-printable")
        mail.add_alternative(storable(message.html).strip() or to_html(text), subtype="html", cte="quoted-printable")
        return self._way_out(message) + mail.as_bytes()

    def _signed(self, message: Message) -> str:
        text = CONTROL_BUT_LINES.sub("", storable(message.text)).strip()
        links = "\n".join(f"{_line(button.label)} : {_line(button.payload)}" for button in message.buttons)
        foot = self.postal_address if message.unsubscribe else ""
        return "\n\n".join(filter(None, (text, links, foot))) + "\n"

    def _way_out(self, message: Message) -> bytes:
        """RFC 2369 and RFC 8058. Set by hand, as Python 3.11 folds a long address into words that no provider reads."""
        if not message.unsubscribe:
            return b""
        mailto = f"mailto:{self.address}?subject=unsubscribe%20{self.id_of(message.key)[1:].partition('@')[0]}"
        head = f"List-Unsubscribe: <{message.unsubscribe}>,\r\n <{mailto}>\r\n"
        if ONE_CLICK.match(message.unsubscribe):
            head += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        return head.encode("ascii")


def _line(text: str) -> str:
    return CONTROL.sub(" ", storable(text)).strip()
