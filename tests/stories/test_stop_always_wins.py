"""A no that arrives before a message has left wins: however, wherever and whenever it was said."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from bot import pages, writing
from bot.managers import Manager
from bot.outbox import Outgoing
from connectors import Busy, Kind, Scope
from optin import fans, links
from optin.fans import Handle, Profile
from optin.links import Proof
from optin.tokens import Page
from tests.permits_model.wire import Sender
from tests.stage import NOON, Stage
from tests.stories.test_soliciting import allow, meet, propose
from webhooks.app import create_app

Decide = Callable[[Stage, UUID], None]
SayNo = Callable[[Stage, str], None]


def brings_an_offer(stage: Stage, fan: UUID) -> None:
    propose(stage, fan, stage.offer(slug=str(stage.bot.new_id()), keywords=[]))


def answers_a_comment(stage: Stage, fan: UUID) -> None:
    stage.comments("promo")
    stage.hear()


def lets_a_person_write(stage: Stage, fan: UUID) -> None:
    noor = Manager(
        id=stage.bot.new_id(), email="noor@example.com", name="Noor", password_hash="", language="fr", created_at=NOON
    )
    with stage.bot.transaction() as session:
        session.add(noor)
        session.flush()
        profile = fans.profile_at(session, Handle("pigeon", "loft", "lea"))
        assert profile is not None
        writing.write(session, stage.bot, profile, stage.bot.new_id(), "De 9 à 18 h.", noor, stage.now)


def in_a_chat(stage: Stage, who: str) -> None:
    stage.writes("STOP", who=who)


def by_the_platform(stage: Stage, who: str) -> None:
    stage.does(Kind.STOP, who=who)


def on_his_page(stage: Stage, who: str) -> None:
    fan_id = next(row.fan_id for row in stage.all(Profile) if row.handle == who)
    visitor = create_app(stage.bot).test_client()
    assert visitor.post(f"{pages.path(stage.bot, Page.CHOICES, fan_id)}/stop", data={"stop": "*:*"}).status_code == 303


DECISIONS = [brings_an_offer, answers_a_comment, lets_a_person_write]
WAYS = [in_a_chat, by_the_platform, on_his_page]


@pytest.fixture
def lea(stage: Stage) -> UUID:
    """She has two profiles, and allowed offers on one of them."""
    stage.offer()
    lea, other = meet(stage), meet(stage, "lea-too")
    allow(stage, lea)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.now)
    stage.later(seconds=1)
    return lea


def unsaid(stage: Stage) -> bool:
    """Nothing but greetings and the line that confirms a stop went out."""
    said = {str(row.id): row.purpose for row in stage.all(Outgoing)}
    greetings = 2
    return all(said[message.key] == "stop" for message in stage.pigeon.sent[greetings:])


def works_for_a_day(stage: Stage) -> None:
    for hours in (0, 0.1, 20):
        stage.later(hours=hours)
        stage.work()


@pytest.mark.parametrize("decides", DECISIONS)
def test_unless_he_says_no_it_goes(stage: Stage, lea: UUID, decides: Decide) -> None:
    decides(stage, lea)
    works_for_a_day(stage)

    assert not unsaid(stage)


@pytest.mark.parametrize("who", ["lea", "lea-too"])
@pytest.mark.parametrize("says_no", WAYS)
@pytest.mark.parametrize("decides", DECISIONS[:2])
def test_before_it_is_decided(stage: Stage, lea: UUID, decides: Decide, says_no: SayNo, who: str) -> None:
    says_no(stage, who)
    stage.hear()
    stage.later(seconds=1)

    decides(stage, lea)
    works_for_a_day(stage)

    assert unsaid(stage)


@pytest.mark.parametrize(("who", "heard"), [("lea", False), ("lea-too", False), ("lea-too", True)])
@pytest.mark.parametrize("says_no", WAYS)
@pytest.mark.parametrize("decides", DECISIONS)
def test_between_deciding_and_taking(
    stage: Stage, lea: UUID, decides: Decide, says_no: SayNo, who: str, heard: bool
) -> None:
    decides(stage, lea)
    stage.later(seconds=1)

    says_no(stage, who)
    if heard:
        stage.hear()
    stage.send()
    works_for_a_day(stage)

    assert unsaid(stage)


@pytest.mark.parametrize(("who", "heard"), [("lea", False), ("lea-too", False), ("lea-too", True)])
@pytest.mark.parametrize("says_no", WAYS)
@pytest.mark.parametrize("decides", DECISIONS)
def test_while_a_busy_platform_lets_it_wait(
    stage: Stage, lea: UUID, decides: Decide, says_no: SayNo, who: str, heard: bool
) -> None:
    """It was taken, permitted and not delivered: the permit is asked once more before it goes again."""
    sender = Sender(stage)
    stage.pigeon.faults = [Busy("flood", timedelta(seconds=1), Scope.MESSAGE)]
    decides(stage, lea)
    sender.take()
    stage.later(seconds=1)

    says_no(stage, who)
    if heard:
        stage.hear()
    sender.say()
    sender.note()
    stage.later(seconds=2)
    stage.send()
    works_for_a_day(stage)

    assert unsaid(stage)


@pytest.mark.parametrize("says_no", WAYS)
@pytest.mark.parametrize("decides", DECISIONS)
def test_what_is_on_the_wire_already_is_the_last(stage: Stage, lea: UUID, decides: Decide, says_no: SayNo) -> None:
    """Between the permit and the wire nothing is asked: the one message that is in a sender's hands arrives."""
    sender = Sender(stage)
    decides(stage, lea)
    sender.take()
    stage.later(seconds=1)

    says_no(stage, "lea")
    stage.hear()
    sender.say()
    sender.note()
    brings_an_offer(stage, lea)
    works_for_a_day(stage)

    said = {str(row.id): row.purpose for row in stage.all(Outgoing)}
    assert len([message for message in stage.pigeon.sent[2:] if said[message.key] != "stop"]) == 1
