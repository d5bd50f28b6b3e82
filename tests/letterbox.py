"""An invented post office, complete in memory: it may write first, to who has said yes."""

from collections.abc import Mapping
from datetime import datetime

from connectors import Connector, Interaction, Kind, Message, PlatformError, Receipt, Rules, Way


class Letterbox(Connector):
    """`sent` holds what arrived; `faults` are raised, one a message, instead."""

    name = "email"
    rules = Rules(
        answers={Kind.MESSAGE: (Way.DIRECT,)},
        opens_window=frozenset({Kind.MESSAGE}),
        may_begin=True,
        max_text={Way.DIRECT: 10_000},
    )

    def __init__(self, address: str) -> None:
        self.accounts = (address,)
        self.sent: list[Message] = []
        self.faults: list[PlatformError] = []

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        return False

    def read(self, body: bytes, received_at: datetime) -> list[Interaction]:
        return []

    def send(self, message: Message) -> Receipt:
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append(message)
        return Receipt(id=f"<{message.key}@{self.accounts[0]}>")
