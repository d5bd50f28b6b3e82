"""What a manager writes to promote something is held against the same yes and the same caps as what the bot brings."""

from uuid import UUID

from bot.outbox import Outgoing
from connectors import Kind
from tests.webhooks.panel.office import Desk, Office
from tests.webhooks.panel.test_people import open_write, profile_of
from tests.webhooks.panel.test_queue import send
from tests.webhooks.panel.test_why import willing

WORDS = "Samedi, dégustation à la boutique !"


def promote(browser: Desk, fan_id: UUID) -> str:
    form = open_write(browser.get(f"/panel/fans/{fan_id}").text)
    return browser.follow(f"/panel/fans/{fan_id}/write", {**form, "text": WORDS, "promotes": "1"}).text


def test_it_goes_to_who_said_yes_and_leads_to_the_page_of_why(office: Office) -> None:
    fan_id = willing(office)

    landed = promote(office.desk(), fan_id)

    assert "Your message goes out now." in landed
    [message] = send(office)
    assert message.text.startswith(f"{WORDS}\n")
    assert "/why/" in message.text
    assert [(row.solicits, row.weight) for row in office.all(Outgoing)] == [("offers", 100)]


def test_who_never_said_yes_is_not_promoted_to_and_nothing_typed_is_lost(office: Office) -> None:
    office.hears("Bonjour", "max", "Max", Kind.MESSAGE)
    fan_id = profile_of(office, "max").fan_id

    page = promote(office.desk(), fan_id)

    assert WORDS in page
    assert 'name="promotes" value="1" checked' in page
    assert send(office) == []
    assert office.count(Outgoing) == 0


def test_it_counts_under_the_caps_and_an_answer_does_not(office: Office) -> None:
    fan_id, browser = willing(office), office.desk()
    for _ in range(3):
        form = open_write(browser.get(f"/panel/fans/{fan_id}").text)
        browser.post(f"/panel/fans/{fan_id}/write", {**form, "text": "Oui, tous !"})
    promote(browser, fan_id)

    again = promote(browser, fan_id)

    assert "the fan heard from us a short while ago" in again
    assert [message.text.splitlines()[0] for message in send(office)] == ["Oui, tous !"] * 3 + [WORDS]
