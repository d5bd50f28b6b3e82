"""An invented platform, complete in one file: carrier pigeons, which carry notes in memory."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import Connector, Interaction, Kind, Message, Misconfigured, PlatformError, Receipt, Rules, Way

WORDS = {"coo": Kind.COMMENT, "note": Kind.MESSAGE, "call": Kind.MENTION, "shot": Kind.BLOCKED}


class Pigeon(Connector):
    """`sent` holds what arrived; `faults` are raised, one a message, instead."""

    name = "pigeon"
    rules = Rules(
        answers={
            Kind.COMMENT: (Way.PRIVATE, Way.PUBLIC),
            Kind.MENTION: (Way.PUBLIC,),
            Kind.MESSAGE: (Way.DIRECT,),
            Kind.PRESS: (Way.DIRECT,),
            Kind.CONTACT: (Way.DIRECT,),
        },
        opens_window=frozenset({Kind.MESSAGE, Kind.PRESS, Kind.CONTACT}),
        window=timedelta(hours=24),
        human_window=timedelta(days=7),
        private_reply_within=timedelta(days=7),
        max_text={Way.PUBLIC: 500},
        max_buttons=3,
        exact_parent=True,
    )

    def __init__(self, account: str, ring: str) -> None:
        self.accounts = (account,)
        self._ring = ring
        self.sent: list[Message] = []
        self.faults: list[PlatformError | Exception] = []
        self.meanwhile: Callable[[], object] = lambda: None  # what happens while a note is carried

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        return headers.get("X-Ring") == self._ring

    def read(self, body: bytes, received_at: datetime) -> list[Interaction]:
        return [read_note(one, self.accounts[0]) for one in json.loads(body)]

    def send(self, message: Message) -> Receipt:
        if self.faults:
            raise self.faults.pop(0)
        self.meanwhile()
        self.sent.append(message)
        whom = f"bird-of-{message.to}" if message.way is Way.PRIVATE else ""
        return Receipt(id=f"flight-{len(self.sent)}", recipient=whom)


def connect(environ: Mapping[str, str]) -> Pigeon | None:
    loft, ring = environ.get("PIGEON_LOFT", ""), environ.get("PIGEON_RING", "")
    if loft and not ring:
        raise Misconfigured(["PIGEON_RING: is missing; it stands on the pigeon's leg."])
    return Pigeon(loft, ring) if loft else None


def read_note(one: Mapping[str, Any], account: str) -> Interaction:
    return Interaction(
        platform="pigeon",
        account=account,
        id=one["id"],
        kind=WORDS.get(one["what"], Kind.UNKNOWN),
        at=datetime.fromtimestamp(one["at"], UTC),
        author=one.get("who", ""),
        author_name=one.get("name", ""),
        text=one.get("text", ""),
        subject=one["id"],
        thread=one.get("post", ""),
        raw=one,
    )
