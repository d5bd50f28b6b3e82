"""A fan who wants to be left alone is left alone, whatever was decided before."""

import pytest

from bot import inbox
from bot.inbox import Inbox
from bot.outbox import Outgoing
from connectors import Kind
from optin.consents import Consent
from tests.search import found
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


def test_what_a_fan_takes_back_is_kept_nowhere_not_even_as_the_platform_told_it(stage: Stage) -> None:
    stage.comments("la framboise", subject="c1", raw={"text": "la framboise"})
    stage.comments("la myrtille", subject="c2", raw={"text": "la myrtille"})
    stage.comments("la framboise de Max", who="max", subject="c1", raw={"text": "myrtille"})
    stage.work()

    stage.does(Kind.COMMENT_REMOVED, subject="c1", raw={"was": "la framboise"})
    stage.work()

    assert {(table, word) for table, _, word in found(stage.bot, ["la framboise", "la myrtille"])} == {
        ("inbox", "la framboise"),  # of Max
        ("touchpoint", "la framboise"),
        ("inbox", "la myrtille"),
        ("touchpoint", "la myrtille"),
    }
    [his] = [row for row in stage.all(Inbox) if row.author == "max"]
    assert his.interaction["text"] == "la framboise de Max"
    hers = sorted((row for row in stage.all(Inbox) if row.author == "lea"), key=lambda row: row.id)
    assert [(row.interaction.get("text"), row.raw) for row in hers] == [
        (None, {}), ("la myrtille", {"text": "la myrtille"}), (None, {}),
    ]  # fmt: skip


def test_what_was_set_aside_and_is_taken_back_needs_nobodys_look_any_more(stage: Stage) -> None:
    stage.comments("la framboise", subject="c1", raw={"text": "la framboise"})
    with stage.bot.transaction() as session:
        inbox.set_aside(session, stage.all(Inbox)[0].id, "broke:ValueError", stage.now)

    stage.does(Kind.COMMENT_REMOVED, subject="c1")
    stage.work()

    assert found(stage.bot, ["la framboise"]) == set()
    assert stage.outcomes() == [("silent", "removed"), ("silent", "removed")]
