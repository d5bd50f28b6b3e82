"""What the service says of itself: a web process alone does not look healthy."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from bot import beats
from tests.stage import Stage
from webhooks.app import create_app


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    stage = Stage(database_url)
    yield stage
    stage.close()


@pytest.fixture
def client(stage: Stage) -> FlaskClient:
    return create_app(stage.bot).test_client()


def show_life(stage: Stage) -> None:
    with stage.bot.transaction() as session:
        beats.beat(session, "one", "worker", stage.now)
        beats.beat(session, "two", "clock", stage.now)


def test_a_web_process_alone_is_alive_and_not_ready(client: FlaskClient) -> None:
    alive, ready = client.get("/healthz"), client.get("/readyz")

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json == {"status": "nobody works", "worker": False, "clock": False, "oldest_waiting_seconds": 0}


def test_with_a_worker_and_a_clock_it_is_ready_until_they_fall_silent(stage: Stage, client: FlaskClient) -> None:
    show_life(stage)

    at_first = client.get("/readyz").status_code
    stage.later(minutes=1)
    later = client.get("/readyz").status_code

    assert (at_first, later) == (200, 503)


def test_it_tells_how_long_the_oldest_word_has_waited(stage: Stage, client: FlaskClient) -> None:
    stage.writes("bonjour")
    stage.later(seconds=42)
    show_life(stage)

    assert client.get("/readyz").json == {
        "status": "ready",
        "worker": True,
        "clock": True,
        "oldest_waiting_seconds": 42.0,
    }


def test_prometheus_reads_the_same(stage: Stage, client: FlaskClient) -> None:
    stage.offer()
    stage.writes("promo")
    stage.work()
    stage.writes("bonjour")

    told = client.get("/metrics").text.splitlines()

    assert 'fanfare_items{box="inbox",state="heard"} 1.0' in told
    assert 'fanfare_items{box="inbox",state="waiting"} 1.0' in told
    assert 'fanfare_items{box="outbox",state="sent"} 1.0' in told
    assert "fanfare_worker_alive 0.0" in told
