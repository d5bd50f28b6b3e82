"""What was not said, and why."""

from apiflask import APIBlueprint
from flask import render_template, request

from webhooks.door import the_bot
from webhooks.panel import asking, reports

blueprint = APIBlueprint("refusals", __name__, enable_openapi=False)


@blueprint.get("/refusals")
def show() -> str:
    reason = request.args.get("reason", "")
    with the_bot().reading() as session:
        refusals = reports.refusals(session, reason, asking.after_id())
        counts = reports.refusal_counts(session)
        decided = reports.rejections(session, refusals.rows)
    return render_template("panel/refusals.html", refusals=refusals, counts=counts, decided=decided, chosen=reason)
