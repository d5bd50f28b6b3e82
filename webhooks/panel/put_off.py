"""What was put off: with its day and its reason, to be dropped or to compete at once."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, flash, make_response, redirect, render_template, request, url_for

from bot import bringing
from bot.desk import Done, TooLate
from webhooks.door import the_bot
from webhooks.panel import asking, reports, who

blueprint = APIBlueprint("put_off", __name__, enable_openapi=False)


@blueprint.get("/put-off")
def show() -> str:
    with the_bot().reading() as session:
        waiting = reports.put_off(session, asking.after_id())
    return render_template("panel/put_off.html", messages=waiting)


@blueprint.post("/put-off/<uuid:message_id>/drop")
def drop(message_id: UUID) -> Response:
    bot, because = the_bot(), request.form.get("because", "")
    with bot.transaction() as session:
        decided = bringing.drop(session, message_id, because, who.me(), bot.now())
    return _back(decided, message_id, "dropped")


@blueprint.post("/put-off/<uuid:message_id>/now")
def at_once(message_id: UUID) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        decided = bringing.let_compete(session, message_id, who.me(), bot.now())
    return _back(decided, message_id, "let_compete")


def _back(decided: Done | TooLate, message_id: UUID, verb: str) -> Response:
    flash(str(message_id), verb if isinstance(decided, Done) else "decided_already")
    return make_response(redirect(url_for("panel.put_off.show"), 303))
