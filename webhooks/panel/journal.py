"""What managers changed: who, when, and what it was before."""

from apiflask import APIBlueprint
from flask import render_template

from webhooks.door import the_bot
from webhooks.panel import asking, journal_reports

blueprint = APIBlueprint("journal", __name__, enable_openapi=False)


@blueprint.get("/journal")
def show() -> str:
    with the_bot().reading() as session:
        changes = journal_reports.journal(session, asking.after_number())
    return render_template("panel/journal.html", changes=changes)
