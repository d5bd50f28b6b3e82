"""The fans: whom we met, what passed between us, what each of them allows, and what a manager writes or notes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for

from bot import managers, noting, writing
from bot.noting import Said
from bot.own_words import Unfit
from leads import merits
from optin import people
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.permits import Answer, Permit
from webhooks.door import the_bot
from webhooks.i18n import PARIS
from webhooks.panel import asking, fan_reports, who

blueprint = APIBlueprint("fans", __name__, enable_openapi=False)


@dataclass(frozen=True, slots=True)
class Told:
    """What a manager notes of a fan, as it was typed: `fault` is what can't be read of it."""

    said: str = ""
    until: str = ""
    reason: str = ""
    fault: str = ""


@blueprint.get("/fans")
def show() -> str:
    bot, wanted = the_bot(), request.args.get("q", "").strip()[:200]
    platform, stopped = request.args.get("platform", ""), bool(request.args.get("stopped"))
    search = fan_reports.left_alone if stopped else fan_reports.met
    with bot.reading() as session:
        found = search(session, wanted, platform, asking.after_id())
    platforms = sorted(bot.connectors)
    return render_template(
        "panel/fans.html", people=found, wanted=wanted, platform=platform, platforms=platforms, stopped=stopped
    )


@blueprint.get("/fans/<uuid:fan_id>")
def one(fan_id: UUID) -> Response:
    return _page(fan_id, 200)


@blueprint.post("/fans/<uuid:fan_id>/write")
def write(fan_id: UUID) -> Response:
    """A manager's own answer, in a conversation that is open."""
    bot, typed, promotes = the_bot(), request.form.get("text", ""), bool(request.form.get("promotes"))
    message_id, profile_id = _id("message"), _id("profile")
    with bot.transaction() as session:
        profile = session.get(Profile, profile_id)
        if profile is None or profile.fan_id not in people.one(session, fan_id).fan_ids:
            abort(404)
        said = writing.write(session, bot, profile, message_id, typed, who.me(), bot.now(), promotes)
    if not isinstance(said, UUID):
        against = said.value if isinstance(said, Unfit) else said.why
        return _page(fan_id, 422, {"profile": profile_id, "typed": typed, "against": against, "promotes": promotes})
    flash(str(said), "wrote")
    return _to(fan_id)


@blueprint.post("/fans/<uuid:fan_id>/told")
def told(fan_id: UUID) -> Response:
    """What the fan said by phone or across the counter: a no, or a pause."""
    bot, form = the_bot(), request.form
    typed = Told(form.get("said", ""), form.get("until", "").strip(), form.get("reason", "").strip())
    until = _day(typed.until)
    fault = _fault(typed, until, bot.now())
    if fault:
        return _page(fan_id, 422, told=Told(typed.said, typed.until, typed.reason, fault))
    said = Said(typed.said)
    with bot.transaction() as session:
        if session.get(Fan, fan_id) is None:
            abort(404)
        noting.note(session, fan_id, said, until if said is Said.PAUSE else None, typed.reason, who.me(), bot.now())
    flash("", "noted")
    return _to(fan_id)


@blueprint.post("/fans/<uuid:fan_id>/helped/<int:words_id>")
def helped(fan_id: UUID, words_id: int) -> Response:
    """A manager saw that a fan's words helped another, or takes that back."""
    bot, undone = the_bot(), "undo" in request.form
    with bot.transaction() as session:
        words = session.get(Touchpoint, words_id) if words_id <= asking.LARGEST else None
        if words is None or not merits.may_help(words) or words.fan_id not in people.one(session, fan_id).fan_ids:
            abort(404)
        if undone:
            noting.not_helped(session, words, who.me(), bot.now())
        else:
            undone = not noting.helped(session, words, who.me(), bot.now())
    flash("", "not_helpful" if undone else "helpful")
    return make_response(redirect(url_for("panel.fans.one", fan_id=fan_id, _anchor=f"words-{words_id}"), 303))


def _fault(typed: Told, until: datetime | None, now: datetime) -> str:
    if typed.said not in list(Said):
        return "no_choice"
    if typed.said == Said.PAUSE and (until is None or until <= now):
        return "no_day"
    return "" if typed.reason else "no_reason"


def _day(typed: str) -> datetime | None:
    """When this day begins in Paris."""
    try:
        day = datetime.fromisoformat(typed)
    except ValueError:
        return None
    return day.replace(tzinfo=PARIS).astimezone(UTC) if 2000 <= day.year <= 2200 else None


def _id(field: str) -> UUID:
    try:
        return UUID(request.form.get(field, ""))
    except ValueError:
        abort(400)


def _to(fan_id: UUID) -> Response:
    return make_response(redirect(url_for("panel.fans.one", fan_id=fan_id), 303))


def _page(fan_id: UUID, status: int, problem: dict[str, object] | None = None, told: Told | None = None) -> Response:
    bot, now = the_bot(), the_bot().now()
    with bot.reading() as session:
        story = fan_reports.story(session, bot, fan_id, now)
        if story is None:
            abort(404)
        permits: dict[UUID, Answer] = {
            profile.id: writing.may_write(session, bot, profile, now) for profile in story.profiles
        }
        names = {f"manager:{manager_id}": name for manager_id, name in managers.names(session).items()}
    page = render_template(
        "panel/fan.html",
        story=story,
        currency=bot.settings.currency,
        permits=permits,
        may=[profile for profile in story.profiles if isinstance(permits[profile.id], Permit)],
        names=names,
        problem=problem,
        told=told or Told(),
        tomorrow=_tomorrow(now),
        new_id=bot.new_id,
        may_help=merits.may_help,
    )
    return make_response(page, status)


def _tomorrow(now: datetime) -> str:
    return (now.astimezone(PARIS) + timedelta(days=1)).date().isoformat()
