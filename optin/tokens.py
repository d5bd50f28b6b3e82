"""Words that open one page of one fan: made from an id and our secret, so that none is guessed and none is stored."""

import base64
import hashlib
import hmac
from enum import StrEnum
from uuid import UUID

MAC = 16  # bytes: as hard to guess as the id's own 128 bits would be


class Page(StrEnum):
    """What a word opens. A word for one page opens no other."""

    CHOICES = "choices"  # how a fan wants to be written to
    WHY = "why"  # why a message came
    UNSUBSCRIBE = "unsubscribe"  # no more mail, with one click
    CONFIRM = "confirm"  # the second half of a double opt-in
    RIGHTS = "rights"  # what we know of a fan, for himself
    JOIN = "join"  # one claim from a second platform
    FRIEND = "friend"  # the offer of a claim, for whoever is given the link
    ERASURE = "erasure"  # how far an erasure is


def seal(secret: str, page: Page, known: UUID) -> str:
    """The word that opens this page of whatever has this id."""
    return base64.urlsafe_b64encode(known.bytes + _mac(secret, page, known)).decode().rstrip("=")


def opened(secret: str, page: Page, word: str) -> UUID | None:
    """The id behind a word, or None where it is none of ours."""
    try:
        raw = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if len(raw) != MAC + 16:
        return None
    known = UUID(bytes=raw[:16])
    return known if hmac.compare_digest(raw[16:], _mac(secret, page, known)) else None


def _mac(secret: str, page: Page, known: UUID) -> bytes:
    return hmac.new(secret.encode(), f"{page.value}:".encode() + known.bytes, hashlib.sha256).digest()[:MAC]
