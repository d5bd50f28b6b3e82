"""One claim, opened from two sides: both profiles are one person's, and nothing is allowed by that."""

from uuid import UUID

from bot.inbox import Inbox
from bot.joining import PREFIX
from connectors import Kind
from offers.claims import Claim
from optin import people, tokens
from optin.fans import Fan, Profile
from optin.links import Link
from optin.standing import Purpose
from optin.tokens import Page
from tests.stage import SECRET, Stage


def opened_by(stage: Stage, who: str) -> str:
    """The word on the page of what he asked for."""
    stage.writes("promo", who=who)
    stage.work()
    fan_id = fan_of(stage, who)
    return PREFIX + tokens.seal(SECRET, Page.JOIN, next(one.id for one in stage.all(Claim) if one.fan_id == fan_id))


def fan_of(stage: Stage, who: str) -> UUID:
    return next(one.fan_id for one in stage.all(Profile) if one.handle == who)


def said_no(stage: Stage, who: str, purpose: str = Purpose.SERVICE) -> bool:
    with stage.bot.reading() as session:
        fan_id = fan_of(stage, who)
        return people.one(session, fan_id).standing(fan_id, "pigeon", purpose).withdrawn


def test_who_opens_his_claim_from_a_second_profile_is_one_person_on_both(stage: Stage) -> None:
    stage.offer()
    word = opened_by(stage, "lea")

    stage.does(Kind.PRESS, who="lea-elsewhere", payload=word)
    stage.work()

    assert len({fan.person_id for fan in stage.all(Fan)}) == 1
    assert [(one.proof, one.by) for one in stage.all(Link)] == [("claim_link", "fan")]
    assert "ne font plus qu’un" in stage.said()[-1]
    assert stage.pigeon.sent[-1].to == "lea-elsewhere"


def test_a_no_of_either_side_holds_on_both_and_one_that_comes_right_after(stage: Stage) -> None:
    stage.offer()
    word = opened_by(stage, "lea")
    stage.writes("promo", who="lea-elsewhere")
    stage.work()

    stage.does(Kind.PRESS, who="lea-elsewhere", payload=word)
    stage.writes("STOP", who="lea")
    stage.work()

    assert [said_no(stage, who) for who in ("lea", "lea-elsewhere")] == [True, True]


def test_joining_allows_nothing_that_was_refused(stage: Stage) -> None:
    stage.offer()
    word = opened_by(stage, "lea")
    stage.writes("STOP", who="lea")
    stage.work()
    before = len(stage.said())

    stage.does(Kind.PRESS, who="lea-elsewhere", payload=word)
    stage.work()

    assert [said_no(stage, who) for who in ("lea", "lea-elsewhere")] == [True, True]
    assert len(stage.said()) == before


def test_a_second_click_and_a_forged_word_change_nothing(stage: Stage) -> None:
    stage.offer()
    word = opened_by(stage, "lea")
    for payload in (word, word, f"{PREFIX}nonsense", word[:-2] + "AA"):
        stage.later(minutes=1)
        stage.does(Kind.PRESS, who="lea-elsewhere", payload=payload)
        stage.work()

    reasons = [one.reason for one in stage.all(Inbox) if one.kind == "press"]
    assert reasons == ["joined", "joined_already", "no_such_link", "no_such_link"]
    assert len(stage.all(Link)) == 1


def test_who_has_the_code_on_one_side_is_reminded_of_it_on_the_other(stage: Stage) -> None:
    stage.offer()
    word = opened_by(stage, "lea")
    stage.writes("lea@example.com", who="lea")
    stage.work()
    [code] = [one.code for one in stage.all(Claim)]

    stage.does(Kind.PRESS, who="lea-elsewhere", payload=word)
    stage.writes("promo", who="lea-elsewhere")
    stage.work()

    assert str(code) in stage.said()[-1]
    assert [one.code for one in stage.all(Claim)] == [code]
