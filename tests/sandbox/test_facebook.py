"""The pretend Page keeps what it must keep, shows what happened, and says no where Meta does."""

import json
from typing import Any

import pytest

from sandbox import facebook
from sandbox.facebook import Facebook
from sandbox.facebook_page import PRIVATE_REPLIES_AN_HOUR, SHOWN, GraphError
from sandbox.wire import Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def fans(wire: Wire) -> Facebook:
    return facebook.build(wire, {})


def thread(fans: Facebook, kind: str) -> dict[str, Any]:
    return next(each for each in fans.view()["threads"] if each["kind"] == kind)


def test_the_page_shows_who_said_what(fans: Facebook) -> None:
    page = fans.pages[fans.account]

    asked = fans.act("comment", "Léa", text="PROMO")["id"]
    page.reply(asked, "Regardez vos messages")
    page.private_reply("comment_id", asked, {"text": "Bonjour", "quick_replies": [{"content_type": "user_email"}]})
    fans.act("press", "Léa", payload="lea@example.org")

    post, *comments = thread(fans, "post")["entries"]
    assert (post["author"], post["by_brand"]) == ("Maison Zéphyr", True)
    assert [(one["author"], one["text"], one["parent"]) for one in comments] == [
        ("Léa", "PROMO", ""),
        ("Maison Zéphyr", "Regardez vos messages", asked),
    ]
    assert [(one["author"], one["text"]) for one in thread(fans, "chat")["entries"]] == [
        ("Maison Zéphyr", "Bonjour"),
        ("Léa", "lea@example.org"),
    ]


def test_thousands_of_comments_are_kept_and_the_latest_are_shown(fans: Facebook) -> None:
    for n in range(5000):
        fans.act("comment", f"Fan {n}", text=f"PROMO {n}")

    entries = thread(fans, "post")["entries"][1:]

    assert len(fans.pages[fans.account].comments) == 5000
    assert [one["text"] for one in entries] == [f"PROMO {n}" for n in range(5000 - SHOWN, 5000)]


def test_a_restart_keeps_what_was_said_and_who_said_it(fans: Facebook) -> None:
    asked = fans.act("comment", "Léa", text="PROMO")["id"]
    fans.pages[fans.account].private_reply("comment_id", asked, {"text": "Bonjour"})
    psid = fans.act("write", "Léa", text="oui")["psid"]

    later = facebook.build(Wire(), {})
    later.load(json.loads(json.dumps(fans.dump())))

    assert later.view() == fans.view()
    assert later.pages[later.account].message(psid, {"text": "Merci"}, "RESPONSE", "")["recipient_id"] == psid
    with pytest.raises(GraphError) as caught:
        later.pages[later.account].private_reply("comment_id", asked, {"text": "Bonjour"})
    assert caught.value.code == 10900


def test_private_replies_have_an_hourly_limit(fans: Facebook, wire: Wire) -> None:
    page = fans.pages[fans.account]
    asked = [fans.act("comment", f"Fan {n}", text="PROMO")["id"] for n in range(PRIVATE_REPLIES_AN_HOUR + 1)]

    for id in asked[:-1]:
        page.private_reply("comment_id", id, {"text": "Bonjour"})
    with pytest.raises(GraphError) as caught:
        page.private_reply("comment_id", asked[-1], {"text": "Bonjour"})
    wire.advance(3600)

    assert caught.value.code == 80006
    assert page.private_reply("comment_id", asked[-1], {"text": "Bonjour"})["message_id"]


def test_what_a_replay_told_the_bot_may_be_answered_but_is_not_shown(fans: Facebook) -> None:
    page = fans.pages[fans.account]
    before = fans.view()

    page.private_reply("comment_id", "replay0123456789_1", {"text": "Bonjour"})
    page.message("replay0123456789psid1", {"text": "Bonjour"}, "RESPONSE", "")

    assert fans.view() == before
    assert fans.dump()[fans.account]["comments"] == []


def test_a_fan_touches_only_what_is_his(fans: Facebook) -> None:
    asked = fans.act("comment", "Léa", text="PROMO")["id"]

    with pytest.raises(ValueError, match="another fan"):
        fans.act("remove", "Max", id=asked)
    with pytest.raises(KeyError):
        fans.act("dance", "Max")
