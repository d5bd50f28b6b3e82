"""The web process: every door, put on one app."""

from apiflask import APIBlueprint, APIFlask
from flask import render_template

from bot.assembly import Bot
from webhooks import (
    api,
    callbacks,
    choices,
    claim,
    confirm,
    faults,
    headers,
    health,
    i18n,
    panel,
    receive,
    rights,
    unsubscribe,
    why,
)
from webhooks.door import csrf, the_bot

SPEC = "/api/v1/openapi.json"
SMALL = 64 * 1024  # what a form or a question to the API may weigh

front = APIBlueprint("front", __name__, enable_openapi=False)
# These carry no cookie that a foreign page could misuse: nothing, the word in the link, a signature, a bearer key.
GUARDED = (
    health.blueprint, claim.blueprint, confirm.blueprint, choices.blueprint, why.blueprint, unsubscribe.blueprint,
    rights.blueprint, callbacks.blueprint, api.blueprint,
)  # fmt: skip


def create_app(bot: Bot) -> APIFlask:
    """The app that answers for this bot. A blueprint brings its own set-up by `record_once`."""
    app = faults.Web(__name__, title="Fanfare", version="1", spec_path=SPEC, docs_path=None, json_errors=False)
    https = bot.settings.address.startswith("https://")
    app.extensions["fanfare"] = bot
    app.config.update(
        SECRET_KEY=bot.settings.secret,
        MAX_CONTENT_LENGTH=SMALL,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
    )
    i18n.install(app)
    faults.install(app)
    csrf.init_app(app)
    app.after_request(headers.put_on)
    for blueprint in (front, *GUARDED, panel.blueprint):
        app.register_blueprint(blueprint)
    for guarded in GUARDED:
        csrf.exempt(guarded)
    app.wsgi_app = receive.Receiver(bot, app.wsgi_app)  # type: ignore[method-assign]
    return app


@front.get("/")
def home() -> str:
    return render_template("home.html", brand=the_bot().settings.brand)
