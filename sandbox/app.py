"""The sandbox as one web application: pretend platforms, the page on which you play the fan, and what tests control."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, request

from sandbox import control, email, facebook, page, telegram, x
from sandbox.stage import Stage
from sandbox.wire import Build, Wire

PLATFORMS: tuple[Build, ...] = (facebook.build, telegram.build, x.build, email.build)


class Sandbox(Flask):
    def log_exception(self, exc_info: Any) -> None:
        """Without the address: it may hold the bot's token."""
        self.logger.error("%s failed", request.endpoint, exc_info=exc_info)


def create_app(bot_url: str, environ: Mapping[str, str]) -> Flask:
    """`bot_url` is where the bot listens; "" sends it nothing."""
    app = Sandbox(__name__)
    wire = Wire(bot_url)
    pretenders = [build(wire, environ) for build in PLATFORMS]
    app.extensions["stage"] = Stage(wire, {pretender.name: pretender for pretender in pretenders})
    app.before_request(refuse_other_sites)
    for blueprint in (*(pretender.blueprint for pretender in pretenders), control.blueprint, page.blueprint):
        app.register_blueprint(blueprint)
    return app


def refuse_other_sites() -> None:
    """A page of some other site, open in the same browser, must not play here."""
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin is not None and urlsplit(origin).netloc != request.host:
        abort(403, "This form was sent by another site.")
