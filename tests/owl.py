"""Another invented platform: owls, whom a link brings with a word on their leg. They carry notes as pigeons do."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from connectors import Interaction, Kind, Rules, Way
from tests.pigeon import Pigeon, read_note


class Owl(Pigeon):
    name = "owl"
    rules: ClassVar[Rules] = replace(
        Pigeon.rules,
        answers={**Pigeon.rules.answers, Kind.REFERRAL: (Way.DIRECT,)},
        opens_window=Pigeon.rules.opens_window | {Kind.REFERRAL},
    )

    def read(self, body: bytes, received_at: datetime) -> list[Interaction]:
        return [self._read(one) for one in json.loads(body)]

    def _read(self, one: Mapping[str, str]) -> Interaction:
        read = replace(read_note(one, self.accounts[0]), platform=self.name)
        return replace(read, kind=Kind.REFERRAL, payload=one["word"]) if "word" in one else read

    def entry_link(self, account: str, payload: str) -> str:
        return f"https://owl.example/{account}?start={payload}"
