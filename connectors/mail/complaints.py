"""Complaints: a reader pressed "this is spam", and his mailbox provider tells us (ARF, RFC 5965)."""

import re

from connectors.mail.letters import Letter, addresses, content, normal, parts, storable

# "auth-failure" is about our DNS, "not-spam" the contrary. IANA, MARF registry, checked 2026-11.
MEANT = re.compile(r"^Feedback-Type:\s*(?:abuse|opt-out(?:-list)?|fraud)\s*$", re.IGNORECASE | re.MULTILINE)
RECIPIENT = re.compile(
    r"^Original-Rcpt-To:\s*(?:rfc822;)?\s*<?([^\s<>@]+@[^\s<>@]+)>?\s*$", re.IGNORECASE | re.MULTILINE
)
MOST = 100


def complained(letter: Letter) -> list[str] | None:
    """Who complained, as far as the report tells it; None where the letter is no complaint."""
    inside = list(parts(letter))
    report = next((_text(part) for part in inside if part.get_content_type() == "message/feedback-report"), "")
    if not MEANT.search(report):
        return None
    told = RECIPIENT.findall(report) or [address for part in inside[1:] for _, address in addresses(part, "To")]
    return list(dict.fromkeys(map(normal, told)))[:MOST]


def _text(part: Letter) -> str:
    """Python's parser takes what stands in a "message" part for a mail of its own."""
    inner = part.get_payload()
    text = "\n".join(str(each) for each in inner) if isinstance(inner, list) else content(part)
    return storable(text).replace("\r\n", "\n")
