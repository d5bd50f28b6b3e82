"""Ranking: leads get their places in the order of scores, a batch at a time (leads/ranking.py)."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from bot.assembly import Bot
from leads import ranking

EVERY = timedelta(seconds=5)
BATCH = 500  # who is looked at before the line of writers is held, for a moment
BATCHES = 20  # of one time, so that who asks us to stop does not wait for a million leads
AGAIN = 100  # who is looked at once more each time, all in turn: see `Ranking`


class Ranking:
    """Whoever waits for a place gets one. The others are looked at again, a few at a time: a new release may count
    otherwise, and who forgot to touch a lead does no lasting harm."""

    def __init__(self, bot: Bot) -> None:
        self._bot, self._seen = bot, 0

    def __call__(self) -> None:
        for _ in range(BATCHES):
            if not self._place(self._waiting()):
                break
        again = self._known()
        self._place(again)
        self._seen = max(again.values(), default=0)

    def _waiting(self) -> Mapping[UUID, int]:
        with self._bot.reading() as session:
            return ranking.unplaced(session, BATCH)

    def _known(self) -> Mapping[UUID, int]:
        with self._bot.reading() as session:
            return ranking.placed(session, self._seen, AGAIN)

    def _place(self, revisions: Mapping[UUID, int]) -> bool:
        with self._bot.reading() as session:
            found = ranking.unlike_kept(session, ranking.places(session, revisions))
        if found:
            with self._bot.transaction() as session:
                ranking.keep(session, found)
        return bool(found)
