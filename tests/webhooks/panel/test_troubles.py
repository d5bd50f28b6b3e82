"""What was not said, what is uncertain, what broke the bot: shown with its reason, and with what to do about it."""

import re
from html import unescape

import pytest
from sqlmodel import select

from bot import accounts, inbox
from bot.accounts import AccountState
from bot.changes import Change
from bot.inbox import Inbox
from optin.history import Touchpoint
from tests.webhooks.panel.office import Office
from tests.webhooks.panel.test_queue import send


def words(page: str) -> str:
    """What is read on a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def aside(office: Office) -> int:
    row = office.hears("Boum", "max", "Max", raw={"text": "</code><script>alert(1)</script>"})
    with office.bot.transaction() as session:
        inbox.set_aside(session, row.id, "broke:ValueError", office.now)
    return row.id


def row_of(office: Office, inbox_id: int) -> tuple[str, str, str]:
    with office.bot.reading() as session:
        row = session.get_one(Inbox, inbox_id)
        return row.state, row.outcome, row.reason


def journal(office: Office) -> list[tuple[str, str]]:
    return [(change.what, change.subject_id) for change in office.all(Change)]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("fan_said_stop", "The fan asked us to stop."),
        ("window_closed", "Too late: the platform’s time for an answer was over."),
        ("platform:outside_window", "Too late: the platform’s time for an answer was over."),
        ("platform:1545041", "The platform said no (1545041)."),
        ("something_new", "For another reason (something_new)."),
    ],
)
def test_every_refusal_has_its_reason_in_words(office: Office, reason: str, told: str) -> None:
    office.draft("Vos 20 %", "PROMO", state="refused", reason=reason)

    page = words(office.desk().get("/panel/refusals").text)

    assert f"PROMO Not sent. {told} Private reply Vos 20 %" in page


def test_refusals_can_be_read_by_reason(office: Office) -> None:
    office.draft("Un", handle="lea", state="refused", reason="fan_said_stop")
    office.draft("Deux", handle="max", state="lapsed", reason="window_closed")
    browser = office.desk()

    page = browser.get("/panel/refusals?reason=window_closed").text

    assert ("Deux" in page, '<p dir="auto">Un</p>' in page) == (True, False)
    assert "The fan asked us to stop. 1" in words(page)


def test_a_rejection_says_whose_it_was_and_why(office: Office) -> None:
    draft, browser = office.draft("Bonjour."), office.desk(office.noor)
    browser.post(f"/panel/drafts/{draft}/reject", {"because": "déjà au téléphone"})

    page = words(browser.get("/panel/refusals").text)

    assert "Not sent. Noor decided so. déjà au téléphone" in page


def test_a_message_that_may_not_have_arrived_waits_for_a_person(office: Office) -> None:
    message = office.draft("Vos 20 %", state="uncertain", reason="platform:no_answer", taken_at=office.now)
    browser = office.desk()

    page = words(browser.get("/panel/attention").text)

    assert "The platform took the message and did not answer" in page
    assert "Needs attention 1" in page
    assert send(office) == []
    assert office.message(message).state == "uncertain"


def test_a_manager_who_has_looked_says_that_it_arrived(office: Office) -> None:
    message, browser = office.draft("Vos 20 %", state="uncertain", taken_at=office.now), office.desk()

    landed = browser.follow(f"/panel/uncertain/{message}/arrived")

    assert "Noted: it arrived." in landed.text
    assert (office.message(message).state, send(office)) == ("sent", [])
    assert [point.text for point in office.all(Touchpoint)] == ["Où est mon thé ?", "Vos 20 %"]
    assert journal(office) == [("said_sent", str(message))]


def test_it_is_sent_again_only_by_who_has_looked(office: Office) -> None:
    message, browser = office.draft("Vos 20 %", state="uncertain", taken_at=office.now), office.desk()

    careless = browser.follow(f"/panel/uncertain/{message}/again")
    sent_then = list(send(office))
    careful = browser.follow(f"/panel/uncertain/{message}/again", {"looked": "1"})

    assert ("Nothing was sent." in careless.text, sent_then) == (True, [])
    assert "It is sent again now." in careful.text
    assert [message.text for message in send(office)] == ["Vos 20 %"]
    assert journal(office) == [("sent_again", str(message))]


def test_of_two_answers_about_an_uncertain_message_the_first_counts(office: Office) -> None:
    message, claire, noor = office.draft("Vos 20 %", state="uncertain"), office.desk(), office.desk(office.noor)
    claire.post(f"/panel/uncertain/{message}/arrived")

    late = noor.follow(f"/panel/uncertain/{message}/again", {"looked": "1"})

    assert "Somebody was faster" in late.text
    assert send(office) == []
    assert journal(office) == [("said_sent", str(message))]


def test_what_broke_the_bot_is_shown_as_it_came_and_never_run(office: Office) -> None:
    aside(office)

    page = office.desk().get("/panel/attention").text

    assert "It broke our program (ValueError)." in words(page)
    assert "&lt;/code&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_what_broke_the_bot_can_be_tried_again(office: Office) -> None:
    row, browser = aside(office), office.desk()

    landed = browser.follow(f"/panel/aside/{row}/try")

    assert "It is heard again now." in landed.text
    assert row_of(office, row) == ("waiting", "", "")
    assert journal(office) == [("tried_again", str(row))]


def test_what_broke_the_bot_can_be_left_as_it_is(office: Office) -> None:
    row, browser = aside(office), office.desk()

    browser.post(f"/panel/aside/{row}/dismiss")
    late = browser.follow(f"/panel/aside/{row}/try")

    assert row_of(office, row) == ("heard", "silent", "dismissed_by_manager")
    assert "Somebody was faster" in late.text
    assert journal(office) == [("dismissed", str(row))]


def test_a_silenced_account_speaks_again_when_a_manager_says_so(office: Office) -> None:
    with office.bot.transaction() as session:
        accounts.pause(session, "pigeon", "loft", "platform:invalid_token", office.now)
    browser = office.desk()
    page = words(browser.get("/panel/attention").text)

    landed = browser.follow("/panel/accounts/resume", {"platform": "pigeon", "account": "loft"})
    again = browser.follow("/panel/accounts/resume", {"platform": "pigeon", "account": "loft"})

    assert "Pigeon · loft The platform no longer accepts our access: it has to be renewed." in page
    assert "The account may speak again." in landed.text
    assert "Somebody was faster" in again.text
    assert [row.reason for row in office.all(AccountState)] == [""]
    assert journal(office) == [("resumed", "pigeon:loft")]


def test_the_overview_counts_what_became_of_everything(office: Office) -> None:
    for number in range(3):
        office.hears("Joli !", f"fan{number}")
    with office.bot.transaction() as session:
        rows = session.exec(select(Inbox)).all()
        inbox.mark_heard(session, [(row.id, "silent", "nothing_asked") for row in rows[:2]], office.now)

    page = words(office.desk().get("/panel/attention").text)

    assert "Left to a manager A complaint. 1 Nothing said Nothing was asked of us. 2" in page


def test_when_all_is_well_the_page_says_so(office: Office) -> None:
    assert "All is well." in office.desk().get("/panel/attention").text


def test_every_change_says_who_made_it(office: Office) -> None:
    draft, claire, noor = office.draft("Bonjour."), office.desk(), office.desk(office.noor)
    offer = office.offer()
    claire.post(f"/panel/drafts/{draft}/approve", {"text": "Salut."})
    noor.post(f"/panel/offers/{offer.id}/pause")

    page = words(claire.get("/panel/journal").text)

    assert "Noor paused an offer" in page
    assert "Claire approved a message The text Before: Bonjour. After: Salut." in page


@pytest.mark.parametrize(
    "after", ["nonsense", "-1", "9999999999999999999", "99999999999999999999", "%00", "1;DROP", "٣"]
)
@pytest.mark.parametrize("page", ["", "fans", "leads", "refusals", "attention", "journal"])
def test_a_mistyped_address_shows_the_beginning(office: Office, page: str, after: str) -> None:
    assert office.desk().get(f"/panel/{page}?after={after}").status_code == (400 if after == "%00" else 200)


def test_a_huge_number_in_an_address_is_no_fault_of_ours(office: Office) -> None:
    browser = office.desk()

    assert browser.post(f"/panel/aside/{2**63 - 1}/try").status_code == 303
    assert browser.post(f"/panel/aside/{2**63}/try").status_code == 404
