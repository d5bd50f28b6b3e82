"""The crowd: fans who comment and write through a platform that sends each webhook until it is acknowledged."""

import hashlib
import hmac
import json
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from connectors import Connector
from tests.crash.service import APP_SECRET, PAGES

SENDERS = 4
PATIENCE = 120.0  # seconds, for one webhook
COMMENTS = ("Je veux la livraison offerte !", "livraison svp", "PROMO", "Quelle belle couleur", "Bravo à tous")
MESSAGES = ("livraison", "Bonjour", "La livraison s'il vous plaît", "Je passe demain avec ma tante", "promo")
# The sandbox knows ids that begin so as those of things that it was not told of.
KNOWN = "replay"

Said = tuple[str, str]  # the account, and the id of the interaction


@dataclass
class Heard:
    """What was acknowledged: for each fan what he did, in the order in which he did it."""

    by_fan: dict[Said, list[Said]] = field(default_factory=dict)
    webhooks: int = 0
    tries: int = 0
    repeated: int = 0  # sent again although it was acknowledged

    def interactions(self) -> list[Said]:
        return [one for things in self.by_fan.values() for one in things]


class Crowd:
    """Each sender has fans of its own; a fan does the next thing once the last one is acknowledged."""

    def __init__(self, connector: Connector, address: str, seed: int, pause: float) -> None:
        """`pause` is how many seconds each sender waits at most between two webhooks."""
        self._connector, self._url, self._pause = connector, f"{address}/webhooks/facebook", pause
        self._over = threading.Event()
        self.heard = Heard()
        self._lock = threading.Lock()
        self.trouble: list[str] = []
        seeds = random.Random(seed)
        self._senders = [
            threading.Thread(target=self._send_all, args=(number, random.Random(seeds.random())), daemon=True)
            for number in range(SENDERS)
        ]

    def begin(self) -> None:
        for sender in self._senders:
            sender.start()

    def finish(self) -> None:
        """No new webhook; those on their way are sent until they are acknowledged."""
        self._over.set()
        for sender in self._senders:
            sender.join()

    def _send_all(self, sender: int, chance: random.Random) -> None:
        fans: list[str] = []
        past: list[bytes] = []
        number = 0
        with requests.Session() as session:
            while not self._over.is_set():
                things = []
                for _ in range(chance.choice((1, 1, 2, 4))):
                    number += 1
                    fan = self._someone(fans, sender, chance)
                    things.append(thing(fan, f"{KNOWN}{sender}-{number}", chance))
                body = webhook(things)
                self._until_acknowledged(session, body, chance)
                past.append(body)
                self._repeat(session, past, chance)
                time.sleep(chance.uniform(0, self._pause))

    def _someone(self, fans: list[str], sender: int, chance: random.Random) -> str:
        """A newcomer, or one of the last who did something."""
        if not fans or chance.random() < 0.35:
            manner = chance.choice(("c", "m"))
            fans.append(f"{KNOWN}{manner}{sender}-{len(fans)}")
        return chance.choice(fans[-12:])

    def _until_acknowledged(self, session: requests.Session, body: bytes, chance: random.Random) -> None:
        if chance.random() < 0.1:  # the platform loses patience at once, and does not know what became of it
            self._post(session, body, 0.003)
        deadline = time.monotonic() + PATIENCE
        while self._post(session, body, 10) != 200:
            if time.monotonic() > deadline:
                self.trouble.append("A webhook was not acknowledged within its time.")
                return
            time.sleep(chance.uniform(0.05, 0.3))
        with self._lock:
            self.heard.webhooks += 1
            for one in self._connector.read(body, datetime.now(UTC)):
                self.heard.by_fan.setdefault((one.account, one.author), []).append((one.account, one.id))

    def _repeat(self, session: requests.Session, past: list[bytes], chance: random.Random) -> None:
        """What was acknowledged comes again, now and then: at once, or late."""
        again = [past[-1]] * (chance.random() < 0.1) + [chance.choice(past)] * (chance.random() < 0.1)
        for body in again:
            self._post(session, body, 10)
            with self._lock:
                self.heard.repeated += 1

    def _post(self, session: requests.Session, body: bytes, patience: float) -> int:
        with self._lock:
            self.heard.tries += 1
        try:
            status = session.post(self._url, body, headers=signed(body), timeout=patience).status_code
        except requests.RequestException:
            return 0
        if status != 200:
            self.trouble.append(f"A webhook was answered with status {status}.")
        return status


def webhook(things: Sequence[Mapping[str, Any]]) -> bytes:
    return json.dumps({"object": "page", "entry": things}).encode()


def signed(body: bytes) -> dict[str, str]:
    signature = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}


def thing(fan: str, id: str, chance: random.Random) -> dict[str, Any]:
    """One comment or message, as an entry of a webhook. Those whose names begin with "replaym" write."""
    pages = [one.partition(":")[0] for one in PAGES.split(",")]
    page, now = pages[hash_of(fan) % len(pages)], int(time.time() * 1000)
    if fan.startswith(f"{KNOWN}m"):
        message = {"mid": id, "text": chance.choice(MESSAGES)}
        event = {"sender": {"id": fan}, "recipient": {"id": page}, "timestamp": now, "message": message}
        return {"id": page, "time": now, "messaging": [event]}
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": id,
        "post_id": f"{page}_1",
        "parent_id": f"{page}_1",
        "created_time": now // 1000,
        "from": {"id": fan, "name": fan},
        "message": chance.choice(COMMENTS),
    }
    return {"id": page, "time": now // 1000, "changes": [{"field": "feed", "value": value}]}


def hash_of(word: str) -> int:
    """The same in every process, unlike Python's own."""
    return int(hashlib.sha256(word.encode()).hexdigest(), 16)
