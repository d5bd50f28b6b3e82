"""A fan who wants to be left alone is left alone, whatever was decided before."""

import pytest

from bot.outbox import Outgoing
from connectors import Kind
from optin.consents import Consent
from tests.stage import Stage


@pytest.mark.parametrize(
    "words", ["STOP", "/stop", "désabonnez-moi", "Ne m'écrivez plus !", "unsubscribe", "stop promo"]
)
def test_stop_is_heard_in_any_words(stage: Stage, words: str) -> None:
    stage.offer()

    stage.writes(words)
    stage.work()

    assert [(line.act, line.channel, line.how) for line in stage.all(Consent)] == [("withdrawn", "pigeon", "chat")]
    assert len(stage.said()) == 1
    assert stage.outcomes() == [("stopped", "message")]


def test_stop_after_promo_unsays_what_was_not_yet_said(stage: Stage) -> None:
    stage.offer()

    stage.comments("promo")
    stage.comments("STOP")
    stage.work()

    assert stage.said() == []
    assert stage.states() == [("refused", "fan_said_stop")]


def test_stop_between_deciding_and_sending_wins(stage: Stage) -> None:
    stage.offer()
    stage.comments("promo")
    stage.hear()

    stage.comments("STOP")
    sent_before_it_was_heard = stage.send()
    stage.work()

    assert sent_before_it_was_heard == 0
    assert stage.said() == []


def test_a_stopped_fan_who_asks_again_meets_a_person(stage: Stage) -> None:
    stage.offer()
    stage.writes("STOP")
    stage.work()

    stage.writes("promo")
    stage.work()

    assert len(stage.said()) == 1
    assert [message.state for message in stage.all(Outgoing)] == ["sent", "draft"]


def test_stop_is_confirmed_once(stage: Stage) -> None:
    for _ in range(3):
        stage.writes("stop")
        stage.work()

    assert len(stage.said()) == 1


def test_a_block_is_a_stop_and_an_unblock_is_no_yes(stage: Stage) -> None:
    stage.offer()

    stage.does(Kind.BLOCKED)
    stage.does(Kind.UNBLOCKED)
    stage.comments("promo")
    stage.work()

    assert stage.said() == []
    assert [line.act for line in stage.all(Consent)] == ["withdrawn"]


@pytest.mark.parametrize(
    "words",
    [
        "Toujours pas reçu ma commande, c'est honteux ! Et votre promo ?",
        "Your promo is a scam, I want my money back",
        "Au secours, mon colis promo est cassé, aidez-moi",
    ],
)
def test_a_complaint_never_gets_a_promotion(stage: Stage, words: str) -> None:
    stage.offer()

    stage.comments(words)
    stage.work()

    assert stage.said() == []
    assert [outcome for outcome, _ in stage.outcomes()] == ["drafted"]


def test_machines_and_our_own_words_are_no_fans(stage: Stage) -> None:
    stage.offer()

    stage.comments("promo", who="other-bot", by_bot=True)
    stage.comments("promo", who="loft")
    stage.does(Kind.ECHO, "promo", payload="")
    stage.work()

    assert stage.said() == []
    assert stage.outcomes() == [("noted", "not_a_fan"), ("noted", "not_a_fan"), ("noted", "echo")]


def test_an_edit_is_the_same_interaction_and_a_removal_takes_the_words_away(stage: Stage) -> None:
    stage.offer()
    stage.comments("promo", subject="c1")
    stage.work()

    stage.does(Kind.COMMENT_EDITED, "promo promo", subject="c1")
    stage.does(Kind.COMMENT_REMOVED, subject="c1")
    stage.work()

    from optin.history import Touchpoint

    assert len(stage.said()) == 2
    assert [one.text for one in stage.all(Touchpoint) if one.subject == "c1" and one.said_by == "fan"] == ["", "", ""]
