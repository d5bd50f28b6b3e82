"""How the service is: alive, ready, and in numbers."""

from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from bot import beats, inbox, outbox
from webhooks.door import the_bot

blueprint = APIBlueprint("health", __name__, enable_openapi=False)


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    """Whether this process and its database answer."""
    try:
        with the_bot().reading() as session:
            inbox.anything_waiting(session)
    except OperationalError:
        return jsonify(status="database away"), 503
    return jsonify(status="ok"), 200


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Whether someone also works: a web process alone is not ready."""
    now = the_bot().now()
    try:
        with the_bot().reading() as session:
            state = _state(session, now)
    except OperationalError:
        return jsonify(status="database away"), 503
    ready = state["worker"] and state["clock"]
    return jsonify(status="ready" if ready else "nobody works", **state), 200 if ready else 503


def _state(session: Session, now: datetime) -> dict[str, Any]:
    oldest = inbox.oldest_waiting(session)
    return {
        "worker": beats.alive(session, "worker", now),
        "clock": beats.alive(session, "clock", now),
        "oldest_waiting_seconds": (now - oldest).total_seconds() if oldest else 0,
    }


@blueprint.get("/metrics")
def metrics() -> Response:
    """The same for Prometheus, read from the database at each scrape: true for any number of processes."""
    registry = CollectorRegistry()
    with the_bot().reading() as session:
        state = _state(session, the_bot().now())
        by_state = {**inbox.counts(session), **outbox.counts(session)}
    kept = Gauge("fanfare_items", "Interactions and messages by state.", ["box", "state"], registry=registry)
    for (box, what), count in by_state.items():
        kept.labels(box, what).set(count)
    oldest = Gauge("fanfare_oldest_waiting_seconds", "Age of the oldest unheard interaction.", registry=registry)
    oldest.set(state["oldest_waiting_seconds"])
    for role in ("worker", "clock"):
        alive = Gauge(f"fanfare_{role}_alive", f"Whether a {role} showed life lately.", registry=registry)
        alive.set(state[role])
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
