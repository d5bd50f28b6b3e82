"""Who is one person with whom: a manager links two fans, or takes a link back, each with a reason."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for

from bot import noting
from optin import people
from optin.fans import Fan
from webhooks.door import the_bot
from webhooks.panel import fan_reports, who
from webhooks.panel.asking import LARGEST

blueprint = APIBlueprint("links", __name__, enable_openapi=False)


@blueprint.get("/fans/<uuid:fan_id>/link")
def look(fan_id: UUID) -> Response:
    return _page(fan_id, None, "", 200)


@blueprint.post("/fans/<uuid:fan_id>/link/<uuid:other_id>")
def link(fan_id: UUID, other_id: UUID) -> Response:
    bot, reason = the_bot(), request.form.get("reason", "").strip()
    with bot.transaction() as session:
        if session.get(Fan, fan_id) is None or session.get(Fan, other_id) is None:
            abort(404)
        done = bool(reason) and noting.link(session, fan_id, other_id, reason, who.me(), bot.now())
    if not reason:
        return _page(fan_id, other_id, "no_reason", 422)
    return _back(fan_id, done, "linked")


@blueprint.post("/fans/<uuid:fan_id>/unlink")
def unlink(fan_id: UUID) -> Response:
    bot, reason, number = the_bot(), request.form.get("reason", "").strip(), request.form.get("link", "")
    link_id = int(number) if number.isascii() and number.isdecimal() and len(number) < 20 else 0
    if not reason:
        return _back(fan_id, False, "", "no_reason")
    with bot.transaction() as session:
        if session.get(Fan, fan_id) is None or not 0 < link_id <= LARGEST:
            abort(404)
        done = noting.unlink(session, fan_id, link_id, reason, who.me(), bot.now())
    return _back(fan_id, done, "unlinked")


def _page(fan_id: UUID, chosen: UUID | None, fault: str, status: int) -> Response:
    bot, wanted = the_bot(), request.args.get("q", "").strip()[:200]
    with bot.reading() as session:
        if session.get(Fan, fan_id) is None:
            abort(404)
        mine = fan_reports.of_fans(session, people.one(session, fan_id).fan_ids)
        found = fan_reports.candidates(session, fan_id, wanted) if wanted else []
        if chosen is not None and not wanted:
            found = fan_reports.known(session, fan_reports.of_fans(session, [chosen]))
    page = render_template(
        "panel/link.html", fan_id=fan_id, mine=mine, found=found, wanted=wanted, chosen=chosen, fault=fault
    )
    return make_response(page, status)


def _back(fan_id: UUID, done: bool, verb: str, otherwise: str = "decided_already") -> Response:
    flash("", verb if done else otherwise)
    return make_response(redirect(url_for("panel.fans.one", fan_id=fan_id), 303))
