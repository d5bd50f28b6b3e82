"""What a visitor is told when something goes wrong: a kind page for people, problem+json for machines."""

import traceback
from pathlib import Path
from typing import Any, NoReturn

import structlog
from apiflask import APIFlask, HTTPError, abort
from apiflask.types import ResponseReturnValueType
from flask import Request, Response, json, render_template, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, default_exceptions

from webhooks.door import the_bot

PROBLEM = "application/problem+json"  # RFC 9457

log = structlog.get_logger()


class Sent(Request):
    def on_json_loading_failed(self, error: ValueError | None) -> NoReturn:
        """JSON under another type is read all the same, since many a tool names none."""
        abort(400 if self.is_json else 415, "The body has to be JSON, sent with `Content-Type: application/json`.")


class Web(APIFlask):
    """An app that logs where a request broke, and nothing that somebody wrote: an address opens a fan's page."""

    request_class = Sent

    def log_exception(self, exc_info: Any) -> None:
        kind, error, trace = exc_info
        log.error(
            "request broke",
            door=request.endpoint,
            method=request.method,
            error=kind.__name__,
            said="" if isinstance(error, SQLAlchemyError) else str(error),  # a database repeats the values it refused
            at=" > ".join(f"{Path(one.filename).name}:{one.lineno}" for one in traceback.extract_tb(trace)[-12:]),
        )


def install(app: APIFlask) -> None:
    """Answer every fault of the app ourselves."""
    app.register_error_handler(HTTPException, told)
    app.error_callback = from_apiflask


def told(error: HTTPException) -> Response:
    """The answer to an error, in the form that its asker understands."""
    status = error.code or 500
    if request.path.startswith("/api/"):
        answer = problem(status)
    else:
        answer = Response(render_template("fault.html", status=status, brand=the_bot().settings.brand))
    answer.status_code = status
    _keep_what_the_status_needs(error, answer)
    return answer


def from_apiflask(error: HTTPError) -> ResponseReturnValueType:
    answer = problem(error.status_code, error.message or "", error.detail)
    answer.headers.update(error.headers)
    return answer


def problem(status: int, detail: str = "", errors: object = None) -> Response:
    """One error in the words of RFC 9457. It never repeats what was sent."""
    known = default_exceptions.get(status)
    title = known().name if known else "Error"
    said: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail or title}
    if errors:
        said["errors"] = errors
    return Response(json.dumps(said), status=status, mimetype=PROBLEM)


def _keep_what_the_status_needs(error: HTTPException, answer: Response) -> None:
    """405 says which methods are allowed, 401 how to sign in, 429 when to come back."""
    for name, value in error.get_headers():
        if name in ("Allow", "WWW-Authenticate", "Retry-After"):
            answer.headers[name] = value
