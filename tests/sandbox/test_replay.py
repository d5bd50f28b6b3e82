"""A file of real messages reaches the bot as signed comments of invented fans, and none goes missing unseen."""

import hashlib
import hmac
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask, abort, request

from sandbox.__main__ import main
from tests.sandbox.conftest import Serve

SECRET = "a secret of the app"
KEY = "a key of the CRM"
SETTINGS = {
    "FACEBOOK_APP_SECRET": SECRET,
    "FACEBOOK_PAGES": "4210:token",
    "TELEGRAM_SECRET_TOKEN": "",
    "COLUMNS": "120",
}
TEXTS = ["PROMO", "Toujours pas reçu\nma commande !", "", "Où est mon thé, 夏 ?", "STOP"]


@dataclass
class ListeningBot:
    """Takes signed webhooks as the bot does, keeps each id once, and says what became of them."""

    unwell: int = 0  # how many requests it fails before it gets better
    forgetful: bool = False  # acknowledges what it does not keep
    bodies: list[dict[str, Any]] = field(default_factory=list)
    heard: dict[str, str] = field(default_factory=dict)

    def app(self) -> Flask:
        app = Flask("listening_bot")
        app.add_url_rule("/webhooks/facebook", view_func=self.listen, methods=["POST"])
        app.add_url_rule("/api/v1/outcomes", view_func=self.outcomes)
        return app

    def listen(self) -> str:
        if self.unwell:
            self.unwell -= 1
            abort(503)
        signature = hmac.new(SECRET.encode(), request.get_data(), hashlib.sha256).hexdigest()
        if request.headers.get("X-Hub-Signature-256") != f"sha256={signature}":
            abort(403)
        self.bodies.append(request.get_json())
        if not self.forgetful:
            self.heard.update(self.said(request.get_json()))
        return ""

    def said(self, body: dict[str, Any]) -> dict[str, str]:
        assert [entry["id"] for entry in body["entry"]] == ["4210"] * len(body["entry"])
        changes = [change["value"] for entry in body["entry"] for change in entry.get("changes", [])]
        events = [event["message"] for entry in body["entry"] for event in entry.get("messaging", [])]
        return {c["comment_id"]: c["message"] for c in changes} | {e["mid"]: e["text"] for e in events}

    def outcomes(self) -> dict[str, Any]:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            abort(401)
        texts = [text for id, text in self.heard.items() if id.startswith(request.args["key_prefix"])]
        reasons = Counter("promotion" if text == "PROMO" else "not understood" for text in texts)
        each = [{"outcome": "draft", "reason": reason, "count": count} for reason, count in reasons.items()]
        return {"heard": len(texts), "waiting": 0, "set_aside": 0, "outcomes": each}


@pytest.fixture
def bot() -> ListeningBot:
    return ListeningBot()


@pytest.fixture
def url(bot: ListeningBot, serve: Serve) -> str:
    return serve(bot.app())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [",".join(("fr", '"' + text.replace('"', '""') + '"')) for text in TEXTS]
    path = tmp_path / "voices.csv"
    path.write_text("\n".join(("lang,text", *rows)), encoding="utf-8")
    return path


def replay(file: Path, url: str, *more: str, key: str = KEY, settings: dict[str, str] = SETTINGS) -> Result:
    arguments = ["replay", str(file), "--url", url, "--rate", "0", "--patience", "0", "--settings", "none", *more]
    return CliRunner().invoke(main, arguments, env=settings | {"FANFARE_API_KEY": key})


def test_each_row_is_heard_once_word_for_word(bot: ListeningBot, file: Path, url: str) -> None:
    result = replay(file, url)

    assert result.exit_code == 0, result.output
    assert list(bot.heard.values()) == [text for text in TEXTS if text]
    assert "4 acknowledged" in result.output


def test_rows_become_comments_and_messages_if_both_are_asked_for(bot: ListeningBot, file: Path, url: str) -> None:
    result = replay(file, url, "--as", "both", "--batch", "3")

    assert result.exit_code == 0, result.output
    assert Counter(bot.heard.values()) == Counter([text for text in TEXTS if text] * 2)
    assert [sum(len(e.get("changes", e.get("messaging"))) for e in body["entry"]) for body in bot.bodies] == [3, 3, 2]


def test_a_second_replay_is_a_redelivery(bot: ListeningBot, file: Path, url: str) -> None:
    replay(file, url)
    ids = list(bot.heard)

    result = replay(file, url, "--limit", "2")

    assert result.exit_code == 0, result.output
    assert list(bot.heard) == ids


def test_a_replay_again_brings_new_comments(bot: ListeningBot, file: Path, url: str) -> None:
    replay(file, url)

    result = replay(file, url, "--again")

    assert result.exit_code == 0, result.output
    assert Counter(bot.heard.values()) == Counter([text for text in TEXTS if text] * 2)


def test_a_fan_says_a_few_things_one_after_the_other(bot: ListeningBot, file: Path, url: str) -> None:
    replay(file, url)

    authors = [change["value"]["from"]["id"] for body in bot.bodies for change in body["entry"][0]["changes"]]
    assert [authors.count(author) for author in dict.fromkeys(authors)] == [3, 1]


def test_what_is_not_acknowledged_is_sent_again(bot: ListeningBot, file: Path, url: str) -> None:
    bot.unwell = 2

    result = replay(file, url, "--batch", "1")

    assert result.exit_code == 0, result.output
    assert list(bot.heard.values()) == [text for text in TEXTS if text]


def test_it_says_so_when_acknowledged_words_are_missing(bot: ListeningBot, file: Path, url: str) -> None:
    bot.forgetful = True

    result = replay(file, url)

    assert result.exit_code == 1
    assert "Error: 4 of 4 acknowledged are missing." in result.output


def test_without_a_key_it_sends_and_says_how_to_get_one(bot: ListeningBot, file: Path, url: str) -> None:
    result = replay(file, url, key="")

    assert result.exit_code == 0, result.output
    assert "python -m bot add-key" in result.output
    assert len(bot.heard) == 4


def test_a_wrong_secret_is_explained_at_once(bot: ListeningBot, file: Path, url: str) -> None:
    result = replay(file, url, settings=SETTINGS | {"FACEBOOK_APP_SECRET": "another"})

    assert result.exit_code == 1
    assert "Does it have the same secret?" in result.output
    assert "another" not in result.output


def test_a_missing_secret_is_named(bot: ListeningBot, file: Path, url: str) -> None:
    result = replay(file, url, settings=SETTINGS | {"FACEBOOK_APP_SECRET": ""})

    assert result.exit_code == 1
    assert "FACEBOOK_APP_SECRET" in result.output


def test_a_missing_file_is_named(tmp_path: Path, url: str) -> None:
    result = replay(tmp_path / "nowhere.csv", url)

    assert result.exit_code == 1
    assert result.output == f"Error: There is no file {tmp_path / 'nowhere.csv'}.\n"


def test_a_file_without_texts_says_which_columns_it_has(tmp_path: Path, url: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text("date,words\n1,PROMO\n")

    result = replay(path, url)

    assert result.exit_code == 1
    assert result.output.replace("\n", " ").endswith('has no column named "text". Its columns are: date, words. ')


def test_an_address_where_nobody_listens_is_named(file: Path) -> None:
    result = replay(file, "http://127.0.0.1:1")

    assert result.exit_code == 1
    assert result.output == "Error: Nothing answers at http://127.0.0.1:1. Is it running?\n"


def test_the_secret_of_a_signature_holds_for_every_letter(bot: ListeningBot, tmp_path: Path, url: str) -> None:
    words = json.loads((Path(__file__).parents[3] / "shared" / "data" / "vectors" / "blns.json").read_text())
    path = tmp_path / "naughty.csv"
    path.write_text("text\n" + "\n".join('"' + word.replace('"', '""') + '"' for word in words), encoding="utf-8")

    result = replay(path, url, "--batch", "100")

    assert result.exit_code == 0, result.output
    assert len(bot.heard) == sum(bool(word.strip()) for word in words)
