"""Delivering: what the brand's own systems asked to be told is posted to them, signed, until it has arrived.

As with messages: take and commit, post outside any transaction, note what became of it and commit. Here, to try again
is safe, since a receiver knows what he had before by its `webhook-id` (Standard Webhooks 1.0.0).
"""

import json
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from cryptography.fernet import InvalidToken
from sqlmodel import Session
from standardwebhooks import Webhook

from bot import posting, sealing
from bot.assembly import Bot
from bot.posting import Answer, Trouble
from leads import hooks, letters
from leads.hooks import Delivery, Endpoint, Shut, State

AT_ONCE = 8
TRIES = 14  # over some three days, see `pause`
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=12)
LONGEST_REST = timedelta(minutes=5)  # of an endpoint that fails: the others' deliveries don't wait behind its own
PATIENCE = timedelta(days=3)  # with an endpoint that lets nothing arrive
GONE = 410

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letter:
    """Ready to be posted. No headers: it can't be signed."""

    delivery: Delivery
    url: str
    headers: dict[str, str]
    body: str


def deliver_some(bot: Bot, threads: Executor) -> int:
    """Post what is due, a few at once. Says how many were taken."""
    now = bot.now()
    with bot.reading() as session:
        if not hooks.anything_due(session, now):
            return 0
    with bot.transaction() as session:
        letters = [_letter(session, bot, *one, now) for one in hooks.take(session, AT_ONCE, now)]
    answers = list(threads.map(lambda letter: _post(bot, letter), letters))
    for letter, answer in zip(letters, answers, strict=True):
        with bot.transaction() as session:
            _note(session, bot, letter.delivery, answer, bot.now())
    return len(letters)


def _letter(session: Session, bot: Bot, delivery: Delivery, endpoint: Endpoint, now: datetime) -> Letter:
    body = json.dumps(letters.of(session, delivery), ensure_ascii=False, separators=(",", ":"))
    try:
        keys = keys_of(bot, endpoint, now)
    except InvalidToken:
        return Letter(delivery, endpoint.url, {}, "")
    return Letter(delivery, endpoint.url, signed(delivery.word, keys, body, now), body)


def keys_of(bot: Bot, endpoint: Endpoint, now: datetime) -> list[str]:
    """With which it is signed: the key, and the one before as long as the receiver may not know the new one."""
    both = endpoint.before_until is not None and now < endpoint.before_until
    sealed = [endpoint.secret, *([endpoint.secret_before] if both else [])]
    return [sealing.opened(bot.settings.secret, one) for one in sealed]


def signed(word: str, keys: Sequence[str], body: str, now: datetime) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "Fanfare-Webhooks/1",
        "webhook-id": word,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(word, now, body) for key in keys),
    }


def _post(bot: Bot, letter: Letter) -> Answer:
    """The one network call, outside any transaction."""
    if not letter.headers:
        return Answer(trouble=Trouble.NO_KEY)
    try:
        return posting.post(letter.url, letter.headers, letter.body, local=bot.settings.webhooks_local)
    except Exception as error:  # noqa: BLE001 - a defect of ours must not keep the others from being noted
        log.error("posting_broke", delivery=letter.delivery.id, error=type(error).__name__)
        return Answer(trouble=Trouble.NO_HTTP)


def _note(session: Session, bot: Bot, delivery: Delivery, answer: Answer, now: datetime) -> None:
    log.info("told", delivery=delivery.id, of=delivery.event, status=answer.status, trouble=answer.trouble)
    told = {"status": answer.status, "trouble": answer.trouble or ""}
    if answer.arrived:
        hooks.finish(session, delivery, State.DELIVERED, done_at=now, **told)
        hooks.arrived(session, delivery.endpoint_id)
        return
    wait = pause(delivery.attempts, bot.draw())
    last = delivery.attempts >= TRIES or answer.status == GONE
    ending = {"done_at": now} if last else {"due_at": now + wait}
    if not hooks.finish(session, delivery, State.FAILED if last else State.WAITING, **told, **ending):
        return
    failing_since = hooks.failed(session, delivery.endpoint_id, now + min(wait, LONGEST_REST), now)
    why = Shut.GONE if answer.status == GONE else Shut.FAILING
    if (why is Shut.GONE or now - failing_since >= PATIENCE) and hooks.shut(session, delivery.endpoint_id, why, now):
        log.warning("endpoint_shut", endpoint=str(delivery.endpoint_id), why=why.value)


def pause(attempts: int, draw: int) -> timedelta:
    """Three times as long at each attempt, and by chance half as long or half as long again: not all at one moment."""
    full: timedelta = min(FIRST_PAUSE * 3 ** (attempts - 1), LONGEST_PAUSE)
    return full * (0.5 + draw / 2**64)
