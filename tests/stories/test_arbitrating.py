"""What fans took of what they were brought is learned; who is held out is brought nothing but what he asks for."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlmodel import update

from bot import learning
from offers import arms
from offers.arms import Arm
from offers.beliefs import Level
from offers.claims import Claim
from optin import links
from optin.links import Proof
from optin.permits import Permit, Refusal
from tests.stage import Stage
from tests.stories.test_soliciting import allow, meet, propose


@pytest.fixture
def measured(stage: Stage) -> Iterator[Stage]:
    """Everybody is held out."""
    settings = stage.bot.settings.model_copy(update={"holdout_percent": 100.0})
    stage.bot = replace(stage.bot, settings=settings)
    return stage


def take(stage: Stage, fan_id: UUID) -> None:
    with stage.bot.transaction() as session:
        session.execute(
            update(Claim).where(Claim.fan_id == fan_id).values(code=str(fan_id)[-12:], claimed_at=stage.now)
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
