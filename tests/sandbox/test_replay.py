"""A file of real messages reaches the bot as signed comments of invented fans, and none goes missing unseen."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask, abort, request

import connectors
from connectors import Connector, Interaction, Kind
from sandbox.__main__ import main
from sandbox.app import create_app
from sandbox.envelopes import facebook_body, telegram_body
from sandbox.sayings import Manner, Saying
from tests.sandbox.conftest import Serve

SHARED = Path(__file__).parents[3] / "shared" / "data"
KEY = "a key of the CRM"
SETTINGS = {
    "FACEBOOK_APP_SECRET": "a secret of the app",
    "FACEBOOK_VERIFY_TOKEN": "a word",
    "FACEBOOK_PAGES": "4210:token",
    "TELEGRAM_BOT_TOKEN": "700:token",
    "TELEGRAM_SECRET_TOKEN": "a-secret-of-the-webhook",
    "COLUMNS": "120",
}
TEXTS = ["PROMO", "Toujours pas reçu\nma commande !", "", "Où est mon thé, 夏 ?", "STOP"]
SAID = [text for text in TEXTS if text]


@dataclass
class ListeningBot:
    """Hears by the real connectors, keeps each interaction once, and says what became of it."""

    unwell: int = 0  # how many requests it fails before it gets better
    forgetful: bool = False  # acknowledges what it does not keep
    now: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)
    batches: list[int] = field(default_factory=list)
    heard: dict[str, Interaction] = field(default_factory=dict)
    platforms: Mapping[str, Connector] = field(default_factory=lambda: connectors.load(SETTINGS))

    def app(self) -> Flask:
        app = Flask("listening_bot")
        app.add_url_rule("/webhooks/<platform>", view_func=self.listen, methods=["POST"])
        app.add_url_rule("/api/v1/outcomes", view_func=self.outcomes)
        return app

    def listen(self, platform: str) -> str:
        if self.unwell:
            self.unwell -= 1
            abort(503)
        if not self.platforms[platform].verify(dict(request.headers), request.get_data()):
            abort(403)
        interactions = self.platforms[platform].read(request.get_data(), self.now)
        self.batches.append(len(interactions))
        if not self.forgetful:
            for each in interactions:
                self.heard.setdefault(each.id, each)
        return ""

    def outcomes(self) -> dict[str, Any]:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            abort(401)
        asked = [each for id, each in self.heard.items() if id.startswith(request.args["key_prefix"])]
        reasons = Counter("promotion" if each.text == "PROMO" else "not understood" for each in asked)
        each = [{"outcome": "draft", "reason": reason, "count": count} for reason, count in reasons.items()]
        return {"heard": len(asked), "waiting": 0, "set_aside": 0, "outcomes": each}

    def said(self, kind: Kind) -> list[str]:
        return [each.text for each in self.heard.values() if each.kind is kind]


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
    assert bot.said(Kind.COMMENT) == SAID
    assert "4 acknowledged" in result.output


@pytest.mark.parametrize("platform", ["facebook", "telegram"])
def test_rows_become_comments_and_messages_if_both_are_asked_for(
    bot: ListeningBot, file: Path, url: str, platform: str
) -> None:
    result = replay(file, url, "--platform", platform, "--as", "both")

    assert result.exit_code == 0, result.output
    assert (bot.said(Kind.COMMENT), bot.said(Kind.MESSAGE)) == (SAID, SAID)


def test_a_webhook_holds_no_more_than_was_asked_for(bot: ListeningBot, file: Path, url: str) -> None:
    replay(file, url, "--batch", "3")

    assert bot.batches == [3, 1]


@pytest.mark.parametrize("platform", ["facebook", "telegram"])
def test_a_second_replay_is_a_redelivery(bot: ListeningBot, file: Path, url: str, platform: str) -> None:
    replay(file, url, "--platform", platform)
    ids = list(bot.heard)

    result = replay(file, url, "--platform", platform, "--limit", "2")

    assert result.exit_code == 0, result.output
    assert list(bot.heard) == ids
    assert sum(bot.batches) == 6


@pytest.mark.parametrize("manner", list(Manner))
def test_a_row_has_the_same_id_on_any_day(bot: ListeningBot, manner: Manner) -> None:
    saying, today = Saying(7, manner, 3, "PROMO"), bot.now.timestamp()
    days = (today, today + 86_400)

    told = [facebook_body([saying], "4210", "replay0a", day) for day in days]
    on_telegram = [telegram_body(saying, "123456789", day) for day in days]

    assert len({each.id for body in told for each in bot.platforms["facebook"].read(body, bot.now)}) == 1
    assert len({each.id for body in on_telegram for each in bot.platforms["telegram"].read(body, bot.now)}) == 1


def test_a_replay_again_brings_new_comments(bot: ListeningBot, file: Path, url: str) -> None:
    replay(file, url)

    result = replay(file, url, "--again")

    assert result.exit_code == 0, result.output
    assert bot.said(Kind.COMMENT) == SAID * 2


def test_a_fan_says_a_few_things_one_after_the_other(bot: ListeningBot, file: Path, url: str) -> None:
    replay(file, url)

    assert list(Counter(each.author for each in bot.heard.values()).values()) == [3, 1]


def test_what_is_not_acknowledged_is_sent_again(bot: ListeningBot, file: Path, url: str) -> None:
    bot.unwell = 2

    result = replay(file, url, "--batch", "1")

    assert result.exit_code == 0, result.output
    assert bot.said(Kind.COMMENT) == SAID


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


def test_the_bot_is_looked_for_where_the_settings_say(bot: ListeningBot, file: Path, url: str) -> None:
    settings = file.with_name("sandbox.env")
    settings.write_text(f"PORT={url.rpartition(':')[2]}\n")

    result = CliRunner().invoke(
        main, ["replay", str(file), "--rate", "0", "--settings", str(settings)], env=SETTINGS | {"PORT": None}
    )

    assert result.exit_code == 0, result.output
    assert bot.said(Kind.COMMENT) == SAID


def test_an_address_where_nobody_listens_is_named(file: Path) -> None:
    result = replay(file, "http://127.0.0.1:1")

    assert result.exit_code == 1
    assert result.output == (
        "Error: Nothing answers at http://127.0.0.1:1. "
        "Is it running? Where it is elsewhere, say so with --url, or --sandbox-url for the sandbox.\n"
    )


@pytest.mark.parametrize(("platform", "manner"), [("x", "comments"), ("x", "messages"), ("telegram", "both")])
def test_what_no_webhook_brings_is_said_in_the_sandbox(
    file: Path, url: str, serve: Serve, platform: str, manner: str
) -> None:
    app = create_app("", {})

    result = replay(
        file,
        url,
        "--platform",
        platform,
        "--as",
        manner,
        "--sandbox-url",
        serve(app),
        key="",
        settings={"COLUMNS": "120"},
    )

    threads = app.test_client().get("/control/view").get_json()[platform]["threads"]
    said = [entry["text"] for thread in threads for entry in thread["entries"] if not entry["by_brand"]]
    assert result.exit_code == 0, result.output
    times = 2 if manner == "both" else 1
    assert Counter(text.removeprefix("@maison_zephyr ") for text in said) == Counter(SAID * times)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not beside this checkout")
@pytest.mark.parametrize(
    "name", ["en/ibm_twitter_care_conversations.csv", "fr/services_publics_plus.csv"], ids=["english", "french"]
)
def test_real_messages_are_all_heard(bot: ListeningBot, url: str, name: str) -> None:
    result = replay(SHARED / name, url, "--as", "both", "--batch", "200")

    assert result.exit_code == 0, result.output
    assert len(bot.said(Kind.COMMENT)) == len(bot.said(Kind.MESSAGE)) > 600


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not beside this checkout")
def test_the_naughtiest_strings_arrive(bot: ListeningBot, tmp_path: Path, url: str) -> None:
    words = json.loads((SHARED / "vectors" / "blns.json").read_text())
    path = tmp_path / "naughty.csv"
    path.write_text("text\n" + "\n".join('"' + word.replace('"', '""') + '"' for word in words), encoding="utf-8")

    result = replay(path, url, "--batch", "100")

    assert result.exit_code == 0, result.output
    assert len(bot.said(Kind.COMMENT)) == sum(bool(word.strip()) for word in words)
