"""The house rules: how much of us a fan hears, what each rule does, and who chose it."""

from apiflask import APIBlueprint
from flask import Response, flash, make_response, redirect, render_template, request, url_for

from bot import ruling
from offers.editing import Amiss, Faults
from offers.texts import Fault
from optin import house_rules
from optin.pressure import SPANS, Caps
from webhooks.door import the_bot
from webhooks.panel import journal_reports, rules_form, who
from webhooks.panel.rules_form import ABOUTS, WAYS, Typed

blueprint = APIBlueprint("rules", __name__, enable_openapi=False)

# What a form offers for the clock; any other name of the IANA's may be typed.
ZONES = (
    "Europe/Paris", "Europe/Brussels", "Europe/Zurich", "Europe/London", "America/Montreal", "America/New_York",
    "America/Martinique", "America/Guadeloupe", "America/Cayenne", "Indian/Reunion", "Pacific/Noumea", "Pacific/Tahiti",
)  # fmt: skip


@blueprint.get("/rules")
def show() -> Response:
    _, caps = _current()
    return _page(rules_form.of(caps), {}, caps)


@blueprint.post("/rules")
def change() -> Response:
    bot, typed = the_bot(), rules_form.sent(request.form)
    version, before = _current()
    caps, faults = rules_form.read(typed, before)
    if faults or "look" in request.form:
        return _page(typed, faults, caps)
    if request.form.get("seen") != str(version):
        return _page(typed, {"seen": [Fault(Amiss.CHANGED)]}, caps, 409)
    with bot.transaction() as session:
        ruling.change(session, caps, who.me(), bot.now())
    flash("", "rules_changed")
    return make_response(redirect(url_for("panel.rules.show"), 303))


def _current() -> tuple[int, Caps]:
    with the_bot().reading() as session:
        return house_rules.current(session)


def _page(typed: Typed, faults: Faults, caps: Caps, status: int = 422) -> Response:
    bot = the_bot()
    looks = "look" in request.form and not faults
    with bot.reading() as session:
        version, now_holding = house_rules.current(session)
        versions = journal_reports.rules(session)
        late, went = ruling.would_have_waited(session, caps, bot.now()) if looks else (0, 0)
    page = render_template(
        "panel/rules.html",
        typed=typed,
        faults=faults,
        version=version,
        caps=now_holding,
        versions=versions,
        looks=looks,
        late=late,
        went=went,
        abouts=ABOUTS,
        spans=SPANS,
        ways=WAYS,
        zones=ZONES,
    )
    return make_response(page, status if faults else 200)
