"""A comment becomes a lead, and what stands in its way."""

from bot import desk, managers
from bot.managers import Manager
from bot.outbox import Outgoing
from connectors import Kind, Way
from leads.pipeline import Lead
from offers.catalog import Offer
from offers.claims import Claim
from optin.consents import Consent
from optin.fans import Profile
from tests.stage import Stage


def test_a_comment_becomes_a_lead_with_proof_of_consent(stage: Stage) -> None:
    stage.offer()

    stage.comments("PROMO svp !", id="c1", subject="c1")
    stage.work()
    stage.writes("lea@example.fr", who="bird-of-c1")
    stage.work()
    stage.writes("oui", who="bird-of-c1")
    stage.work()

    [lead], [consent], [claim] = stage.all(Lead), stage.all(Consent), stage.all(Claim)
    assert (lead.email, lead.consent_id, lead.platform, lead.post) == ("lea@example.fr", consent.id, "pigeon", "post-1")
    assert (consent.channel, consent.act, consent.how) == ("email", "granted", "chat")
    assert claim.code in stage.said()[2]
    assert [message.way for message in stage.pigeon.sent] == [Way.PRIVATE, Way.PUBLIC, Way.DIRECT, Way.DIRECT]


def test_the_public_line_says_nothing_personal_and_holds_no_code(stage: Stage) -> None:
    stage.offer()

    stage.comments("PROMO", who="lea")
    stage.work()

    private, public = stage.pigeon.sent
    assert "/claim/" in private.text
    assert public.text == (
        "Nous venons de vous répondre en privé : regardez vos messages, ou vos invitations par message. "
        "(Réponse automatique de Zéphyr)"
    )


def test_a_mention_is_answered_in_public_without_a_personal_link(stage: Stage) -> None:
    stage.offer()

    stage.does(Kind.MENTION, "@zephyr promo !")
    stage.work()

    assert [message.way for message in stage.pigeon.sent] == [Way.PUBLIC]
    assert "/claim/" not in stage.said()[0]
    assert stage.all(Claim) == []


def test_no_yes_makes_no_lead_and_the_code_stays(stage: Stage) -> None:
    stage.offer()

    stage.writes("promo")
    stage.work()
    stage.writes("lea@example.fr")
    stage.work()
    stage.writes("non merci")
    stage.work()

    assert stage.all(Lead) == []
    assert [claim.code is not None for claim in stage.all(Claim)] == [True]


def test_an_offer_that_needs_approval_waits_for_a_person(stage: Stage) -> None:
    stage.offer(needs_approval=True)

    stage.comments("promo")
    stage.work()

    assert stage.said() == []
    assert stage.outcomes() == [("drafted", "offer_private")]


def test_an_approved_draft_goes_out_once(stage: Stage) -> None:
    stage.offer(needs_approval=True)
    stage.comments("promo")
    stage.work()
    [draft] = stage.all(Outgoing)

    with stage.bot.transaction() as session:
        desk.approve(session, stage.bot, draft.id, draft.text, _someone(stage), stage.now)
    stage.work()
    said_while_it_may_be_undone = stage.said()
    stage.later(seconds=6)
    stage.work()

    assert said_while_it_may_be_undone == []
    assert [message.way for message in stage.pigeon.sent] == [Way.PRIVATE, Way.PUBLIC]


def test_a_redelivery_changes_nothing(stage: Stage) -> None:
    stage.offer()
    one = stage.comments("promo")
    stage.work()

    stage.deliver(one, one)
    stage.work()

    assert len(stage.pigeon.sent) == 2
    assert stage.outcomes() == [("answered", "offer_private")]


def test_asking_twice_gives_one_hold_and_no_second_piece(stage: Stage) -> None:
    stage.offer(stock=5)

    for text in ("promo", "lea@example.fr", "promo"):
        stage.writes(text)
        stage.work()

    assert len(stage.all(Claim)) == 1
    assert [offer.taken for offer in stage.all(Offer)] == [1]
    assert stage.all(Claim)[0].code in stage.said()[2]


def test_the_last_piece_goes_to_one_fan(stage: Stage) -> None:
    stage.offer(stock=1)

    for who in ("lea", "max"):
        stage.writes("promo", who=who)
    stage.work()
    for who in ("lea", "max"):
        stage.writes(f"{who}@example.fr", who=who)
    stage.work()

    assert sorted(claim.code is None for claim in stage.all(Claim)) == [False, True]
    assert [offer.taken for offer in stage.all(Offer)] == [1]
    assert ("claimed", "sold_out") in stage.outcomes()


def test_a_private_reply_makes_known_who_writes_next(stage: Stage) -> None:
    stage.offer()

    stage.comments("promo", id="c1", subject="c1")
    stage.work()
    stage.writes("merci", who="bird-of-c1")
    stage.work()

    assert len({profile.fan_id for profile in stage.all(Profile)}) == 1
    assert len(stage.all(Profile)) == 2


def test_a_fan_is_answered_in_his_language(stage: Stage) -> None:
    stage.offer()

    stage.writes("Hello, I would like the promo please", who="max")
    stage.writes("Bonjour, je voudrais la promo s'il vous plaît", who="lea")
    stage.work()

    assert sorted(text.split()[0] for text in stage.said()) == ["Bonjour", "Hello"]


def _someone(stage: Stage) -> Manager:
    with stage.bot.transaction() as session:
        added = managers.add(
            session, stage.bot.new_id(), "nina@example.fr", "Nina", "a long enough phrase", "fr", stage.now
        )
    assert isinstance(added, Manager)
    return added
