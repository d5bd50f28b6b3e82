"""The community managers' panel: nobody sees any of it without signing in."""

from apiflask import APIBlueprint
from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_wtf.csrf import CSRFError

from webhooks import i18n
from webhooks.door import the_bot
from webhooks.panel import (
    ambassadors,
    asking,
    attention,
    audiences,
    counter,
    dossiers,
    fans,
    filters,
    hooks,
    journal,
    leads,
    links,
    messages,
    offers,
    proposals,
    put_off,
    queue,
    refusals,
    reports,
    rules,
    sign_in,
    value,
    ways,
    who,
)
from webhooks.panel.shapes import Waiting

OPEN = "panel.sign_in.enter"  # the one page for who is not signed in

blueprint = APIBlueprint("panel", __name__, url_prefix="/panel", enable_openapi=False)
PAGES = (
    sign_in,
    queue,
    put_off,
    offers,
    fans,
    proposals,
    links,
    messages,
    dossiers,
    leads,
    refusals,
    attention,
    rules,
    hooks,
    audiences,
    journal,
    counter,
    value,
    ways,
    ambassadors,
)
for page in PAGES:
    blueprint.register_blueprint(page.blueprint)
for one in filters.ALL:
    blueprint.add_app_template_filter(one, one.__name__)


@blueprint.record_once
def set_up(state: BlueprintSetupState) -> None:
    state.app.config.update(who.SESSION)
    who.sign_ins.init_app(state.app)


@blueprint.before_request
def admit() -> Response | None:
    """Who is not signed in gets no further than the sign-in page."""
    if any("\0" in value for values in request.values.listvalues() for value in values):
        abort(400)  # PostgreSQL has no such letter, and no browser sends it
    manager = who.somebody()
    if manager is not None:
        i18n.prefer(manager.language)
        return None
    return None if request.endpoint == OPEN else _to_the_door()


@blueprint.context_processor
def in_every_page() -> dict[str, object]:
    return {
        "brand": the_bot().settings.brand,
        "me": who.somebody(),
        "waiting": _waiting,
        "advertises": bool(the_bot().audiences),
        "here": asking.here,
        "in_language": asking.in_language,
    }


@blueprint.errorhandler(CSRFError)
def forged_or_stale(_error: CSRFError) -> Response:
    """The form comes from another page, or from a session that has ended. It changed nothing."""
    return make_response(render_template("panel/stale.html"), 400)


def _waiting() -> Waiting:
    bot = the_bot()
    with bot.reading() as session:
        return reports.waiting(session, bot.audiences, bot.now())


def _to_the_door() -> Response:
    if request.method != "GET" or request.headers.get("X-Requested-With"):
        next_page = url_for("panel.queue.show")
    else:
        next_page = request.full_path.rstrip("?")
    return make_response(redirect(url_for(OPEN, next=next_page), 303))
