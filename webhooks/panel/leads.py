"""The leads: who said yes, where each came from, and what each allows now."""

from apiflask import APIBlueprint
from flask import render_template

from webhooks.door import the_bot
from webhooks.panel import asking, reports

blueprint = APIBlueprint("leads", __name__, enable_openapi=False)


@blueprint.get("/leads")
def show() -> str:
    bot = the_bot()
    with bot.reading() as session:
        leads = reports.kept(session, asking.after_number(), bot.now())
    return render_template("panel/leads.html", leads=leads)
