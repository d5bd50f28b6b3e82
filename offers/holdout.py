"""The holdout: a fixed share of all people gets nothing that they did not ask for, so that the rest can be compared.

Who is in it follows from a keyed hash of the person's id: no list is kept, nobody can be moved, and nobody outside can
tell. A person's id is the smallest of his fans' (optin/links.py), in whatever order they were linked.
"""

import hashlib
import hmac
from uuid import UUID

_WHOLE = 2**64


def is_held_out(secret: str, person_id: UUID, percent: float) -> bool:
    """Whether this person is among so many in a hundred. A larger share holds everybody of a smaller one."""
    told = hmac.digest(secret.encode(), b"holdout:" + person_id.bytes, hashlib.sha256)
    return int.from_bytes(told[:8]) < percent / 100 * _WHOLE
