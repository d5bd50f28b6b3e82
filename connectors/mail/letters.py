"""A letter: a mail as it came, read so that nothing in it can break the reader."""

import email
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from connectors.mail.markup import to_text

MOST_READ = 1_000_000  # bytes; what a fan says stands before what he attaches
MOST_TEXT = 100_000  # characters
MOST_PARTS = 200
MOST_NESTED = 200  # each level costs the parser as much as all that is inside
MOST_HEADER = 8_000  # characters
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # what PostgreSQL, or UTF-8 itself, refuses
# What mail programs put before the subject of a mail that is answered or passed on.
ANSWER = re.compile(r"\s*(?:re|aw|sv|tr|fwd?|wg|rép|rif|antw)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
SPACES = re.compile(r"\s+")

Letter = Message


def opened(body: bytes) -> Letter | None:
    """The letter, or None where nobody could tell what it is."""
    if body[:MOST_READ].lower().count(b"multipart/") > MOST_NESTED:
        return None
    try:
        # Without a policy: the newer ones raise on some headers that nobody would write, and some do.
        return email.message_from_bytes(body[:MOST_READ])
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return None


def header(letter: Letter, name: str) -> str:
    """One line, decoded."""
    return one_line(_decoded(_plain(letter.get(name, ""))))


def addresses(letter: Letter, name: str) -> list[tuple[str, str]]:
    """Names and addresses. Split before they are decoded: a name may hold a comma, or an "@"."""
    given = [SPACES.sub(" ", _plain(each)) for each in letter.get_all(name, [])[:MOST_PARTS]]
    try:
        found = getaddresses(given)
    except (ValueError, IndexError, AttributeError, TypeError, RecursionError):
        return []
    return [(one_line(_decoded(name)), normal(address)) for name, address in found if address.count("@") == 1]


def normal(address: str) -> str:
    """In small letters, and its domain as people write it: no provider tells "Lea@" from "lea@"."""
    local, _, domain = storable(address.strip().strip("<>")).rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("ascii").decode("idna")
    return f"{local.lower()}@{domain.lower()}" if local else ""


def sent_at(letter: Letter, received_at: datetime) -> datetime:
    """When its writer says it was sent, unless that cannot be."""
    try:
        moment = parsedate_to_datetime(header(letter, "Date"))
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return received_at
    return moment if datetime(2000, 1, 1, tzinfo=UTC) <= moment <= received_at else received_at


def parts(letter: Letter) -> Iterator[Letter]:
    """The letter and all that is inside, level by level: mails may be nested deeper than Python likes to go."""
    waiting, seen = [letter], 0
    while waiting and seen < MOST_PARTS:
        part, seen = waiting.pop(0), seen + 1
        yield part
        inner = part.get_payload()
        if isinstance(inner, list):
            waiting.extend(each for each in inner if isinstance(each, Message))


def text_of(letter: Letter) -> str:
    """What the letter says: its plain text where it has some, else its HTML as text."""
    shown = [part for part in own_parts(letter) if part.get_content_disposition() != "attachment"]
    for kind, read in (("text/plain", content), ("text/html", lambda part: to_text(content(part)))):
        for part in shown:
            if part.get_content_type() == kind and (text := read(part)).strip():
                return text
    return ""


def own_parts(letter: Letter) -> Iterator[Letter]:
    """As `parts`, but nothing of the mails that are enclosed."""
    waiting, seen = [letter], 0
    while waiting and seen < MOST_PARTS:
        part, seen = waiting.pop(0), seen + 1
        yield part
        inner = part.get_payload()
        if isinstance(inner, list) and part.get_content_maintype() == "multipart":
            waiting.extend(each for each in inner if isinstance(each, Message))


def content(part: Letter) -> str:
    """The text of one part in whatever letters it came."""
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, AttributeError, TypeError, AssertionError):
        return ""
    octets = payload if isinstance(payload, bytes) else b""
    text = decoded_as(octets[: 4 * MOST_TEXT], str(part.get_content_charset("utf-8")))
    return storable(text.replace("\r\n", "\n"))[:MOST_TEXT]


def decoded_as(octets: bytes, charset: str) -> str:
    for name in (charset, "utf-8"):
        try:
            return octets.decode(name)
        except (LookupError, ValueError):
            continue
    return octets.decode("cp1252", errors="replace")


def storable(text: str) -> str:
    return UNSTORABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    return SPACES.sub(" ", storable(text)).strip()[:MOST_TEXT]


def _plain(value: object) -> str:
    """What stands in a header, as text: bytes that are no ASCII were hidden in it by the parser."""
    try:
        octets = str(value)[:MOST_HEADER].encode("ascii", errors="surrogateescape")
    except (UnicodeError, HeaderParseError):
        return storable(str(value)[:MOST_HEADER])
    return decoded_as(octets, "utf-8")


def _decoded(value: str) -> str:
    try:
        pieces = decode_header(value)
    except (ValueError, HeaderParseError):  # among them binascii's
        return value
    return "".join(
        piece if isinstance(piece, str) else decoded_as(piece, charset or "ascii") for piece, charset in pieces
    )
