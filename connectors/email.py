"""E-mail: writes to those who asked for it, and hears answers, bounces, complaints and wishes to be left alone.

What it says goes to a relay; what comes is fetched from a mailbox, or posted by a mail server as a raw mail.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import ClassVar

from connectors.base import (
    Connector,
    Interaction,
    Kind,
    Limit,
    Message,
    Misconfigured,
    Page,
    Receipt,
    Refused,
    Rules,
    Scope,
    Way,
)
from connectors.mail import bounces, letters, mailbox, relay, servers
from connectors.mail.complaints import complained
from connectors.mail.letterhead import URL, Letterhead
from connectors.mail.letters import Letter, header
from connectors.mail.mailbox import Mailbox
from connectors.mail.relay import Relay
from connectors.mail.verdicts import Verdict
from connectors.mail.words import is_automatic, new_words, thread_of, wants_out

HEADER = "x-fanfare-signature"
BARE = re.compile(r"[^\s@<>\"(),:;\[\]\\\x00-\x1f\x7f]{1,64}@[^\s@<>\"(),:;\[\]\\\x00-\x1f\x7f]{1,253}")
KEPT = 65_536  # characters of a mail that we keep as it came; what is attached is mostly behind that
LONGEST_ID = 400
AT_HOME = timedelta(seconds=2)  # a mailbox on this machine is asked more often

RULES = Rules(
    answers={Kind.MESSAGE: (Way.DIRECT,)},
    opens_window=frozenset({Kind.MESSAGE}),
    # With consent one may write first; without, one may still answer. CPCE L.34-5, ePrivacy 13, checked 2026-11.
    may_begin=True,
    # Gmail clips a mail beyond 102 KB, and hides the way out at its end. As widely
    # observed; Google gives no number. Checked 2026-11.
    max_text={Way.DIRECT: 50_000},
    # What relays begin with: Amazon SES gives new accounts 14 a second. Amazon SES, Service quotas, checked 2026-11.
    limits=(Limit("relay", 10, timedelta(seconds=1), frozenset({Way.DIRECT})),),
)


def connect(environ: Mapping[str, str]) -> "Email | None":
    """The address of EMAIL_FROM, through the relay of EMAIL_SMTP_URL."""
    names = ("FROM", "SMTP_URL", "MAILBOX_URL", "BOUNCE_ADDRESS", "WEBHOOK_SECRET", "POSTAL_ADDRESS")
    given = {name: environ.get(f"EMAIL_{name}", "").strip() for name in names}
    if not any(given.values()):
        return None
    if faults := _faults(given):
        raise Misconfigured(faults)
    name, address = parseaddr(given["FROM"])
    smtp, box = servers.parsed(given["SMTP_URL"], relay.PORTS), servers.parsed(given["MAILBOX_URL"], mailbox.PORTS)
    assert smtp is not None
    head = Letterhead(
        name, letters.normal(address), _bounces(given["BOUNCE_ADDRESS"], address), given["POSTAL_ADDRESS"]
    )
    return Email(head, smtp, box, given["WEBHOOK_SECRET"])


def _bounces(given: str, address: str) -> str:
    local, _, domain = (given or address).rpartition("@")
    return f"{local}+{{key}}@{domain}" if given else f"{local}+bounce-{{key}}@{domain}"


def _faults(given: Mapping[str, str]) -> list[str]:
    faults = []
    for name, why in (("FROM", "the brand and its address"), ("SMTP_URL", "the relay that takes our mails")):
        if not given[name]:
            faults.append(f"EMAIL_{name} is missing: it names {why}, and e-mail is set up in part.")
    if given["FROM"] and not BARE.fullmatch(parseaddr(given["FROM"])[1]):
        faults.append("EMAIL_FROM is no address: it looks like Maison Zéphyr <hello@zephyr.example>.")
    if given["BOUNCE_ADDRESS"] and not BARE.fullmatch(given["BOUNCE_ADDRESS"]):
        faults.append("EMAIL_BOUNCE_ADDRESS is no address: it looks like bounces@zephyr.example.")
    if given["SMTP_URL"] and servers.parsed(given["SMTP_URL"], relay.PORTS) is None:
        faults.append("EMAIL_SMTP_URL looks like smtp://user:password@host:587 or smtps://user:password@host:465.")
    if given["MAILBOX_URL"]:
        faults += _faults_of_mailbox(servers.parsed(given["MAILBOX_URL"], mailbox.PORTS))
    return faults


def _faults_of_mailbox(server: servers.Server | None) -> list[str]:
    if server is None or not server.user:
        return ["EMAIL_MAILBOX_URL looks like imaps://user:password@host/INBOX."]
    if server.scheme == "imap" and not server.is_here:
        return ["EMAIL_MAILBOX_URL must begin with imaps://: without TLS the password would be read on the way."]
    return []


class Email(Connector):
    """One address of the brand's."""

    name: ClassVar[str] = "email"
    rules: ClassVar[Rules] = RULES

    def __init__(
        self, head: Letterhead, smtp: servers.Server, box: servers.Server | None, secret: str, patience: float = 30.0
    ) -> None:
        self.accounts = (head.address,)
        self._head = head
        self._secret = secret
        self._relay = Relay(smtp, head.domain, patience)
        self._mailbox = Mailbox(box, patience) if box else None
        if box:
            self.streams = ("mailbox",)
            self.poll_every = AT_HOME if box.is_here else Connector.poll_every

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        given = next((value for name, value in headers.items() if name.lower() == HEADER), "")
        right = "sha256=" + hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        same = hmac.compare_digest(given.encode(errors="replace"), right.encode())
        return same and bool(self._secret)

    def read(self, body: bytes, received_at: datetime) -> list[Interaction]:
        source = letters.storable(body[:KEPT].decode("utf-8", errors="replace"))
        unknown = Interaction(
            self.name,
            self.accounts[0],
            hashlib.sha256(body).hexdigest(),
            Kind.UNKNOWN,
            received_at,
            raw={"body": source},
        )
        letter = letters.opened(body)
        if letter is None:
            return [unknown]
        return _heard(letter, source, unknown, self._head) or [unknown]

    def poll(self, stream: str, position: str, now: datetime) -> Iterator[Page]:
        if self._mailbox is None:
            return
        for found in self._mailbox.since(position, now):
            heard = [interaction for body in found.letters for interaction in self.read(body, now)]
            yield Page(tuple({interaction.id: interaction for interaction in heard}.values()), found.position)

    def send(self, message: Message) -> Receipt:
        if message.account not in self.accounts:
            raise Refused("unknown_account")
        if message.way is not Way.DIRECT:
            raise Refused("unsupported")
        recipient = _deliverable(message.to)
        if message.unsubscribe and not URL.fullmatch(message.unsubscribe):
            raise Refused("bad_unsubscribe")
        mail = self._head.write(replace(message, to=recipient))
        self._relay.hand_over(self._head.sender_of(message.key), recipient, mail)
        return Receipt(self._head.id_of(message.key))

    def close(self) -> None:
        self._relay.close()


def _deliverable(address: str) -> str:
    """As it goes over the wire: its domain in ASCII. Nothing in it may end a command or a header."""
    local, _, domain = address.rpartition("@")
    try:
        found = f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        found = ""
    if not BARE.fullmatch(found) or letters.UNSTORABLE.search(found):
        raise Refused("bad_address", Scope.PERSON)
    return found


# Reading: what a machine says about a mail of ours comes before what looks like an answer


def _heard(letter: Letter, source: str, unknown: Interaction, head: Letterhead) -> list[Interaction]:
    seen = replace(unknown, at=letters.sent_at(letter, unknown.at), parent=head.key_in(letter, source))
    for read in (_complained, _bounced, _written):
        if heard := read(letter, source, seen, head):
            return heard
    return []


def _complained(letter: Letter, source: str, seen: Interaction, head: Letterhead) -> list[Interaction]:
    """Mailbox providers often black out who complains; then our own key is all that tells it."""
    who = complained(letter)
    if who is None:
        return []
    stop = replace(seen, kind=Kind.STOP, payload="complaint", by_bot=True)
    return [replace(stop, id=_id(letter, stop, address), author=address) for address in who or ("",)]


def _bounced(letter: Letter, source: str, seen: Interaction, head: Letterhead) -> list[Interaction]:
    failed = bounces.failures(letter, source, came_back=head.is_sent_to_bounces(letter) and not is_automatic(letter))
    return [_failure(failure, replace(seen, id=_id(letter, seen, failure.address), by_bot=True)) for failure in failed]


def _failure(failure: bounces.Failure, seen: Interaction) -> Interaction:
    if failure.verdict is Verdict.DELAYED:  # nothing is lost yet: another letter will come
        return seen
    return replace(seen, kind=Kind.BOUNCED, author=failure.address, payload=failure.verdict.value, text=failure.code)


def _written(letter: Letter, source: str, seen: Interaction, head: Letterhead) -> list[Interaction]:
    name, author = next(iter(letters.addresses(letter, "From")), ("", ""))
    if not author or letter.get_content_type() == "multipart/report":  # one that tells of nothing we act on
        return []
    said = replace(
        seen,
        id=_id(letter, seen),
        kind=Kind.MESSAGE,
        author=author,
        author_name=name,
        by_bot=is_automatic(letter),
        text=new_words(letter),
        subject=header(letter, "Message-ID"),
        thread=thread_of(letter),
        language=header(letter, "Content-Language")[:2].lower(),
    )
    if author.lower() == head.address.lower():
        return [replace(said, kind=Kind.ECHO, by_bot=False, payload=seen.parent)]
    if (key := wants_out(letter)) is not None:
        return [replace(said, kind=Kind.STOP, payload="list_unsubscribe", by_bot=False, parent=key or said.parent)]
    return [said]


def _id(letter: Letter, seen: Interaction, address: str = "") -> str:
    """The same at each redelivery. A mail without a Message-ID is known by its bytes."""
    given = header(letter, "Message-ID") or seen.id
    whole = f"{given} {address}".strip()
    return whole if len(whole) <= LONGEST_ID else hashlib.sha256(whole.encode()).hexdigest()
