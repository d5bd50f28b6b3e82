"""Why a message went, waits or stays unsaid: its receipts, and a decision about it taken back."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort, flash, make_response, redirect, render_template, url_for

from bot import desk, explaining, managers
from bot.desk import Done
from webhooks.door import the_bot
from webhooks.panel import who

blueprint = APIBlueprint("messages", __name__, enable_openapi=False)


@blueprint.get("/messages/<uuid:message_id>")
def why(message_id: UUID) -> str:
    bot = the_bot()
    with bot.reading() as session:
        explained = explaining.explain(session, bot, message_id) or abort(404)
        names = {f"manager:{manager_id}": name for manager_id, name in managers.names(session).items()}
    return render_template("panel/message.html", explained=explained, names=names)


@blueprint.post("/messages/<uuid:message_id>/undo")
def undo(message_id: UUID) -> Response:
    """Take back what was decided of a message that was never a draft."""
    bot = the_bot()
    with bot.transaction() as session:
        decided = desk.reopen(session, message_id, who.me(), bot.now())
    flash("", "taken_back" if isinstance(decided, Done) else "decided_already")
    return make_response(redirect(url_for("panel.messages.why", message_id=message_id), 303))
