"""Who is one person with whom, what each allows and wishes, and what a fan told a manager by phone."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from bot.changes import Change
from bot.outbox import Outgoing
from connectors import Kind
from optin import consents, people, preferences
from optin.consents import Consent
from optin.links import Link
from optin.preferences import Preference
from optin.standing import Purpose
from tests.webhooks.panel.office import Desk, Office
from tests.webhooks.panel.test_people import become_lead, found, profile_of
from tests.webhooks.panel.test_troubles import words
from tests.webhooks.panel.test_why import propose, put_off, willing


def met(office: Office, *handles: str) -> list[UUID]:
    for handle in handles:
        office.hears("Bonjour", handle, handle.title(), Kind.MESSAGE)
    return [profile_of(office, handle).fan_id for handle in handles]


def link(browser: Desk, one: UUID, other: UUID, reason: str = "elle me l’a dit") -> Any:
    return browser.follow(f"/panel/fans/{one}/link/{other}", {"reason": reason})


def note(browser: Desk, fan_id: UUID, said: str, reason: str = "au téléphone", until: str = "") -> Any:
    return browser.post(f"/panel/fans/{fan_id}/told", {"said": said, "reason": reason, "until": until})


def stands(office: Office, fan_id: UUID, purpose: str, channel: str = "pigeon") -> str | None:
    with office.bot.reading() as session:
        return people.one(session, fan_id).standing(fan_id, channel, purpose).act


def read(office: Office, fan_id: UUID) -> str:
    return words(office.desk().get(f"/panel/fans/{fan_id}").text)


def test_both_sides_are_shown_before_two_fans_are_linked(office: Office) -> None:
    lea, *_ = met(office, "lea", "max", "zoe")
    browser = office.desk()

    page = words(browser.get(f"/panel/fans/{lea}/link?q=zoe").text)

    assert "Who is the same person as Lea?" in page
    assert "Lea Pigeon Lea lea Zoe Pigeon Zoe zoe First heard on 2 Nov 2026 10:00" in page
    assert "Max" not in page
    assert words(browser.get(f"/panel/fans/{lea}/link?q=lea").text).endswith("Nobody else fits this search.")


def test_a_manager_links_two_fans_with_a_reason_and_nothing_is_moved(office: Office) -> None:
    lea, zoe = met(office, "lea", "zoe")

    landed = words(link(office.desk(office.noor), lea, zoe).text)

    assert "Linked: what one of them refuses holds for both." in landed
    assert "One person since 2 Nov 2026 10:00: Noor decided so. elle me l’a dit" in landed
    assert [(row.proof, row.by) for row in office.all(Link)] == [("manager", f"manager:{office.noor.id}")]
    assert [profile_of(office, handle).fan_id for handle in ("lea", "zoe")] == [lea, zoe]
    assert [(row.what, row.subject_id, row.after["because"]) for row in office.all(Change)] == [
        ("linked", str(lea), "elle me l’a dit")
    ]


def test_without_a_reason_nobody_is_linked_nor_unlinked(office: Office) -> None:
    lea, zoe = met(office, "lea", "zoe")
    browser = office.desk()

    refused = browser.post(f"/panel/fans/{lea}/link/{zoe}", {"reason": "  "})
    link(browser, lea, zoe)
    kept = browser.follow(f"/panel/fans/{lea}/unlink", {"link": str(office.all(Link)[0].id), "reason": ""})

    assert refused.status_code == 422
    assert "Zoe" in refused.text
    assert "Please write down how you know. Nothing was changed." in words(refused.text)
    assert "Please write down how you know. Nothing was changed." in words(kept.text)
    assert len(office.all(Link)) == 1


def test_a_link_is_taken_back_with_a_reason_and_a_no_outlives_it(office: Office) -> None:
    lea, zoe = met(office, "lea", "zoe")
    browser = office.desk()
    link(browser, lea, zoe)
    office.later(minutes=1)
    with office.bot.transaction() as session:
        consents.journal(session, [consents.withdrawn(lea, "pigeon", "chat", "i9", office.now, office.now)])
    office.later(minutes=1)

    form = {"link": str(office.all(Link)[0].id), "reason": "sa sœur"}
    landed = words(browser.follow(f"/panel/fans/{zoe}/unlink", form).text)
    again = words(browser.follow(f"/panel/fans/{zoe}/unlink", form).text)

    assert "No longer one person" in landed
    assert "Not one person: taken back on 2 Nov 2026 10:02. sa sœur" in landed
    assert "Somebody was faster" in again
    assert [stands(office, fan, Purpose.OFFERS) for fan in (lea, zoe)] == ["withdrawn", "withdrawn"]
    assert [row.what for row in office.all(Change)] == ["linked", "unlinked"]


def test_a_link_is_taken_back_on_the_page_of_whom_it_is_about(office: Office) -> None:
    lea, zoe, max_ = met(office, "lea", "zoe", "max")
    browser = office.desk()
    link(browser, lea, zoe)

    form = {"link": str(office.all(Link)[0].id), "reason": "non"}
    landed = browser.follow(f"/panel/fans/{max_}/unlink", form)

    assert "Somebody was faster" in landed.text
    assert len(office.all(Link)) == 1


@pytest.mark.parametrize("number", ["", "x", "-1", "0", "99999999999999999999", "٣"])
def test_a_link_that_never_was_is_not_taken_back(office: Office, number: str) -> None:
    (lea,) = met(office, "lea")

    answer = office.desk().post(f"/panel/fans/{lea}/unlink", {"link": number, "reason": "non"})

    assert (answer.status_code, office.all(Link)) == (404, [])


def test_two_who_are_one_already_and_one_alone_are_not_linked(office: Office) -> None:
    lea, zoe = met(office, "lea", "zoe")
    browser = office.desk()
    link(browser, lea, zoe)

    twice, itself = link(browser, zoe, lea), link(browser, lea, lea)

    assert ["Somebody was faster" in answer.text for answer in (twice, itself)] == [True, True]
    assert browser.post(f"/panel/fans/{lea}/link/{UUID(int=7)}", {"reason": "x"}).status_code == 404
    assert len(office.all(Link)) == len(office.all(Change)) == 1


def test_the_page_says_what_holds_now_for_each_profile_and_purpose(office: Office) -> None:
    lea, zoe = willing(office), met(office, "zoe")[0]
    office.later(minutes=1)
    link(office.desk(), lea, zoe)

    page = read(office, lea)

    assert (
        "Pigeon Lea Answers : yes Offers : yes Pigeon Zoe Answers : allowed until he says no Offers : never spoke of it"
        in (page.replace("Answers:", "Answers :").replace("Offers:", "Offers :"))
    )


def test_wishes_are_told_in_words_with_who_said_them(office: Office) -> None:
    (lea,) = met(office, "lea")
    wishes = {
        "without": "email,x", "every": "336", "hours": "18-22", "topics": "music,shoes", "timezone": "America/Montreal",
    }  # fmt: skip
    with office.bot.transaction() as session:
        lines = [preferences.said(lea, *wish, "chat", "m1", office.now, office.now) for wish in wishes.items()]
        preferences.record(session, lines)

    page = read(office, lea)

    told = (
        "Not here: E-mail, X.", "At least 2 weeks between two messages of ours.", "Only between 18:00 and 22:00.",
        "Only about: music, shoes.", "His clock is that of America/Montreal.", "2 Nov 2026 10:00, in the chat",
    )  # fmt: skip
    assert [one for one in told if one not in page.replace(" ,", ",")] == []


def test_no_offers_told_by_phone_holds_at_once_on_all_channels_for_the_whole_person(office: Office) -> None:
    lea, zoe = willing(office), met(office, "zoe")[0]
    link(office.desk(), lea, zoe)
    office.later(minutes=1)
    propose(office, lea, office.offer())

    note(office.desk(office.noor), lea, "no_offers")

    assert {row.fan_id for row in office.all(Consent) if row.how == "manager"} == {lea, zoe}
    assert [(row.state, row.reason) for row in office.all(Outgoing)] == [("refused", "fan_wants_no_offers")]
    kinds = [
        (fan, purpose, channel)
        for fan in (lea, zoe)
        for purpose in ("offers", "newsletter")
        for channel in ("pigeon", "email")
    ]
    assert [stands(office, *kind) for kind in kinds] == ["withdrawn"] * 8
    assert stands(office, lea, Purpose.SERVICE) == "granted"
    assert "No Offers – All channels, 2 Nov 2026 10:01 , noted by Noor: au téléphone" in read(office, lea)


def test_a_stop_told_by_phone_stops_everything_that_waits(office: Office) -> None:
    draft = office.draft("Bonjour.", handle="lea")
    lea = profile_of(office, "lea").fan_id

    note(office.desk(), lea, "stop")

    assert (office.message(draft).state, office.message(draft).reason) == ("refused", "fan_said_stop")
    assert [stands(office, lea, purpose, channel) for purpose in Purpose for channel in ("pigeon", "email")] == (
        ["withdrawn"] * 14
    )
    assert [(row.how, row.evidence) for row in office.all(Consent)] == [
        ("manager", f"change:{office.all(Change)[0].id}")
    ]


def test_a_pause_told_by_phone_ends_on_its_day_in_paris(office: Office) -> None:
    lea, browser = willing(office), office.desk()

    note(browser, lea, "pause", until="2026-11-16")
    with office.bot.reading() as session:
        paused = people.one(session, lea).preferences.paused_until
    page = read(office, lea)
    note(browser, lea, "no_pause", reason="il a rappelé")

    assert paused == datetime(2026, 11, 15, 23, 0, tzinfo=UTC)
    assert "Nothing before 16 Nov 2026 00:00." in page
    assert "noted by Claire: au téléphone" in page
    assert "He asked for nothing in particular." in read(office, lea)
    assert [row.after["said"] for row in office.all(Change)] == ["pause", "no_pause"]


@pytest.mark.parametrize(
    ("said", "until", "reason", "told"),
    [
        ("", "", "au téléphone", "Please choose what the fan said."),
        ("yes", "", "au téléphone", "Please choose what the fan said."),
        ("pause", "", "au téléphone", "Please choose a day to come, on which the pause ends."),
        ("pause", "2026-11-01", "au téléphone", "Please choose a day to come, on which the pause ends."),
        ("pause", "demain", "au téléphone", "Please choose a day to come, on which the pause ends."),
        ("pause", "9999-12-31", "au téléphone", "Please choose a day to come, on which the pause ends."),
        ("stop", "2026-11-16", " ", "Please write down how you know. Nothing was changed."),
    ],
)
def test_a_form_that_is_not_complete_changes_nothing_and_loses_nothing(
    office: Office, said: str, until: str, reason: str, told: str
) -> None:
    (lea,) = met(office, "lea")

    answer = note(office.desk(), lea, said, reason, until)

    assert answer.status_code == 422
    assert told in words(answer.text)
    assert re.findall(r'name="(?:until|reason)"[^>]* value="([^"]*)"', answer.text) == [until, reason.strip()]
    assert re.findall(r'value="(\w+)" checked', answer.text) == [said] * (said in ("pause", "stop"))
    assert [office.count(table) for table in (Consent, Preference, Change)] == [0, 0, 0]


def test_nobody_can_note_a_yes(office: Office) -> None:
    (lea,) = met(office, "lea")

    answers = [note(office.desk(), lea, said).status_code for said in ("granted", "offers", "NO_OFFERS")]

    assert (answers, office.count(Consent)) == ([422] * 3, 0)


def test_who_was_never_met_told_nobody_anything(office: Office) -> None:
    assert note(office.desk(), UUID(int=7), "stop").status_code == 404


def test_a_lead_of_whom_a_no_was_noted_is_read_again_by_the_crm(office: Office) -> None:
    office.hears("PROMO", "lea", "Léa")
    lead = become_lead(office, "lea", "lea@example.com")

    note(office.desk(), lead.fan_id, "no_offers")

    assert "E-mail: no" in office.desk().get("/panel/leads").text
    assert [row.revision > lead.revision for row in office.all(type(lead))] == [True]


def test_the_page_says_what_counts_under_the_caps_now(office: Office) -> None:
    put_off(office)

    page = read(office, profile_of(office, "lea").fan_id)

    assert "All together, in one day 1 / 2 All together, in one week 1 / 3 Offers, in one week 1 / 2" in page


def test_those_who_said_no_are_found_at_once_and_nobody_else(office: Office) -> None:
    lea, zoe, max_, ana, *_ = met(office, "lea", "zoe", "max", "ana", "tom")
    browser = office.desk()
    link(browser, lea, zoe)
    office.later(minutes=1)
    no_offers = consents.withdrawn(max_, "pigeon", "chat", "i1", office.now, office.now, purpose="offers")
    stop = consents.withdrawn(lea, "pigeon", "chat", "i2", office.now, office.now)
    with office.bot.transaction() as session:
        consents.journal(session, [no_offers, stop, stop | {"fan_id": ana}])
        office.later(minutes=1)
        consents.journal(session, [consents.taken_back(stop) | {"fan_id": ana, "given_at": office.now}])
        elsewhere = profile_of(office, "tom").fan_id
        consents.journal(session, [consents.withdrawn(elsewhere, "email", "mail", "i3", office.now, office.now)])

    page = words(browser.get("/panel/fans?stopped=1").text)

    # Ana may be answered again, and still wants no offers. Tom said no on a channel where this profile is not.
    assert found(browser, "stopped=1") == ["Ana", "Max", "Zoe", "Lea"]
    assert found(browser, "stopped=1&q=zo") == ["Zoe"]
    assert "Ana no offers" in page
    assert "Lea said STOP" in page


def test_a_long_list_of_those_who_said_no_shows_each_once(office: Office) -> None:
    names = [f"fan-{number:02}" for number in range(35)]
    stops = [consents.withdrawn(fan, "*", "chat", f"i{fan}", office.now, office.now) for fan in met(office, *names)]
    with office.bot.transaction() as session:
        consents.journal(session, stops)
    browser, path, seen = office.desk(), "/panel/fans?stopped=1", []

    while path:
        page = browser.get(path).text
        seen += re.findall(r'class="name"><a href="[^"]+" dir="auto">([^<]*)<', page)
        more = re.search(r'href="([^"]+)" role="button" class="outline">Show more', page)
        path = more[1].replace("&amp;", "&") if more else ""

    assert seen == [name.title() for name in reversed(names)]
