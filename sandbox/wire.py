"""What the pretend platforms share: a clock that can be moved, the log of calls, faults on demand, and deliveries."""

import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import urllib3
from flask import Blueprint

RETRY_PAUSES = (0.2, 0.5, 1, 2, 5, 10, 20, 30)  # seconds; the real ones go on for hours


@dataclass(frozen=True, slots=True)
class Call:
    """One request that the bot made, as the platform saw it. `done` says whether it took effect."""

    platform: str
    what: str  # "private_reply", "public_reply", "message", "hide", "like", ...
    to: str
    text: str
    at: float
    done: bool
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Fault:
    """The next `times` calls of `what` ("" for any) on `platform` go wrong in this way."""

    platform: str
    kind: str  # "500", "html", "empty", "timeout" (not done), "lost" (done, no answer), or one of the platform's own
    what: str = ""
    times: int = 1


class Faults:
    def __init__(self) -> None:
        self._planned: list[Fault] = []
        self._lock = threading.Lock()

    def plan(self, fault: Fault) -> None:
        with self._lock:
            self._planned.append(fault)

    def take(self, platform: str, what: str) -> str:
        """The kind of fault that this call must show, or ""."""
        with self._lock:
            for fault in self._planned:
                if fault.platform == platform and fault.what in ("", what) and fault.times > 0:
                    fault.times -= 1
                    return fault.kind
        return ""


@dataclass(frozen=True, slots=True)
class Delivery:
    url: str
    body: bytes
    headers: Mapping[str, str]


class Wire:
    """The ground under the pretend platforms. `bot_url` is where webhooks go; "" sends none."""

    def __init__(self, bot_url: str = "") -> None:
        self.bot_url = bot_url
        self.faults = Faults()
        self.calls: deque[Call] = deque(maxlen=100_000)
        self.undelivered: deque[Delivery] = deque(maxlen=1000)
        self._ahead = 0.0
        self._ids = itertools.count(int(time.time() * 1000) * 1000)
        self._waiting: queue.Queue[Delivery] = queue.Queue()
        for _ in range(4):
            threading.Thread(target=self._deliver_all, daemon=True).start()

    def now(self) -> float:
        """Seconds since 1970, moved by `advance`."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds

    def new_id(self) -> str:
        """A new number as text, growing, and unlike those of earlier runs."""
        return str(next(self._ids))

    def note(self, call: Call) -> None:
        self.calls.append(call)

    def deliver(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """POST `body` to the bot, in the background, again and again until it answers 2xx."""
        if self.bot_url:
            self._waiting.put(Delivery(self.bot_url + path, body, headers))

    def ask(self, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """POST `body` to the bot once, and say what it answers as JSON; nothing where it does not."""
        if not self.bot_url:
            return {}
        with urllib3.PoolManager(timeout=10, retries=False) as pool:
            answer = pool.request("POST", self.bot_url + path, body=body, headers=headers)
        is_json = answer.status < 400 and answer.headers.get("Content-Type") == "application/json"
        return dict(answer.json()) if is_json else {}

    def _deliver_all(self) -> None:
        with urllib3.PoolManager(timeout=10, retries=False) as pool:
            while True:
                delivery = self._waiting.get()
                if not self._deliver(pool, delivery):
                    self.undelivered.append(delivery)

    def _deliver(self, pool: urllib3.PoolManager, delivery: Delivery) -> bool:
        for pause in (*RETRY_PAUSES, 0):
            try:
                answer = pool.request("POST", delivery.url, body=delivery.body, headers=delivery.headers)
                if answer.status < 400:
                    return True
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(pause)
        return False


class Pretender(Protocol):
    """One pretend platform: its API as a blueprint under `/NAME`, what its page shows, and what a fan can do there."""

    name: str
    blueprint: Blueprint

    def view(self) -> dict[str, Any]:
        """What the sandbox page draws, as JSON: `{"threads": [{"id", "kind", "title", "fan", "entries": [...]}]}`.

        `kind` is "post", "group", "timeline" (all read it) or "chat" (with `fan`). An entry has "id", "author", "text",
        "at", "by_brand", and where it applies "parent", "hidden", "removed", "liked" and "buttons" (each "label",
        "payload", "url", "ask"). The page shows what it finds and asks for no more.
        """
        ...

    def act(self, deed: str, fan: str, **words: str) -> dict[str, Any]:
        """A fan of this name does a deed ("comment", "write", "press", ...). Returns ids; KeyError if unknown."""
        ...


Build = Callable[[Wire, Mapping[str, str]], Pretender]  # each platform module has `build(wire, environ)`
