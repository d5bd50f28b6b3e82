"""Webhooks: which of the brand's own systems are told at once, what they were told, and with which secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for
from sqlmodel import Session

from bot import hooking
from bot.hooking import Made, Odd
from leads import hooks
from leads.hooks import Delivery, Endpoint, Event
from webhooks.door import the_bot
from webhooks.panel import asking, reports, who

EVENTS = tuple(event.value for event in Event if event is not Event.TEST)

blueprint = APIBlueprint("hooks", __name__, enable_openapi=False)


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it stands on the page, faults and all."""

    url: str = ""
    events: Sequence[str] = EVENTS
    faults: Sequence[Odd] = ()


@blueprint.get("/webhooks")
def show() -> Response:
    return _page(Typed())


@blueprint.post("/webhooks")
def add() -> Response:
    """The secret is shown on the answer itself: it stands in no address and in no cookie."""
    bot = the_bot()
    url, events = request.form.get("url", "").strip(), request.form.getlist("events")
    faults = hooking.against(url, events, local=bot.settings.webhooks_local)
    if faults:
        return _page(Typed(url, events, faults), 422)
    with bot.transaction() as session:
        made = hooking.add(session, bot, url, events, who.me(), bot.now())
    return _one(made.endpoint.id, made)


@blueprint.get("/webhooks/<uuid:endpoint_id>")
def one(endpoint_id: UUID) -> Response:
    return _one(endpoint_id)


@blueprint.post("/webhooks/<uuid:endpoint_id>/secret")
def rotate(endpoint_id: UUID) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        made = hooking.rotate(session, bot, _known(session, endpoint_id), who.me(), bot.now())
    return _one(endpoint_id, made)


@blueprint.post("/webhooks/<uuid:endpoint_id>/test")
def test(endpoint_id: UUID) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        hooks.test(session, _known(session, endpoint_id), bot.now())
    return _back(endpoint_id, True, "hook_tested")


@blueprint.post("/webhooks/<uuid:endpoint_id>/shut")
def shut(endpoint_id: UUID) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        done = hooking.shut(session, _known(session, endpoint_id), who.me(), bot.now())
    return _back(endpoint_id, done, "hook_shut")


@blueprint.post("/webhooks/<uuid:endpoint_id>/open")
def reopen(endpoint_id: UUID) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        done = hooking.reopen(session, _known(session, endpoint_id), who.me(), bot.now())
    return _back(endpoint_id, done, "hook_reopened")


@blueprint.post("/webhooks/<uuid:endpoint_id>/again/<int(max=9223372036854775807):delivery_id>")
def replay(endpoint_id: UUID, delivery_id: int) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        delivery = session.get(Delivery, delivery_id)
        if delivery is None or delivery.endpoint_id != endpoint_id:
            abort(404)
        done = hooking.replay(session, delivery, who.me(), bot.now())
    return _back(endpoint_id, done, "hook_replayed")


def _known(session: Session, endpoint_id: UUID) -> Endpoint:
    return session.get(Endpoint, endpoint_id) or abort(404)


def _page(typed: Typed, status: int = 200) -> Response:
    with the_bot().reading() as session:
        endpoints, counts = hooks.listed(session), hooks.counts(session)
    page = render_template("panel/hooks.html", endpoints=endpoints, counts=counts, typed=typed, events=EVENTS)
    return make_response(page, status)


def _one(endpoint_id: UUID, made: Made | None = None) -> Response:
    bot = the_bot()
    with bot.reading() as session:
        endpoint = _known(session, endpoint_id)
        deliveries = reports.deliveries(session, endpoint_id, asking.after_number())
    page = render_template(
        "panel/hook.html",
        endpoint=endpoint,
        deliveries=deliveries,
        secret=made.secret if made else "",
        both_until=endpoint.before_until if endpoint.before_until and bot.now() < endpoint.before_until else None,
    )
    return make_response(page)


def _back(endpoint_id: UUID, done: bool, verb: str) -> Response:
    flash("", verb if done else "decided_already")
    return make_response(redirect(url_for("panel.hooks.one", endpoint_id=endpoint_id), 303))
