"""Bringing an offer to a fan by hand: the answer before it, the same rules as for the bot, and a moment to undo it."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from bot.changes import Change
from bot.outbox import Outgoing
from connectors import Kind
from offers import condition_rows
from offers.claims import Claim
from offers.conditions import Condition, Operator
from optin import consents, house_rules
from optin.pressure import Caps
from optin.receipts import Receipt
from tests.webhooks.panel.office import Desk, Office
from tests.webhooks.panel.test_people import profile_of
from tests.webhooks.panel.test_queue import send
from tests.webhooks.panel.test_troubles import words
from tests.webhooks.panel.test_why import put_off, willing
from webhooks.app import create_app


def look(browser: Desk, fan_id: UUID, offer_id: UUID) -> str:
    return words(browser.get(f"/panel/fans/{fan_id}/propose?offer={offer_id}").text)


def send_it(browser: Desk, fan_id: UUID, offer_id: UUID) -> str:
    return browser.follow(f"/panel/fans/{fan_id}/propose", {"offer": str(offer_id)}).text


def rows(office: Office) -> list[int]:
    return [office.count(table) for table in (Outgoing, Claim, Receipt, Change)]


def test_the_answer_is_seen_before_and_looking_changes_nothing(office: Office) -> None:
    fan_id, offer, browser = willing(office), office.offer(), office.desk()
    before = rows(office)

    page = look(browser, fan_id, offer.id)

    assert "It may go now, here: Pigeon. The conversation is open." in page
    assert "Bonjour Lea ! Vos 20 % sont prêts." in page
    assert rows(office) == before


def test_what_would_be_put_off_says_until_when_and_why(office: Office) -> None:
    put_off(office)
    fan_id, offer = profile_of(office, "lea").fan_id, office.offer(slug="three")

    page = look(office.desk(), fan_id, offer.id)

    assert "It would be put off until 2 Nov 2026 14:00, here: Pigeon." in page
    assert "Put off: the fan heard from us a short while ago." in page


def test_what_may_not_be_proposed_says_all_that_is_in_the_way_and_has_no_button(office: Office) -> None:
    office.hears("Joli !", "max", "Max")
    max_, offer, browser = profile_of(office, "max"), office.offer(), office.desk()
    with office.bot.transaction() as session:
        line = consents.withdrawn(max_.fan_id, "pigeon", "chat", "i9", office.now, office.now, purpose="offers")
        consents.journal(session, [line])

    page = look(browser, max_.fan_id, offer.id)
    answer = browser.post(f"/panel/fans/{max_.fan_id}/propose", {"offer": str(offer.id)})

    assert "It can’t be proposed. The fan asked for no more offers." in page
    assert "The fan himself would have to say yes to offers again" in page
    assert "The fan would have to write to us in private" in page
    assert "Propose it" not in page
    assert (answer.status_code, office.count(Outgoing), send(office)) == (409, 0, [])


def test_where_the_window_closes_before_there_is_room_that_is_what_is_said(office: Office) -> None:
    put_off(office)
    with office.bot.transaction() as session:
        house_rules.change(session, Caps(caps={"*": {"week": 1}}), f"manager:{office.claire.id}", office.now)

    page = look(office.desk(), profile_of(office, "lea").fan_id, office.offer(slug="three").id)

    assert "By the time when it could go, the platform would no longer allow it." in page


def test_a_proposal_goes_out_after_a_moment_and_says_whose_it_was(office: Office) -> None:
    fan_id, offer, browser = willing(office), office.offer(), office.desk(office.noor)

    landed = send_it(browser, fan_id, offer.id)
    at_once = list(send(office))
    office.later(seconds=6)

    assert "Proposed: it goes out in a few seconds." in landed
    assert at_once == []
    assert [message.by_human for message in send(office)] == [True]
    assert [(row.manager_id, row.what, row.after["offer"]) for row in office.all(Change)] == [
        (office.noor.id, "proposed", "Promo")
    ]
    assert "Noor proposed an offer to a fan : Promo" in words(browser.get("/panel/journal").text)


def test_a_proposal_that_is_taken_back_is_never_said_and_frees_its_place(office: Office) -> None:
    fan_id, offer, browser = willing(office), office.offer(), office.desk()
    with office.bot.transaction() as session:
        house_rules.change(session, Caps(caps={"*": {"day": 1}}), f"manager:{office.claire.id}", office.now)
    send_it(browser, fan_id, offer.id)
    full = look(browser, fan_id, office.offer(slug="tea").id)

    landed = browser.follow(f"/panel/messages/{office.all(Outgoing)[0].id}/undo")
    office.later(seconds=6)

    assert "It may go now" not in full
    assert "Taken back." in landed.text
    assert send(office) == []
    assert [(row.state, row.reason) for row in office.all(Outgoing)] == [("refused", "by_manager")]
    assert "It may go now" in look(browser, fan_id, offer.id)
    assert [row.what for row in office.all(Change)] == ["proposed", "reopened"]


def test_what_has_left_can_t_be_taken_back(office: Office) -> None:
    fan_id, offer, browser = willing(office), office.offer(), office.desk()
    send_it(browser, fan_id, offer.id)
    office.later(seconds=6)
    send(office)

    landed = browser.follow(f"/panel/messages/{office.all(Outgoing)[0].id}/undo")

    assert "Somebody was faster" in landed.text
    assert [row.state for row in office.all(Outgoing)] == ["sent"]


def test_a_proposal_that_is_put_off_can_be_taken_back_too(office: Office) -> None:
    _, second = put_off(office)

    office.desk().post(f"/panel/messages/{second}/undo")

    assert (office.message(second).state, office.message(second).reason) == ("refused", "by_manager")


def test_a_form_that_is_sent_twice_proposes_once(office: Office) -> None:
    fan_id, offer, browser = willing(office), office.offer(), office.desk()

    send_it(browser, fan_id, offer.id)
    again = browser.post(f"/panel/fans/{fan_id}/propose", {"offer": str(offer.id)})

    assert again.status_code == 409
    assert "This offer was brought to the fan before, or he has its code." in again.text
    assert office.count(Outgoing) == office.count(Change) == 1


def test_only_offers_that_are_open_can_be_chosen(office: Office) -> None:
    fan_id = willing(office)
    office.offer(name="Ouverte")
    shut = [
        office.offer(slug="a", name="Brouillon", state="draft"),
        office.offer(slug="b", name="Finie", ends_at=office.now - timedelta(days=1)),
        office.offer(slug="c", name="Épuisée", stock=1, taken=1),
    ]
    browser = office.desk()

    page = browser.get(f"/panel/fans/{fan_id}").text
    asked = [look(browser, fan_id, offer.id) for offer in shut]

    assert [name for name in ("Ouverte", "Brouillon", "Finie", "Épuisée") if f">{name}</option>" in page] == ["Ouverte"]
    assert ["The offer is not open, or nothing of it is left." in one for one in asked] == [True] * 3


@pytest.mark.parametrize("offer", ["", "nonsense", str(UUID(int=7))])
def test_an_offer_that_never_was_has_no_page(office: Office, offer: str) -> None:
    fan_id, browser = willing(office), office.desk()

    asked = browser.get(f"/panel/fans/{fan_id}/propose?offer={offer}")
    sent = browser.post(f"/panel/fans/{fan_id}/propose", {"offer": offer})

    assert (asked.status_code, sent.status_code, office.count(Outgoing)) == (404, 404, 0)


def test_who_was_never_met_is_proposed_nothing(office: Office) -> None:
    offer, browser, nobody = office.offer(), office.desk(), UUID(int=7)

    assert browser.get(f"/panel/fans/{nobody}/propose?offer={offer.id}").status_code == 404
    assert browser.post(f"/panel/fans/{nobody}/propose", {"offer": str(offer.id)}).status_code == 404


def test_what_was_said_since_the_look_holds_for_the_proposal(office: Office) -> None:
    fan_id, offer, browser = willing(office), office.offer(), office.desk()
    look(browser, fan_id, offer.id)
    office.hears("stop", "lea", "Lea", Kind.MESSAGE)
    with office.bot.transaction() as session:
        consents.journal(session, [consents.withdrawn(fan_id, "pigeon", "chat", "i9", office.now, office.now)])

    answer = browser.post(f"/panel/fans/{fan_id}/propose", {"offer": str(offer.id)})

    assert answer.status_code == 409
    assert office.count(Outgoing) == 0


DEAR = 10_000_000  # so much that no draw makes it less than it costs to say
CHANCE = re.compile(r'name="chance" value="(\d+)"')


def look_for_the_best(browser: Desk, fan_id: UUID) -> str:
    return browser.get(f"/panel/fans/{fan_id}/propose?offer=best").text


def test_the_best_for_a_fan_is_shown_with_what_it_was_weighed_against(office: Office) -> None:
    fan_id, browser = willing(office), office.desk()
    office.offer(worth=DEAR)
    best = office.offer(slug="tea", name="Thé", priority=5, worth=DEAR, cost=500)
    office.offer(slug="mug", name="Mug", conditions=only_leads())
    before = rows(office)

    page = look_for_the_best(browser, fan_id)
    told = words(page)

    assert "Propose “Thé” to Lea?" in told
    assert "Chosen: the highest priority, and of those the greatest worth. About 2 in a hundred take it" in told
    assert "(our own first guess" in told
    assert "Taken, it brings 99,995; said, it costs 0.02." in told
    assert "Another one has a higher priority." in told
    assert "The offer is for other fans" in told
    assert rows(office) == before

    landed = browser.follow(f"/panel/fans/{fan_id}/propose", {"offer": str(best.id), "chance": CHANCE.findall(page)[0]})
    why = words(browser.get(f"/panel/messages/{office.all(Outgoing)[0].id}").text)

    assert "Proposed: it goes out in a few seconds." in landed.text
    assert "What it was weighed against Weighed for a fan whom we hardly know yet." in why
    assert "Thé · Pigeon Chosen: the highest priority, and of those the greatest worth." in why
    assert [one["why"] for one in office.all(Receipt)[0].chosen["arbitration"]["ranking"]] == ["won", "lower_priority"]


def test_what_is_no_longer_the_best_is_shown_anew_and_nothing_is_proposed(office: Office) -> None:
    fan_id, browser, promo = willing(office), office.desk(), office.offer(worth=DEAR)
    chance = CHANCE.findall(look_for_the_best(browser, fan_id))[0]
    office.offer(slug="tea", name="Thé", priority=5, worth=DEAR)

    answers = [
        browser.post(f"/panel/fans/{fan_id}/propose", {"offer": str(promo.id), "chance": typed})
        for typed in (chance, "", "-1", "9" * 4000, "²")
    ]

    assert [answer.status_code for answer in answers] == [409] * 5
    assert all("Propose “Thé” to Lea?" in words(answer.text) for answer in answers)
    assert office.count(Outgoing) == 0


def test_where_nothing_is_worth_it_that_is_what_is_said(office: Office) -> None:
    fan_id, browser = willing(office), office.desk()
    nothing = words(look_for_the_best(browser, fan_id))
    office.offer(worth=100, cost=300)

    page = look_for_the_best(browser, fan_id)

    assert "There is nothing to propose now. No open offer is for this fan at the moment." in nothing
    assert "There is nothing to propose now. Each open offer would cost more to say than it brings." in words(page)
    assert "To say it costs more than it brings." in words(page)
    assert "Propose it" not in page


def only_leads() -> dict[str, object]:
    return condition_rows.as_json(Condition("is_lead", Operator.IS, True))


def test_a_manager_learns_of_the_lot_once_he_has_chosen_and_not_before(office: Office) -> None:
    settings = office.bot.settings.model_copy(update={"holdout_percent": 100.0})
    office.bot = replace(office.bot, settings=settings)
    office.app = create_app(office.bot)
    fan_id, offer, browser = willing(office), office.offer(), office.desk()

    seen = look(browser, fan_id, offer.id)
    answer = browser.post(f"/panel/fans/{fan_id}/propose", {"offer": str(offer.id)})

    assert "It may go now, here: Pigeon." in seen
    assert (answer.status_code, send(office)) == (409, [])
    assert "The fan is one of the few who are brought nothing" in words(answer.text)
    assert "Propose it" not in answer.text
