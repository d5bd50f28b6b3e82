"""Telegram: the contract, and what is Telegram's own."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from telegram import Update

from connectors import (
    Ask,
    Busy,
    Button,
    Connector,
    Interaction,
    Kind,
    Message,
    Misconfigured,
    Receipt,
    Refused,
    Scope,
    Uncertain,
    Unreachable,
    Way,
)
from connectors.telegram import Telegram, connect
from sandbox.telegram import Limits, PretendTelegram
from sandbox.telegram_chats import FORWARD_ID, GROUP_ID
from sandbox.wire import Fault, Wire
from tests.connectors.conftest import Serve
from tests.connectors.contract import NOW, PAYLOADS, ConnectorContract

BOT = "1000000001"
TOKEN = f"{BOT}:a-token-for-tests"
SECRET = "a-secret-for-tests"
NO_LIMITS = Limits(bot=(1e6, 1e6), chat=(1e6, 1e6), group=(1e6, 1e6))
SAID_AT = 1_790_000_000
LEA = {"id": 77, "is_bot": False, "first_name": "Léa", "last_name": "Martin", "language_code": "fr-CA"}
LEA_CHAT = {"id": 77, "type": "private", "first_name": "Léa"}
CHANNEL = {"id": -1001, "type": "channel", "title": "Maison"}
GROUP = {"id": -1002, "type": "supergroup", "title": "Discussion"}
POST = {
    "message_id": 3,
    "date": SAID_AT,
    "chat": GROUP,
    "from": {"id": 777000, "is_bot": False, "first_name": "Telegram"},
    "sender_chat": CHANNEL,
    "is_automatic_forward": True,
    "text": "Dites PROMO",
}


class TestTelegram(ConnectorContract):
    name = "telegram"
    whole: ClassVar = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_SECRET_TOKEN": SECRET,
        "PUBLIC_URL": "https://fan.example",
    }
    half: ClassVar = {
        "TELEGRAM_BOT_TOKEN": {"TELEGRAM_SECRET_TOKEN": SECRET},
        "TELEGRAM_SECRET_TOKEN": {"TELEGRAM_BOT_TOKEN": TOKEN, "PUBLIC_URL": "https://fan.example"},
    }
    secrets = (TOKEN, SECRET)
    samples = ("telegram/*.json",)

    def pretend(self, wire: Wire) -> PretendTelegram:
        return PretendTelegram(wire, TOKEN, limits=NO_LIMITS)

    def at(self, url: str) -> Connector:
        return telegram_at(url, patience=1.5)

    def message(self, pretender: Any, way: Way) -> Message:
        if way is Way.DIRECT:
            pretender.act("write", "Léa", text="Bonjour")
            return direct(pretender, "Léa", "Bonjour Léa")
        comment = pretender.act("comment", "Léa", text="PROMO")["id"]
        return Message("key", BOT, way, comment, "Bonjour")

    def sign(self, body: bytes) -> dict[str, str]:
        return {"X-Telegram-Bot-Api-Secret-Token": SECRET}

    def bodies(self) -> list[bytes]:
        return [written(private("Bonjour")), written(comment("PROMO")), written(private("oui"), "edited_message")]


def telegram_at(url: str, secret: str = SECRET, **options: Any) -> Telegram:
    options = {"long_poll": 0, "patience": 30} | options  # a busy machine may take its time
    return Telegram(TOKEN, secret, api_url=f"{url}/telegram", **options)


def direct(pretender: PretendTelegram, fan: str, text: str, *buttons: Button, answers: str = "") -> Message:
    return Message("key", BOT, Way.DIRECT, str(pretender.chats.fan(fan).id), text, buttons, answers=answers)


def private(text: str | None = None, **more: Any) -> dict[str, Any]:
    words = {} if text is None else {"text": text}
    return {"message_id": 5, "date": SAID_AT, "chat": LEA_CHAT, "from": LEA} | words | more


def comment(text: str, **more: Any) -> dict[str, Any]:
    under = {"message_thread_id": 3, "reply_to_message": POST}
    return {"message_id": 9, "date": SAID_AT, "chat": GROUP, "from": LEA, "text": text} | under | more


def written(what: Mapping[str, Any], kind: str = "message", update_id: int = 900) -> bytes:
    return json.dumps({"update_id": update_id, kind: what}).encode()


def read(what: Mapping[str, Any], kind: str = "message") -> Interaction:
    (interaction,) = Telegram(TOKEN, SECRET).read(written(what, kind), NOW)
    return interaction


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# Settings


def test_a_token_alone_is_enough_at_home() -> None:
    telegram = connect({"TELEGRAM_BOT_TOKEN": TOKEN, "PUBLIC_URL": "http://127.0.0.1:8000"})

    assert telegram is not None
    assert (telegram.accounts, telegram.streams) == ((BOT,), ("updates",))


def test_with_a_public_address_nothing_is_polled() -> None:
    telegram = connect(TestTelegram.whole)

    assert telegram is not None
    assert telegram.streams == ()


def test_all_malformed_settings_are_told_at_once() -> None:
    wrong = {"TELEGRAM_BOT_TOKEN": "no token", "TELEGRAM_SECRET_TOKEN": "ä b", "TELEGRAM_API_URL": "api.telegram.org"}

    with pytest.raises(Misconfigured) as caught:
        connect(wrong)

    assert [fault.split()[0] for fault in caught.value.faults] == list(wrong)
    assert "no token" not in str(caught.value)


def test_without_a_secret_every_webhook_is_refused() -> None:
    assert not Telegram(TOKEN).verify({"X-Telegram-Bot-Api-Secret-Token": ""}, b"{}")
    assert not Telegram(TOKEN).verify({}, b"{}")


# Reading


def test_a_private_message_is_read_with_its_author_and_language() -> None:
    update: dict[str, Any] = {"update_id": 900, "message": private("Je voudrais l’offre")}

    assert read(update["message"]) == Interaction(
        platform="telegram",
        account=BOT,
        id="900",
        kind=Kind.MESSAGE,
        at=datetime.fromtimestamp(SAID_AT, UTC),
        author="77",
        author_name="Léa Martin",
        text="Je voudrais l’offre",
        subject="77:5",
        thread="77",
        language="fr",
        raw=update,
    )


@pytest.mark.parametrize(
    ("text", "kind", "payload", "heard"),
    [
        ("/start", Kind.REFERRAL, "", ""),
        ("/start aB3_-", Kind.REFERRAL, "aB3_-", ""),
        ("/start@fan_bot aB3", Kind.REFERRAL, "aB3", ""),
        ("/start two words", Kind.MESSAGE, "", "/start two words"),
        ("/stop", Kind.MESSAGE, "", "/stop"),
        ("/stop@fan_bot", Kind.MESSAGE, "", "/stop"),
    ],
)
def test_start_is_a_link_of_ours_and_stop_stays_a_word(text: str, kind: Kind, payload: str, heard: str) -> None:
    interaction = read(private(text))

    assert (interaction.kind, interaction.payload, interaction.text) == (kind, payload, heard)


def test_a_picture_says_its_caption() -> None:
    interaction = read(private(photo=[{"file_id": "1"}], caption="Voici mon thé"))

    assert (interaction.kind, interaction.text) == (Kind.MESSAGE, "Voici mon thé")


def test_only_the_fans_own_phone_number_is_a_contact() -> None:
    own = read(private(contact={"phone_number": "33612345678", "first_name": "Léa", "user_id": 77}))
    other = read(private(contact={"phone_number": "33698765432", "first_name": "Max", "user_id": 78}))
    nameless = read(private(contact={"phone_number": "33698765432", "first_name": "Max"}))

    assert (own.kind, own.phone) == (Kind.CONTACT, "+33612345678")
    assert [(each.kind, each.phone) for each in (other, nameless)] == [(Kind.MESSAGE, ""), (Kind.MESSAGE, "")]


def test_a_press_brings_its_payload_and_its_label() -> None:
    buttons = {"inline_keyboard": [[{"text": "Oui", "callback_data": "yes"}, {"text": "Non", "callback_data": "no"}]]}
    press = {"id": "4382", "from": LEA, "message": private("Alors ?", reply_markup=buttons), "data": "no"}

    interaction = read(press, "callback_query")

    assert (interaction.kind, interaction.payload, interaction.text) == (Kind.PRESS, "no", "Non")
    assert (interaction.author, interaction.subject, interaction.at) == ("77", "callback:4382", NOW)


@pytest.mark.parametrize(
    ("status", "kind"), [("kicked", Kind.BLOCKED), ("member", Kind.UNBLOCKED), ("brand new", Kind.UNKNOWN)]
)
def test_a_block_and_its_end_are_heard(status: str, kind: Kind) -> None:
    change = {"chat": LEA_CHAT, "from": LEA, "date": SAID_AT, "new_chat_member": {"status": status}}

    interaction = read(change, "my_chat_member")

    assert (interaction.kind, interaction.author) == (kind, "77")


def test_being_thrown_out_of_a_group_is_no_fans_block() -> None:
    change = {"chat": GROUP, "from": LEA, "date": SAID_AT, "new_chat_member": {"status": "kicked"}}

    assert read(change, "my_chat_member").kind is Kind.UNKNOWN


def test_a_comment_belongs_to_the_post_and_a_reply_to_its_comment() -> None:
    first = read(comment("PROMO"))
    below = read(comment("Moi aussi", message_id=10, reply_to_message=comment("PROMO")))
    aside = read({"message_id": 11, "date": SAID_AT, "chat": GROUP, "from": LEA, "text": "Bonjour à tous"})

    assert [each.kind for each in (first, below, aside)] == [Kind.COMMENT] * 3
    assert [(each.subject, each.thread, each.parent) for each in (first, below, aside)] == [
        ("-1002:9", "-1002:3", ""),
        ("-1002:10", "-1002:3", "-1002:9"),
        ("-1002:11", "-1002", ""),
    ]


def test_an_edit_is_another_interaction_about_the_same_message() -> None:
    before, after = comment("PRMO"), comment("PROMO", edit_date=SAID_AT + 60)
    private_edit = read(private("/start x", edit_date=SAID_AT + 60), "edited_message")

    said, edited = read(before), read(after, "edited_message")

    assert (edited.kind, edited.subject, edited.text) == (Kind.COMMENT_EDITED, said.subject, "PROMO")
    assert edited.at == said.at + timedelta(minutes=1)
    assert (private_edit.kind, private_edit.text) == (Kind.MESSAGE_EDITED, "/start x")


@pytest.mark.parametrize(
    "own",
    [
        POST,
        comment("Merci !", sender_chat=CHANNEL),
        comment("Merci !", sender_chat=GROUP, **{"from": {"id": 1087968824, "is_bot": True, "first_name": "Group"}}),
        comment("Merci !", **{"from": {"id": int(BOT), "is_bot": True, "first_name": "Maison"}}),
    ],
    ids=["the post", "the channel", "an anonymous administrator", "the bot"],
)
def test_what_the_brand_says_in_its_group_is_an_echo(own: Mapping[str, Any]) -> None:
    assert read(own).kind is Kind.ECHO


def test_the_brands_post_and_its_comments_share_a_thread() -> None:
    assert read(POST).thread == read(comment("PROMO")).thread


def test_other_bots_and_strangers_channels_are_no_fans() -> None:
    bot = read(comment("Achetez !", **{"from": LEA | {"is_bot": True}}))
    channel = read(comment("Achetez !", sender_chat={"id": -1009, "type": "channel", "title": "Réclame"}))

    assert [(each.kind, each.by_bot) for each in (bot, channel)] == [(Kind.COMMENT, True)] * 2
    assert (channel.author, channel.author_name) == ("-1009", "Réclame")


def test_reactions_come_and_go() -> None:
    heart = [{"type": "emoji", "emoji": "❤"}]
    reaction = {"chat": GROUP, "message_id": 3, "user": LEA, "date": SAID_AT, "old_reaction": []}

    given = read(reaction | {"new_reaction": heart}, "message_reaction")
    taken = read(reaction | {"new_reaction": []}, "message_reaction")

    assert (given.kind, given.payload, given.author, given.subject) == (Kind.REACTION, "❤", "77", "-1002:3")
    assert taken.kind is Kind.REACTION_REMOVED


def test_what_is_no_saying_is_unknown() -> None:
    joined = {"message_id": 9, "date": SAID_AT, "chat": GROUP, "from": LEA, "new_chat_members": [LEA]}

    assert read(joined).kind is Kind.UNKNOWN
    assert read({"id": "1", "from": LEA, "query": "thé"}, "inline_query").kind is Kind.UNKNOWN


def test_letters_that_no_database_stores_are_replaced() -> None:
    interaction = read(private("a\x00b\ud800c"))

    assert interaction.text == "a\ufffdb\ufffdc"
    assert interaction.raw["message"]["text"] == "a\ufffdb\ufffdc"


def test_what_is_nested_too_deeply_to_store_is_kept_as_it_came() -> None:
    body = written(private("Bonjour", deep=json.loads("[" * 200 + "]" * 200)))

    (interaction,) = Telegram(TOKEN).read(body, NOW)

    assert (interaction.kind, interaction.raw) == (Kind.UNKNOWN, {"body": body.decode()})


KINDS = {
    "edited_message": Kind.MESSAGE_EDITED,
    "group_edited_message": Kind.COMMENT_EDITED,
    "group_message": Kind.COMMENT,
    "channel_post": Kind.ECHO,
    "edited_channel_post": Kind.ECHO,
    "poll": Kind.UNKNOWN,
}


def test_each_recorded_update_is_what_it_was() -> None:
    """Files are named "library-kind": all but the few of `KINDS` are queries, presses or messages."""
    if not PAYLOADS.is_dir():
        pytest.skip("the recorded payloads are not beside the project")
    expected, found = {}, {}

    for path in PAYLOADS.glob("telegram/*.json"):
        kind = path.stem.partition("-")[2]
        usual = Kind.PRESS if "callback" in kind else Kind.MESSAGE if "message" in kind else Kind.UNKNOWN
        expected[kind] = KINDS.get(kind, usual)
        found[kind] = Telegram("313534466:token").read(path.read_bytes(), NOW)[0].kind

    assert found == expected
    assert found


def test_an_update_without_its_number_is_known_by_its_message() -> None:
    body = json.dumps({"message": private("Bonjour")}).encode()
    spaced = json.dumps({"message": private("Bonjour")}, indent=2).encode()

    assert [Telegram(TOKEN).read(each, NOW)[0].id for each in (body, spaced)] == ["77:5", "77:5"]


# With the pretend Telegram


@pytest.fixture
def pretender(wire: Wire) -> PretendTelegram:
    return PretendTelegram(wire, TOKEN, limits=NO_LIMITS)


@pytest.fixture
def telegram(pretender: PretendTelegram, serve: Serve) -> Iterator[Telegram]:
    telegram = telegram_at(serve(pretender))
    yield telegram
    telegram.close()


def chat_of(pretender: PretendTelegram, fan: str) -> list[dict[str, Any]]:
    (chat,) = [thread for thread in pretender.view()["threads"] if thread.get("fan") == fan]
    return chat["entries"]


def calls(wire: Wire, what: str) -> list[tuple[str, str, bool]]:
    return [(call.to, call.text, call.done) for call in wire.calls if call.what == what]


def test_the_sandbox_tells_only_what_the_sdk_can_read(pretender: PretendTelegram) -> None:
    pretender.chats.allowed = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
    pretender.act("start", "Léa Martin", payload="token")
    pretender.act("share_contact", "Léa Martin", phone="33612345678")
    place = pretender.act("comment", "Max", text="PROMO")["id"]
    pretender.act("comment", "Léa Martin", text="Moi aussi", parent=place)
    pretender.act("edit", "Max", id=place, text="#PROMO")
    pretender.act("react", "Max", id=place)
    pretender.act("block", "Léa Martin")
    pretender.act("unblock", "Léa Martin")

    read = [Update.de_json(update) for update in pretender.chats.pending]

    assert [update.effective_user.first_name for update in read if update.effective_user] == [
        *("Léa", "Léa", "Max", "Léa", "Max", "Max", "Léa", "Léa")
    ]
    assert [update.api_kwargs for update in read] == [{}] * 8


def test_the_sandbox_remembers_over_a_restart(pretender: PretendTelegram, wire: Wire) -> None:
    place = pretender.act("comment", "Max", text="PROMO")["id"]
    pretender.act("start", "Léa")
    restarted = PretendTelegram(wire, TOKEN)

    restarted.load(json.loads(json.dumps(pretender.dump())))

    assert restarted.view() == pretender.view()
    assert list(restarted.chats.pending) == list(pretender.chats.pending)
    assert restarted.act("comment", "Léa", text="Moi aussi", parent=place)["id"]


def test_what_a_fan_does_arrives_by_polling(telegram: Telegram, pretender: PretendTelegram) -> None:
    telegram.start("")
    pretender.act("start", "Léa", payload="token")
    pretender.act("comment", "Max", text="PROMO")
    pretender.act("block", "Léa")

    (page,) = telegram.poll("updates", "", NOW)

    assert [(each.kind, each.author_name, each.payload, each.text) for each in page.interactions] == [
        (Kind.REFERRAL, "Léa", "token", ""),
        (Kind.COMMENT, "Max", "", "PROMO"),
        (Kind.BLOCKED, "Léa", "", ""),
    ]


def test_the_position_moves_only_after_a_page_is_kept(telegram: Telegram, pretender: PretendTelegram) -> None:
    pretender.act("write", "Léa", text="un")
    (first,) = telegram.poll("updates", "", NOW)
    pretender.act("write", "Léa", text="deux")

    (again,) = telegram.poll("updates", "", NOW)
    (kept,) = telegram.poll("updates", first.position or "", NOW)
    (quiet,) = telegram.poll("updates", kept.position or "", NOW)

    assert [each.text for each in again.interactions] == ["un", "deux"]
    assert again.interactions[:1] == first.interactions
    assert [each.text for each in kept.interactions] == ["deux"]
    assert quiet.interactions == ()


def test_telegram_may_count_anew_after_a_quiet_week(telegram: Telegram, pretender: PretendTelegram) -> None:
    pretender.act("write", "Léa", text="un")
    (first,) = telegram.poll("updates", "", NOW)
    (quiet,) = telegram.poll("updates", first.position or "", NOW)
    pretender.chats.pending.append({"update_id": 7, "message": private("deux")})

    (anew,) = telegram.poll("updates", quiet.position or "", NOW)

    assert [each.text for each in anew.interactions] == ["deux"]


def test_a_poll_waits_for_something_to_happen(pretender: PretendTelegram, serve: Serve) -> None:
    telegram = telegram_at(serve(pretender), long_poll=30)
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(lambda: list(telegram.poll("updates", "", NOW)))
        until(lambda: pretender.chats.polls == 1)

        pretender.act("write", "Léa", text="Bonjour")

        assert [each.text for page in poll.result() for each in page.interactions] == ["Bonjour"]
    telegram.close()


def test_a_poll_beside_another_or_a_webhook_waits(telegram: Telegram, pretender: PretendTelegram, wire: Wire) -> None:
    pretender.chats.webhook = {"url": "https://elsewhere.example", "secret_token": ""}

    with pytest.raises(Busy) as caught:
        list(telegram.poll("updates", "", NOW))
    telegram.start("http://127.0.0.1:8000")

    assert (caught.value.reason, caught.value.retry_after) == ("conflict", timedelta(seconds=10))
    assert [page.interactions for page in telegram.poll("updates", "", NOW)] == [()]


def test_a_poll_with_a_wrong_token_stops_the_account(pretender: PretendTelegram, serve: Serve) -> None:
    stranger = Telegram("2000000002:other", api_url=f"{serve(pretender)}/telegram", long_poll=0)

    with pytest.raises(Refused) as caught:
        list(stranger.poll("updates", "", NOW))

    assert (caught.value.reason, caught.value.scope) == ("invalid_token", Scope.ACCOUNT)
    stranger.close()


def test_an_update_that_nobody_can_read_holds_up_no_other(telegram: Telegram, pretender: PretendTelegram) -> None:
    pretender.chats.allowed = ["poll", "message"]
    pretender.chats.tell("poll", {"id": "1", "question": "incomplete"})
    pretender.act("write", "Léa", text="Bonjour")

    (page,) = telegram.poll("updates", "", NOW)

    assert [each.kind for each in page.interactions] == [Kind.UNKNOWN, Kind.MESSAGE]


def test_with_a_public_address_telegram_calls_it(pretender: PretendTelegram, serve: Serve) -> None:
    telegram = telegram_at(serve(pretender), by_webhook=True)

    telegram.start("https://fan.example/")

    assert pretender.chats.webhook == {"url": "https://fan.example/webhooks/telegram", "secret_token": SECRET}
    assert "message_reaction" in pretender.chats.allowed
    telegram.close()


def test_a_fan_who_wrote_is_answered_in_the_chat(telegram: Telegram, pretender: PretendTelegram) -> None:
    pretender.act("start", "Léa")

    receipt = telegram.send(direct(pretender, "Léa", "Bonjour Léa"))

    entries = chat_of(pretender, "Léa")
    assert [(each["by_brand"], each["text"]) for each in entries] == [(False, "/start"), (True, "Bonjour Léa")]
    assert receipt == Receipt(entries[-1]["id"])


def test_telegram_does_not_open_the_fans_own_link(telegram: Telegram, pretender: PretendTelegram, wire: Wire) -> None:
    pretender.act("start", "Léa")

    telegram.send(direct(pretender, "Léa", "https://fan.example/claim/1"))

    assert [call.more["link_preview_options"] for call in wire.calls] == [{"is_disabled": True}]


def test_no_log_line_shows_the_token_or_what_is_said(
    telegram: Telegram, pretender: PretendTelegram, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pretender.act("start", "Léa")
    wire.faults.plan(Fault("telegram", "html"))
    with pytest.raises(Uncertain):
        telegram.send(direct(pretender, "Léa", "Bonjour Léa"))

    telegram.send(direct(pretender, "Léa", "Bonjour Léa"))

    assert caplog.messages
    assert [line for line in caplog.messages if TOKEN in line or "Bonjour" in line or "went wrong" in line] == []


def test_a_comment_is_answered_under_itself(telegram: Telegram, pretender: PretendTelegram) -> None:
    place = pretender.act("comment", "Léa", text="PROMO")["id"]

    telegram.send(Message("key", BOT, Way.PUBLIC, place, "Écrivez-nous ici"))
    telegram.send(Message("key", BOT, Way.LIKE, place))

    group = pretender.view()["threads"][0]["entries"]
    assert [(each["text"], each["parent"], each["liked"]) for each in group[1:]] == [
        ("PROMO", f"{GROUP_ID}:{FORWARD_ID}", True),
        ("Écrivez-nous ici", place, False),
    ]


def test_buttons_answer_link_and_ask(telegram: Telegram, pretender: PretendTelegram) -> None:
    pretender.act("start", "Léa")
    buttons = (
        Button("Oui", Ask.ANSWER, "yes"),
        Button("Ouvrir", Ask.LINK, "https://fan.example/claim/1"),
        Button("Chez moi", Ask.LINK, "http://127.0.0.1:8000/claim/1"),
        Button("Mon e-mail", Ask.EMAIL),
    )

    telegram.send(direct(pretender, "Léa", "Alors ?", *buttons))

    entry = chat_of(pretender, "Léa")[-1]
    assert entry["text"] == "Alors ?\n\nChez moi: http://127.0.0.1:8000/claim/1"
    assert [(each["label"], each["ask"], each["payload"] or each["url"]) for each in entry["buttons"]] == [
        ("Oui", "answer", "yes"),
        ("Ouvrir", "link", "https://fan.example/claim/1"),
    ]


def test_a_phone_number_is_asked_for_with_the_fans_own_keyboard(telegram: Telegram, pretender: PretendTelegram) -> None:
    pretender.act("start", "Léa")
    buttons = (Button("Mon numéro", Ask.PHONE), Button("Non merci", Ask.ANSWER, "no"))
    telegram.send(direct(pretender, "Léa", "Votre numéro ?", *buttons))
    (page,) = telegram.poll("updates", "", NOW)

    pretender.act("press", "Léa", payload="Mon numéro")
    pretender.act("press", "Léa", payload="Non merci")

    (page,) = telegram.poll("updates", page.position or "", NOW)
    assert [(each.kind, each.phone, each.text) for each in page.interactions] == [
        (Kind.CONTACT, "+33612345678", ""),
        (Kind.MESSAGE, "", "Non merci"),
    ]


def test_a_group_sees_no_button_that_anybody_could_press(telegram: Telegram, pretender: PretendTelegram) -> None:
    place = pretender.act("comment", "Léa", text="PROMO")["id"]
    buttons = (
        Button("Oui", Ask.ANSWER, "yes"),
        Button("Numéro", Ask.PHONE),
        Button("Le bot", Ask.LINK, "https://t.me/b"),
    )

    telegram.send(Message("key", BOT, Way.PUBLIC, place, "Par ici", buttons))

    entry = pretender.view()["threads"][0]["entries"][-1]
    assert [each["label"] for each in entry["buttons"]] == ["Le bot"]


def test_the_answer_to_a_press_takes_the_spinner_off(
    telegram: Telegram, pretender: PretendTelegram, wire: Wire
) -> None:
    pretender.act("start", "Léa")
    telegram.send(direct(pretender, "Léa", "Alors ?", Button("Oui", Ask.ANSWER, "yes")))
    pretender.act("press", "Léa", payload="yes")
    (page,) = telegram.poll("updates", "", NOW)
    press = page.interactions[-1]
    wire.faults.plan(Fault("telegram", "500", "answer_press"))

    telegram.send(direct(pretender, "Léa", "Merci", answers=press.subject))
    telegram.send(direct(pretender, "Léa", "Voici", answers=press.subject))

    answered = [(call.more["callback_query_id"], call.done) for call in wire.calls if call.what == "answer_press"]
    callback = press.subject.removeprefix("callback:")
    assert answered == [(callback, False), (callback, True)]
    assert [each["text"] for each in chat_of(pretender, "Léa")[-2:]] == ["Merci", "Voici"]


def test_a_private_message_never_goes_to_a_group(telegram: Telegram) -> None:
    with pytest.raises(Refused) as caught:
        telegram.send(Message("key", BOT, Way.DIRECT, str(GROUP_ID), "Votre code : 1234"))

    assert caught.value.reason == "bad_recipient"


def test_a_payload_that_is_too_long_is_refused_and_not_cut(telegram: Telegram, pretender: PretendTelegram) -> None:
    pretender.act("start", "Léa")

    with pytest.raises(Refused) as caught:
        telegram.send(direct(pretender, "Léa", "Alors ?", Button("Oui", Ask.ANSWER, "é" * 33)))

    assert caught.value.reason == "payload_too_long"


# When Telegram says no


def test_a_bot_cannot_begin_a_chat(telegram: Telegram, pretender: PretendTelegram) -> None:
    pretender.act("comment", "Léa", text="PROMO")

    assert refusal(telegram, direct(pretender, "Léa", "Bonjour")) == ("cannot_start", Scope.PERSON)


def test_a_fan_who_blocked_the_bot_is_left_alone(telegram: Telegram, pretender: PretendTelegram) -> None:
    pretender.act("start", "Léa")
    pretender.act("block", "Léa")

    assert refusal(telegram, direct(pretender, "Léa", "Bonjour")) == ("blocked", Scope.PERSON)


def test_a_comment_that_is_gone_concerns_that_message_only(telegram: Telegram) -> None:
    message = Message("key", BOT, Way.PUBLIC, f"{GROUP_ID}:4", "Bonjour")

    assert refusal(telegram, message) == ("comment_gone", Scope.MESSAGE)


@pytest.mark.parametrize(
    ("fault", "private", "public"),
    [
        ("deactivated", ("deactivated", Scope.PERSON), ("deactivated", Scope.MESSAGE)),
        ("chat_not_found", ("chat_not_found", Scope.PERSON), ("chat_not_found", Scope.MESSAGE)),
        ("kicked", ("not_in_group", Scope.MESSAGE), ("not_in_group", Scope.MESSAGE)),
        ("no_right", ("no_right", Scope.MESSAGE), ("no_right", Scope.MESSAGE)),
        ("unauthorized", ("invalid_token", Scope.ACCOUNT), ("invalid_token", Scope.ACCOUNT)),
    ],
)
def test_each_refusal_says_whom_it_is_about(
    fault: str, private: object, public: object, telegram: Telegram, pretender: PretendTelegram, wire: Wire
) -> None:
    pretender.act("start", "Léa")
    place = pretender.act("comment", "Léa", text="PROMO")["id"]
    wire.faults.plan(Fault("telegram", fault, times=2))

    assert refusal(telegram, direct(pretender, "Léa", "Bonjour")) == private
    assert refusal(telegram, Message("key", BOT, Way.PUBLIC, place, "Bonjour")) == public


def refusal(telegram: Telegram, message: Message) -> tuple[str, Scope]:
    with pytest.raises(Refused) as caught:
        telegram.send(message)
    return caught.value.reason, caught.value.scope


def test_too_long_a_text_is_refused(telegram: Telegram, pretender: PretendTelegram) -> None:
    pretender.act("start", "Léa")

    telegram.send(direct(pretender, "Léa", "é" * 4096))

    assert refusal(telegram, direct(pretender, "Léa", "é" * 4097)) == ("too_long", Scope.MESSAGE)


def test_what_telegram_cannot_do_is_refused(telegram: Telegram) -> None:
    for way in (Way.PRIVATE, Way.HIDE):
        assert refusal(telegram, Message("key", BOT, way, "-1:2", "Bonjour")) == ("unsupported", Scope.MESSAGE)
    assert refusal(telegram, Message("key", "42", Way.DIRECT, "77", "Bonjour")) == ("unknown_account", Scope.MESSAGE)


def test_telegrams_own_pause_is_kept(telegram: Telegram, pretender: PretendTelegram, wire: Wire) -> None:
    pretender.act("start", "Léa")
    wire.faults.plan(Fault("telegram", "rate"))

    with pytest.raises(Busy) as caught:
        telegram.send(direct(pretender, "Léa", "Bonjour"))

    assert (caught.value.retry_after, caught.value.scope) == (timedelta(seconds=7), Scope.ACCOUNT)


def test_a_group_takes_twenty_messages_a_minute(wire: Wire, serve: Serve) -> None:
    pretender = PretendTelegram(wire, TOKEN)
    telegram = telegram_at(serve(pretender))
    message = Message("key", BOT, Way.PUBLIC, pretender.act("comment", "Léa", text="PROMO")["id"], "Bonjour")
    for _ in range(20):
        telegram.send(message)

    with pytest.raises(Busy):
        telegram.send(message)
    wire.advance(60)

    assert telegram.send(message).id
    telegram.close()


def test_a_group_that_moved_is_followed(telegram: Telegram, pretender: PretendTelegram, wire: Wire) -> None:
    place = pretender.act("comment", "Léa", text="PROMO")["id"]
    wire.faults.plan(Fault("telegram", "migrated"))

    receipt = telegram.send(Message("key", BOT, Way.PUBLIC, place, "Écrivez-nous ici"))

    new_group = pretender.chats.groups[-1]
    assert calls(wire, "public_reply") == [
        (place, "Écrivez-nous ici", False),
        (str(new_group), "Écrivez-nous ici", True),
    ]
    assert receipt.id.partition(":")[0] == str(new_group)
    assert receipt.recipient == ""  # a group is nobody's address


def test_a_lost_answer_is_not_sent_again(telegram: Telegram, pretender: PretendTelegram, wire: Wire) -> None:
    pretender.act("start", "Léa")
    wire.faults.plan(Fault("telegram", "lost"))

    with pytest.raises(Uncertain):
        telegram.send(direct(pretender, "Léa", "Bonjour"))

    assert [each["text"] for each in chat_of(pretender, "Léa")] == ["/start", "Bonjour"]


# Links, threads, and the end


def test_the_entry_link_brings_a_payload_to_the_bot(telegram: Telegram, wire: Wire) -> None:
    telegram.learn()

    links = [telegram.entry_link(BOT, payload) for payload in ("aB3_-", "x" * 64, "")]

    assert links == [f"https://t.me/maison_zephyr_bot{tail}" for tail in ("?start=aB3_-", "?start=" + "x" * 64, "")]
    assert len(calls(wire, "getMe")) == 1


def test_there_is_no_link_for_what_telegram_would_not_carry(telegram: Telegram, closed_url: str) -> None:
    unreachable = telegram_at(closed_url)
    telegram.learn()

    assert [telegram.entry_link(BOT, payload) for payload in ("é", "a b", "x" * 65)] == ["", "", ""]
    assert telegram.entry_link("42", "token") == ""
    assert unreachable.entry_link(BOT, "token") == ""
    assert telegram_at(closed_url, username="fan_bot").entry_link(BOT, "token") == "https://t.me/fan_bot?start=token"
    unreachable.close()


def test_six_threads_may_send_at_once(telegram: Telegram, pretender: PretendTelegram) -> None:
    for fan in range(6):
        pretender.act("start", f"fan {fan}")

    def send_ten(fan: int) -> list[str]:
        return [telegram.send(direct(pretender, f"fan {fan}", f"{fan}.{turn}")).id for turn in range(10)]

    with ThreadPoolExecutor(6) as pool:
        receipts = [receipt for ids in pool.map(send_ten, range(6)) for receipt in ids]

    assert len(set(receipts)) == 60
    for fan in range(6):
        texts = [each["text"] for each in chat_of(pretender, f"fan {fan}")[1:]]
        assert texts == [f"{fan}.{turn}" for turn in range(10)]


def test_closing_leaves_no_thread_even_in_the_middle_of_a_poll(pretender: PretendTelegram, serve: Serve) -> None:
    telegram = telegram_at(serve(pretender), long_poll=30)
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(lambda: list(telegram.poll("updates", "", NOW)))
        until(lambda: pretender.chats.polls == 1)
        assert "telegram" in [thread.name for thread in threading.enumerate()]

        telegram.close()
        telegram.close()

        with pytest.raises(Unreachable):
            poll.result()
    assert "telegram" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(Unreachable):
        telegram.send(Message("key", BOT, Way.DIRECT, "77", "Bonjour"))


def test_nothing_is_begun_before_it_is_needed() -> None:
    telegram = Telegram(TOKEN, SECRET)

    telegram.read(written(private("Bonjour")), NOW)
    telegram.close()

    assert "telegram" not in [thread.name for thread in threading.enumerate()]
