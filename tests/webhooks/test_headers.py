"""What every answer of the web process tells the browser, and how faults look."""

import pytest
import structlog
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import cast
from tests.cast import SECRET, Stage
from webhooks.app import SMALL, create_app

PATHS = [
    "/", "/claim/nobody", "/choices/nobody", "/why/nobody", "/u/nobody", "/nowhere", "/panel/", "/api/v1/leads",
    "/api/v1/docs", "/static/claim.css",
]  # fmt: skip


def policy(answer: TestResponse) -> dict[str, str]:
    rules = (rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    return dict(rules)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_keeps_strangers_out(stage: Stage, path: str) -> None:
    answer = stage.visitor().get(path, buffered=True)

    assert policy(answer) == {
        "default-src": "'self'",
        "img-src": "'self' data:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("path", [path for path in PATHS if not path.startswith("/static")])
def test_no_page_is_kept_by_a_browser_or_has_anything_inline(stage: Stage, path: str) -> None:
    answer = stage.visitor().get(path, follow_redirects=True)

    assert answer.headers["Cache-Control"] == "no-store"
    assert [
        inline for inline in (" style=", "<style", "<script>", " onclick=", "http://") if inline in answer.text
    ] == []


def test_behind_tls_the_browser_is_told_to_stay_there(sqlite_url: str) -> None:
    with cast.stage(sqlite_url, PUBLIC_URL="https://fans.example") as stage:
        answer = stage.visitor().get("/?lang=en")

    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.fixture
def clumsy(stage: Stage) -> FlaskClient:
    """A visitor of an app that has a broken page in each of its parts."""
    app = create_app(stage.bot)
    for path in ("/broken", "/api/v1/broken"):
        app.add_url_rule(path, path.strip("/"), breaks)
    return app.test_client()


def breaks() -> str:
    raise RuntimeError("out of paper")


def test_a_fault_of_ours_is_a_kind_page_in_both_languages(clumsy: FlaskClient) -> None:
    french, english = clumsy.get("/broken?lang=fr"), clumsy.get("/broken?lang=en")

    assert (french.status_code, english.status_code) == (500, 500)
    assert "<h1>Quelque chose n’a pas fonctionné chez nous</h1>" in french.text
    assert "<h1>Something went wrong on our side</h1>" in english.text
    assert "out of paper" not in french.text + english.text


def test_a_fault_of_ours_is_a_problem_for_machines(clumsy: FlaskClient) -> None:
    answer = clumsy.get("/api/v1/broken")

    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert answer.json == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "Internal Server Error",
    }


def test_a_fault_is_logged_without_the_address_that_opens_a_fans_page(clumsy: FlaskClient) -> None:
    with structlog.testing.capture_logs() as lines:
        clumsy.get("/broken?token=secret-word")

    (line,) = lines
    assert (line["event"], line["error"], line["said"]) == ("request broke", "RuntimeError", "out of paper")
    assert "secret-word" not in repr(lines)


@pytest.mark.parametrize(("path", "kind"), [("/nowhere", "text/html"), ("/api/v1/nowhere", "application/problem+json")])
def test_what_is_not_there_is_said_in_the_form_that_fits(stage: Stage, path: str, kind: str) -> None:
    answer = stage.visitor().get(path)

    assert (answer.status_code, answer.mimetype) == (404, kind)


def test_a_form_may_not_be_heavy(stage: Stage) -> None:
    word = stage.claim(stage.offer(), stage.fan())

    answer = stage.visitor().post(f"/claim/{word}", data={"email": "x" * (SMALL + 1)})

    assert (answer.status_code, answer.mimetype) == (413, "text/html")


def test_no_answer_shows_the_secret_key(stage: Stage) -> None:
    visitor = stage.visitor()

    assert [path for path in PATHS if SECRET in visitor.get(path, buffered=True).text] == []
