"""What fans took of what they were brought is learned; who is held out is brought nothing but what he asks for."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from sqlmodel import col, update

from bot import arbitrating, assembly, learning, soliciting
from bot.arbitrating import Decision
from bot.outbox import Outgoing
from bot.weighing import Choice
from connectors import Kind
from offers import arms
from offers.arms import Arm
from offers.beliefs import Level
from offers.catalog import Offer
from offers.claims import Claim
from optin import links
from optin.fans import Profile
from optin.links import Proof
from optin.permits import Permit, Refusal
from optin.receipts import Receipt
from tests.stage import Stage
from tests.stories.test_soliciting import allow, house_without_caps, meet, propose, spaced_out, wish

DEAR = 10_000_000  # so much that no draw makes it less than it costs to say


@pytest.fixture
def measured(stage: Stage) -> Stage:
    """Everybody is held out."""
    settings = stage.bot.settings.model_copy(update={"holdout_percent": 100.0})
    stage.bot = replace(stage.bot, settings=settings)
    return stage


def take(stage: Stage, fan_id: UUID) -> None:
    with stage.bot.transaction() as session:
        session.execute(
            update(Claim).where(col(Claim.fan_id) == fan_id).values(code=str(fan_id)[-12:], claimed_at=stage.now)
        )


def arms_of(stage: Stage) -> list[tuple[str, str, int, int]]:
    return sorted((one.channel, one.segment, one.shown, one.claimed) for one in stage.all(Arm))


def test_what_was_brought_and_taken_is_learned_once_there_was_time_to_take_it(stage: Stage) -> None:
    offer, lea, max_ = stage.offer(), meet(stage), meet(stage, "max")
    for fan in (lea, max_):
        allow(stage, fan)
        propose(stage, fan, offer)
    stage.work()
    take(stage, lea)

    learning.learn(stage.bot)
    at_once = arms_of(stage)
    stage.later(days=2)
    learning.learn(stage.bot)

    assert (at_once, arms_of(stage)) == ([("pigeon", "stranger", 1, 1)], [("pigeon", "stranger", 2, 1)])
    with stage.bot.reading() as session:
        assert arms.beliefs(session).of(str(offer.id), "pigeon", "stranger").source is Level.SEGMENT


def test_what_a_fan_asked_for_says_nothing_of_what_we_bring(stage: Stage) -> None:
    stage.offer()
    stage.writes("promo")
    stage.work()
    stage.later(days=3)

    assert (len(stage.said()), len(stage.all(Claim)), learning.learn(stage.bot)) == (1, 1, 0)


def test_who_is_held_out_is_brought_nothing_and_gets_what_he_asks_for(measured: Stage) -> None:
    fan, offer = meet(measured), measured.offer()
    allow(measured, fan)

    proposed = propose(measured, fan, offer)
    measured.writes("promo")
    measured.work()

    assert proposed.answer == Refusal("held_out")
    assert ["/claim/" in text for text in measured.said()] == [False, True]


def test_the_same_people_are_held_out_in_whatever_order_they_were_linked(stage: Stage) -> None:
    pairs = [(meet(stage, f"a{n}"), meet(stage, f"b{n}")) for n in range(20)]
    stage.bot = replace(stage.bot, settings=stage.bot.settings.model_copy(update={"holdout_percent": 50.0}))
    for fan, other in pairs:
        allow(stage, fan)
        allow(stage, other)
    for number, (fan, other) in enumerate(pairs):
        ends = (fan, other) if number % 2 else (other, fan)
        with stage.bot.transaction() as session:
            links.link(session, *ends, Proof.CLAIM_LINK, "claim-1", stage.now)

    firsts = [propose(stage, fan, stage.offer(slug=f"f{fan}"[:40])).answer for fan, _ in pairs]
    seconds = [propose(stage, other, stage.offer(slug=f"s{other}"[:40])).answer for _, other in pairs]

    held = Refusal("held_out")
    assert [one == held for one in firsts] == [one == held for one in seconds]
    assert 0 < firsts.count(held) < 20
    assert any(isinstance(one, Permit) for one in firsts)


def decisions(stage: Stage, *person_ids: UUID, seed: int = 1) -> list[Decision]:
    with stage.bot.reading() as session:
        market = arbitrating.market(session, stage.bot, stage.now)
        return list(arbitrating.decide(session, market, person_ids, assembly.chance(seed).betavariate))


def test_each_person_of_a_batch_has_a_winner_or_a_reason(stage: Stage) -> None:
    willing, silent, gone, choosy, tired = (meet(stage, who) for who in ("ann", "ben", "cat", "dan", "eve"))
    for fan in (willing, gone, choosy, tired):
        allow(stage, fan)
    house_without_caps(stage)
    wish(stage, choosy, "without", "pigeon")
    first = stage.offer(slug="first", name="First", worth=DEAR)
    propose(stage, tired, first)
    stage.does(Kind.STOP, who="cat")
    stage.work()
    stage.later(hours=1)

    found = {one.person_id: one for one in decisions(stage, willing, silent, gone, choosy, tired)}

    whys = [found[one].why for one in (willing, silent, gone, choosy, tired)]
    assert whys == ["", "no_consent", "fan_said_stop", "prefers_other_channel", "nothing_for_him"]
    assert found[willing].winner is not None
    assert found[tired].unfit == {first.id: "already_proposed"}


def test_a_decision_asks_the_permit_as_whoever_then_proposes_does(stage: Stage) -> None:
    """Else a campaign would choose what can't be brought."""
    spaced_out(stage)
    fans = [meet(stage, who) for who in ("ann", "ben", "cat")]
    allow(stage, fans[0])
    allow(stage, fans[1])
    wish(stage, fans[1], "hours", "18-20")
    propose(stage, fans[0], stage.offer(slug="before"))
    stage.work()
    stage.later(minutes=30)
    offer = stage.offer(slug="now", worth=DEAR)

    decided = decisions(stage, *fans)
    answers = [propose(stage, fan, offer).answer for fan in fans]

    by_person = {one.person_id: one for one in decided}
    assert [by_person[fan].why for fan in fans] == ["cap_gap", "his_hours", "no_consent"]
    assert [by_person[fan].answer or Refusal("no_consent") for fan in fans] == answers


def test_who_is_held_out_is_chosen_for_like_anybody_else(measured: Stage) -> None:
    """Else nobody would know what he would have been brought."""
    fan = meet(measured)
    allow(measured, fan)
    offer = measured.offer(worth=DEAR)

    [decision] = decisions(measured, fan)

    assert decision.winner is not None
    assert (decision.why, decision.winner.offer_id) == ("", offer.id)


def test_a_person_is_decided_about_once_whatever_profiles_he_has(stage: Stage) -> None:
    lea, other = meet(stage), meet(stage, "lea-too")
    allow(stage, lea)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.now)
    stage.offer(worth=DEAR)

    [decision] = decisions(stage, lea, other)

    assert decision.winner is not None
    assert [one.id for one in stage.all(Profile) if one.id == decision.winner.profile_id and one.fan_id == lea]


def test_the_channel_that_costs_nothing_is_chosen_and_the_receipt_says_why(database_url: str) -> None:
    """Léa can be reached by a pigeon and by mail, which is dear here and would be taken if nothing were weighed."""
    stage = Stage(database_url, mails=True)
    stage.letterbox.cost = lambda message: Decimal("0.20")  # type: ignore[method-assign]
    lea, by_mail = meet(stage), mailed(stage)
    for fan, channel in ((lea, "pigeon"), (by_mail, "email")):
        allow(stage, fan, channel)
    with stage.bot.transaction() as session:
        links.link(session, lea, by_mail, Proof.EMAIL, "mail-1", stage.now)
    offer = stage.offer(worth=900, platforms=["pigeon", "email"])
    learned(stage, offer, "pigeon", "email")

    with stage.bot.transaction() as session:
        best = arbitrating.best_for(session, stage.bot, lea, stage.now, 5)
        again = arbitrating.best_for(session, stage.bot, by_mail, stage.now, 5)
        assert best.winner is not None
        choice = Choice(best.winner.profile_id, arbitrating.as_chosen(best, 5))
        proposed = soliciting.propose(session, stage.bot, lea, offer, stage.now, choice=choice)

    [row] = [row for row in stage.all(Receipt) if row.message_id == proposed.message_id]
    ranking = row.chosen["arbitration"]["ranking"]
    assert again.ranking == best.ranking
    assert [(one["channel"], one["why"]) for one in ranking] == [
        ("pigeon", "won"),
        ("email", "costs_more_than_it_brings"),
    ]
    assert [one.platform for one in stage.all(Outgoing) if one.id == proposed.message_id] == ["pigeon"]
    assert row.chosen["arbitration"]["chance"] == "5"
    stage.close()


def mailed(stage: Stage) -> UUID:
    stage.mail(Kind.MESSAGE, text="bonjour")
    stage.work()
    return next(profile.fan_id for profile in stage.all(Profile) if profile.platform == "email")


def learned(stage: Stage, offer: Offer, *channels: str) -> None:
    """One in fifty takes it, on each channel: that is known well."""
    with stage.bot.transaction() as session:
        arms.replace(session, [
            {
                "offer_id": offer.id, "channel": channel, "segment": "stranger", "asked": False, "shown": 50_000,
                "claimed": 1_000,
            }
            for channel in channels
        ])  # fmt: skip
