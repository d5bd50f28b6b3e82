"""A fan's choices: where, how often and when he wants to be written to, or not at all. Only a button changes them."""

from apiflask import APIBlueprint
from flask import Response, make_response, redirect, request, url_for

from bot import choosing
from bot.reach import ASKED
from optin.standing import EVERYTHING, EVERYWHERE, Purpose
from optin.tokens import Page
from webhooks import choice_form
from webhooks.choice_form import ChoiceForm
from webhooks.door import the_bot
from webhooks.guest import Guest, behind, meet, told, unknown
from webhooks.visit import came_from_here

PLACE = "/choices"
SCORE = (Purpose.PROFILING.value, Purpose.CRM_PROFILE.value)  # none is made, and none is told

# As in webhooks/claim.py: the word in the address is all that opens these pages, so they carry no CSRF token.
blueprint = APIBlueprint("choices", __name__, url_prefix=PLACE, enable_openapi=False)


@blueprint.before_request
def refuse_other_sites() -> Response | None:
    if request.method == "POST" and not came_from_here():
        return told("claim/elsewhere", 403, back=url_for("choices.look", **(request.view_args or {})))
    return None


@blueprint.get("/<word>")
def look(word: str) -> Response:
    with behind(word, Page.CHOICES, the_bot().reading) as found:
        guest = meet(*found) if found else None
        if guest is None:
            return unknown()
        form = ChoiceForm.shown(guest.person.preferences, guest.now)
        return show(word, guest, form, change=request.args.get("done", ""))


@blueprint.post("/<word>")
def save(word: str) -> Response:
    with behind(word, Page.CHOICES, the_bot().transaction) as found:
        guest = meet(*found) if found else None
        if guest is None:
            return unknown()
        form = ChoiceForm.sent()
        if faults := form.faults(guest.askable, guest.now, guest.zone):
            return show(word, guest, form, faults)
        change = write_down(guest, form)
    return back_to(word, change)


@blueprint.post("/<word>/stop")
def stop(word: str) -> Response:
    """No more of this here, or anywhere, with one click."""
    with behind(word, Page.CHOICES, the_bot().transaction) as found:
        guest = meet(*found) if found else None
        if guest is None:
            return unknown()
        channel, purposes = what_to_stop(guest)
        change = ""
        if purposes:
            said = guest.says(PLACE)
            change = choosing.stop(guest.session, guest.bot, guest.person, said, channel, guest.now, purposes)
    return back_to(word, change)


@blueprint.post("/<word>/undo")
def undo(word: str) -> Response:
    """As it was before. What was stopped comes back by a yes to the words beside the button."""
    with behind(word, Page.CHOICES, the_bot().transaction) as found:
        guest = meet(*found) if found else None
        if guest is None:
            return unknown()
        change, said = request.form.get("change", ""), guest.says(PLACE)
        shown = request.form.getlist("allow")
        agreed = [one for one in guest.stopped_by(change) if one.value in shown]
        if guest.can_undo(change):
            choosing.undo(guest.session, guest.bot, guest.person, said, change, guest.now, agreed)
    return back_to(word, said.evidence)


def write_down(guest: Guest, form: ChoiceForm) -> str:
    """Say yes to what he ticked, and note what differs from what held."""
    session, bot, person, now = guest.session, guest.bot, guest.person, guest.now
    said, held = guest.says(PLACE), person.preferences
    wanted = form.wanted(held, [one.name for one in guest.ways], now, guest.zone)
    choosing.allow(session, bot, person, said, [one for one in guest.askable if one.value in form.ticked], now)
    choosing.wish(session, bot, person, said, choosing.wishes_for(person, wanted), now)
    return said.evidence


def what_to_stop(guest: Guest) -> tuple[str, tuple[str, ...]]:
    """What the button named, where it is one that his page has."""
    channel, _, purpose = request.form.get("stop", "").partition(":")
    known = {EVERYWHERE, *(one.name for one in guest.channels)}
    if channel not in known:
        return channel, ()
    if purpose == "promotion":
        return channel, choosing.promotions(guest.person)
    if (channel, purpose) == (EVERYWHERE, "score"):
        return channel, SCORE
    return channel, (purpose,) if purpose in (EVERYTHING, *ASKED) else ()


def show(word: str, guest: Guest, form: ChoiceForm, faults: frozenset[str] = frozenset(), change: str = "") -> Response:
    return told(
        "fan/choices",
        422 if faults else 200,
        word=word,
        guest=guest,
        form=form,
        faults=faults,
        change=change,
        options=choice_form,
    )


def back_to(word: str, change: str) -> Response:
    """303: the browser asks for the page anew, so that a refresh sends nothing twice."""
    return make_response(redirect(url_for("choices.look", word=word, done=change or None), 303))
