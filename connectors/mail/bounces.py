"""Bounces: the mails in which a mail server says that ours did not arrive, for whom, and why."""

import email
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from itertools import islice

from flufl.bounce import all_failures

from connectors.mail.letters import (
    ANSWER,
    Letter,
    addresses,
    content,
    header,
    normal,
    own_parts,
    parts,
    storable,
    text_of,
)
from connectors.mail.markup import to_text
from connectors.mail.verdicts import Verdict, code_in, judge

# It writes what it could not read, and that is somebody's letter.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

DAEMON = re.compile(
    r"(?:mailer?[._-]?daemon|mdaemon|post[._-]?master|mail[._-]?delivery|mail[._-]?system|bounce|sysadmin|undeliverable)\b",
    re.IGNORECASE,
)
FAILED = re.compile(
    r"undeliver|not delivered|delivery (?:has )?(?:status|failure|notification|failed|report|error|warning|problem"
    r"|delayed)|fail(?:ed|ure) (?:notice|delivery)|mail (?:delivery )?(?:failure|failed|system error)"
    r"|returned (?:mail|e-?mail|to sender)|non[ -]delivery"
    r"|mail could not be|error sending your mail|non[ -]?remis|non distribu|échec de (?:la )?(?:remise|distribution)"
    r"|unzustellbar|no entregado|nondeliverable|warning: message|delayed mail",
    re.IGNORECASE,
)
STATUS = {"message/delivery-status", "message/global-delivery-status"}
REPORTING = re.compile(r"^Reporting-MTA:", re.IGNORECASE | re.MULTILINE)
NAMES_SOMEBODY = re.compile(r"^(?:final|original)-recipient:", re.IGNORECASE | re.MULTILINE)
ATOM = r"[\w!#$%&'*+/=?^`{|}~-]{1,64}+"
ADDRESS = re.compile(rf"(?<![\w.@=]){ATOM}(?:\.{ATOM}){{0,9}}@(?:[\w-]{{1,63}}\.){{1,8}}[\w-]{{2,63}}(?![\w@])")
# Where the mail that came back begins.
RETURNED = re.compile(
    r"^(?:[-=_* ]{2,60}(?!.{0,120}(?:transcript|addresses|session|reason)).{0,80}(?:copy|original|returned|unsent"
    r"|below this line|your message|undelivered|header|included|follows).*"
    r"|.{0,60}(?:copy of (?:the|your) (?:message|original)|original message|message headers?"
    r"|undelivered message|your message)\b.{0,60}:\s*|(?:Received|Return-Path|X-Originating-IP):.*)$",
    re.IGNORECASE | re.MULTILINE,
)
SENDERS = re.compile(
    r"^[^\w\n]{0,9}(?:mail from|from|sender|reply-to|return-path|message-id|contact)\b.*$"
    r"|\b(?:post_?master|abuse|support)@",
    re.IGNORECASE | re.MULTILINE,
)
MOST_TOLD = 20_000  # characters
MOST_RECIPIENTS = 100
MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Failure:
    """One address, and what became of the mail to it."""

    address: str
    code: str
    verdict: Verdict


def failures(letter: Letter, source: str, came_back: bool = False) -> list[Failure]:
    """Each address for which a mail failed or is late; none where the letter is no bounce.

    `source` is the raw text; `came_back` says that it was sent to where only what failed is sent.
    """
    told = _told(letter)
    blocks = _blocks(letter, source)
    if blocks:
        found = list(_by_status(blocks, told))
    else:
        found = list(_by_text(letter, source, told)) if came_back or _is_from_a_server(letter, source) else []
    return list({failure.address.lower(): failure for failure in found[:MOST_RECIPIENTS]}.values())


# RFC 3464


def _blocks(letter: Letter, source: str) -> list[Message]:
    """What a report says of each recipient."""
    inside = [block for part in parts(letter) if part.get_content_type() in STATUS for block in _inside(part)]
    if inside:
        return inside
    if letter.get_content_type() != "multipart/report" and not REPORTING.search(source):
        return []
    return _blocks_in(source) or _blocks_in(text_of(letter))


def _inside(part: Letter) -> list[Message]:
    inner = part.get_payload()
    blocks = inner if isinstance(inner, list) else _blocks_in(content(part))
    return [block for block in blocks if isinstance(block, Message) and _recipient(block)]


def _by_status(blocks: list[Message], told: str) -> Iterator[Failure]:
    known = [_recipient(block) for block in blocks]
    for address, block in zip(known, blocks, strict=True):
        action, status = _field(block, "Action").lower(), _field(block, "Status")
        if action.startswith(("deliver", "relay", "expand")) or status.startswith("2"):
            continue
        context = _about(address, told, known)
        diagnostic = _field(block, "Diagnostic-Code")
        said = diagnostic if _says_something(diagnostic) else f"{status} {context}"
        code = code_in(said, status)
        yield Failure(address, code, Verdict.DELAYED if action.startswith("delay") else judge(code, said, context))


def _blocks_in(text: str) -> list[Message]:
    """The same where parts no longer hold together: a boundary is missing or comes too late, or it is plain text."""
    text, blocks = text.replace("\r\n", "\n"), []
    for name in islice(NAMES_SOMEBODY.finditer(text), MOST_RECIPIENTS):
        begin = text.rfind("\n\n", 0, name.start()) + 2
        end = text.find("\n\n", name.start())
        block = email.message_from_string(text[max(begin, 0) : end if end > 0 else None].lstrip())
        if _recipient(block):
            blocks.append(block)
    return blocks


def _recipient(block: Message) -> str:
    for name in ("Original-Recipient", "Final-Recipient", "X-Actual-Recipient"):
        kind, _, address = _field(block, name).rpartition(";")
        found = ADDRESS.search(address)
        if found and kind.strip().lower() in ("rfc822", "utf-8", ""):
            return normal(found[0])
    return ""


def _field(block: Message, name: str) -> str:
    return " ".join(storable(str(block.get(name, ""))).split())


def _says_something(diagnostic: str) -> bool:
    """More than its own kind and a number."""
    return len(re.sub(r"^[\w-]+;|[\d. -]", "", diagnostic)) > 3


# Everybody else


def _by_text(letter: Letter, source: str, told: str) -> Iterator[Failure]:
    late, failed = _known_to_flufl(source)
    known = late | failed
    known = {address for address in known if address.lower() in told.lower()} or known or _named(letter, told)
    for address in sorted(known):
        near = _about(address, told, known)
        about = near if code_in(near) or judge("", near) is not Verdict.SOFT else told
        code = code_in(about)
        yield Failure(address, code, Verdict.DELAYED if address in late else judge(code, about, told))


def _known_to_flufl(source: str) -> tuple[set[str], set[str]]:
    try:
        late, failed = all_failures(email.message_from_string("\n".join(source.splitlines()[:MOST_LINES])))
    except Exception:  # noqa: BLE001 - seventeen parsers of others, fed with what anybody may send
        return set(), set()
    return set(_valid(late)), set(_valid(failed))


def _valid(found: Iterable[bytes]) -> Iterator[str]:
    for address in found:
        if ADDRESS.fullmatch(text := address.decode("ascii", errors="replace")):
            yield normal(text)


def _named(letter: Letter, told: str) -> set[str]:
    """Whom the letter says it is about, else whom it names, else to whom the mail went that came back."""
    said = [ADDRESS.findall(header(letter, "X-Failed-Recipients")), ADDRESS.findall(SENDERS.sub("", told))]
    returned = [part for part in parts(letter) if part is not letter and part.get("Message-ID")]
    said += [[address for _, address in addresses(part, "To")] for part in returned[:1]]
    own = {address for name in ("From", "To", "Return-Path") for _, address in addresses(letter, name)}
    return next((kept for names in said if (kept := {normal(name) for name in names} - own)), set())


def _is_from_a_server(letter: Letter, source: str) -> bool:
    """A fan who asks about a bounce, and quotes it, has not bounced."""
    sender, subject = addresses(letter, "From"), header(letter, "Subject")
    if any(DAEMON.match(address) or DAEMON.search(name) for name, address in sender) or "X-Failed-Recipients" in letter:
        return True
    nobody = not sender or header(letter, "Return-Path").startswith(("<>", "<MAILER-DAEMON"))
    failed = FAILED.search(subject) or (nobody and any(_known_to_flufl(source)))
    return bool(failed) and (nobody or not ANSWER.match(subject))


def _told(letter: Letter) -> str:
    """What the server says in words for people, without the mail that came back."""
    own = list(own_parts(letter))
    plain = [content(part) for part in own if part.get_content_type() == "text/plain"]
    marked = [to_text(content(part)) for part in own if part.get_content_type() == "text/html"]
    # Where a boundary is missing, all stands before the first part, or in what should have had parts.
    loose = [storable(str(part.preamble or "")) or content(part) for part in own]
    text = next((text for text in (*plain, *marked, *loose) if text.strip()), "").replace("\r\n", "\n")[:MOST_TOLD]
    begun = len(text) - len(text.lstrip())
    returned = (mark.start() for mark in RETURNED.finditer(text) if mark.start() > begun)
    return text[: next(returned, None)]


def _about(address: str, told: str, known: Iterable[str]) -> str:
    """What is told about this address: from where it is named to where another is."""
    names = {name.lower() for name in known} | {address.lower()}
    if len(names) == 1:
        return told
    pieces = re.split("(" + "|".join(map(re.escape, sorted(names, key=len, reverse=True))) + ")", told, flags=re.I)
    mine = [told for name, told in zip(pieces[1::2], pieces[2::2], strict=True) if name.lower() == address.lower()]
    return " ".join(mine)
