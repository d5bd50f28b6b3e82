"""Plays a file of real messages into the bot, as its platforms would, and asks until everything is acknowledged."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import requests

from sandbox.envelopes import facebook_body, telegram_body, telegram_number
from sandbox.sayings import Manner, Saying, Trouble

FINAL = {400, 401, 403, 404, 405, 413, 415}  # asking again would bring the same answer
LONGEST_PAUSE = 5.0  # seconds
JSON = {"Content-Type": "application/json"}
DEEDS = {
    "telegram": {Manner.COMMENT: "comment", Manner.MESSAGE: "write"},
    "x": {Manner.COMMENT: "mention", Manner.MESSAGE: "write"},
}


@dataclass(frozen=True, slots=True)
class Post:
    """One request, and how many sayings it carries."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    carries: int


Envelop = Callable[[Sequence[Saying]], Post]


@dataclass(frozen=True, slots=True)
class Route:
    """The way by which one platform brings sayings to the bot."""

    envelop: Envelop
    reach: str  # what must answer before anything is sent
    key_prefix: str = ""  # what the ids begin with; "" where the platform gives them itself
    largest_batch: int = 1

    def expected(self, before: int, acknowledged: int) -> int:
        """How many the bot must know in the end. Ids of ours are the first ones of a file, each time."""
        return max(before, acknowledged) if self.key_prefix else before + acknowledged


@dataclass(frozen=True, slots=True)
class Pace:
    rate: float  # sayings a second; 0: as fast as they are acknowledged
    batch: int = 1
    patience: float = 60  # seconds for one request to be acknowledged, over all its tries


def by_facebook(environ: Mapping[str, str], url: str, sandbox_url: str, prefix: str) -> Route:
    """Signed webhooks, as Meta sends them: several changes and messages in one body."""
    secret = environ.get("FACEBOOK_APP_SECRET", "")
    page = environ.get("FACEBOOK_PAGES", "").partition(":")[0].strip()
    if not secret or not page:
        raise Trouble("Set FACEBOOK_APP_SECRET and FACEBOOK_PAGES to what the bot has, or it takes it for forged.")

    def envelop(sayings: Sequence[Saying]) -> Post:
        body = facebook_body(sayings, page, prefix, time.time())
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = JSON | {"X-Hub-Signature-256": f"sha256={signature}"}
        return Post(f"{url}/webhooks/facebook", body, headers, len(sayings))

    return Route(envelop, url, prefix, largest_batch=1000)


def by_telegram(environ: Mapping[str, str], url: str, sandbox_url: str, prefix: str) -> Route:
    """Webhooks with the secret header; without a secret, through the sandbox, from which the bot fetches updates."""
    secret = environ.get("TELEGRAM_SECRET_TOKEN", "")
    if not secret:
        return by_sandbox("telegram", sandbox_url)
    number = telegram_number(prefix)

    def envelop(sayings: Sequence[Saying]) -> Post:
        body = telegram_body(sayings[0], number, time.time())
        return Post(f"{url}/webhooks/telegram", body, JSON | {"X-Telegram-Bot-Api-Secret-Token": secret}, 1)

    return Route(envelop, url, number)


def by_x(environ: Mapping[str, str], url: str, sandbox_url: str, prefix: str) -> Route:
    """Through the sandbox: X brings nothing by itself, the bot fetches it."""
    return by_sandbox("x", sandbox_url)


def by_sandbox(platform: str, sandbox_url: str) -> Route:
    def envelop(sayings: Sequence[Saying]) -> Post:
        deed = {"platform": platform, "deed": DEEDS[platform][sayings[0].manner], "fan": sayings[0].fan_name}
        return Post(f"{sandbox_url}/control/act", json.dumps(deed | {"text": sayings[0].text}).encode(), JSON, 1)

    return Route(envelop, sandbox_url)


ROUTES: Mapping[str, Callable[[Mapping[str, str], str, str, str], Route]] = {
    "facebook": by_facebook,
    "telegram": by_telegram,
    "x": by_x,
}


def send(sayings: Sequence[Saying], route: Route, pace: Pace, told: Callable[[int], None]) -> int:
    """Sends all in their order, and counts those acknowledged; `told` hears of each request. Raises Trouble."""
    acknowledged = 0
    began = time.monotonic()
    with requests.Session() as session:
        for together in _batches(sayings, min(pace.batch, route.largest_batch)):
            _wait_for_turn(began, acknowledged, pace.rate)
            post = route.envelop(together)
            _until_acknowledged(session, post, pace.patience)
            acknowledged += post.carries
            told(post.carries)
    return acknowledged


def _batches(sayings: Sequence[Saying], size: int) -> Iterator[list[Saying]]:
    rest = iter(sayings)
    while together := list(islice(rest, size)):
        yield together


def _wait_for_turn(began: float, sent: int, rate: float) -> None:
    if rate:
        time.sleep(max(0.0, began + sent / rate - time.monotonic()))


def _until_acknowledged(session: requests.Session, post: Post, patience: float) -> None:
    deadline = time.monotonic() + patience
    pause = 0.1
    while (refusal := _refusal(session, post)) is not None:
        if time.monotonic() > deadline:
            raise Trouble(
                f"{post.url} {refusal}, for {patience:.0f} seconds. Run it again: what was heard is not repeated."
            )
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _refusal(session: requests.Session, post: Post) -> str | None:
    """Why it was not acknowledged, if that may pass. Raises Trouble if it will not."""
    try:
        status = session.post(post.url, post.body, headers=dict(post.headers), timeout=10).status_code
    except requests.RequestException:
        return "does not answer"
    if status in FINAL:
        hint = " Does it have the same secret?" if status in (401, 403) else ""
        raise Trouble(f"{post.url} refused it with status {status}.{hint}")
    return None if 200 <= status < 300 else f"answers with status {status}"


def reach(url: str) -> None:
    """Raises Trouble if nothing answers there."""
    try:
        requests.get(f"{url}/healthz", timeout=5)
    except requests.RequestException:
        elsewhere = "Is it running? Where it is elsewhere, say so with --url, or --sandbox-url for the sandbox."
        raise Trouble(f"Nothing answers at {url}. {elsewhere}") from None
