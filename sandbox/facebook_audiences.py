"""A pretend custom audience at Meta: hashes come and go, and what is no hash is counted as it is there."""

import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.facebook_page import GraphError, Json

MOST = 10_000  # rows a call
HASH = re.compile(r"[0-9a-f]{64}")  # SHA-256 as Meta reads it: in small letters
SCHEMAS = ("EMAIL_SHA256", "PHONE_SHA256")
CALLS_AN_HOUR = 5_000


@dataclass
class Audience:
    id: str
    members: dict[str, str] = field(default_factory=dict)  # the schema of each hash
    sessions: list[Json] = field(default_factory=list)
    calls: int = 0

    def count_call(self) -> None:
        self.calls += 1

    def used(self) -> int:
        """Percent of the hour's calls."""
        return self.calls * 100 // CALLS_AN_HOUR

    def change(self, payload: Any, session: Any, *, add: bool) -> Json:
        schema = payload.get("schema") if isinstance(payload, dict) else None
        rows = payload.get("data") if isinstance(payload, dict) else None
        if schema not in SCHEMAS or not isinstance(rows, list) or not rows:
            raise GraphError(100, 0, "Invalid parameter")
        if len(rows) > MOST:
            raise GraphError(100, 0, "Too many rows in one call")
        good = [row for row in rows if isinstance(row, str) and HASH.fullmatch(row)]
        if add:
            self.members.update((row, str(schema)) for row in good)
        else:
            for row in good:
                self.members.pop(row, None)
        self.sessions.append(session if isinstance(session, dict) else {})
        invalid = [row for row in rows if row not in good]
        return {
            "audience_id": self.id,
            "session_id": str(self.sessions[-1].get("session_id", "0")),
            "num_received": len(rows),
            "num_invalid_entries": len(invalid),
            "invalid_entry_samples": dict.fromkeys(map(str, invalid[:3]), ""),
        }
