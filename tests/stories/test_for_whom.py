"""An offer with conditions goes to nobody else, whoever asks: the answer is a person's, or another offer stands in."""

from datetime import timedelta
from typing import Any

from bot.outbox import Outgoing
from offers import condition_rows
from offers.claims import Claim
from offers.conditions import Condition, Operator
from optin.fans import Profile
from tests.stage import Stage

FOR_REGULARS: dict[str, Any] = {
    "conditions": condition_rows.as_json(Condition("first_met", Operator.LONGER_AGO, 30)),
}


def holders(stage: Stage) -> list[str]:
    handles = {profile.fan_id: profile.handle for profile in stage.all(Profile)}
    return [handles[claim.fan_id] for claim in stage.all(Claim)]


def test_only_who_meets_the_conditions_gets_it_by_asking(stage: Stage) -> None:
    stage.offer(**FOR_REGULARS)
    stage.writes("bonjour", who="old-friend")
    stage.work()
    stage.later(days=31)

    for who in ("old-friend", "newcomer"):
        stage.writes("promo", who=who)
    stage.comments("promo", who="passer-by")
    stage.work()

    assert holders(stage) == ["old-friend"]
    drafts = [one for one in stage.all(Outgoing) if one.state == "draft"]
    assert {(one.handle, one.reason) for one in drafts} == {("newcomer", "not_eligible"), ("passer-by", "not_eligible")}


def test_to_others_another_offer_is_given_if_one_stands_in(stage: Stage) -> None:
    for_all = stage.offer(slug="tea", keywords=["thé"])
    stage.offer(**FOR_REGULARS, fallback_id=for_all.id)

    stage.writes("promo", who="newcomer")
    stage.work()

    assert [claim.offer_id for claim in stage.all(Claim)] == [for_all.id]
    assert "/claim/" in stage.said()[-1]


def test_who_holds_it_keeps_it_when_its_conditions_change(stage: Stage) -> None:
    offer = stage.offer()
    stage.writes("promo", who="holder")
    stage.work()
    with stage.bot.transaction() as session:
        offer.conditions = FOR_REGULARS["conditions"]
        session.merge(offer)

    stage.later(minutes=5)
    stage.writes("promo", who="holder")
    stage.work()

    assert len(stage.said()) == 2
    assert stage.now - stage.all(Profile)[0].first_heard_at < timedelta(days=30)
    assert "/claim/" in stage.said()[-1]
