"""How a fan wants to be written to is understood in the chat, confirmed in one line, and holds on all his profiles."""

import pytest

from bot.outbox import Outgoing
from connectors import Kind
from optin import people
from optin.consents import Consent
from optin.fans import Profile
from optin.preferences import Preference, Preferences
from tests.stage import Stage


def preferences(stage: Stage) -> Preferences:
    with stage.bot.reading() as session:
        return people.one(session, stage.all(Profile)[0].fan_id).preferences


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("le soir svp", [("hours", "18-22")]),
        ("only e-mail please", [("channel", "email")]),
        ("moins", [("every", "168")]),
        ("une fois par mois", [("every", "720")]),
    ],
)
def test_a_wish_is_kept_and_confirmed_in_one_line(stage: Stage, text: str, kept: list[tuple[str, str]]) -> None:
    stage.writes(text)
    stage.work()

    [line] = stage.said()
    assert [(one.what, one.value) for one in stage.all(Preference)] == kept
    assert line.startswith(("C’est noté.", "Noted."))
    assert stage.outcomes() == [("wished", "wishes")]


def test_no_offers_but_answers(stage: Stage) -> None:
    stage.offer()
    stage.writes("plus d'offres mais répondez-moi")
    stage.work()
    said = len(stage.said())

    stage.writes("bonjour")
    stage.writes("promo")
    stage.work()

    withdrawn = {(line.channel, line.purpose) for line in stage.all(Consent) if line.act == "withdrawn"}
    assert withdrawn == {("*", "offers"), ("*", "newsletter")}
    assert len(stage.said()) == said + 1  # the greeting; that he asks for an offer after all is for a person to see
    assert stage.outcomes()[-1] == ("drafted", "asks_after_stop")


def test_a_stop_everywhere_holds_everywhere(stage: Stage) -> None:
    stage.writes("stop partout")
    stage.work()

    assert {(line.channel, line.purpose) for line in stage.all(Consent)} == {("*", "*")}


def test_the_end_of_a_contract_is_for_a_person_and_no_stop(stage: Stage) -> None:
    stage.writes("je veux résilier mon contrat")
    stage.work()

    assert (stage.said(), stage.all(Consent)) == ([], [])
    assert [(message.state, message.reason) for message in stage.all(Outgoing)] == [("draft", "contract")]


def test_who_comes_back_is_answered_and_has_allowed_nothing_else(stage: Stage) -> None:
    stage.writes("STOP")
    stage.work()
    stage.later(minutes=1)
    stage.writes("reprenez")
    stage.work()
    stage.later(minutes=1)
    stage.writes("bonjour")
    stage.work()

    assert stage.outcomes() == [("stopped", "message"), ("wished", "resumed"), ("answered", "hello")]
    assert [(line.act, line.purpose) for line in stage.all(Consent)] == [("withdrawn", "*"), ("granted", "service")]


def test_in_public_a_wish_is_kept_and_not_answered(stage: Stage) -> None:
    stage.does(Kind.COMMENT, "moins")
    stage.work()

    assert (stage.said(), preferences(stage).every is not None) == ([], True)
