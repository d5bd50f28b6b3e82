"""The page of ambassadors: how one becomes one, who is one, and why; and one click for words that helped."""

import re
from html import unescape

import pytest

from bot.changes import Change
from connectors import Kind as Did
from leads import merits
from leads.ambassadors import Kind
from leads.merits import Merit
from optin import consents
from optin.history import Touchpoint
from optin.standing import Purpose
from tests.webhooks.panel.office import Office
from tests.webhooks.panel.test_people import profile_of


def plain(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def words_of(office: Office, text: str) -> Touchpoint:
    return next(one for one in office.all(Touchpoint) if one.text == text)


def test_an_empty_page_says_how_a_fan_becomes_one(office: Office) -> None:
    page = plain(office.desk().get("/panel/ambassadors").text)

    assert "There is no ambassador yet." in page
    assert "Friends 10 points. Somebody whom we did not know came by his own link" in page
    assert "Whole for 90 days, half until 180 days have passed, then no longer." in page


def test_one_click_says_that_a_fans_words_helped_and_another_takes_it_back(office: Office) -> None:
    office.hears("Rincez-le à froid.")
    words, browser = words_of(office, "Rincez-le à froid."), office.desk()
    path = f"/panel/fans/{words.fan_id}"

    browser.get(path)
    for _ in range(2):
        noted = browser.follow(f"{path}/helped/{words.id}")
    listed = plain(browser.get("/panel/ambassadors").text)
    back = browser.follow(f"{path}/helped/{words.id}", {"undo": "1"})

    assert "Noted: it counts for him as an ambassador." in noted.text
    assert "This helped another fan." in noted.text
    assert "Léa 6 – 6 (1 ×) – Pigeon" in listed
    assert "It does not count." in back.text
    assert office.all(Merit) == []
    assert [one.what for one in office.all(Change)] == ["said_helpful", "not_helpful"]


def test_the_parts_stand_on_the_fans_page(office: Office) -> None:
    office.hears("J'adore !")
    fan_id = profile_of(office, "lea").fan_id
    with office.bot.transaction() as session:
        merits.write(session, [merits.merit(fan_id, kind, office.now, "e") for kind in Kind])

    page = plain(office.desk().get(f"/panel/fans/{fan_id}").text)

    assert "Score 18 Praise in public 2 (1 ×) Helpful answers 6 (1 ×) Friends 10 (1 ×)" in page


def test_who_objects_is_on_no_list_and_has_no_button(office: Office) -> None:
    office.hears("Rincez-le à froid.")
    words, browser = words_of(office, "Rincez-le à froid."), office.desk()
    with office.bot.transaction() as session:
        merits.mark(session, words)
        no = consents.withdrawn(words.fan_id, "*", "page", "w", office.now, office.now, purpose=Purpose.PROFILING)
        consents.journal(session, [no])

    page = browser.get(f"/panel/fans/{words.fan_id}").text
    pressed = browser.follow(f"/panel/fans/{words.fan_id}/helped/{words.id}")

    assert "He objects to being profiled, or told us to stop: he has no score." in page
    assert "This helped" not in page
    assert "It does not count." in pressed.text
    assert "There is no ambassador yet." in browser.get("/panel/ambassadors").text


@pytest.mark.parametrize("words", ["999999", str(2**70)])
def test_words_of_nobody_are_not_found(office: Office, words: str) -> None:
    office.hears("Bonjour", kind=Did.COMMENT)
    browser, fan_id = office.desk(), profile_of(office, "lea").fan_id

    browser.get(f"/panel/fans/{fan_id}")

    assert browser.post(f"/panel/fans/{fan_id}/helped/{words}").status_code == 404
