"""Hooking: what managers decide about the brand's own systems that are told at once."""

import base64
import ipaddress
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from sqlmodel import Session

from bot import assembly, changes, posting, sealing
from bot.assembly import Bot
from bot.changes import Subject, What
from bot.managers import Manager
from leads import hooks
from leads.hooks import Delivery, Endpoint, Shut

BOTH_HOLD = timedelta(hours=24)  # after a change of secret
LONGEST = 500


class Odd(StrEnum):
    """Why an address or a choice is not taken."""

    NO_ADDRESS = "no_address"
    NOT_SECURE = "not_secure"
    THIS_MACHINE = "this_machine"  # which a setting allows
    INTERNAL = "internal"
    NO_EVENT = "no_event"


@dataclass(frozen=True, slots=True)
class Made:
    """A new secret, which can be seen this once."""

    endpoint: Endpoint
    secret: str


def new_secret() -> str:
    """As Standard Webhooks writes it; thirty-two random bytes."""
    return f"whsec_{base64.b64encode(assembly.random_bytes()).decode()}"


def against(url: str, events: Collection[str], *, local: bool) -> list[Odd]:
    """What speaks against it, as far as it can be seen: where the name leads to is looked up at each post."""
    parts = urlsplit(url)
    found = []
    try:
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    readable = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST
    if not (readable and host and parts.scheme in ("http", "https") and parts.username is None and not parts.fragment):
        found.append(Odd.NO_ADDRESS)
    elif not _may_be_told(host, local=local):
        found.append(Odd.THIS_MACHINE if _may_be_told(host, local=True) else Odd.INTERNAL)
    elif parts.scheme == "http" and not local:
        found.append(Odd.NOT_SECURE)
    return found + ([] if hooks.wanted(events) else [Odd.NO_EVENT])


def _may_be_told(host: str, *, local: bool) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return local
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return posting.may_be_told(host, local=local)
    return True


def add(session: Session, bot: Bot, url: str, events: Collection[str], manager: Manager, now: datetime) -> Made:
    secret = new_secret()
    endpoint = Endpoint(
        id=bot.new_id(),
        url=url,
        events=hooks.wanted(events),
        secret=sealing.seal(bot.settings.secret, secret),
        created_at=now,
    )
    session.add(endpoint)
    session.flush()
    told = {"address": _host(endpoint), "events": endpoint.events}
    changes.record(session, manager, What.HOOK_ADDED, Subject.WEBHOOK, endpoint.id, {}, told, now)
    return Made(endpoint, secret)


def rotate(session: Session, bot: Bot, endpoint: Endpoint, manager: Manager, now: datetime) -> Made:
    """A new secret. For a day both sign, so that the receiver can change in his own time."""
    secret = new_secret()
    endpoint.secret_before, endpoint.before_until = endpoint.secret, now + BOTH_HOLD
    endpoint.secret = sealing.seal(bot.settings.secret, secret)
    session.add(endpoint)
    session.flush()
    _record(session, manager, What.HOOK_ROTATED, endpoint, now)
    return Made(endpoint, secret)


def shut(session: Session, endpoint: Endpoint, manager: Manager, now: datetime) -> bool:
    done = hooks.shut(session, endpoint.id, Shut.MANAGER, now)
    if done:
        _record(session, manager, What.HOOK_SHUT, endpoint, now)
    return done


def reopen(session: Session, endpoint: Endpoint, manager: Manager, now: datetime) -> bool:
    done = hooks.reopen(session, endpoint.id)
    if done:
        _record(session, manager, What.HOOK_REOPENED, endpoint, now)
    return done


def replay(session: Session, delivery: Delivery, manager: Manager, now: datetime) -> bool:
    done = hooks.replay(session, delivery, now)
    if done:
        _record(session, manager, What.HOOK_REPLAYED, session.get_one(Endpoint, delivery.endpoint_id), now)
    return done


def _record(session: Session, manager: Manager, what: What, endpoint: Endpoint, now: datetime) -> None:
    changes.record(session, manager, what, Subject.WEBHOOK, endpoint.id, {}, {"address": _host(endpoint)}, now)


def _host(endpoint: Endpoint) -> str:
    """Without its path, in which some systems carry a secret."""
    return urlsplit(endpoint.url).hostname or ""
