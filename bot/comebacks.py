"""What comes back of somebody who was erased: a redelivery, an echo, a receipt. It is let go, and begins nothing."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlmodel import Session

from bot.inbox import Entry
from connectors import Kind
from optin import erasures

# What somebody does of his own will and for us to answer. Anything else makes nobody known again who was forgotten.
ASKS = frozenset(
    {
        Kind.COMMENT, Kind.COMMENT_EDITED, Kind.POST, Kind.MENTION, Kind.MESSAGE, Kind.MESSAGE_EDITED, Kind.PRESS,
        Kind.REFERRAL, Kind.CONTACT, Kind.OPTIN, Kind.RATING,
    }
)  # fmt: skip


def let_go(session: Session, secret: str, entries: Sequence[tuple[Entry, bool]], now: datetime) -> set[int]:
    """Which of these to keep nothing of. Beside each stands whether it is of somebody who was forgotten."""
    idle = {entry.id for entry, left_alone in entries if left_alone and entry.interaction.kind not in ASKS}
    if not erasures.expects_anything(session, now):
        return idle
    hashes = {one: entry.id for entry, _ in entries for one in _hashes(secret, entry)}
    return idle | {hashes[one] for one in erasures.expected(session, hashes, now)}


def _hashes(secret: str, entry: Entry) -> Iterator[str]:
    one = entry.interaction
    # An answer of ours comes back under our own key; what he takes back names only what it was.
    words = {one.id} if one.kind in ASKS else {one.id, one.subject, one.payload} - {""}
    for word in words:
        yield erasures.fingerprint(secret, erasures.REDELIVERY, one.platform, one.account, word)
