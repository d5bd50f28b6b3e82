"""Facebook: each webhook is read to the right thing, and each answer of the Graph API is taken for what it says."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
from flask import Blueprint, Response, request

from connectors import (
    Ask,
    Busy,
    Button,
    Called,
    Connector,
    Interaction,
    Kind,
    Message,
    Misconfigured,
    PlatformError,
    Receipt,
    Refused,
    Scope,
    Uncertain,
    Way,
    load,
)
from connectors.facebook import Facebook
from sandbox import facebook as pretended
from sandbox.facebook_hooks import signed, written
from sandbox.wire import Fault, Pretender, Wire
from tests.connectors.conftest import Serve
from tests.connectors.contract import NOW, PAYLOADS, ConnectorContract

SECRET, VERIFY, TOKEN, OTHER_TOKEN = "app-secret-9c1f", "verify-77aa", "EAAGpage-token-1", "EAAGpage-token-2"
PAGE, OTHER_PAGE = "104200000000001", "104200000000002"
SETTINGS = {
    "FACEBOOK_APP_SECRET": SECRET,
    "FACEBOOK_VERIFY_TOKEN": VERIFY,
    "FACEBOOK_PAGES": f"{PAGE}:{TOKEN}, {OTHER_PAGE}:{OTHER_TOKEN}",
}
AT = 1_763_600_000  # seconds
FAN = "7001"
ROOT = Path(__file__).parents[2]


def envelope(*changes: dict[str, Any], messaging: tuple[dict[str, Any], ...] = (), page: str = PAGE) -> bytes:
    entry: dict[str, Any] = {"id": page, "time": AT + 5}
    entry |= {"changes": list(changes)} if changes else {}
    entry |= {"messaging": list(messaging), "time": (AT + 5) * 1000} if messaging else {}
    return written({"object": "page", "entry": [entry]})


def comment(**more: Any) -> dict[str, Any]:
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": "555_777",
        "post_id": f"{PAGE}_555",
        "parent_id": f"{PAGE}_555",
        "from": {"id": FAN, "name": "Léa"},
        "message": "PROMO",
        "created_time": AT,
    }
    return {"field": "feed", "value": value | more}


def event(**content: Any) -> dict[str, Any]:
    return {"sender": {"id": FAN}, "recipient": {"id": PAGE}, "timestamp": AT * 1000, **content}


class TestFacebook(ConnectorContract):
    name = "facebook"
    whole: ClassVar = SETTINGS
    half: ClassVar = {missing: {k: v for k, v in SETTINGS.items() if k != missing} for missing in SETTINGS}
    secrets = (SECRET, VERIFY, TOKEN, OTHER_TOKEN)
    samples = ("facebook_webhooks/*.json", "doc_shapes/fb-*.json", "instagram/*.json", "whatsapp_webhooks/*.json")

    def pretend(self, wire: Wire) -> pretended.Facebook:
        return pretended.build(wire, SETTINGS)

    def at(self, url: str) -> Facebook:
        pages = {PAGE: TOKEN, OTHER_PAGE: OTHER_TOKEN}
        return Facebook(SECRET, VERIFY, pages, f"{url}/facebook", timeout=(5, 0.5))

    def message(self, pretender: Pretender, way: Way) -> Message:
        if way is Way.DIRECT:
            to = pretender.act("write", "Léa", text="Bonjour")["psid"]
        else:
            to = pretender.act("comment", "Léa", text="PROMO")["comment_id"]
        return Message("key-1", PAGE, way, to, "Merci Léa !")

    def sign(self, body: bytes) -> dict[str, str]:
        return signed(SECRET, body)

    def bodies(self) -> list[bytes]:
        return [
            envelope(comment(), comment(comment_id="555_778", message="é " * 20)),
            envelope(messaging=(event(message={"mid": "m_1", "text": "Bonjour / 😀"}),)),
        ]


@pytest.fixture
def setup() -> TestFacebook:
    return TestFacebook()


@pytest.fixture
def fans(setup: TestFacebook, wire: Wire) -> pretended.Facebook:
    return setup.pretend(wire)


@pytest.fixture
def facebook(setup: TestFacebook, fans: pretended.Facebook, serve: Serve) -> Iterator[Facebook]:
    facebook = setup.at(serve(fans))
    yield facebook
    facebook.close()


def read(body: bytes) -> list[Interaction]:
    connector = load(SETTINGS)["facebook"]
    found = connector.read(body, NOW)
    connector.close()
    return found


def read_one(body: bytes) -> Interaction:
    (found,) = read(body)
    return found


# Settings and doors


def test_settings_that_cannot_be_read_are_named_together() -> None:
    wrong = {"FACEBOOK_APP_SECRET": "s", "FACEBOOK_PAGES": "1:tok,2", "FACEBOOK_API_URL": "graph.facebook.com"}

    with pytest.raises(Misconfigured) as caught:
        load(wrong)

    assert [fault.split()[0] for fault in caught.value.faults] == [
        "FACEBOOK_VERIFY_TOKEN",
        "FACEBOOK_API_URL",
        "FACEBOOK_PAGES",
    ]


def test_a_page_named_twice_is_refused() -> None:
    with pytest.raises(Misconfigured) as caught:
        load(SETTINGS | {"FACEBOOK_PAGES": "1:one,1:two"})

    assert caught.value.faults == ["FACEBOOK_PAGES names a Page twice."]


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY}, "1158201444"),
        ({"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "guess"}, None),
        ({"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "\ud800é"}, None),
        ({"hub.mode": "unsubscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY}, None),
        ({}, None),
    ],
)
def test_the_handshake_answers_only_who_knows_the_token(
    query: dict[str, str], answer: str | None, setup: TestFacebook, closed_url: str
) -> None:
    assert setup.at(closed_url).handshake(query) == answer


def test_a_body_that_meta_signed_is_trusted_and_its_like_is_not(setup: TestFacebook) -> None:
    vector = json.loads(shared("vectors/meta-x-hub-signature-256.json"))
    connector = Facebook(vector["app_secret"], VERIFY, {PAGE: TOKEN})
    headers = {vector["header"]: vector["value"]}

    assert connector.verify(headers, vector["raw_body"].encode())
    assert not connector.verify(headers, vector["must_fail_if_reserialised_as"].encode())
    assert not Facebook("another-secret", VERIFY, {PAGE: TOKEN}).verify(headers, vector["raw_body"].encode())
    assert [one.text for one in connector.read(vector["raw_body"].encode(), NOW)] == ["Très bien äöå / 100%"]


def test_a_link_opens_a_conversation_and_brings_its_word(facebook: Facebook) -> None:
    assert facebook.entry_link(PAGE, "offre été/1") == f"https://m.me/{PAGE}?ref=offre%20%C3%A9t%C3%A9%2F1"


# What is heard

SAMPLES = {  # file -> what it is read to; bare events and changes are put into an envelope first
    "bottender-comment_add": [Kind.COMMENT],
    "bottender-comment_add_request": [Kind.COMMENT, Kind.COMMENT],
    "bottender-comment_add_request_by_page": [Kind.ECHO],
    "bottender-comment_edited": [Kind.COMMENT_EDITED],
    "bottender-comment_remove": [Kind.COMMENT_REMOVED],
    "bottender-video_comment_add": [Kind.COMMENT],
    "bottender-post_reaction": [Kind.REACTION],
    "bottender-post_remove": [Kind.COMMENT_REMOVED],
    "bottender-page_like_add": [Kind.REACTION],
    "bottender-reaction_add": [Kind.REACTION],
    "bottender-reaction_edit": [Kind.REACTION],
    "bottender-reaction_remove": [Kind.REACTION_REMOVED],
    "bottender-status_add": [Kind.POST],
    "bottender-status_edited": [Kind.COMMENT_EDITED],
    "bottender-text_message": [Kind.MESSAGE],
    "bottender-image_message": [Kind.MESSAGE],
    "bottender-fallback_message": [Kind.MESSAGE],
    "bottender-quick_reply_message": [Kind.PRESS],
    "bottender-postback": [Kind.PRESS],
    "bottender-postback_referral": [Kind.REFERRAL],
    "bottender-link_referral": [Kind.REFERRAL],
    "bottender-customer_chat_plugin_referral": [Kind.REFERRAL],
    "bottender-optin": [Kind.OPTIN],
    "bottender-echo_message": [Kind.ECHO],
    "bottender-echo_request": [Kind.ECHO],
    "bottender-delivery": [Kind.DELIVERED],
    "bottender-read": [Kind.READ],
    "bottender-reaction_react": [Kind.REACTION],
    "bottender-reaction_unreact": [Kind.REACTION_REMOVED],
    "bottender-policy_enforcement": [Kind.RESTRICTED],
    "bottender-messenger-standby_request": [Kind.STANDBY],
    "bottender-messenger-other_request": [Kind.UNKNOWN],
    "bottender-app_roles": [Kind.UNKNOWN],
    "bottender-account_linking_linked": [Kind.UNKNOWN],
    "bottender-payment": [Kind.UNKNOWN],
    "bottender-pass_thread_control": [Kind.UNKNOWN],
    "bottender-webhook_test_request": [Kind.UNKNOWN],
    "bottender-batch_request": [Kind.MESSAGE, Kind.MESSAGE],
    "bottender-different_pagebatch_request": [Kind.MESSAGE, Kind.MESSAGE],
    "botkit-facebookadapte-req_1": [Kind.MESSAGE],
    "botkit-facebookadapte-req_2": [Kind.PRESS],
    "botkit-facebookadapte-req_3": [Kind.ECHO],
    "botkit-facebookadapte-req_4": [Kind.READ],
    "fb-graph-webhook-leadgen-two-changes": [Kind.UNKNOWN, Kind.UNKNOWN],
    "fb-message-quickreply-user-email": [Kind.CONTACT],
    "fb-optin-notification-messages": [Kind.OPTIN],
    "fb-optin-notification-messages-stop": [Kind.STOP],
    "fb-optin-notification-messages-resume": [Kind.UNBLOCKED],
}


def shared(path: str) -> str:
    if not PAYLOADS.is_dir():
        pytest.skip("the recorded payloads are not beside the project")
    return (PAYLOADS / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_recorded_webhook_is_read_to_the_right_thing(name: str) -> None:
    folder = "doc_shapes" if name.startswith("fb-") else "facebook_webhooks"

    found = read(in_an_envelope(json.loads(shared(f"{folder}/{name}.json"))))

    assert [one.kind for one in found] == SAMPLES[name]


def in_an_envelope(told: dict[str, Any]) -> bytes:
    if "entry" in told:
        return json.dumps(told).encode()
    if "field" in told:
        return envelope(told, page=told["value"].get("post_id", PAGE).partition("_")[0])
    page = told["sender"] if told.get("message", {}).get("is_echo") else told["recipient"]
    return envelope(messaging=(told,), page=page["id"])


def test_a_comment_is_read_whole() -> None:
    reply = comment(parent_id="555_700")

    found = read_one(envelope(reply))

    assert found == Interaction(
        platform="facebook",
        account=PAGE,
        id=f"555_777:add:{AT}",
        kind=Kind.COMMENT,
        at=datetime.fromtimestamp(AT, UTC),
        author=FAN,
        author_name="Léa",
        text="PROMO",
        subject="555_777",
        thread=f"{PAGE}_555",
        parent="555_700",
        raw=reply,
    )


def test_a_comment_under_the_post_itself_answers_no_comment() -> None:
    assert read_one(envelope(comment())).parent == ""


def test_the_old_form_of_an_author_is_understood_and_a_missing_one_is_nobody() -> None:
    old = comment(sender_id=7001, sender_name="Léa")
    del old["value"]["from"]
    nobody = comment(comment_id="555_778")
    del nobody["value"]["from"]

    found = read(envelope(old, nobody))

    assert [(one.author, one.author_name) for one in found] == [("7001", "Léa"), ("", "")]


def test_what_the_page_says_itself_is_an_echo_and_no_fan() -> None:
    ours = {"from": {"id": PAGE, "name": "Maison"}, "parent_id": "555_777", "comment_id": "555_900"}

    found = read_one(envelope(comment(**ours, message="Regardez vos messages")))

    assert (found.kind, found.subject, found.parent) == (Kind.ECHO, "555_900", "555_777")
    assert (found.author, found.author_name, found.text) == ("", "", "Regardez vos messages")


def test_a_comment_that_the_page_takes_away_is_taken_away() -> None:
    found = read_one(envelope(comment(verb="remove", **{"from": {"id": PAGE}})))

    assert (found.kind, found.subject, found.author) == (Kind.COMMENT_REMOVED, "555_777", "")


def test_an_echo_brings_our_key_back() -> None:
    message = {"mid": "m_9", "is_echo": True, "app_id": 1, "text": "Merci", "metadata": "key-1"}

    found = read_one(envelope(messaging=(event(message=message) | {"sender": {"id": PAGE}, "recipient": {"id": FAN}},)))

    assert (found.kind, found.subject, found.payload) == (Kind.ECHO, "m_9", "key-1")
    assert (found.author, found.thread, found.text) == (FAN, FAN, "Merci")


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ({"message": {"mid": "m_1", "text": "Bonjour", "referral": {"ref": "offre_1"}}}, Kind.MESSAGE, "Bonjour"),
        ({"message": {"mid": "m_1", "text": "Bonjour"}, "referral": {"ref": "offre_1"}}, Kind.MESSAGE, "Bonjour"),
        ({"postback": {"title": "Go", "payload": "GO", "referral": {"ref": "offre_1"}}}, Kind.REFERRAL, "Go"),
        ({"referral": {"ref": "offre_1", "source": "SHORTLINK"}}, Kind.REFERRAL, ""),
    ],
)
def test_the_word_of_a_link_is_found_in_each_place(content: dict[str, Any], kind: Kind, text: str) -> None:
    found = read_one(envelope(messaging=(event(**content),)))

    assert (found.kind, found.payload, found.text, found.author) == (kind, "offre_1", text, FAN)


@pytest.mark.parametrize(
    ("payload", "text", "kind", "email", "phone"),
    [
        ("lea@example.org", "lea@example.org", Kind.CONTACT, "lea@example.org", ""),
        ("+33612345678", "+33612345678", Kind.CONTACT, "", "+33612345678"),
        ("06 12 34 56 78", "06 12 34 56 78", Kind.CONTACT, "", "06 12 34 56 78"),
        ("claim:12345678", "Oui", Kind.PRESS, "", ""),
        ("12345678", "Oui", Kind.PRESS, "", ""),
        ("", "Oui", Kind.PRESS, "", ""),
    ],
)
def test_an_address_given_by_quick_reply_is_a_contact(
    payload: str, text: str, kind: Kind, email: str, phone: str
) -> None:
    message = {"mid": "m_1", "text": text, "quick_reply": {"payload": payload}}

    found = read_one(envelope(messaging=(event(message=message),)))

    assert (found.kind, found.email, found.phone) == (kind, email, phone)


def test_a_message_edited_and_taken_back_are_three_things() -> None:
    said = event(message={"mid": "m_1", "text": "PROMO"})
    edited = event(message_edit={"mid": "m_1", "text": "STOP", "num_edit": "1"})
    gone = event(message={"mid": "m_1", "is_deleted": True})

    found = read(envelope(messaging=(said, edited, gone)))

    assert [one.kind for one in found] == [Kind.MESSAGE, Kind.MESSAGE_EDITED, Kind.MESSAGE_REMOVED]
    assert [one.subject for one in found] == ["m_1"] * 3
    assert [one.text for one in found] == ["PROMO", "STOP", ""]


def test_what_is_said_while_another_app_answers_is_heard_as_such() -> None:
    entry = {"id": PAGE, "time": AT, "standby": [event(message={"mid": "m_1", "text": "STOP"})]}

    found = read_one(written({"object": "page", "entry": [entry]}))

    assert (found.kind, found.text, found.author) == (Kind.STANDBY, "STOP", FAN)


def test_a_visitors_post_a_mention_and_a_rating_say_what_to_answer() -> None:
    post = comment(item="photo", comment_id=None)
    mention = comment(post_id="88_99") | {"field": "mention"}
    rating = {"item": "rating", "verb": "add", "reviewer_id": 7001, "reviewer_name": "Léa", "created_time": AT}
    rating |= {"open_graph_story_id": "321", "review_text": "Très bon", "recommendation_type": "POSITIVE"}

    found = read(envelope(post, mention, {"field": "ratings", "value": rating}))

    assert [(one.kind, one.subject, one.author) for one in found] == [
        (Kind.POST, f"{PAGE}_555", FAN),
        (Kind.MENTION, "555_777", FAN),
        (Kind.RATING, "321", FAN),
    ]
    assert (found[2].text, found[2].payload) == ("Très bon", "POSITIVE")


@pytest.mark.parametrize(
    ("told", "at"),
    [
        (AT, datetime.fromtimestamp(AT, UTC)),
        (AT * 1000, datetime.fromtimestamp(AT, UTC)),
        (str(AT), datetime.fromtimestamp(AT, UTC)),
        ("2025-11-20T01:53:20+0000", datetime(2025, 11, 20, 1, 53, 20, tzinfo=UTC)),
        ("2025-11-20T02:53:20+01:00", datetime(2025, 11, 20, 1, 53, 20, tzinfo=UTC)),
        (None, datetime.fromtimestamp(AT + 5, UTC)),
        (0, datetime.fromtimestamp(AT + 5, UTC)),
        (-1, datetime.fromtimestamp(AT + 5, UTC)),
        (10**30, datetime.fromtimestamp(AT + 5, UTC)),
        ("tomorrow", datetime.fromtimestamp(AT + 5, UTC)),
        ([], datetime.fromtimestamp(AT + 5, UTC)),
    ],
)
def test_a_time_is_understood_in_each_form_and_never_absurd(told: Any, at: datetime) -> None:
    assert read_one(envelope(comment(created_time=told))).at == at


def test_a_batch_of_a_thousand_keeps_its_pages_and_its_order() -> None:
    entries = [
        {"id": int(page), "time": AT, "changes": [comment(comment_id=f"555_{n}")]}
        for n, page in enumerate([PAGE, OTHER_PAGE, "999"] * 334)
    ]

    found = read(written({"object": "page", "entry": entries}))

    assert [one.subject for one in found] == [f"555_{n}" for n in range(1002)]
    assert [one.account for one in found[:3]] == [PAGE, OTHER_PAGE, "999"]


def test_a_comment_edited_twice_in_one_second_is_heard_twice() -> None:
    found = read(envelope(comment(verb="edited", message="PROM"), comment(verb="edited", message="PROMO")))

    assert [one.text for one in found] == ["PROM", "PROMO"]


def test_what_is_nested_too_deeply_to_be_stored_is_kept_as_it_came() -> None:
    deep: Any = "end"
    for _ in range(150):
        deep = [deep]

    found = read_one(envelope(comment(more=deep)))

    assert (found.kind, found.account, list(found.raw)) == (Kind.UNKNOWN, "", ["body"])


# What is said


def test_a_private_reply_tells_by_which_id_the_fan_is_written_to(
    facebook: Facebook, fans: pretended.Facebook, wire: Wire
) -> None:
    to = fans.act("comment", "Léa", text="PROMO")["comment_id"]
    buttons = (Button("Oui, je veux bien recevoir", payload="yes"), Button("", Ask.EMAIL), Button("", Ask.PHONE))
    link = Button("Votre offre", Ask.LINK, "https://example.org/claim/x")

    receipt = facebook.send(Message("key-1", PAGE, Way.PRIVATE, to, "Bonjour Léa", (*buttons, link)))

    (chat,) = [thread for thread in fans.view()["threads"] if thread["kind"] == "chat"]
    (line,) = chat["entries"]
    assert (receipt.id, receipt.recipient, receipt.pause) == (line["id"], chat["id"], None)
    assert receipt.recipient != fans.pages[PAGE].fan("Léa").user_id
    assert line["text"] == "Bonjour Léa\n\nVotre offre\nhttps://example.org/claim/x"
    assert [button["label"] for button in line["buttons"]][:2] == ["Oui, je veux bien re", "lea@example.org"]
    assert [button["ask"] for button in line["buttons"]] == ["answer", "email", "phone"]
    assert [(call.what, call.to, call.more["metadata"]) for call in wire.calls] == [("private_reply", to, "key-1")]


def test_a_visitors_post_is_answered_in_private_by_its_own_id(facebook: Facebook, fans: pretended.Facebook) -> None:
    to = fans.act("post", "Léa", text="Bravo")["post_id"]

    facebook.send(Message("key-1", PAGE, Way.PRIVATE, to, "Merci"))

    assert fans.pages[PAGE].posts[to].replied


def test_a_public_reply_a_hide_and_a_like_are_done(facebook: Facebook, fans: pretended.Facebook, wire: Wire) -> None:
    to = fans.act("comment", "Léa", text="PROMO")["comment_id"]

    receipts = [facebook.send(Message("k", PAGE, way, to, "Merci")) for way in (Way.PUBLIC, Way.HIDE, Way.LIKE)]

    said, told = fans.pages[PAGE].comments[receipts[0].id], fans.pages[PAGE].comments[to]
    assert (said.text, said.parent, said.fan) == ("Merci", to, "")
    assert (told.hidden, told.liked) == (True, True)
    assert receipts[1:] == [Receipt(""), Receipt("")]
    assert [call.what for call in wire.calls] == ["public_reply", "hide", "like"]


def test_a_second_private_reply_is_refused(facebook: Facebook, fans: pretended.Facebook) -> None:
    to = fans.act("comment", "Léa", text="PROMO")["comment_id"]
    facebook.send(Message("key-1", PAGE, Way.PRIVATE, to, "Bonjour"))

    assert refusal(facebook, Message("key-2", PAGE, Way.PRIVATE, to, "Bonjour")) == ("already_replied", Scope.MESSAGE)


def test_a_private_reply_after_seven_days_is_refused(facebook: Facebook, fans: pretended.Facebook, wire: Wire) -> None:
    to = fans.act("comment", "Léa", text="PROMO")["comment_id"]

    wire.advance(7 * 86400 + 1)

    assert refusal(facebook, Message("k", PAGE, Way.PRIVATE, to, "Bonjour")) == ("too_late", Scope.MESSAGE)


def test_a_private_reply_opens_no_window_but_its_answer_does(facebook: Facebook, fans: pretended.Facebook) -> None:
    to = fans.act("comment", "Léa", text="PROMO")["comment_id"]
    psid = facebook.send(Message("key-1", PAGE, Way.PRIVATE, to, "Bonjour")).recipient

    before = refusal(facebook, Message("key-2", PAGE, Way.DIRECT, psid, "Encore moi"))
    fans.act("write", "Léa", text="oui")
    after = facebook.send(Message("key-3", PAGE, Way.DIRECT, psid, "Merci"))

    assert before == ("outside_window", Scope.MESSAGE)
    assert after.recipient == psid


def test_after_a_day_only_a_person_may_write_and_after_a_week_nobody(
    facebook: Facebook, fans: pretended.Facebook, wire: Wire
) -> None:
    psid = fans.act("write", "Léa", text="Bonjour")["psid"]
    automatic = Message("key-1", PAGE, Way.DIRECT, psid, "Bonjour")
    too_late = Message("key-2", PAGE, Way.DIRECT, psid, "Bonjour", in_window=False)
    typed = Message("key-3", PAGE, Way.DIRECT, psid, "Bonjour", by_human=True, in_window=False)

    wire.advance(86400 + 60)

    assert refusal(facebook, automatic) == ("outside_window", Scope.MESSAGE)
    assert refusal(facebook, too_late) == ("outside_window", Scope.MESSAGE)
    assert facebook.send(typed).recipient == psid
    wire.advance(6 * 86400)
    assert refusal(facebook, typed) == ("outside_window", Scope.MESSAGE)
    assert [call.more["tag"] for call in wire.calls] == ["", "HUMAN_AGENT", "HUMAN_AGENT"]


def test_who_blocks_us_is_left_alone(facebook: Facebook, fans: pretended.Facebook) -> None:
    psid = fans.act("write", "Léa", text="Bonjour")["psid"]
    fans.act("block", "Léa")

    assert refusal(facebook, Message("k", PAGE, Way.DIRECT, psid, "Bonjour")) == ("unavailable", Scope.PERSON)


def test_a_text_that_is_too_long_never_leaves(facebook: Facebook, fans: pretended.Facebook, wire: Wire) -> None:
    to = fans.act("comment", "Léa", text="PROMO")["comment_id"]
    link = (Button("Votre offre", Ask.LINK, "https://example.org/claim/x"),)

    fits = Message("k", PAGE, Way.PRIVATE, to, "é" * 1999)
    too_long = Message("k", PAGE, Way.PRIVATE, to, "é" * 1990, link)

    assert refusal(facebook, too_long) == ("too_long", Scope.MESSAGE)
    assert list(wire.calls) == []
    assert facebook.send(fits).id


def test_a_page_that_is_not_ours_is_refused(facebook: Facebook) -> None:
    assert refusal(facebook, Message("k", "999", Way.PUBLIC, "1_2", "Bonjour")) == ("not_our_page", Scope.ACCOUNT)


def test_two_pages_keep_their_tokens_apart_under_threads(
    facebook: Facebook, fans: pretended.Facebook, wire: Wire
) -> None:
    psids = {page: fans.act("write", "Léa", text="Bonjour", page=page)["psid"] for page in (PAGE, OTHER_PAGE)}
    failures: list[PlatformError] = []

    def say_often(page: str) -> None:
        for n in range(25):
            try:
                facebook.send(Message(f"{page}-{n}", page, Way.DIRECT, psids[page], page))
            except PlatformError as failure:
                failures.append(failure)

    threads = [threading.Thread(target=say_often, args=(page,)) for page in (PAGE, OTHER_PAGE) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    for page, psid in psids.items():
        (chat,) = [thread for thread in fans.pages[page].view() if thread["id"] == psid]
        assert {line["text"] for line in chat["entries"] if line["by_brand"]} == {page}
    assert sum(call.done for call in wire.calls) == 200


def test_the_process_keeps_its_own_way_to_crash_and_no_common_token() -> None:
    told = """if True:
        import sys, connectors
        before = sys.excepthook
        connector = connectors.load({"FACEBOOK_APP_SECRET": "s", "FACEBOOK_VERIFY_TOKEN": "v",
            "FACEBOOK_PAGES": "1:one,2:two", "FACEBOOK_API_URL": "http://127.0.0.1:9/facebook"})["facebook"]
        from facebook_business.api import FacebookAdsApi, FacebookSession
        assert sys.excepthook is before
        assert FacebookAdsApi.get_default_api() is None
        assert FacebookSession.GRAPH == "https://graph.facebook.com"
        """

    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_each_page_is_subscribed_even_where_one_fails(facebook: Facebook, wire: Wire) -> None:
    wire.faults.plan(Fault("facebook", "190", "subscribe"))

    with pytest.raises(Refused) as caught:
        facebook.start("https://example.org")

    assert caught.value.reason == "token_dead"
    assert [call.done for call in wire.calls] == [False, True]
    assert "feed,mention" in wire.calls[1].text


class Bot:
    """The other end of the webhooks: what a service behind this connector would hear."""

    name = "bot"

    def __init__(self, connector: Connector) -> None:
        self.heard: list[Interaction] = []
        self.blueprint = Blueprint("bot", __name__)
        self.blueprint.add_url_rule("/webhooks/facebook", view_func=self.listen, methods=["POST"])
        self._connector = connector

    def listen(self) -> tuple[str, int]:
        body = request.get_data()
        if not self._connector.verify(dict(request.headers), body):
            return "", 403
        self.heard += self._connector.read(body, datetime.now(UTC))
        return "", 200

    def hears(self, count: int) -> list[Interaction]:
        deadline = time.monotonic() + 20
        while len(self.heard) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.heard

    def hears_next(self, deed: Callable[[], object]) -> Interaction:
        before = len(self.heard)
        deed()
        return self.hears(before + 1)[before]


def test_what_the_pretend_page_tells_is_trusted_and_read(setup: TestFacebook, serve: Serve, closed_url: str) -> None:
    bot = Bot(setup.at(closed_url))
    fans = setup.pretend(Wire(serve(bot)))
    facebook = setup.at(serve(fans))

    said = bot.hears_next(lambda: fans.act("comment", "Léa", text="PROMO / 😀"))
    private = bot.hears_next(lambda: facebook.send(Message("key-1", PAGE, Way.PRIVATE, said.subject, "Bonjour")))
    public = bot.hears_next(lambda: facebook.send(Message("key-2", PAGE, Way.PUBLIC, said.subject, "Regardez")))
    deeds: list[tuple[str, dict[str, str]]] = [
        ("write", {"text": "oui"}),
        ("answer_email", {}),
        ("press", {"payload": "MENU", "label": "Menu"}),
        ("refer", {"ref": "offre_1"}),
        ("edit", {"text": "PROMO !"}),
        ("remove", {}),
        ("react", {}),
        ("post", {"text": "Bravo"}),
        ("stop", {}),
    ]
    rest = [bot.hears_next(partial(fans.act, deed, "Léa", **words)) for deed, words in deeds]
    facebook.close()

    assert (said.kind, said.text, said.author_name) == (Kind.COMMENT, "PROMO / 😀", "Léa")
    assert (private.kind, private.payload, private.text) == (Kind.ECHO, "key-1", "Bonjour")
    assert (public.kind, public.parent, public.text) == (Kind.ECHO, said.subject, "Regardez")
    assert [one.kind for one in rest] == [
        Kind.MESSAGE,
        Kind.CONTACT,
        Kind.PRESS,
        Kind.REFERRAL,
        Kind.COMMENT_EDITED,
        Kind.COMMENT_REMOVED,
        Kind.REACTION,
        Kind.POST,
        Kind.STOP,
    ]
    assert {one.author for one in rest[:4]} == {private.author}
    assert said.author != private.author
    assert rest[1].email == "lea@example.org"


def test_a_newcomer_by_link_presses_get_started(setup: TestFacebook, serve: Serve, closed_url: str) -> None:
    bot = Bot(setup.at(closed_url))
    fans = setup.pretend(Wire(serve(bot)))

    found = bot.hears_next(lambda: fans.act("refer", "Max", ref="offre_1"))

    assert (found.kind, found.payload, found.text) == (Kind.REFERRAL, "offre_1", "Démarrer")


def refusal(facebook: Connector, message: Message) -> tuple[str, Scope]:
    with pytest.raises(Refused) as caught:
        facebook.send(message)
    return caught.value.reason, caught.value.scope


# What Meta's errors and odd answers mean

MESSAGE, PERSON, ACCOUNT = Scope.MESSAGE, Scope.PERSON, Scope.ACCOUNT
MEANT: list[tuple[str, type[PlatformError], str, Scope]] = [
    ("1", Busy, "temporary", MESSAGE),
    ("2", Busy, "temporary", MESSAGE),
    *[(code, Busy, "rate_limited", ACCOUNT) for code in ("4", "17", "32", "613", "80001", "80002", "80005", "80006")],
    ("613/1893016", Refused, "asked_twice", MESSAGE),
    ("10/2018278", Refused, "outside_window", MESSAGE),
    ("10/2534022", Refused, "outside_window", MESSAGE),
    ("10/2018065", Refused, "outside_window", MESSAGE),
    ("10/2018108", Refused, "cannot_receive", PERSON),
    ("10/1893063", Refused, "restricted", ACCOUNT),
    ("10/1893015", Refused, "stopped", PERSON),
    ("10", Refused, "no_permission", ACCOUNT),
    ("100/2018001", Refused, "gone", MESSAGE),
    ("100/33", Refused, "gone", MESSAGE),
    ("100/2534025", Refused, "not_allowed", MESSAGE),
    ("100", Refused, "invalid", MESSAGE),
    ("190/463", Refused, "token_dead", ACCOUNT),
    ("200/2018028", Refused, "no_permission", ACCOUNT),
    ("200/1545041", Refused, "unavailable", PERSON),
    ("551/1545041", Refused, "unavailable", PERSON),
    ("551", Refused, "unavailable", PERSON),
    ("368", Refused, "restricted", ACCOUNT),
    ("2022", Refused, "restricted", ACCOUNT),
    ("506", Refused, "repeated_text", MESSAGE),
    ("1705", Refused, "not_allowed", MESSAGE),
    ("10900", Refused, "already_replied", MESSAGE),
    ("10901", Refused, "too_late", MESSAGE),
    ("10903", Refused, "not_allowed", MESSAGE),
    ("10/2018300", Busy, "thread_taken", MESSAGE),
    ("2018321", Busy, "thread_taken", MESSAGE),
    ("424242", Refused, "error_424242", MESSAGE),
]


@pytest.mark.parametrize(("fault", "kind", "reason", "scope"), MEANT)
def test_each_error_is_taken_for_what_its_code_says(
    fault: str, kind: type[PlatformError], reason: str, scope: Scope, facebook: Facebook, wire: Wire
) -> None:
    wire.faults.plan(Fault("facebook", fault))

    with pytest.raises(kind) as caught:
        facebook.send(Message("k", PAGE, Way.PUBLIC, "1_2", "Bonjour"))

    assert (type(caught.value), caught.value.reason, caught.value.scope) == (kind, reason, scope)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_spent_budget_waits_for_as_long_as_meta_says(
    facebook: Facebook, setup: TestFacebook, fans: pretended.Facebook, wire: Wire
) -> None:
    wire.faults.plan(Fault("facebook", "rate"))

    with pytest.raises(Busy) as caught:
        facebook.send(setup.message(fans, Way.PRIVATE))

    assert (caught.value.scope, caught.value.retry_after) == (Scope.ACCOUNT, timedelta(minutes=15))


def test_a_budget_that_runs_low_asks_for_a_pause(
    facebook: Facebook, setup: TestFacebook, fans: pretended.Facebook, wire: Wire
) -> None:
    wire.faults.plan(Fault("facebook", "usage"))

    receipts = [facebook.send(setup.message(fans, Way.PRIVATE)) for _ in range(2)]

    assert [receipt.pause for receipt in receipts] == [timedelta(minutes=5), None]


def business_use(**figures: int) -> dict[str, str]:
    return {"X-Business-Use-Case-Usage": json.dumps({PAGE: [{"type": "pages", "call_count": 1, **figures}]})}


FIGURES: list[tuple[dict[str, str], timedelta | None]] = [
    ({"X-App-Usage": '{"call_count":79,"total_time":3,"total_cputime":2}'}, None),
    ({"X-App-Usage": '{"call_count":3,"total_time":80,"total_cputime":2}'}, timedelta(minutes=5)),
    ({"x-page-usage": '{"call_count":99}'}, timedelta(minutes=5)),
    (business_use(total_cputime=85), timedelta(minutes=5)),
    (business_use(estimated_time_to_regain_access=19), timedelta(minutes=19)),
    (business_use(estimated_time_to_regain_access=10**9), timedelta(days=1)),
    ({"X-App-Usage": "{nonsense"}, None),
    ({"X-App-Usage": "[" * 5000}, None),
    ({}, None),
]


@pytest.mark.parametrize(("headers", "pause"), FIGURES)
def test_the_usage_headers_are_honoured(headers: dict[str, str], pause: timedelta | None, answering: Any) -> None:
    facebook = answering(Response('{"message_id":"m_1","recipient_id":"2"}', headers=headers))

    assert facebook.send(Message("k", PAGE, Way.DIRECT, "2", "Bonjour")) == Receipt("m_1", "2", pause)


NO_ANSWERS = [
    ('{"message_id":"m_1"}', 500),  # the SDK takes it for success
    ('{"oops":1}', 500),
    ('{"oops":1}', 200),
    ('{"id":"1"}', 200),  # another thing than what was asked for
    ('{"message_id":""}', 200),
    ('{"message_id":{}}', 200),
    ('{"error":"a text"}', 400),
    ('{"error":null}', 400),
    ('{"error":{"message":"no code"}}', 400),
    ('{"error":{"code":190,"error_data":"{"}}', 400),
    ('["success"]', 200),
    ('"m_1"', 200),
    ("7", 200),
    ("null", 200),
    ("[" * 100_000, 200),
    ("<html>Service Unavailable</html>", 503),
    ("<html>fine</html>", 200),
    ("", 204),
    ("", 502),
    ("\ufeff", 200),
]


@pytest.mark.parametrize(("body", "status"), NO_ANSWERS)
def test_an_answer_that_says_nothing_leaves_it_uncertain(body: str, status: int, answering: Any) -> None:
    facebook = answering(Response(body, status, content_type="application/json"))

    with pytest.raises(Uncertain) as caught:
        facebook.send(Message("k", PAGE, Way.DIRECT, "2", "Bonjour"))

    assert caught.value.reason == "garbled_answer"


@pytest.mark.parametrize("way", [Way.HIDE, Way.LIKE])
@pytest.mark.parametrize(
    ("body", "receipt"), [('{"success":true}', True), ('{"success":"true"}', True), ('{"success":1}', False)]
)
def test_only_success_is_success(body: str, receipt: bool, way: Way, answering: Any) -> None:
    facebook = answering(Response(body))

    if receipt:
        assert facebook.send(Message("k", PAGE, way, "1_2")) == Receipt("")
    else:
        with pytest.raises(Uncertain):
            facebook.send(Message("k", PAGE, way, "1_2"))


def test_a_plain_no_is_a_no(answering: Any) -> None:
    assert refusal(answering(Response('{"success":false}')), Message("k", PAGE, Way.HIDE, "1_2")) == (
        "declined",
        MESSAGE,
    )


@pytest.fixture
def answering(setup: TestFacebook, serve: Serve, wire: Wire) -> Iterator[Callable[[Response], Facebook]]:
    """A connector to a Graph API that gives always the same answer."""
    opened: list[Facebook] = []

    def connect(response: Response) -> Facebook:
        same = pretended.build(wire, SETTINGS)
        same.blueprint.before_request(lambda: response)
        opened.append(setup.at(serve(same)))
        return opened[-1]

    yield connect
    for facebook in opened:
        facebook.close()


# What a callback says: a person wants to be erased, or took the app away

CALLED = {"user_id": "218471", "algorithm": "HMAC-SHA256", "issued_at": AT}


def signed_request(told: object, secret: str = SECRET) -> bytes:
    payload = unpadded(json.dumps(told).encode())
    signature = unpadded(hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest())
    return urlencode({"signed_request": f"{signature}.{payload}"}).encode()


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_a_callback_names_whom_it_is_about(facebook: Facebook) -> None:
    assert facebook.called(signed_request(CALLED), NOW) == Called("218471", datetime.fromtimestamp(AT, UTC))
    assert facebook.called(signed_request(CALLED | {"user_id": 218471, "issued_at": None}), NOW) == Called(
        "218471", NOW
    )


@pytest.mark.parametrize(
    "body",
    [
        signed_request(CALLED, "another-secret"),
        signed_request(CALLED).replace(b".", b".e30"),
        signed_request(CALLED | {"algorithm": "none"}),
        signed_request([CALLED]),
        signed_request({"algorithm": "HMAC-SHA256"}),
        b"signed_request=abc",
        b"signed_request=.",
        b"signed_request=%FF%FE.%00",
        b"other=1",
        b"",
        b"\xff\xfe",
        b"signed_request=" + b"a." * 1000,
    ],
)
def test_a_callback_that_meta_did_not_sign_says_nothing(facebook: Facebook, body: bytes) -> None:
    assert facebook.called(body, NOW) is None


def test_the_pretend_facebook_asks_as_meta_does(wire: Wire, facebook: Facebook) -> None:
    heard: list[tuple[str, bytes]] = []

    class Listening(Wire):
        def ask(self, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
            heard.append((path, body))
            return {}

    fans = pretended.build(Listening(), SETTINGS)
    fans.act("delete_my_data", "Léa")
    fans.act("deauthorize", "Léa")

    called = [facebook.called(body, datetime.now(UTC)) for _, body in heard]
    assert [path for path, _ in heard] == ["/webhooks/facebook/data-deletion", "/webhooks/facebook/deauthorize"]
    assert [one.handle if one else None for one in called] == [fans.pages[PAGE].fan("Léa").user_id] * 2
