"""A yes to e-mails is confirmed by the address, and whatever a mail server or a mailbox tells is heard as a no."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from bot import accounts, confirming, forgetting, soliciting
from bot.outbox import Outgoing
from connectors import Kind
from leads.pipeline import Lead
from offers.claims import Claim
from optin import people
from optin.confirmations import Confirmation
from optin.consents import Consent
from optin.erasures import How
from optin.fans import Profile
from optin.permits import Permit, Refusal
from tests.search import found
from tests.stage import Stage

LEA = "lea@example.com"


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    stage = Stage(database_url, mails=True)
    yield stage
    stage.close()


def claims_and_says_yes(stage: Stage, who: str = "lea", address: str = LEA) -> None:
    stage.writes("promo", who=who)
    stage.work()
    stage.writes(address, who=who)
    stage.work()
    stage.writes("oui", who=who)
    stage.work()


def confirms(stage: Stage) -> Lead | None:
    [*_, asked] = stage.all(Confirmation)
    with stage.bot.transaction() as session:
        return confirming.confirm(session, stage.bot, session.get_one(Confirmation, asked.id), stage.now)


def fan_of(stage: Stage, handle: str) -> UUID:
    return next(profile.fan_id for profile in stage.all(Profile) if profile.handle == handle)


def allows_mail(stage: Stage, handle: str = LEA) -> bool:
    with stage.bot.reading() as session:
        fan_id = fan_of(stage, handle)
        return people.one(session, fan_id).standing(fan_id, "email").granted


def test_a_yes_counts_once_the_address_has_confirmed_it(stage: Stage) -> None:
    stage.offer()
    claims_and_says_yes(stage)
    before = (len(stage.all(Lead)), allows_mail(stage))

    lead = confirms(stage)

    [mail] = stage.letterbox.sent
    assert ("/confirm/" in mail.text, "Vos 20 %" in mail.text, mail.unsubscribe) == (True, False, "")
    assert (before, allows_mail(stage), lead is not None and lead.email) == ((0, False), True, LEA)
    assert {line.act for line in stage.all(Consent)} == {"asked", "granted"}
    assert all(line.asked_at is not None for line in stage.all(Consent))


def test_a_second_click_and_a_late_one_change_nothing(stage: Stage) -> None:
    stage.offer()
    claims_and_says_yes(stage)
    first = confirms(stage)
    lines = len(stage.all(Consent))

    again = confirms(stage)
    claims_and_says_yes(stage, "max", "max@example.com")
    stage.later(days=4)
    late = confirms(stage)

    assert (first is not None, again, late) == (True, None, None)
    assert (lines, len(stage.all(Consent)), len(stage.all(Lead))) == (2 + 1, 3 + 1, 1)


def test_the_address_and_the_fan_are_one_person_from_the_click_on(stage: Stage) -> None:
    stage.offer()
    claims_and_says_yes(stage)
    with stage.bot.reading() as session:
        strangers = len(people.one(session, fan_of(stage, "lea")).fan_ids)

    confirms(stage)

    with stage.bot.reading() as session:
        assert (strangers, len(people.one(session, fan_of(stage, "lea")).fan_ids)) == (1, 2)


def test_an_address_is_asked_twice_at_most(stage: Stage) -> None:
    stage.offer()
    for who in ("lea", "max", "zoe"):
        claims_and_says_yes(stage, who)

    assert len([mail for mail in stage.letterbox.sent if "/confirm/" in mail.text]) == 2


def test_a_promoting_mail_carries_its_way_out(stage: Stage) -> None:
    stage.offer()
    claims_and_says_yes(stage)
    stage.later(minutes=1)
    confirms(stage)
    stage.later(minutes=1)
    with stage.bot.transaction() as session:
        proposed = soliciting.propose(session, stage.bot, fan_of(stage, "lea"), stage.offer(slug="tea"), stage.now)
    stage.work()

    mail = stage.letterbox.sent[-1]
    assert isinstance(proposed.answer, Permit)
    assert ("/u/" in mail.unsubscribe, "/why/" in mail.text, mail.title) == (True, True, "20 % pour vous")


@pytest.mark.parametrize(
    ("kind", "told", "reason"),
    [
        (Kind.STOP, {"payload": "complaint", "by_bot": True}, "complained"),
        (Kind.STOP, {"payload": "list_unsubscribe"}, "stop"),
        (Kind.BOUNCED, {"payload": "hard", "by_bot": True}, "address_fails"),
        (Kind.MESSAGE, {"text": "STOP"}, "message"),
    ],
)
def test_what_comes_back_is_heard_as_a_no(stage: Stage, kind: Kind, told: dict[str, object], reason: str) -> None:
    stage.offer()
    claims_and_says_yes(stage)
    confirms(stage)
    stage.later(minutes=1)

    stage.mail(kind, **told)  # type: ignore[arg-type]
    stage.work()

    assert (allows_mail(stage), stage.outcomes()[-1][1]) == (False, reason)
    with stage.bot.transaction() as session:
        proposed = soliciting.propose(session, stage.bot, fan_of(stage, LEA), stage.offer(slug="tea"), stage.now)
    assert isinstance(proposed.answer, Refusal)


def test_a_complaint_whose_address_is_blacked_out_is_known_by_our_key(stage: Stage) -> None:
    stage.offer()
    claims_and_says_yes(stage)
    confirms(stage)
    [message] = [one for one in stage.all(Outgoing) if one.platform == "email"]
    stage.later(minutes=1)

    stage.mail(Kind.STOP, "", payload="complaint", parent=str(message.id), by_bot=True)
    stage.work()

    assert allows_mail(stage) is False


def test_a_full_mailbox_is_forgiven_four_times(stage: Stage) -> None:
    stage.offer()
    claims_and_says_yes(stage)
    confirms(stage)

    allowed = []
    for _ in range(5):
        stage.later(hours=20)
        stage.mail(Kind.BOUNCED, payload="soft", text="4.2.2", by_bot=True)
        stage.work()
        allowed.append(allows_mail(stage))

    assert allowed == [True, True, True, True, False]


def test_refused_for_what_we_are_the_account_falls_silent_and_nobody_is_blamed(stage: Stage) -> None:
    stage.offer()
    claims_and_says_yes(stage)
    confirms(stage)

    stage.mail(Kind.BOUNCED, payload="ours", text="5.7.1", by_bot=True)
    stage.work()

    with stage.bot.reading() as session:
        paused = accounts.paused(session, stage.now + timedelta(days=1))
    assert (paused, allows_mail(stage)) == ({("email", "hello@zephyr.example"): "our_fault"}, True)


def test_a_claim_knows_its_email_once(stage: Stage) -> None:
    stage.offer()
    claims_and_says_yes(stage)

    assert [claim.email for claim in stage.all(Claim)] == [LEA]


def test_an_address_that_is_erased_is_nobodys_address_any_more(stage: Stage) -> None:
    """Whoever reads the mailbox has it erased; whoever typed the address keeps all that is his own."""
    stage.offer()
    claims_and_says_yes(stage)
    stage.work()
    confirms(stage)
    lea, mailbox = fan_of(stage, "lea"), fan_of(stage, LEA)
    [code] = [claim.code for claim in stage.all(Claim)]

    forgetting.forget(stage.bot, [mailbox], How.FAN)

    assert found(stage.bot, [LEA]) == {
        ("inbox", "interaction", LEA),  # as she typed it in the chat: her own words
        ("touchpoint", "text", LEA),
    }
    assert [(claim.fan_id, claim.code, claim.email) for claim in stage.all(Claim)] == [(lea, code, "")]
    assert [(lead.fan_id, lead.email) for lead in stage.all(Lead)] == [(lea, "")]
    assert allows_mail(stage, "lea")
    assert {message.platform for message in stage.all(Outgoing)} == {"pigeon"}


def test_who_typed_an_address_and_is_erased_leaves_no_trace_at_the_mailbox(stage: Stage) -> None:
    stage.offer()
    claims_and_says_yes(stage)
    stage.work()
    confirms(stage)
    stage.work()
    [claim] = stage.all(Claim)
    before = found(stage.bot, [str(claim.code), "Lea"])

    forgetting.forget(stage.bot, [fan_of(stage, "lea")], How.FAN)

    assert ("message", "text", claim.code) in before
    assert found(stage.bot, [str(claim.code)]) == set()
    assert [(profile.handle, profile.platform) for profile in stage.all(Profile)] == [(LEA, "email")]
    assert allows_mail(stage)
    assert stage.all(Lead) == []


def test_an_address_that_was_erased_gets_no_mail_because_somebody_types_it(stage: Stage) -> None:
    stage.offer()
    claims_and_says_yes(stage)
    stage.work()
    forgetting.forget(stage.bot, [fan_of(stage, "lea"), fan_of(stage, LEA)], How.FAN)
    sent = len(stage.letterbox.sent)

    claims_and_says_yes(stage, who="max", address=LEA.upper())
    stage.work()

    assert len(stage.letterbox.sent) == sent
    assert not allows_mail(stage)
