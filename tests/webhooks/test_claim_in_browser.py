"""The fan's page on a small phone, without JavaScript, by keyboard alone."""

import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page
from werkzeug.serving import WSGIRequestHandler, make_server

from offers import claims
from tests import cast
from tests.cast import Stage
from webhooks.app import create_app


class Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@pytest.fixture
def stage(sqlite_url: str) -> Iterator[Stage]:
    with cast.stage(sqlite_url) as stage:
        yield stage


@pytest.fixture
def address(stage: Stage) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(stage.bot), threaded=True, request_handler=Silent)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_fan_takes_his_code_by_keyboard(
    stage: Stage, address: str, new_page: Callable[..., Page], language: str
) -> None:
    page = new_page(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    word = stage.claim(stage.offer(), stage.fan(language=language), language)

    page.goto(f"{address}/claim/{word}")
    fits = [width(page)]
    page.focus("#email")
    page.keyboard.type("alice@gmial.com")
    press_enter(page)
    fits.append(width(page))
    page.locator("#email:focus").wait_for()  # the browser puts the cursor there once the page is painted
    page.keyboard.press("End")
    for _ in "gmial.com":
        page.keyboard.press("Backspace")
    page.keyboard.type("gmail.com")
    press_enter(page)
    fits.append(width(page))

    with stage.bot.reading() as session:
        found = claims.behind(session, word)
    assert found is not None
    claim, _ = found
    assert (claim.email, page.inner_text(".code")) == ("alice@gmail.com", claim.code)
    assert page.locator("img").evaluate("picture => picture.naturalWidth > 0")
    assert (fits, complaints) == ([320, 320, 320], [])


def press_enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def width(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))
