"""What tests and benchmarks control: what fans do, what goes wrong, what time it is, and what the bot has called."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from sandbox.stage import current_stage
from sandbox.wire import Fault, Pretender

blueprint = Blueprint("control", __name__)


@blueprint.errorhandler(HTTPException)
def explain(error: HTTPException) -> ResponseReturnValue:
    return {"error": error.description}, error.code or 500


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    return {"status": "ok"}


@blueprint.post("/control/act")
def act() -> ResponseReturnValue:
    """{"platform", "deed", "fan", ...}: the other words are the deed's own."""
    words = _words("platform", "deed", "fan")
    pretender = _pretender(words.pop("platform"))
    try:
        return jsonify(pretender.act(words.pop("deed"), words.pop("fan"), **words))
    except (KeyError, TypeError, ValueError) as error:
        abort(400, f"{pretender.name} cannot do that: {error!r}")


@blueprint.post("/control/faults")
def faults() -> ResponseReturnValue:
    """{"platform", "kind", "what": "" for any call, "times": 1}"""
    words = _words("platform", "kind")
    fault = Fault(_pretender(words["platform"]).name, words["kind"], words.get("what", ""), int(words.get("times", 1)))
    current_stage().wire.faults.plan(fault)
    return {"planned": asdict(fault)}


@blueprint.post("/control/clock")
def clock() -> ResponseReturnValue:
    """{"advance": seconds}"""
    wire = current_stage().wire
    wire.advance(float(_words("advance")["advance"]))
    return {"now": wire.now()}


@blueprint.get("/control/calls")
def calls() -> ResponseReturnValue:
    """Every call that the bot made, the oldest first."""
    return {"calls": [asdict(call) for call in current_stage().wire.calls.copy()]}


@blueprint.get("/control/view")
def view() -> ResponseReturnValue:
    return current_stage().view()


def _words(*needed: str) -> dict[str, Any]:
    words = request.get_json()
    if not isinstance(words, dict) or not words.keys() >= set(needed):
        abort(400, f"Needed: {', '.join(needed)}.")
    return words


def _pretender(name: str) -> Pretender:
    pretenders = current_stage().pretenders
    if name not in pretenders:
        abort(400, f"No such platform. There are: {', '.join(pretenders)}.")
    return pretenders[name]
