"""With JavaScript the page stays fresh by itself, and takes nothing out of the fan's hands."""

from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page, expect

from sandbox.app import create_app
from tests.sandbox.conftest import Serve

PHONE = {"viewport": {"width": 390, "height": 844}}
DESK = {"viewport": {"width": 1280, "height": 900}}
NewPage = Callable[..., Page]


@pytest.fixture
def url(serve: Serve) -> str:
    return serve(create_app("", {}))


def bot_says(url: str, text: str) -> None:
    threads = requests.get(f"{url}/control/view", timeout=5).json()["telegram"]["threads"]
    chat = next(thread["id"] for thread in threads if thread["kind"] == "chat")
    answer = requests.post(
        f"{url}/telegram/bot1000000001:sandbox/sendMessage", json={"chat_id": chat, "text": text}, timeout=5
    )
    assert answer.ok, answer.text


def test_an_answer_comes_by_itself_and_is_said_aloud(new_page: NewPage, url: str) -> None:
    page = new_page(**DESK)
    page.goto(url)
    page.get_by_role("button", name="Démarrer").click()
    expect(page.locator("#telegram-private .ours .said")).to_have_text("/start")

    bot_says(url, "Bonjour Léa !")

    expect(page.locator("#telegram-private .theirs .said")).to_have_text("Bonjour Léa !")
    expect(page.locator("#announcer")).to_have_text("Nouvelle réponse, Le bot: Bonjour Léa !")


def test_what_is_being_typed_stays_when_answers_come(new_page: NewPage, url: str) -> None:
    page = new_page(**DESK)
    page.goto(url)
    page.get_by_role("button", name="Démarrer").click()
    field = page.get_by_label("Votre message au bot")
    field.press_sequentially("À moitié écr")

    bot_says(url, "Bonjour Léa !")
    expect(page.locator("#telegram-private .theirs .said")).to_have_text("Bonjour Léa !")
    field.press_sequentially("it")
    page.keyboard.press("Enter")

    expect(page.locator("#telegram-private .ours .said")).to_have_text(["/start", "À moitié écrit"])
    expect(field).to_have_value("")


def test_playing_never_leaves_the_page(new_page: NewPage, url: str) -> None:
    page = new_page(**DESK)
    page.goto(url)
    page.evaluate("window.same = true")

    page.get_by_label("Votre commentaire", exact=True).fill("PROMO")
    page.locator("#facebook-public .say button").click()

    expect(page.locator("#facebook-public .ours .said")).to_have_text("PROMO")
    assert page.evaluate("window.same")


def test_on_a_phone_one_platform_is_shown_and_the_others_call(new_page: NewPage, url: str) -> None:
    page = new_page(**PHONE)
    page.goto(f"{url}/?tab=telegram")
    page.get_by_role("button", name="Démarrer").click()
    expect(page.locator("#telegram-private .ours .said")).to_have_text("/start")
    tab = page.get_by_role("navigation").get_by_text("Telegram")

    page.get_by_role("navigation").get_by_text("Facebook").click()
    expect(page.locator("#facebook")).to_be_visible()
    expect(page.locator("#telegram")).to_be_hidden()
    bot_says(url, "Bonjour Léa !")
    expect(tab).to_have_class("fresh")
    tab.click()

    expect(page.locator("#telegram-private .theirs .said")).to_be_visible()
    expect(tab).not_to_have_class("fresh")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_nothing_sticks_out_and_nothing_complains(new_page: NewPage, url: str, size: dict, language: str) -> None:
    page = new_page(**size)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for platform in ("facebook", "telegram", "x"):
        words = {"platform": platform, "deed": "write", "fan": "Léa", "text": "http://" + "a" * 300}
        requests.post(f"{url}/control/act", json=words, timeout=5)

    for platform in ("facebook", "telegram", "x"):
        page.goto(f"{url}/?lang={language}&tab={platform}")
        sticking = """[...document.querySelectorAll("main *")].filter(
            (piece) => piece.checkVisibility() && piece.getBoundingClientRect().right > innerWidth).length"""
        assert page.evaluate(sticking) == 0

    assert complaints == []
