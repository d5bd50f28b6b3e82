"""The fans: whom we met, what passed between us, and what each of them allows."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for

from bot import managers, own_words
from bot.own_words import Unfit
from optin import people
from optin.fans import Profile
from optin.permits import Answer, Permit, Refusal
from webhooks.door import the_bot
from webhooks.panel import asking, reports, who

blueprint = APIBlueprint("fans", __name__, enable_openapi=False)


@blueprint.get("/fans")
def show() -> str:
    bot, wanted = the_bot(), request.args.get("q", "").strip()[:200]
    platform = request.args.get("platform", "")
    with bot.reading() as session:
        people = reports.met(session, wanted, platform, asking.after_id())
    return render_template(
        "panel/fans.html", people=people, wanted=wanted, platform=platform, platforms=sorted(bot.connectors)
    )


@blueprint.get("/fans/<uuid:fan_id>")
def one(fan_id: UUID) -> Response:
    return _page(fan_id, 200)


@blueprint.post("/fans/<uuid:fan_id>/write")
def write(fan_id: UUID) -> Response:
    """A manager's own answer, in a conversation that is open."""
    bot, typed = the_bot(), request.form.get("text", "")
    message_id, profile_id = _id("message"), _id("profile")
    with bot.transaction() as session:
        profile = session.get(Profile, profile_id)
        if profile is None or profile.fan_id not in people.one(session, fan_id).fan_ids:
            abort(404)
        said = own_words.write(session, bot, profile, message_id, typed, who.me(), bot.now())
    if isinstance(said, Unfit | Refusal):
        against = said.value if isinstance(said, Unfit) else said.why
        return _page(fan_id, 422, {"profile": profile_id, "typed": typed, "against": against})
    flash(str(said), "wrote")
    return make_response(redirect(url_for("panel.fans.one", fan_id=fan_id), 303))


def _id(field: str) -> UUID:
    try:
        return UUID(request.form.get(field, ""))
    except ValueError:
        abort(400)


def _page(fan_id: UUID, status: int, problem: dict[str, object] | None = None) -> Response:
    bot, now = the_bot(), the_bot().now()
    with bot.reading() as session:
        story = reports.story(session, fan_id, bot.settings.brand)
        if story is None:
            abort(404)
        permits: dict[UUID, Answer] = {
            profile.id: own_words.may_write(session, bot, profile, now) for profile in story.profiles
        }
        names = {f"manager:{manager_id}": name for manager_id, name in managers.names(session).items()}
    page = render_template(
        "panel/fan.html",
        story=story,
        permits=permits,
        may=[profile for profile in story.profiles if isinstance(permits[profile.id], Permit)],
        names=names,
        problem=problem,
        new_id=bot.new_id,
    )
    return make_response(page, status)
