"""Nobody is solicited without his yes, nor more than he or the brand wants, nor past a no that came in between."""

from datetime import timedelta
from uuid import UUID

import pytest

from bot import outbox, soliciting
from bot.outbox import Outgoing
from bot.soliciting import Proposed
from connectors import Kind, Uncertain
from offers import condition_rows
from offers.catalog import Offer
from offers.conditions import Condition, Operator
from optin import consents, house_rules, links, preferences, receipts
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


@pytest.mark.parametrize("waits_for_room", [True, False])
def test_an_offer_that_nobody_can_have_any_more_is_not_brought(stage: Stage, waits_for_room: bool) -> None:
    spaced_out(stage)
    fan = meet(stage)
    allow(stage, fan)
    if waits_for_room:
        propose(stage, fan, stage.offer(slug="one"))
        stage.work()
    offer = stage.offer(slug="two")
    brought = propose(stage, fan, offer)

    with stage.bot.transaction() as session:
        session.get_one(Offer, offer.id).state = "paused"
    stage.later(hours=5)
    stage.work()

    ended = [(one.state, one.reason) for one in stage.all(Outgoing) if one.id == brought.message_id]
    assert ended == [("lapsed", "offer_closed")]


def test_who_has_the_last_code_is_told_it_beside_an_offer_of_the_same_that_is_over(stage: Stage) -> None:
    spaced_out(stage)
    lea, max_ = meet(stage), meet(stage, "max")
    allow(stage, lea)
    allow(stage, max_)
    offer = stage.offer(slug="two")
    brought, told = propose(stage, lea, offer), propose(stage, max_, offer)

    with stage.bot.transaction() as session:
        session.get_one(Offer, offer.id).state = "paused"
        session.get_one(Outgoing, told.message_id).solicits = ""  # an answer about the same offer
    stage.work()

    states = {one.id: one.state for one in stage.all(Outgoing)}
    assert (states[brought.message_id], states[told.message_id]) == ("lapsed", "sent")


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


def test_what_speaks_against_an_offer_is_kept_with_all_that_it_was_decided_from(stage: Stage) -> None:
    fan, offer = meet(stage), stage.offer()
    allow(stage, fan)
    never = condition_rows.as_json(Condition("messages", Operator.AT_MOST, 0))
    others = [stage.offer(slug="shut", state="paused"), stage.offer(slug="strict", conditions=never)]
    propose(stage, fan, offer)
    before = {one.id for one in stage.all(Receipt)}

    against = [propose(stage, fan, one).answer for one in (*others, offer)]

    kept = [one for one in stage.all(Receipt) if one.id not in before]
    assert against == [Refusal("offer_closed"), Refusal("not_eligible"), Refusal("already_proposed")]
    assert [Refusal(one.held) for one in sorted(kept, key=lambda one: one.id)] == against
    assert [one.message_id for one in kept] == [None, None, None]
    assert [receipts.replayed(one).why for one in kept] == [one.why for one in kept]


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


def test_what_is_meant_for_later_never_leaves_before(stage: Stage) -> None:
    spaced_out(stage)
    fan = meet(stage)
    allow(stage, fan)
    propose(stage, fan, stage.offer(slug="one"))
    stage.work()
    tonight = stage.now + timedelta(hours=10)

    with stage.bot.transaction() as session:
        later = soliciting.propose(session, stage.bot, fan, stage.offer(slug="two"), stage.now, due_at=tonight)

    assert isinstance(later.answer, Deferral)
    assert [row.due_at for row in stage.all(Outgoing) if row.id == later.message_id] == [tonight]


def test_who_wants_one_a_year_gets_one_a_year(stage: Stage) -> None:
    fan = meet(stage)
    allow(stage, fan)
    wish(stage, fan, "every", "8760")
    propose(stage, fan, stage.offer(slug="one"))
    stage.work()

    answers: list[object] = []
    for _ in range(3):
        stage.later(days=122)
        stage.writes("bonjour")
        stage.hear()
        answers.append(propose(stage, fan, stage.offer(slug=f"after-{len(answers)}")).answer)

    assert [type(answer) for answer in answers] == [Refusal, Refusal, Permit]


def test_of_what_nobody_is_sure_the_latest_moment_counts(stage: Stage) -> None:
    """It may have left at the very end of the time that a sender has."""
    spaced_out(stage)
    fan = meet(stage)
    allow(stage, fan)
    stage.pigeon.faults = [Uncertain("timeout")]
    propose(stage, fan, stage.offer(slug="one"))
    taken_at = stage.now
    stage.work()
    stage.later(hours=1)

    second = propose(stage, fan, stage.offer(slug="two"))

    assert second.answer == Deferral("cap_gap", taken_at + outbox.LEASE + timedelta(hours=4))


@pytest.mark.parametrize(
    ("hers", "the_others"),
    [
        (("paused_until", "2026-11-04T12:00:00+00:00"), ("paused_until", "none")),
        (("every", "168"), ("every", "24")),
        (("hours", "18-22"), ("hours", "8-20")),
        (("channel", "email"), ("channel", "pigeon")),
        (("without", "pigeon"), ("without", "none")),
    ],
)
def test_a_link_takes_no_wish_away(stage: Stage, hers: tuple[str, str], the_others: tuple[str, str]) -> None:
    """Until she speaks again as one person: then that holds for both."""
    lea, other = meet(stage), meet(stage, "lea-too")
    allow(stage, lea)
    propose(stage, lea, stage.offer(slug="one"))
    stage.work()
    stage.later(hours=23)
    house_without_caps(stage)
    wish(stage, lea, *hers)
    wish(stage, other, *the_others)
    before = propose_dry(stage, lea)

    stage.later(seconds=1)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.now)
    linked = propose_dry(stage, lea)
    stage.later(seconds=1)
    wish(stage, other, hers[0], "none")

    assert (before, linked, propose_dry(stage, lea)) == (False, False, True)


def test_hours_of_two_profiles_that_never_meet_let_nothing_go(stage: Stage) -> None:
    lea, other = meet(stage), meet(stage, "lea-too")
    allow(stage, lea)
    wish(stage, lea, "hours", "8-12")
    wish(stage, other, "hours", "18-22")
    stage.later(seconds=1)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.now)

    assert isinstance(propose(stage, lea, stage.offer()).answer, Refusal)


def test_a_no_written_for_one_of_two_who_are_one_outlives_the_link(stage: Stage) -> None:
    """Even where its evidence is that of an earlier word: a claim's page proves a yes and each no after it."""
    lea, other = meet(stage), meet(stage, "lea-too")
    no = [consents.withdrawn(fan, "pigeon", "claim_page", "claim-1", stage.now, stage.now) for fan in (lea, other)]
    with stage.bot.transaction() as session:
        consents.journal(session, no)
    stage.later(minutes=1)
    for fan in (lea, other):
        allow(stage, fan)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.now)
    stage.later(minutes=1)
    with stage.bot.transaction() as session:
        again = consents.withdrawn(lea, "pigeon", "claim_page", "claim-1", stage.now, stage.now)
        consents.journal(session, [again])
        links.unlink(session, links.of(session, [lea])[0].id, "an error", stage.now, by="manager:noor")

    assert [propose_dry(stage, fan) for fan in (lea, other)] == [False, False]


def test_a_no_in_the_very_moment_of_a_link_is_both_s_for_good(stage: Stage) -> None:
    lea, other = meet(stage), meet(stage, "lea-too")
    for fan in (lea, other):
        allow(stage, fan)
    stage.later(minutes=1)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.now)
        no = consents.withdrawn(lea, "pigeon", "claim_page", "claim-2", stage.now, stage.now)
        consents.journal(session, [no])
    stage.later(minutes=1)
    with stage.bot.transaction() as session:
        links.unlink(session, links.of(session, [lea])[0].id, "an error", stage.now, by="manager:noor")

    assert [propose_dry(stage, fan) for fan in (lea, other)] == [False, False]


def wish(stage: Stage, fan: UUID, what: str, value: str) -> None:
    with stage.bot.transaction() as session:
        preferences.record(session, [preferences.said(fan, what, value, "chat", "m1", stage.now, stage.now)])


def house_without_caps(stage: Stage) -> None:
    with stage.bot.transaction() as session:
        house_rules.change(session, Caps(caps={}, gap=timedelta(0), quiet=None), "manager:noor", stage.now)


def propose_dry(stage: Stage, fan_id: UUID) -> bool:
    """Whether she could be solicited now; undone at once."""
    offer = stage.offer(slug=f"dry-{stage.bot.new_id()}")
    with pytest.raises(ZeroDivisionError), stage.bot.transaction() as session:  # noqa: PT012 - the way to roll back
        allowed = isinstance(soliciting.propose(session, stage.bot, fan_id, offer, stage.now).answer, Permit)
        raise ZeroDivisionError
    return allowed
