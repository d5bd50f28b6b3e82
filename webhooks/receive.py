"""What the platforms send: checked on the raw bytes, kept, and acknowledged. Nobody thinks here.

It stands in front of Flask, as a WSGI application of its own: a webhook has no session, no form and no page, and what
Flask does for those costs more than keeping it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from bot import database, inbox, lanes
from bot.assembly import Bot
from connectors import Connector, Interaction

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Answer = tuple[HTTPStatus, str]

DOOR = "/webhooks/"
LARGEST = 3 * 1024 * 1024  # bytes: above any batch that a platform sends; Meta's largest is 3 MB (checked 2025-12)


class Receiver:
    """Answers what comes to `/webhooks/PLATFORM`, and hands all else on: a platform's callbacks, too."""

    def __init__(self, bot: Bot, inside: Application) -> None:
        self._bot = bot
        self._at_once = database.at_once(bot.engine)
        self._inside = inside

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if not path.startswith(DOOR) or "/" in path.removeprefix(DOOR):
            return self._inside(environ, start_response)
        status, text = self._answer(self._bot.connectors.get(path.removeprefix(DOOR)), environ)
        body = text.encode()
        # no-sniff: the handshake gives back a word that anybody may have chosen
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
        start_response(f"{status.value} {status.phrase}", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, connector: Connector | None, environ: Environ) -> Answer:
        if connector is None:
            return HTTPStatus.NOT_FOUND, "no such platform"
        match environ["REQUEST_METHOD"]:
            case "POST":
                return self._receive(connector, environ)
            case "GET" | "HEAD":
                return _shake_hands(connector, environ)
        return HTTPStatus.METHOD_NOT_ALLOWED, "POST or GET"

    def _receive(self, connector: Connector, environ: Environ) -> Answer:
        """200 says that everything in it is kept: once that is said, nothing may lose it."""
        length = _length(environ)
        if length > LARGEST:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large"
        body = environ["wsgi.input"].read(length)
        if len(body) < length or not connector.verify(_headers(environ), body):
            return HTTPStatus.FORBIDDEN, "not signed as it should be"
        now = self._bot.now()
        self._keep(connector.read(body, now), now)
        return HTTPStatus.OK, "kept"

    def _keep(self, interactions: list[Interaction], now: datetime) -> None:
        one_statement = len(interactions) <= 1
        with self._at_once.connect() if one_statement else self._bot.engine.begin() as connection:
            inbox.keep(connection, interactions, lanes.of, now)


def _shake_hands(connector: Connector, environ: Environ) -> Answer:
    """The platform asks whether this address is ours."""
    challenge = connector.handshake(dict(parse_qsl(environ.get("QUERY_STRING", ""))))
    return (HTTPStatus.FORBIDDEN, "not our word") if challenge is None else (HTTPStatus.OK, challenge)


def _length(environ: Environ) -> int:
    """What the sender says that follows. Of what comes without a length nothing is read, so no signature fits it."""
    stated: str = environ.get("CONTENT_LENGTH") or ""
    return int(stated) if stated.isdecimal() else 0


def _headers(environ: Environ) -> Mapping[str, str]:
    return {name[5:].replace("_", "-").title(): value for name, value in environ.items() if name.startswith("HTTP_")}
