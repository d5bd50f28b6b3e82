"""The leads: who said yes, where each came from, and what each allows now."""

from apiflask import APIBlueprint
from flask import render_template, request

from webhooks.door import the_bot
from webhooks.panel import asking, lead_reports

blueprint = APIBlueprint("leads", __name__, enable_openapi=False)


@blueprint.get("/leads")
def show() -> str:
    bot, by_score, whole = the_bot(), request.args.get("order") == "score", True
    with bot.reading() as session:
        if by_score:
            leads, whole = lead_reports.by_score(session, asking.after_pair(), bot.now())
        else:
            leads = lead_reports.kept(session, asking.after_number(), bot.now())
    return render_template("panel/leads.html", leads=leads, by_score=by_score, whole=whole)
