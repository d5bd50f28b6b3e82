"""What needs a person: messages that may not have arrived, what broke the bot, silenced accounts, failing audiences."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, flash, make_response, redirect, render_template, request, url_for

from bot import audiences, desk
from bot.desk import Done
from leads import hooks
from webhooks.door import the_bot
from webhooks.panel import asking, reports, who

blueprint = APIBlueprint("attention", __name__, enable_openapi=False)


@blueprint.get("/attention")
def show() -> str:
    bot, now = the_bot(), the_bot().now()
    with bot.reading() as session:
        return render_template(
            "panel/attention.html",
            uncertain=reports.uncertain(session, asking.after_id()),
            aside=reports.aside(session, asking.after_number()),
            paused=reports.paused(session, now),
            shut=hooks.troubled(session),
            audiences=audiences.troubled(session, bot.audiences, now),
            reached=bot.audiences,
            outcomes=reports.outcomes(session, now),
        )


@blueprint.post("/uncertain/<uuid:message_id>/arrived")
def arrived(message_id: UUID) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        decided = desk.say_sent(session, message_id, who.me(), bot.now())
    return _back(isinstance(decided, Done), "said_sent")


@blueprint.post("/uncertain/<uuid:message_id>/again")
def again(message_id: UUID) -> Response:
    """To send once more what may have arrived is a person's risk to take: the box says that he has looked."""
    if not request.form.get("looked"):
        return _back(False, "", "not_looked")
    bot = the_bot()
    with bot.transaction() as session:
        decided = desk.send_again(session, message_id, who.me(), bot.now())
    return _back(isinstance(decided, Done), "sent_again")


@blueprint.post("/aside/<int(max=9223372036854775807):inbox_id>/try")
def try_again(inbox_id: int) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        done = desk.try_again(session, inbox_id, who.me(), bot.now())
    return _back(done, "tried_again")


@blueprint.post("/aside/<int(max=9223372036854775807):inbox_id>/dismiss")
def dismiss(inbox_id: int) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        done = desk.dismiss(session, inbox_id, who.me(), bot.now())
    return _back(done, "dismissed")


@blueprint.post("/accounts/resume")
def resume() -> Response:
    bot, platform, account = the_bot(), request.form.get("platform", ""), request.form.get("account", "")
    with bot.transaction() as session:
        done = desk.resume_account(session, platform, account, who.me(), bot.now())
    return _back(done, "resumed")


def _back(done: bool, verb: str, otherwise: str = "decided_already") -> Response:
    flash("", verb if done else otherwise)
    return make_response(redirect(url_for("panel.attention.show"), 303))
