"""The witness looks into the database from outside: what a dead process held, and what waits still."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlmodel import col, func, select

from bot import database
from bot.beats import Beat
from bot.inbox import Inbox, Waiting
from bot.lanes import Lane
from bot.outbox import LEASE, Outgoing, State
from connectors import Kind
from tests.crash.standstill import Standstills

UNFINISHED = (State.WAITING.value, State.SENDING.value)


class Witness:
    def __init__(self, database_url: str) -> None:
        self.engine = database.connect(database_url)
        self.reading = database.readings(self.engine)
        self.transaction = database.transactions(self.engine)
        self._standstills = Standstills()
        self._skipped: dict[int | UUID, timedelta] = {}  # by lane or message
        self._skipped_at = datetime.max.replace(tzinfo=UTC)

    def close(self) -> None:
        self._standstills.end()
        self.engine.dispose()

    def held_by(self, pid: int) -> frozenset[int]:
        """What waits on the lanes of this process."""
        with self.reading() as session:
            theirs = select(Lane.number).where(col(Lane.holder).startswith(f"{pid}-"))
            waiting = select(Inbox.id).where(Inbox.state == Waiting, col(Inbox.lane).in_(theirs))
            return frozenset(session.exec(waiting).all())

    def has_shown_life(self, pid: int) -> bool:
        with self.reading() as session:
            return session.exec(select(Beat.name).where(col(Beat.name).startswith(f"{pid}-"))).first() is not None

    def sending(self) -> frozenset[UUID]:
        """What is between being taken and having its fate noted."""
        with self.reading() as session:
            return frozenset(session.exec(select(Outgoing.id).where(Outgoing.state == State.SENDING.value)).all())

    def unfinished(self) -> tuple[int, int]:
        """How many interactions are unheard, and how many messages unsaid."""
        with self.reading() as session:
            unheard = select(func.count()).select_from(Inbox).where(Inbox.state == Waiting)
            unsaid = select(func.count()).select_from(Outgoing).where(col(Outgoing.state).in_(UNFINISHED))
            return session.exec(unheard).one(), session.exec(unsaid).one()

    def echoes(self) -> int:
        with self.reading() as session:
            return session.exec(select(func.count()).select_from(Inbox).where(Inbox.kind == Kind.ECHO)).one()

    def let_leases_end(self, alive: Collection[int]) -> None:
        """Set the clock on by hand, for each lease of the dead as far as it goes."""
        now = datetime.now(UTC)
        with self.transaction() as session:
            for lane in session.exec(select(Lane).where(col(Lane.held_until) > now)).all():
                assert lane.held_until is not None
                if int(lane.holder.partition("-")[0]) in alive:
                    continue
                self._skipped[lane.number] = lane.held_until - now
                lane.held_until = now
            for message in session.exec(select(Outgoing).where(Outgoing.state == State.SENDING.value)).all():
                assert message.taken_at is not None
                ends = message.taken_at + LEASE
                self._skipped[message.id] = max(ends - now, timedelta(0))
                message.taken_at = min(message.taken_at, now - LEASE)
        self._skipped_at = now

    def since(self, death: datetime, then: datetime, held: int | UUID) -> timedelta:
        """How long this lane or message was held, with what was skipped, and without standstills of the machine."""
        skipped = self._skipped.get(held, timedelta(0)) if death <= self._skipped_at < then else timedelta(0)
        return then - death + skipped - self._standstills.between(death, then)
