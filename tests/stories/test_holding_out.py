"""Whoever is held out leaves the trace of whoever is brought an offer, at the same moment of the same decision."""

from dataclasses import replace
from uuid import UUID

import pytest

from bot import soliciting
from bot.outbox import Outgoing
from connectors import Kind
from offers import condition_rows
from offers.catalog import Offer
from offers.claims import Claim
from offers.conditions import Condition, Operator
from offers.exposures import Exposure
from optin import links
from optin.links import Proof
from optin.permits import Permit, Refusal
from optin.receipts import Receipt
from tests.stage import Stage
from tests.stories.test_soliciting import allow, meet, propose, wish

HELD_OUT, BROUGHT = True, False


@pytest.fixture(params=[HELD_OUT, BROUGHT])
def held_out(request: pytest.FixtureRequest, stage: Stage) -> bool:
    """The lot falls on everybody, or on nobody."""
    lot(stage, 100 if request.param else 0)
    return bool(request.param)


def lot(stage: Stage, percent: float) -> None:
    settings = stage.bot.settings.model_copy(update={"holdout_percent": percent})
    stage.bot = replace(stage.bot, settings=settings)


def traces(stage: Stage) -> list[tuple[UUID, UUID, UUID, bool]]:
    return sorted((one.fan_id, one.person_id, one.offer_id, one.held_out) for one in stage.all(Exposure))


def receipts(stage: Stage) -> list[tuple[str, str, str]]:
    """Of what was decided about offers."""
    return [(one.verdict, one.chosen["offer"], one.held) for one in stage.all(Receipt) if "offer" in one.chosen]


def test_both_leave_the_same_trace_and_one_of_them_a_message(stage: Stage, held_out: bool) -> None:
    fan, offer = meet(stage), stage.offer()
    allow(stage, fan)

    propose(stage, fan, offer)

    assert traces(stage) == [(fan, fan, offer.id, held_out)]
    assert [one.at for one in stage.all(Exposure)] == [stage.now]
    brought = [one for one in stage.all(Outgoing) if one.solicits]
    assert [len(brought), len(stage.all(Claim))] == ([0, 0] if held_out else [1, 1])
    assert receipts(stage) == [("permit", str(offer.id), "held_out" if held_out else "")]


def test_what_could_not_have_gone_leaves_no_trace_of_either(stage: Stage, held_out: bool) -> None:
    """Neither without a yes, nor where the offer is for others, is closed, or after a stop."""
    silent, willing, gone = (meet(stage, who) for who in ("ann", "ben", "cat"))
    for fan in (willing, gone):
        allow(stage, fan)
    stage.does(Kind.STOP, who="cat")
    stage.work()
    for_others = condition_rows.as_json(Condition("purchases", Operator.AT_LEAST, 1))

    answers = [
        propose(stage, silent, stage.offer(slug="a")).answer,
        propose(stage, willing, stage.offer(slug="b", conditions=for_others)).answer,
        propose(stage, willing, stage.offer(slug="c", state="paused")).answer,
        propose(stage, gone, stage.offer(slug="d")).answer,
    ]

    whys = ["no_consent", "not_eligible", "offer_closed", "fan_said_stop"]
    assert (answers, traces(stage)) == ([Refusal(why) for why in whys], [])
    propose(stage, willing, stage.offer(slug="e"))
    assert len(traces(stage)) == 1


def test_what_is_put_off_counts_for_both(stage: Stage, held_out: bool) -> None:
    fan, offer = meet(stage), stage.offer()
    allow(stage, fan)
    wish(stage, fan, "hours", "18-20")

    propose(stage, fan, offer)

    assert traces(stage) == [(fan, fan, offer.id, held_out)]
    assert receipts(stage) == [("deferral", str(offer.id), "held_out" if held_out else "")]


def test_a_person_belongs_to_his_first_exposure_whatever_comes_later(stage: Stage) -> None:
    lea, lea_on_mail, max_ = meet(stage), meet(stage, "lea-too"), meet(stage, "max")
    first, second = stage.offer(slug="first"), stage.offer(slug="second")
    for fan in (lea, lea_on_mail, max_):
        allow(stage, fan)
    join(stage, lea, lea_on_mail)
    lot(stage, 100)
    propose(stage, lea_on_mail, first)
    join(stage, lea, max_)
    lot(stage, 0)

    answer = propose(stage, max_, second).answer

    assert isinstance(answer, Permit)
    person = min(lea, lea_on_mail)
    assert traces(stage) == sorted((fan, person, first.id, True) for fan in (lea, lea_on_mail))


def join(stage: Stage, one: UUID, other: UUID) -> None:
    with stage.bot.transaction() as session:
        links.link(session, one, other, Proof.CLAIM_LINK, "claim-1", stage.now)


def test_nobody_who_chooses_can_see_on_whom_the_lot_falls(stage: Stage, held_out: bool) -> None:
    fan, offer = meet(stage), stage.offer()
    allow(stage, fan)

    seen = look(stage, fan, offer)

    assert (type(seen), traces(stage)) == (Permit, [])


def look(stage: Stage, fan: UUID, offer: Offer) -> object:
    with stage.bot.reading() as session:
        return soliciting.preview(session, stage.bot, fan, offer, stage.now).answer
