"""Notices when the whole machine stands still, as a virtual one does now and then: nobody takes over meanwhile."""

import threading
from datetime import UTC, datetime, timedelta

TICK = 0.2  # seconds
A_WHILE = timedelta(seconds=2)


class Standstills:
    def __init__(self) -> None:
        self._found: list[tuple[datetime, datetime]] = []
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def end(self) -> None:
        self._over.set()

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """How much of this time the machine stood still."""
        lost = (min(end, until) - max(begin, since) for since, until in self._found)
        return sum((one for one in lost if one > timedelta(0)), timedelta(0))

    def _watch(self) -> None:
        before = datetime.now(UTC)
        while not self._over.wait(TICK):
            now = datetime.now(UTC)
            if now - before > A_WHILE:
                self._found.append((before, now))
            before = now
