"""Nobody is solicited without his yes, nor more than he or the brand wants, nor past a no that came in between."""

from datetime import timedelta
from uuid import UUID

import pytest

from bot import soliciting
from bot.outbox import Outgoing
from bot.soliciting import Proposed
from connectors import Kind
from offers import condition_rows
from offers.catalog import Offer
from offers.conditions import Condition, Operator
from optin import consents, house_rules, links, receipts
from optin.fans import Fan, Profile
from optin.links import Link, Proof
from optin.permits import Deferral, Permit, Refusal
from optin.pressure import Caps
from optin.receipts import Receipt
from optin.wordings import wording
from tests.stage import Stage


def meet(stage: Stage, who: str = "lea") -> UUID:
    """She wrote, so that the conversation is open; and was answered by nobody yet."""
    stage.writes("bonjour", who=who)
    stage.work()
    return next(profile.fan_id for profile in stage.all(Profile) if profile.handle == who)


def allow(stage: Stage, fan_id: UUID, channel: str = "pigeon") -> None:
    line = consents.granted(fan_id, channel, wording("offers_messages", "fr", "Zéphyr"), "chat", "m1", stage.now)
    with stage.bot.transaction() as session:
        consents.journal(session, [line])


def propose(stage: Stage, fan_id: UUID, offer: Offer) -> Proposed:
    with stage.bot.transaction() as session:
        return soliciting.propose(session, stage.bot, fan_id, offer, stage.now)


def spaced_out(stage: Stage) -> None:
    """Only the gap counts: a day would be longer than a conversation stays open."""
    with stage.bot.transaction() as session:
        house_rules.change(session, Caps(caps={}, gap=timedelta(hours=4)), "manager:noor", stage.now)


def said_after(stage: Stage, greetings: int) -> list[str]:
    return stage.said()[greetings:]


def test_without_a_yes_nothing_goes_and_the_receipt_says_why(stage: Stage) -> None:
    fan, offer = meet(stage), stage.offer()

    proposed = propose(stage, fan, offer)
    stage.work()

    assert proposed == Proposed(Refusal("no_consent"))
    assert said_after(stage, 1) == []
    assert [row.why for row in stage.all(Receipt) if row.message_id is None] == ["no_consent"]


def test_who_said_yes_gets_the_offer_with_the_way_to_stop_it(stage: Stage) -> None:
    fan, offer = meet(stage), stage.offer()
    allow(stage, fan)

    proposed = propose(stage, fan, offer)
    stage.work()

    [text] = said_after(stage, 1)
    assert isinstance(proposed.answer, Permit)
    assert ["/claim/" in text, "/why/" in text] == [True, True]


def test_the_same_offer_is_brought_once(stage: Stage) -> None:
    fan, offer = meet(stage), stage.offer()
    allow(stage, fan)
    propose(stage, fan, offer)
    stage.work()
    stage.later(days=2)

    assert propose(stage, fan, offer).answer == Refusal("already_proposed")


def test_what_finds_no_room_waits_and_competes_again(stage: Stage) -> None:
    spaced_out(stage)
    fan = meet(stage)
    allow(stage, fan)
    propose(stage, fan, stage.offer(slug="one"))
    stage.work()
    stage.later(minutes=5)

    second = propose(stage, fan, stage.offer(slug="two"))
    at_once = len(said_after(stage, 1))
    stage.later(hours=3, minutes=50)
    stage.work()
    too_early = [message.state for message in stage.all(Outgoing) if message.id == second.message_id]
    stage.later(minutes=10)
    stage.work()

    assert isinstance(second.answer, Deferral)
    assert (at_once, too_early) == (1, ["deferred"])
    assert [message.state for message in stage.all(Outgoing) if message.id == second.message_id] == ["sent"]


def test_caps_count_over_all_profiles_of_a_person(stage: Stage) -> None:
    spaced_out(stage)
    lea, other = meet(stage), meet(stage, "lea-too")
    for fan in (lea, other):
        allow(stage, fan)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.now)
    propose(stage, lea, stage.offer(slug="one"))
    stage.work()

    assert isinstance(propose(stage, other, stage.offer(slug="two")).answer, Deferral)


@pytest.mark.parametrize(("most", "answer"), [(0, Refusal), (1, Permit)])
def test_an_offer_is_brought_only_to_those_whom_it_is_for(stage: Stage, most: int, answer: type) -> None:
    fan = meet(stage)
    allow(stage, fan)
    wrote_little = Condition("messages", Operator.AT_MOST, most)

    proposed = propose(stage, fan, stage.offer(conditions=condition_rows.as_json(wrote_little)))

    assert type(proposed.answer) is answer
    assert proposed.answer.why == "not_eligible" or answer is Permit


@pytest.mark.parametrize("heard_first", [True, False])
def test_a_stop_between_decision_and_sending_wins(stage: Stage, heard_first: bool) -> None:
    fan, offer = meet(stage), stage.offer()
    allow(stage, fan)
    propose(stage, fan, offer)

    stage.later(seconds=1)
    stage.writes("STOP")
    if heard_first:
        stage.hear()
    stage.send()
    stage.work()

    assert [text for text in said_after(stage, 1) if "/claim/" in text] == []


def test_a_stop_on_another_profile_that_is_not_heard_yet_holds_the_offer_back(stage: Stage) -> None:
    lea, other = meet(stage), meet(stage, "lea-too")
    allow(stage, lea)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.now)
    propose(stage, lea, stage.offer())

    stage.later(seconds=1)
    stage.writes("STOP", who="lea-too")
    stage.send()
    stage.work()

    assert [text for text in said_after(stage, 2) if "/claim/" in text] == []


def test_lower_caps_hold_for_what_was_decided_before(stage: Stage) -> None:
    fan = meet(stage)
    allow(stage, fan)
    proposed = propose(stage, fan, stage.offer())

    with stage.bot.transaction() as session:
        house_rules.change(session, Caps(caps={"*": {"day": 0}}), "manager:noor", stage.now)
    stage.work()

    assert [(m.state, m.reason) for m in stage.all(Outgoing) if m.id == proposed.message_id] == [("refused", "cap_day")]


def test_every_receipt_gives_the_same_answer_again(stage: Stage) -> None:
    fan = meet(stage)
    allow(stage, fan)
    propose(stage, fan, stage.offer(slug="one"))
    propose(stage, fan, stage.offer(slug="two"))
    stage.comments("promo")
    stage.writes("STOP")
    stage.work()

    rows = stage.all(Receipt)
    again = [receipts.replayed(row) for row in rows]

    assert len(rows) > 5
    assert [(answer.why, receipts._VERDICTS[type(answer)]) for answer in again] == [
        (row.why, row.verdict) for row in rows
    ]


def test_unlinking_restores_both(stage: Stage) -> None:
    lea, other = meet(stage), meet(stage, "max")
    allow(stage, lea)
    stage.later(minutes=1)
    stage.writes("STOP", who="max")
    stage.work()
    before = propose_dry(stage, lea)
    stage.later(minutes=1)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.MANAGER, "same name", stage.now, by="manager:noor")
    linked = propose_dry(stage, lea)
    with stage.bot.transaction() as session:
        links.unlink(session, stage.all(Link)[0].id, "two sisters", stage.now, by="manager:noor")

    assert (before, linked, propose_dry(stage, lea)) == (True, False, True)
    assert {fan.person_id for fan in stage.all(Fan)} == {lea, other}


def test_a_no_that_was_said_as_one_person_outlives_the_link(stage: Stage) -> None:
    lea, other = meet(stage), meet(stage, "lea-too")
    for fan in (lea, other):
        allow(stage, fan)
    stage.later(minutes=1)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.now)
    stage.later(minutes=1)
    stage.does(Kind.STOP, who="lea-too")
    stage.work()
    with stage.bot.transaction() as session:
        links.unlink(session, stage.all(Link)[0].id, "an error", stage.now, by="manager:noor")

    assert [propose_dry(stage, fan) for fan in (lea, other)] == [False, False]


def propose_dry(stage: Stage, fan_id: UUID) -> bool:
    """Whether she could be solicited now; undone at once."""
    offer = stage.offer(slug=f"dry-{stage.bot.new_id()}")
    with pytest.raises(ZeroDivisionError), stage.bot.transaction() as session:  # noqa: PT012 - the way to roll back
        allowed = isinstance(soliciting.propose(session, stage.bot, fan_id, offer, stage.now).answer, Permit)
        raise ZeroDivisionError
    return allowed
