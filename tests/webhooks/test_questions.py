"""Step by step: what a fan may tell of himself once he has his code, and where that goes."""

import re
from typing import Any

from sqlmodel import select
from werkzeug.test import TestResponse

from leads import details, feed
from leads.details import Detail
from leads.records import LeadRecord
from offers.catalog import Offer
from offers.questions import Question
from optin import links
from optin.links import Proof
from tests.cast import NOW, Stage

BOX = re.compile(r'name="allow" value="(\w+)"')
GAINS = {"fr": "Une surprise vous attend.", "en": "A surprise awaits you."}
ASKED: dict[str, Any] = {"questions": {"phone": GAINS, "birthday": GAINS}}


def asked_on(page: TestResponse) -> str | None:
    found = re.search(
        r'name="question" value="(\w+)">\s*(?:<p class="why">[^<]*</p>\s*)?<label for="answer"', page.text
    )
    return found[1] if found else None


def told(stage: Stage) -> dict[str, str]:
    with stage.bot.reading() as session:
        return {row.name: row.value for row in session.exec(select(Detail))}


def record(stage: Stage) -> LeadRecord:
    with stage.bot.reading() as session:
        [one] = feed.page(session, 10).leads
    assert isinstance(one, LeadRecord)
    return one


def with_code(stage: Stage, offer: Offer, allow: bool = True) -> str:
    word, visitor = stage.claim(offer, stage.fan()), stage.visitor()
    box = BOX.findall(visitor.get(f"/claim/{word}").text)[:1] if allow else []
    visitor.post(f"/claim/{word}", data={"email": "alice@example.com", "allow": box})
    return word


def test_nothing_more_is_asked_before_the_code_nor_where_the_offer_asks_nothing(stage: Stage) -> None:
    visitor = stage.visitor()
    before = visitor.get(f"/claim/{stage.claim(stage.offer(**ASKED), stage.fan('bob'))}")
    plain = visitor.get(f"/claim/{with_code(stage, stage.offer('plain'))}")

    assert [asked_on(before), asked_on(plain)] == [None, None]


def test_one_thing_at_a_time_with_its_reason_and_its_gain(stage: Stage) -> None:
    word, visitor = with_code(stage, stage.offer(**ASKED)), stage.visitor()

    first = visitor.get(f"/claim/{word}")
    visitor.post(f"/claim/{word}/tell", data={"question": "phone", "answer": "06 12 34 56 78"})
    second = visitor.get(f"/claim/{word}")
    visitor.post(f"/claim/{word}/tell", data={"question": "birthday", "answer": "24/12", "skip": "1"})
    last = visitor.get(f"/claim/{word}")

    assert [asked_on(page) for page in (first, second, last)] == ["phone", "birthday", None]
    assert "Question 1 sur 2" in first.text
    assert "Une surprise vous attend." in first.text
    assert told(stage) == {"phone": "+33612345678", "birthday": ""}


def test_what_can_t_be_read_is_asked_again_and_nothing_typed_is_lost(stage: Stage) -> None:
    word, visitor = with_code(stage, stage.offer(**ASKED)), stage.visitor()

    page = visitor.post(f"/claim/{word}/tell", data={"question": "phone", "answer": "12 <b>"})

    assert page.status_code == 422
    assert "12 &lt;b&gt;" in page.text
    assert told(stage) == {}


def test_a_second_tab_answers_no_other_question(stage: Stage) -> None:
    word, visitor = with_code(stage, stage.offer(**ASKED)), stage.visitor()

    for answer in ("0612345678", "0698765432"):
        visitor.post(f"/claim/{word}/tell", data={"question": "phone", "answer": answer})

    assert told(stage) == {"phone": "+33612345678"}


def test_a_number_goes_to_the_crm_with_a_yes_to_calls_alone_and_leaves_with_it(stage: Stage) -> None:
    word, visitor = with_code(stage, stage.offer(**ASKED)), stage.visitor()
    visitor.post(f"/claim/{word}/tell", data={"question": "phone", "answer": "0612345678"})

    silent = record(stage)
    page = visitor.get(f"/claim/{word}").text
    boxes = BOX.findall(page)
    visitor.post(f"/claim/{word}/consent", data={"allow": boxes[-1:]})
    agreed = record(stage)
    visitor.post(f"/claim/{word}/stop", data={"channel": "phone"})
    stopped = record(stage)

    assert "m’appeler" in page
    assert [one.phone for one in (silent, agreed, stopped)] == [None, "+33612345678", None]


def test_what_he_told_comes_with_the_lead_and_goes_when_he_takes_it_back(stage: Stage) -> None:
    asked: dict[str, Any] = {"questions": {"first_name": GAINS, "postcode": GAINS}}
    word, visitor = with_code(stage, stage.offer(**asked)), stage.visitor()
    visitor.post(f"/claim/{word}/tell", data={"question": "first_name", "answer": "Zoé"})
    visitor.post(f"/claim/{word}/tell", data={"question": "postcode", "answer": "75011"})

    before = record(stage)
    with stage.bot.reading() as session:
        seen = feed.end(session)
    visitor.post(f"/claim/{word}/take-back", data={"question": "postcode"})
    with stage.bot.reading() as session:
        [after] = feed.page(session, 10, seen).leads

    assert (before.first_name, before.postcode) == ("Zoé", "75011")
    assert isinstance(after, LeadRecord)
    assert (after.first_name, after.postcode) == ("Zoé", None)
    assert asked_on(visitor.get(f"/claim/{word}")) is None


def test_a_person_is_asked_once_on_whichever_of_his_profiles(stage: Stage) -> None:
    offer = stage.offer(**ASKED)
    first, second = stage.fan("alice"), stage.fan("alice-too")
    with stage.bot.transaction() as session:
        links.link(session, first, second, Proof.EMAIL, "e", NOW)
        details.tell(session, first, Question.PHONE, "+33612345678", NOW, None)
    word, visitor = stage.claim(offer, second), stage.visitor()
    visitor.post(f"/claim/{word}", data={"email": "alice@example.com"})

    assert asked_on(visitor.get(f"/claim/{word}")) == "birthday"
