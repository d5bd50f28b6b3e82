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
from leads import feed, keys, purchases, redemptions
from leads.feed import AheadOfUs
from leads.keys import ApiKey
from leads.purchases import Kept
from leads.records import LeadRecord, MergedRecord
from leads.redemptions import Redeemed
from webhooks import faults, lead_pages
from webhooks.api_shapes import (
    CodeTaken,
    LeadsAsked,
    LeadsPage,
    OutcomeCount,
    Outcomes,
    OutcomesAsked,
    Problem,
    PurchaseKept,
    PurchaseTold,
    Repeated,
    TakeCode,
)
from webhooks.door import the_bot

PROBLEMS = {
    304: "Nothing has changed since you were given the `ETag` that you sent as `If-None-Match`.",
    400: "The request can't be read.",
    401: "The key is missing or counts no more.",
    404: "There is no such lead or code.",
    405: "This can't be done here: see the `Allow` header.",
    409: "It was used or told otherwise before, or is of a time that is still to come: `detail` says how.",
    410: "The lead was withdrawn, merged or erased, or the code has expired.",
    413: "The request is too large.",
    415: "The request's type is not known here.",
    422: "A parameter or field is wrong or unknown; `errors` says which.",
    429: "Too many requests: wait as long as `Retry-After` says.",
    500: "It is our fault. Try again later.",
}

AHEAD = "This cursor is ahead of our database, which was brought back from a backup: begin again without one."
TOLD = {
    "ETag": "Of a page: send it back as `If-None-Match`, and hear whether anything has changed.",
    lead_pages.NEXT: "Where to go on, now or later, when you have read all of this answer.",
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
    app.spec_processor(lambda spec: name_each_shape_once(tell_of_streams(ask_for_bodies(spec))))  # it knows of one only


def ask_for_bodies(spec: Any) -> Any:
    """APIFlask describes a body as something that may be left out."""
    for operations in spec["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
    return spec


def tell_of_streams(spec: Any) -> Any:
    """APIFlask describes one kind of answer; the leads come in three."""
    told = spec["paths"]["/api/v1/leads"]["get"]["responses"]
    text = {"schema": {"type": "string"}}
    told["200"]["content"] |= {lead_pages.NDJSON: text, lead_pages.CSV: text}
    told["200"]["headers"] = {name: {"schema": {"type": "string"}, "description": what} for name, what in TOLD.items()}
    del told["304"]["content"]
    return spec


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


@blueprint.errorhandler(AheadOfUs)
def begin_again(_: AheadOfUs) -> Response:
    return faults.problem(409, AHEAD)


@blueprint.get("/leads")
@blueprint.auth_required(auth)
@blueprint.input(LeadsAsked, location="query", arg_name="asked")
@blueprint.output(
    LeadsPage,
    links={"lead": {"operationId": "getLead", "parameters": {"lead_id": "$response.body#/data/0/id"}}},
)
@blueprint.doc(operation_id="listLeads", responses=problems(304, 400, 401, 405, 409, 413, 422, 429, 500))
def leads(asked: LeadsAsked) -> Response:
    """The leads, page after page, in the order of their changes

    Read on with `next_cursor` as long as `has_more` is true, and keep the last one: it is where to go on next time.
    A lead that changes in the meantime comes once more. So does one who is not to be seen any more, with no data but
    his `status`: `withdrawn`, `merged` into another lead, or `erased`. Your copy is right as soon as you have put each
    lead in the place of what you had under the same `id`.
    """
    return lead_pages.written(the_bot(), asked)


@blueprint.get("/leads/<uuid:lead_id>")
@blueprint.auth_required(auth)
@blueprint.output(LeadRecord)
@blueprint.doc(operation_id="getLead", responses=problems(401, 404, 405, 410, 413, 429, 500))
def lead(lead_id: UUID) -> LeadRecord:
    """One lead, as long as it may be seen"""
    with the_bot().reading() as session:
        found = feed.one(session, lead_id)
    match found:
        case LeadRecord():
            return found
        case MergedRecord():
            return abort(410, f"The lead was merged into {found.merged_into}.")
        case None:
            return abort(404, "There is no such lead.")
        case _:
            return abort(410, f"The lead was {found.status}.")


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


NOT_TAKEN = {
    redemptions.Why.UNKNOWN: (404, "We gave no such code."),
    redemptions.Why.USED: (409, "This code was used before."),
    redemptions.Why.EXPIRED: (410, "The code has expired."),
    redemptions.Why.OTHER_CODE: (409, "This Idempotency-Key came with another code before."),
}
NOT_KEPT = {
    purchases.Why.UNKNOWN_CODE: (404, "We gave no such code."),
    purchases.Why.UNKNOWN_LEAD: (404, "There is no such lead."),
    purchases.Why.NOT_YET: (409, "`at` lies in the future: tell a purchase when it was made."),
    purchases.Why.OTHER_ORDER: (409, "This order was told before, and otherwise."),
}


@blueprint.post("/redemptions")
@blueprint.auth_required(auth)
@blueprint.input(TakeCode, arg_name="asked")
@blueprint.input(Repeated, location="headers", arg_name="repeated")
@blueprint.output(CodeTaken, status_code=201)
@blueprint.doc(operation_id="redeemCode", responses=problems(400, 401, 404, 405, 409, 410, 413, 415, 422, 429, 500))
def redeem(asked: TakeCode, repeated: Repeated) -> CodeTaken:
    """Take a code at a till, once

    The same key may ask again, and is told what it was told the first time, with `again`: give nothing a second time.
    Name each purchase by an `Idempotency-Key` of your own, and a code that comes with another one is told to be used.
    """
    bot = the_bot()
    with bot.transaction() as session:
        told = redemptions.redeem(
            session, bot.new_id(), asked.code, _asker(), bot.now(), repeated.idempotency_key, asked.place
        )
    return CodeTaken.of(told) if isinstance(told, Redeemed) else abort(*NOT_TAKEN[told.why])


@blueprint.post("/purchases")
@blueprint.auth_required(auth)
@blueprint.input(PurchaseTold, arg_name="asked")
@blueprint.output(PurchaseKept, status_code=201)
@blueprint.doc(operation_id="tellPurchase", responses=problems(400, 401, 404, 405, 409, 413, 415, 422, 429, 500))
def purchase(asked: PurchaseTold) -> PurchaseKept:
    """Tell what somebody bought, once an order

    Whose it is, say by the code that was used, by the lead, or by the hash of an e-mail address. Telling it again in
    the same words changes nothing, and says so with `again`.
    """
    bot = the_bot()
    with bot.transaction() as session:
        kept = purchases.keep(session, bot.new_id(), asked.told(), _asker(), bot.now())
    return PurchaseKept.of(kept) if isinstance(kept, Kept) else abort(*NOT_KEPT[kept])


def _asker() -> str:
    """Who asks, as redemptions and purchases remember it."""
    return f"key:{cast(ApiKey, auth.current_user).prefix}"


@blueprint.get("/docs")
@blueprint.doc(hide=True)
def docs() -> str:
    """The description, to be read by a person."""
    return render_template("api.html", spec=cast(APIFlask, current_app).spec, brand=the_bot().settings.brand)
