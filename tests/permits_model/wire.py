"""The wire: two platforms in memory which write down what arrives and when, and a sender that can die at any step."""

from collections.abc import Callable

from bot import clearing, fates, outbox, sending
from bot.clearing import Ready
from bot.fates import Said
from connectors import Kind, Message, PlatformError, Receipt, Rules, Uncertain, Way
from tests.pigeon import Pigeon
from tests.stage import Stage


class Carrier(Pigeon):
    """A pigeon whose post is watched. The next fault is raised; `Uncertain("late")` arrives all the same."""

    def __init__(self, account: str) -> None:
        super().__init__(account, "ring")
        self.arrives: Callable[[Message], None] = lambda message: None

    def begin(self, arrives: Callable[[Message], None]) -> None:
        """Another story."""
        self.arrives, self.sent, self.faults = arrives, [], []

    def send(self, message: Message) -> Receipt:
        fault: PlatformError | Exception | None = self.faults.pop(0) if self.faults else None
        if fault is not None and not (isinstance(fault, Uncertain) and fault.reason == "late"):
            raise fault
        self.arrives(message)
        if fault is not None:
            raise fault
        return super().send(message)


class Mail(Carrier):
    """Mail: we may write first to who consented, and no window closes."""

    name = "mail"
    rules = Rules(
        answers={Kind.MESSAGE: (Way.DIRECT,)},
        opens_window=frozenset({Kind.MESSAGE}),
        may_begin=True,
    )


class Sender:
    """What `send_some` does, step by step: whatever was not noted yet is forgotten when it dies."""

    def __init__(self, stage: Stage) -> None:
        self._bot = stage.bot
        self.taken: list[Ready] = []
        self.said: list[Said] = []

    def take(self) -> list[Ready]:
        """Take what is due and ask the permits again, in one transaction."""
        now = self._bot.now()
        with self._bot.transaction() as session:
            ready = clearing.cleared(session, self._bot, outbox.take(session, sending.AT_ONCE, (), now), now)
        self.taken += ready
        return ready

    def say(self) -> None:
        while self.taken:
            ready = self.taken.pop(0)
            self.said.append((ready, sending.say(ready)))

    def note(self) -> list[Said]:
        said, self.said = self.said, []
        fates.note_all(self._bot, list(said))
        return said

    def die(self) -> None:
        self.taken, self.said = [], []
