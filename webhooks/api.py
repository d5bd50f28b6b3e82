"""The CRM's API: the leads, with what each of them allows, and what became of what the fans wrote."""

import json
import re
from typing import Any, cast
from uuid import UUID

from apiflask import APIBlueprint, APIFlask, HTTPError, HTTPTokenAuth, abort
from flask import Response, current_app, render_template
from flask.sansio.blueprints import BlueprintSetupState

from bot import inbox
from bot.inbox import Aside, Heard, Waiting
from leads import feed, keys
from leads.keys import ApiKey
from leads.records import LeadRecord
from webhooks import faults
from webhooks.api_shapes import LeadsAsked, LeadsPage, OutcomeCount, Outcomes, OutcomesAsked, Problem
from webhooks.door import the_bot

PROBLEMS = {
    400: "The request can't be read.",
    401: "The key is missing or counts no more.",
    404: "There is no such lead.",
    410: "This lead was erased.",
    405: "This can't be done here: see the `Allow` header.",
    413: "The request is too large.",
    415: "The request's type is not known here.",
    422: "A parameter is wrong or unknown; `errors` says which.",
    429: "Too many requests: wait as long as `Retry-After` says.",
    500: "It is our fault. Try again later.",
}

blueprint = APIBlueprint("api", __name__, url_prefix="/api/v1", tag="CRM")
auth = HTTPTokenAuth(
    scheme="Bearer",
    realm="Fanfare",
    description="A key from `python -m bot add-key NAME`, sent as `Authorization: Bearer …`.",
)


@blueprint.record_once
def set_up(state: BlueprintSetupState) -> None:
    """Describe only what we say ourselves: our errors are problem+json, and APIFlask would describe its own."""
    app = cast(APIFlask, state.app)
    app.config.update(
        AUTO_404_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        SUCCESS_DESCRIPTION="As asked.",
        SERVERS=[{"url": app.extensions["fanfare"].settings.address}],
    )
    app.spec_processor(name_each_shape_once)


def name_each_shape_once(spec: Any) -> Any:
    """A shape inside another is the same shape: "LeadsPage.LeadRecord" is called LeadRecord, wherever it stands."""
    spec["components"]["schemas"]["Problem"] = Problem.model_json_schema()
    return json.loads(re.sub(r"\b(?:LeadsPage|LeadRecord|Outcomes)\.(?=[A-Z])", "", json.dumps(spec)))


@auth.verify_token  # type: ignore[untyped-decorator]
def owner(key: str) -> ApiKey | None:
    """Whose key this is. That it was used is written down now and then."""
    bot = the_bot()
    now = bot.now()
    with bot.reading() as session:
        found = keys.check(session, key)
    if found is not None and not keys.is_noted(found, now):
        with bot.transaction() as session:
            keys.note_use(session, found.id, now)
    return found


@auth.error_processor
def refuse(error: HTTPError) -> Response:
    return faults.problem(401, PROBLEMS[401])


def problems(*statuses: int) -> Any:
    """How errors look, for the API's description."""
    shape = {faults.PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": PROBLEMS[status], "content": shape} for status in statuses}


@blueprint.get("/leads")
@blueprint.auth_required(auth)
@blueprint.input(LeadsAsked, location="query", arg_name="asked")
@blueprint.output(
    LeadsPage,
    links={"lead": {"operationId": "getLead", "parameters": {"lead_id": "$response.body#/data/0/id"}}},
)
@blueprint.doc(operation_id="listLeads", responses=problems(400, 401, 405, 413, 422, 429, 500))
def leads(asked: LeadsAsked) -> LeadsPage:
    """The leads, page after page, in the order of their changes

    Read on with `next_cursor` as long as `has_more` is true, and keep the last one: it is where to go on next time.
    A lead that changes in the meantime, or takes back what it allowed, comes once more. So does one who asked to be
    forgotten, with `status` `erased` and no data: delete what you have of it.
    """
    with the_bot().reading() as session:
        page = feed.page(session, asked.limit, asked.cursor, asked.updated_since)
    return LeadsPage(data=page.leads, has_more=page.has_more, next_cursor=page.next_cursor)


@blueprint.get("/leads/<uuid:lead_id>")
@blueprint.auth_required(auth)
@blueprint.output(LeadRecord)
@blueprint.doc(operation_id="getLead", responses=problems(401, 404, 405, 410, 413, 429, 500))
def lead(lead_id: UUID) -> LeadRecord:
    """One lead"""
    with the_bot().reading() as session:
        found = feed.one(session, lead_id)
        gone = 410 if feed.is_erased(session, lead_id) else 404
    return found or abort(gone, PROBLEMS[gone])


@blueprint.get("/outcomes")
@blueprint.auth_required(auth)
@blueprint.input(OutcomesAsked, location="query", arg_name="asked")
@blueprint.output(Outcomes)
@blueprint.doc(operation_id="countOutcomes", responses=problems(400, 401, 405, 413, 422, 429, 500))
def outcomes(asked: OutcomesAsked) -> Outcomes:
    """What became of the comments and messages that came in"""
    with the_bot().reading() as session:
        rows = inbox.outcomes(session, asked.platform, asked.key_prefix)
    total = {state: sum(count for known, _, _, count in rows if known == state) for state in (Heard, Waiting, Aside)}
    each = [OutcomeCount(outcome=word, reason=why, count=count) for state, word, why, count in rows if state == Heard]
    most_first = sorted(each, key=lambda one: (-one.count, one.outcome, one.reason))
    return Outcomes(heard=total[Heard], waiting=total[Waiting], set_aside=total[Aside], outcomes=tuple(most_first))


@blueprint.get("/docs")
@blueprint.doc(hide=True)
def docs() -> str:
    """The description, to be read by a person."""
    return render_template("api.html", spec=cast(APIFlask, current_app).spec, brand=the_bot().settings.brand)
