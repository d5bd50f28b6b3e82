"""A newcomer plays the fan without JavaScript: plain forms, and the page again."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox import wording
from sandbox.app import create_app

TELEGRAM = "/telegram/bot1000000001:sandbox"
PIECE = Path(__file__).parents[2] / "sandbox"


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  # name, value, label


class Forms(HTMLParser):
    """The forms of a page, as a browser without scripts knows them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._in_button = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(known["action"]))
        elif tag == "input":
            self.forms[-1].fields[known["name"]] = known.get("value", "")
        elif tag == "button":
            self.forms[-1].buttons.append((known.get("name", ""), known.get("value", ""), ""))
            self._in_button = True

    def handle_data(self, data: str) -> None:
        if self._in_button:
            name, value, label = self.forms[-1].buttons[-1]
            self.forms[-1].buttons[-1] = (name, value, label + data)

    def handle_endtag(self, tag: str) -> None:
        self._in_button = self._in_button and tag != "button"


@dataclass
class Newcomer:
    """Someone with a browser that knows no scripts."""

    client: FlaskClient
    fan: str = "Léa"
    lang: str = "fr"

    def page(self) -> str:
        return self.client.get("/", query_string={"fan": self.fan, "lang": self.lang}).text

    def write(self, room: str, text: str) -> TestResponse:
        form = next(form for form in self._forms(room) if form.fields.get("word-text") == "")
        return self._send(form, {"word-text": text})

    def press(self, room: str, label: str) -> TestResponse:
        for form in self._forms(room):
            for name, value, said in form.buttons:
                if said == label:
                    return self._send(form, {name: value} if name else {})
        raise AssertionError(f"no button {label!r} in {room}")

    def reads(self, room: str) -> list[str]:
        _, _, found = self.page().partition(f'data-live="{room}-entries"')
        said = re.findall(
            r'<p class="who"><strong>(.*?)</strong>.*?<p class="said">(.*?)</p>', found.split("</ol>")[0], re.S
        )
        return [f"{author}: {text}" for author, text in said]

    def _forms(self, room: str) -> list[Form]:
        return [form for form in Forms(self.page()).forms if form.fields.get("room") == room]

    def _send(self, form: Form, more: dict[str, str]) -> TestResponse:
        return self.client.post(form.action, data=form.fields | more, follow_redirects=True)


@pytest.fixture
def client() -> FlaskClient:
    return create_app("", {}).test_client()


@pytest.fixture
def lea(client: FlaskClient) -> Newcomer:
    return Newcomer(client)


@pytest.fixture
def max_(client: FlaskClient) -> Newcomer:
    return Newcomer(client, fan="Max")


def act(client: FlaskClient, **words: str) -> Any:
    return client.post("/control/act", json=words).get_json()


def bot_says(client: FlaskClient, chat: str, text: str, **more: Any) -> None:
    answer = client.post(f"{TELEGRAM}/sendMessage", json={"chat_id": chat, "text": text, **more}).get_json()
    assert answer["ok"], answer


def chat_of(client: FlaskClient, fan: str) -> str:
    threads = client.get("/control/view").get_json()["telegram"]["threads"]
    return next(thread["id"] for thread in threads if thread.get("fan") == fan)


@pytest.mark.parametrize("room", ["facebook-public", "telegram-public", "facebook-private", "telegram-private"])
def test_what_a_fan_writes_stands_on_the_page(lea: Newcomer, room: str) -> None:
    answer = lea.write(room, "Bonjour, c’est moi")

    assert answer.status_code == 200
    assert lea.reads(room) == ["Léa: Bonjour, c’est moi"]


def test_what_a_fan_posts_on_x_names_the_brand(lea: Newcomer) -> None:
    lea.write("x-public", "PROMO")
    lea.write("x-private", "PROMO")

    assert lea.reads("x-public") == ["Léa: @maison_zephyr PROMO"]
    assert lea.reads("x-private") == ["Léa: PROMO"]


def test_an_idea_is_said_by_one_press(lea: Newcomer) -> None:
    lea.press("facebook-public", "Toujours pas reçu ma commande !")

    assert lea.reads("facebook-public") == ["Léa: Toujours pas reçu ma commande !"]


def test_the_others_read_a_comment_but_no_chat(lea: Newcomer, max_: Newcomer) -> None:
    lea.write("facebook-public", "Pour tous")
    lea.write("facebook-private", "Pour la marque")

    assert max_.reads("facebook-public") == ["Léa: Pour tous"]
    assert max_.reads("facebook-private") == []


def test_start_and_a_button_of_the_bot_are_plain_forms(client: FlaskClient, lea: Newcomer) -> None:
    lea.press("telegram-private", "Démarrer")
    keyboard = {"inline_keyboard": [[{"text": "Oui", "callback_data": "yes"}]]}
    bot_says(client, chat_of(client, "Léa"), "Une offre ?", reply_markup=keyboard)

    lea.press("telegram-private", "Oui")

    updates = client.post(f"{TELEGRAM}/getUpdates", json={}).get_json()["result"]
    assert [update.get("callback_query", {}).get("data") for update in updates] == [None, "yes"]


def test_a_shared_number_reaches_the_bot(client: FlaskClient, lea: Newcomer) -> None:
    lea.press("telegram-private", "Démarrer")

    lea.press("telegram-private", "Partager mon numéro")

    updates = client.post(f"{TELEGRAM}/getUpdates", json={}).get_json()["result"]
    assert "phone_number" in updates[-1]["message"]["contact"]


def test_an_invitation_in_the_group_opens_the_chat_with_its_word(client: FlaskClient, lea: Newcomer) -> None:
    comment = act(client, platform="telegram", deed="comment", fan="Léa", text="PROMO")["id"]
    group, _, number = comment.partition(":")
    reply = {"message_id": int(number)}
    bot_says(client, group, "Par ici : https://t.me/maison_zephyr_bot?start=offer_1", reply_parameters=reply)

    lea.press("telegram-public", "Ouvrir la conversation")

    assert lea.reads("telegram-private") == ["Léa: /start offer_1"]


def test_an_invitation_to_write_in_private_leads_there(client: FlaskClient, lea: Newcomer) -> None:
    post = act(client, platform="x", deed="reply", fan="Léa", text="PROMO")["id"]
    words = {"text": "Par ici : https://x.com/messages/compose?recipient_id=1", "reply": {"in_reply_to_tweet_id": post}}

    client.post("/x/2/tweets", json=words, headers={"Authorization": "Bearer sandbox-x-token"})

    assert '<a class="button" href="#x-private-text">Ouvrir la conversation</a>' in lea.page()
    assert 'id="x-private-text"' in lea.page()


def test_a_link_of_the_bot_opens_and_nothing_else_is_markup(client: FlaskClient, lea: Newcomer) -> None:
    lea.press("telegram-private", "Démarrer")

    bot_says(client, chat_of(client, "Léa"), "<b>Ici</b> : http://127.0.0.1:8000/claim/abc?x=1&y=2.")

    link = "http://127.0.0.1:8000/claim/abc?x=1&amp;y=2"
    opened = f'<a href="{link}" target="_blank" rel="noopener">{link}</a>'
    assert lea.reads("telegram-private")[-1] == f"Maison Zéphyr: &lt;b&gt;Ici&lt;/b&gt; : {opened}."


def test_a_fan_of_any_name_plays(client: FlaskClient) -> None:
    someone = Newcomer(client, fan='<script>"&')

    someone.write("facebook-public", "<img src=x onerror=alert(1)>")

    assert someone.reads("facebook-public") == ["&lt;script&gt;&#34;&amp;: &lt;img src=x onerror=alert(1)&gt;"]
    assert "<img" not in someone.page()


def test_a_comment_is_taken_away_again(lea: Newcomer) -> None:
    lea.write("facebook-public", "Oups")

    lea.press("facebook-public", "Supprimer")

    assert lea.reads("facebook-public") == ["Léa: "]


def test_what_a_platform_refuses_is_said(lea: Newcomer) -> None:
    lea.write("telegram-private", "Bonjour")
    lea.press("telegram-private", "Bloquer")

    answer = lea.write("telegram-private", "Encore moi")

    assert "La plateforme a refusé." in answer.text
    assert lea.reads("telegram-private") == ["Léa: Bonjour"]
    assert "Débloquer" in lea.page()


def test_a_page_of_another_site_cannot_play(client: FlaskClient, lea: Newcomer) -> None:
    deed = {"room": "facebook-public", "deed": "comment", "fan": "Léa", "word-text": "PROMO"}

    strange = client.post("/play", data=deed, headers={"Origin": "https://evil.example"})
    own = client.post("/play", data=deed, headers={"Origin": "http://localhost"})

    assert (strange.status_code, own.status_code) == (403, 303)
    assert lea.reads("facebook-public") == ["Léa: PROMO"]


@pytest.mark.parametrize(
    "deed", [{}, {"room": "nowhere-public", "deed": "comment"}, {"room": "x-public", "deed": "post"}]
)
def test_a_deed_that_no_form_asks_for_is_refused(client: FlaskClient, deed: dict[str, str]) -> None:
    assert client.post("/play", data=deed).status_code == 400


def test_nothing_runs_or_loads_that_is_not_ours(client: FlaskClient) -> None:
    page = client.get("/")

    assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert re.findall(r"<script(?! src=\"/static/)|<style| style=| on\w+=", page.text) == []


def test_the_page_speaks_as_the_browser_asks(client: FlaskClient) -> None:
    def language(asked: str, query: str = "") -> str:
        return re.findall('<html lang="(..)">', client.get(f"/{query}", headers={"Accept-Language": asked}).text)[0]

    assert [language("en-GB,en"), language("fr-FR,fr"), language("de"), language("fr", "?lang=en")] == [
        "en",
        "fr",
        "fr",
        "en",
    ]


def test_both_languages_say_the_same_things() -> None:
    french, english = (wording.load(language) for language in wording.LANGUAGES)

    assert french.keys() == english.keys()
    assert all(french[name] and english[name] for name in french if name != "translates")


def test_whoever_reads_english_understands_each_post(client: FlaskClient) -> None:
    english = client.get("/?lang=en").text

    assert (english.count("<article>"), english.count("Translation</span>")) == (3, 3)
    assert client.get("/?lang=fr").text.count('class="translation"') == 0


def test_tests_control_faults_and_time_and_see_the_calls(client: FlaskClient) -> None:
    before = client.post("/control/clock", json={"advance": 0}).get_json()["now"]
    fault = {"platform": "telegram", "kind": "500", "what": "message", "times": 1}

    later = client.post("/control/clock", json={"advance": 3600}).get_json()["now"]
    client.post("/control/faults", json=fault)
    failed = client.post(f"{TELEGRAM}/sendMessage", json={"chat_id": 1, "text": "?"})

    assert later - before >= 3600
    assert failed.status_code == 500
    calls = client.get("/control/calls").get_json()["calls"]
    assert [(call["what"], call["done"]) for call in calls] == [("message", False)]


def test_a_fault_of_ours_is_logged_without_the_address(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app("", {})
    app.add_url_rule("/bot<token>/fail", "fail", view_func=lambda token: str(1 / 0))

    answer = app.test_client().get("/bot1000000001:sandbox/fail")

    assert answer.status_code == 500
    assert [record.getMessage() for record in caplog.records] == ["fail failed"]


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"platform": "myspace", "deed": "comment", "fan": "Léa"},
        {"platform": "x", "deed": "fly", "fan": "Léa"},
        {"platform": "x", "deed": "write", "fan": "Léa"},
    ],
)
def test_an_unknown_deed_is_explained(client: FlaskClient, words: dict[str, str]) -> None:
    answer = client.post("/control/act", json=words)

    assert answer.status_code == 400
    assert list(answer.get_json()) == ["error"]
