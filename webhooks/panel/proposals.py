"""Bringing an offer to one fan: first what would become of it, then the manager's word."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for
from sqlmodel import Session

from bot import bringing, own_words, soliciting
from offers.catalog import Offer
from optin import people
from optin.permits import Deferral, Refusal
from webhooks.door import the_bot
from webhooks.panel import fan_reports, who

blueprint = APIBlueprint("proposals", __name__, enable_openapi=False)


@blueprint.get("/fans/<uuid:fan_id>/propose")
def look(fan_id: UUID) -> Response:
    """The answer before anything is decided: looking changes nothing."""
    return _page(fan_id, _id(request.args.get("offer", "")), 200)


@blueprint.post("/fans/<uuid:fan_id>/propose")
def propose(fan_id: UUID) -> Response:
    bot, offer_id = the_bot(), _id(request.form.get("offer", ""))
    with bot.transaction() as session:
        offer = session.get(Offer, offer_id) or abort(404)
        _be_a_fan(session, fan_id)
        proposed = bringing.propose(session, bot, fan_id, offer, who.me(), bot.now())
    if isinstance(proposed.answer, Refusal):
        return _page(fan_id, offer_id, 409)
    flash(str(proposed.message_id), "put_off" if isinstance(proposed.answer, Deferral) else "proposed")
    return make_response(redirect(url_for("panel.fans.one", fan_id=fan_id), 303))


def _page(fan_id: UUID, offer_id: UUID, status: int) -> Response:
    bot, mine = the_bot(), own_words.signature(who.me())
    with bot.reading() as session:
        offer = session.get(Offer, offer_id) or abort(404)
        fan_ids = _be_a_fan(session, fan_id)
        preview = soliciting.preview(session, bot, fan_id, offer, bot.now(), mine)
        profiles = fan_reports.of_fans(session, fan_ids)
    page = render_template("panel/proposal.html", fan_id=fan_id, offer=offer, preview=preview, profiles=profiles)
    return make_response(page, status)


def _be_a_fan(session: Session, fan_id: UUID) -> tuple[UUID, ...]:
    try:
        return people.one(session, fan_id).fan_ids
    except KeyError:
        abort(404)


def _id(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        abort(404)
