"""What comes to the platforms' door: kept once and whole, or refused, and never an error of ours."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlmodel import select

from bot import assembly, hearing
from bot.assembly import Bot
from bot.inbox import Inbox
from bot.settings import Settings
from connectors import load
from optin.history import Touchpoint
from webhooks.app import create_app

SECRET, WORD, TOKEN = "an-app-secret", "telegram_secret_word", "700:token"
PLATFORMS = {
    "FACEBOOK_APP_SECRET": SECRET,
    "FACEBOOK_VERIFY_TOKEN": "our-word",
    "FACEBOOK_PAGES": "1:page-token",
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "TELEGRAM_SECRET_TOKEN": WORD,
    "PUBLIC_URL": "https://fans.example",
}
STRINGS = Path(__file__).parents[3] / "shared" / "data" / "vectors" / "blns.json"


@pytest.fixture
def bot(database_url: str) -> Iterator[Bot]:
    settings = Settings(
        database_url=SecretStr(database_url),
        secret_key=SecretStr("not-so-hidden-in-the-tests-0123456789abcdef"),
        public_url="https://fans.example",
    )
    bot = assembly.put_together(settings, load(PLATFORMS))
    yield bot
    bot.engine.dispose()


@pytest.fixture
def client(bot: Bot) -> FlaskClient:
    return create_app(bot).test_client()


def comment(text: str = "promo", number: int = 1, name: str = "Léa") -> bytes:
    value = {"item": "comment", "verb": "add", "comment_id": f"1_{number}", "post_id": "1_9", "parent_id": "1_9"}
    said = value | {"from": {"id": "77", "name": name}, "message": text, "created_time": 1_760_000_000}
    return json.dumps(
        {"object": "page", "entry": [{"id": "1", "changes": [{"field": "feed", "value": said}]}]}
    ).encode()


def post(client: FlaskClient, body: bytes, signed: bytes | None = None, secret: str = SECRET) -> int:
    digest = hmac.new(secret.encode(), body if signed is None else signed, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
    return client.post("/webhooks/facebook", data=body, headers=headers).status_code


def kept(bot: Bot) -> list[str]:
    with bot.reading() as session:
        return list(session.exec(select(Inbox.kind).order_by(Inbox.id)).all())  # type: ignore[arg-type]


def test_a_signed_webhook_is_kept_and_acknowledged(client: FlaskClient, bot: Bot) -> None:
    status = post(client, comment())

    assert (status, kept(bot)) == (200, ["comment"])


def test_a_redelivery_is_acknowledged_and_kept_once(client: FlaskClient, bot: Bot) -> None:
    statuses = [post(client, comment()) for _ in range(3)]

    assert (statuses, kept(bot)) == ([200] * 3, ["comment"])


@pytest.mark.parametrize(
    ("body", "signed", "secret"),
    [
        pytest.param(comment(), comment("other words"), SECRET, id="forged: another body was signed"),
        pytest.param(comment(), None, "the secret of last year", id="stale: signed with a secret that was changed"),
        pytest.param(comment()[:-20], comment(), SECRET, id="truncated on its way"),
        pytest.param(
            json.dumps(json.loads(comment("é")), ensure_ascii=False).encode(), comment("é"), SECRET, id="rewritten"
        ),
    ],
)
def test_what_is_not_signed_as_it_stands_is_refused(
    client: FlaskClient, bot: Bot, body: bytes, signed: bytes | None, secret: str
) -> None:
    status = post(client, body, signed, secret)

    assert (status, kept(bot)) == (403, [])


def test_without_a_signature_nothing_enters(client: FlaskClient, bot: Bot) -> None:
    answer = client.post("/webhooks/facebook", data=comment())

    assert (answer.status_code, kept(bot)) == (403, [])


def test_telegrams_word_is_asked_for(client: FlaskClient, bot: Bot) -> None:
    update = {"update_id": 5, "message": {"message_id": 1, "date": 1_760_000_000, "chat": {"id": 3, "type": "private"}}}
    said = update["message"] | {"from": {"id": 3, "is_bot": False, "first_name": "Max"}, "text": "promo"}  # type: ignore[operator]
    words = {"right": WORD, "wrong": "telegram_other_word", "none": ""}

    statuses = {
        name: client.post(
            "/webhooks/telegram", json=update | {"message": said}, headers={"X-Telegram-Bot-Api-Secret-Token": word}
        ).status_code
        for name, word in words.items()
    }

    assert statuses == {"right": 200, "wrong": 403, "none": 403}
    assert kept(bot) == ["message"]


def test_more_than_three_megabytes_are_refused(client: FlaskClient, bot: Bot) -> None:
    status = post(client, comment("x" * (3 * 1024 * 1024)))

    assert (status, kept(bot)) == (413, [])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"entry":' * 100_000, id="nested without end"),
        pytest.param(b"[" * 50_000 + b"]" * 50_000, id="nested deeply"),
        pytest.param(b"\xff\xfe\x00\x01", id="no UTF-8"),
        pytest.param(b'{"object":"page","entry":[{"id":"1","changes":[{"fie', id="half a JSON"),
        pytest.param(b"", id="nothing"),
        pytest.param(
            b'{"object":"page","entry":[{"id":"1","changes":[{"field":"feed","value":"\\u0000\\ud800"}]}]}', id="NUL"
        ),
        pytest.param(b'{"object":"page","entry":[{"id":1e999,"time":1e400,"changes":7}]}', id="absurd numbers"),
        pytest.param(b'[null, true, {"entry": {"changes": []}}]', id="another shape"),
    ],
)
def test_what_cannot_be_read_is_kept_as_unknown(client: FlaskClient, bot: Bot, body: bytes) -> None:
    status = post(client, body)

    assert (status, kept(bot)) == (200, ["unknown"])


def test_the_platforms_handshake_is_answered_with_its_word_alone(client: FlaskClient) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}

    right = client.get("/webhooks/facebook", query_string=asked | {"hub.verify_token": "our-word"})
    wrong = client.get("/webhooks/facebook", query_string=asked | {"hub.verify_token": "another"})

    assert (right.status_code, right.text, wrong.status_code) == (200, "1158201444", 403)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/webhooks/myspace", 404), ("PUT", "/webhooks/facebook", 405)]
)
def test_other_doors_are_closed(client: FlaskClient, method: str, path: str, status: int) -> None:
    assert client.open(path, method=method).status_code == status


@pytest.mark.skipif(not STRINGS.exists(), reason="the naughty strings are not beside the checkout")
def test_naughty_strings_as_comments_and_names_are_heard_like_any_other(client: FlaskClient, bot: Bot) -> None:
    strings: list[str] = json.loads(STRINGS.read_text(encoding="utf-8"))

    statuses = {post(client, comment(text, number, name=text)) for number, text in enumerate(strings)}
    while hearing.hear_some(bot, "worker"):
        pass

    with bot.reading() as session:
        states = session.exec(select(Inbox.state)).all()
        texts = session.exec(select(Touchpoint.text).where(Touchpoint.said_by == "fan").order_by(Touchpoint.id)).all()  # type: ignore[arg-type]
    assert statuses == {200}
    assert (len(states), set(states)) == (len(strings), {"heard"})
    assert sorted(texts) == sorted(text.replace("\x00", "\ufffd") for text in strings)
