"""Offers in the panel: made, read in both languages, opened, changed and paused, and never shown to fans half done."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from bot import showcase
from bot.changes import Change
from bot.preview import ENTRANCE
from connectors import Rules, Way
from offers import editing, stock
from offers.catalog import Offer
from tests.pigeon import Pigeon
from tests.webhooks.panel.office import Office

FULL: dict[str, Any] = {
    "name": "Bienvenue",
    "value": "-20 %",
    "keywords": "promo, #Bienvenue\npromo; welcome",
    "themes": "Thé vert, cadeau",
    "posts": "post-1\npost-2",
    "campaigns": "Été 2026,  black   friday, été 2026",
    "starts_at": "2026-11-03T08:00",
    "ends_at": "2027-07-01T00:00",
    "priority": "5",
    "stock": "1 000",
    "code_prefix": "zephyr",
    "platforms": "pigeon",
    "accounts": "loft",
    "needs_approval": "on",
    "fr.title": "20 % pour vous",
    "fr.pitch": "Vos 20 % chez {{ brand }} sont prêts{% if name %}, {{ name }}{% endif %}.",
    "fr.terms": "Une fois.",
    "en.title": "20% for you",
    "en.pitch": "Your {{ value }} is ready.",
}
FAULT = re.compile(r'<ul class="faults" id="fault-([\w.]+)">\s*<li>(.*?)</li>', re.DOTALL)
BUBBLE = re.compile(r'<figure class="bubble (\w+)" lang="(\w+)">.*?</figcaption>(.*?)</figure>', re.DOTALL)


def faults(page: TestResponse) -> dict[str, str]:
    return {name: unescape(told) for name, told in FAULT.findall(page.text)}


def the_offer(office: Office) -> Offer:
    (offer,) = office.all(Offer)
    return offer


def journal(office: Office) -> list[tuple[str, list[str]]]:
    return [(change.what, sorted(change.after)) for change in office.all(Change)]


def seen(offer: Offer) -> str:
    return offer.updated_at.isoformat()


def test_a_manager_makes_an_offer_that_no_fan_sees_yet(office: Office) -> None:
    landed = office.desk().follow("/panel/offers/new", FULL)

    offer = the_offer(office)
    assert "Saved as a draft. No fan sees it before you open it." in landed.text
    assert (offer.state, offer.slug, offer.name, offer.value) == ("draft", "bienvenue", "Bienvenue", "-20 %")
    assert offer.themes == ["thé vert", "cadeau"]
    assert offer.campaigns == ["été 2026", "black friday"]  # as ways in are named, however it was typed
    assert (offer.keywords, offer.posts) == (["promo", "#Bienvenue", "welcome"], ["post-1", "post-2"])
    assert (offer.platforms, offer.accounts) == (["pigeon"], ["loft"])
    assert (offer.priority, offer.stock, offer.code_prefix, offer.needs_approval) == (5, 1000, "ZEPHYR", True)
    assert offer.texts["en"] == {"title": "20% for you", "pitch": "Your {{ value }} is ready."}
    assert [(change.manager_id, change.what) for change in office.all(Change)] == [(office.claire.id, "made")]


def test_dates_are_typed_and_shown_as_they_are_in_paris(office: Office) -> None:
    landed = office.desk().follow("/panel/offers/new", FULL)

    offer = the_offer(office)
    assert offer.starts_at == datetime(2026, 11, 3, 7, 0, tzinfo=UTC)  # winter
    assert offer.ends_at == datetime(2027, 6, 30, 22, 0, tzinfo=UTC)  # summer
    assert re.findall(r'type="datetime-local" value="([^"]*)"', landed.text) == [FULL["starts_at"], FULL["ends_at"]]


def test_saving_what_is_shown_changes_nothing(office: Office) -> None:
    browser = office.desk()
    browser.post("/panel/offers/new", FULL)
    before = the_offer(office)
    office.later(minutes=1)

    page = browser.get(f"/panel/offers/{before.id}").text
    shown = dict(re.findall(r'name="([\w.]+)" id="[\w.]+"[^>]* value="([^"]*)"', page))
    shown |= dict(re.findall(r'<textarea name="([\w.]+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL))
    typed = {name: unescape(text) for name, text in shown.items()}
    ticked = {"platforms": "pigeon", "accounts": "loft", "needs_approval": "on", "seen": seen(before)}
    browser.post(f"/panel/offers/{before.id}", typed | ticked)

    after = the_offer(office)
    assert editing.sheet_of(after) == editing.sheet_of(before)
    assert journal(office)[-1] == ("edited", [])


def test_an_offer_needs_words_in_both_languages_and_a_keyword_before_it_opens(office: Office) -> None:
    browser = office.desk()
    browser.post("/panel/offers/new", {"name": "Half", "fr.title": "Un titre"})
    offer = the_offer(office)

    refused = browser.post(f"/panel/offers/{offer.id}/open")

    assert refused.status_code == 422
    assert sorted(faults(refused)) == ["en.pitch", "en.title", "fr.pitch", "keywords"]
    assert the_offer(office).state == "draft"


def test_all_that_an_offer_lacks_is_told_at_once(office: Office) -> None:
    typed = {**FULL, "name": "", "stock": "many", "code_prefix": "é", "en.title": "", "open": "1"}

    refused = office.desk().post("/panel/offers/new", typed)

    assert sorted(faults(refused)) == ["code_prefix", "en.title", "name", "stock"]


def test_saving_and_opening_is_all_or_nothing(office: Office) -> None:
    browser = office.desk()

    refused = browser.post("/panel/offers/new", {**FULL, "en.title": "", "open": "1"})
    landed = browser.follow("/panel/offers/new", {**FULL, "open": "1"})

    assert (refused.status_code, list(faults(refused))) == (422, ["en.title"])
    assert "Open: fans who ask for it get it now." in landed.text
    assert the_offer(office).state == "open"
    assert [what for what, _ in journal(office)] == ["made", "opened"]


NO_SUCH_HOUR = "This hour does not exist in Paris: the clocks are put forward over it."
WRONG = [
    ({"name": " "}, "name", "This is needed before fans can see the offer."),
    ({"keywords": "promo, !!!"}, "keywords", "“!!!” holds no letter that a fan could write."),
    ({"stock": "many"}, "stock", "Please write a whole number."),
    ({"stock": "-1"}, "stock", "Too large: at most 100000000."),
    ({"stock": "99999999999"}, "stock", "Too large: at most 100000000."),
    ({"worth": "ten"}, "worth", "Please write an amount, like 12.50."),
    ({"cost": "1 000 001"}, "cost", "Too large: at most 1000000."),
    ({"priority": "5000"}, "priority", "Too large: at most 1000."),
    ({"starts_at": "tomorrow"}, "starts_at", "Please write a date and a time, like 2026-12-24 18:00."),
    ({"starts_at": "0001-01-01T00:00"}, "starts_at", "Please write a date and a time, like 2026-12-24 18:00."),
    ({"starts_at": "2027-03-28T02:30"}, "starts_at", NO_SUCH_HOUR),
    ({"ends_at": "2026-11-03T08:00"}, "ends_at", "The offer would end before it begins."),
    ({"code_prefix": "É T É"}, "code_prefix", "Only the letters A to Z and digits, without spaces."),
    ({"fr.pitch": "Bonjour {{ nom }}"}, "fr.pitch", "We have no word “nom” to fill in. There are: name, brand, value."),
    ({"fr.pitch": "Bonjour {{ name"}, "fr.pitch", "The braces in line 1 don’t close."),
    ({"en.terms": "{{ name.__class__ }}"}, "en.terms", "Line 1 holds more than words to fill in and “if”."),
    ({"en.title": "x" * 121}, "en.title", "Too long: at most 120 letters."),
]  # fmt: skip


@pytest.mark.parametrize(("slip", "field", "told"), WRONG)
def test_each_slip_is_told_beside_its_field_and_nothing_typed_is_lost(
    office: Office, slip: dict[str, str], field: str, told: str
) -> None:
    page = office.desk().post("/panel/offers/new", {**FULL, **slip})

    assert page.status_code == 422
    assert faults(page) == {field: told}
    typed = unescape(page.text)
    kept = {
        name: text for name, text in {**FULL, **slip}.items() if name not in ("platforms", "accounts", "needs_approval")
    }
    assert [name for name, text in kept.items() if text not in typed] == []
    assert office.count(Offer) == 0


def test_a_private_message_that_a_platform_would_cut_is_no_offer(office: Office) -> None:
    office.pigeon.rules = Rules(answers=Pigeon.rules.answers, max_text={Way.PRIVATE: 400})  # type: ignore[misc]

    page = office.desk().post("/panel/offers/new", {**FULL, "fr.pitch": "Vos 20 % sont prêts. " * 9, "open": "1"})

    assert list(faults(page)) == ["fr.pitch"]
    assert "the private message is too long for a platform (Pigeon: " in page.text


def test_only_looking_writes_nothing_down(office: Office) -> None:
    page = office.desk().post("/panel/offers/new", {**FULL, "look": "1"})

    assert page.status_code == 200
    assert office.count(Offer) == office.count(Change) == 0
    assert "Your -20 % is ready." in page.text


def test_a_preview_reads_as_fans_will_read_it_in_both_languages(office: Office) -> None:
    office.offer(texts={
        "fr": {"title": "20 % pour vous", "pitch": "Vos 20 % chez {{ brand }}, {{ name }} !", "terms": "Une fois."},
        "en": {"title": "20% for you", "pitch": "Your {{ value }}, {{ name }}!"},
    })  # fmt: skip

    page = office.desk().get(f"/panel/offers/{the_offer(office).id}").text

    read = [
        (kind, lang, unescape(re.sub(r"<[^>]+>|\n", " ", text)).split()) for kind, lang, text in BUBBLE.findall(page)
    ]
    assert [(kind, lang) for kind, lang, _ in read] == [
        (kind, lang) for lang in ("fr", "en") for kind in ("private", "public", "public", "page")
    ]
    assert " ".join(read[0][2]).startswith("Bonjour Léa ! Vos 20 % chez Zéphyr, Léa ! Votre code vous attend ici :")
    assert " ".join(read[3][2]) == "20 % pour vous -20 % Vos 20 % chez Zéphyr, Léa ! Une fois."
    assert " ".join(read[7][2]) == "20% for you -20 % Your -20 %, Max!"


def test_an_open_offer_can_t_be_changed_into_a_half_done_one(office: Office) -> None:
    offer, browser = office.offer(), office.desk()

    refused = browser.post(f"/panel/offers/{offer.id}", {**FULL, "en.pitch": "", "seen": seen(offer)})

    assert (refused.status_code, list(faults(refused))) == (422, ["en.pitch"])
    assert the_offer(office).name == "Promo"


def test_of_two_managers_who_change_an_offer_the_second_is_told(office: Office) -> None:
    offer, claire, noor = office.offer(), office.desk(), office.desk(office.noor)
    office.later(minutes=1)
    claire.post(f"/panel/offers/{offer.id}", {**FULL, "name": "Claire’s", "seen": seen(offer)})

    late = noor.post(f"/panel/offers/{offer.id}", {**FULL, "name": "Noor’s", "seen": seen(offer)})
    again = re.search(r'name="seen" value="([^"]+)"', late.text)
    assert again is not None
    landed = noor.follow(f"/panel/offers/{offer.id}", {**FULL, "name": "Noor’s", "seen": unescape(again[1])})

    assert late.status_code == 409
    assert faults(late)["name"].startswith("Somebody else changed this offer in the meantime.")
    assert 'value="Noor’s"' in late.text
    assert "Saved." in landed.text
    assert the_offer(office).name == "Noor’s"


def test_the_stock_never_falls_below_what_was_taken(office: Office) -> None:
    offer, browser = office.offer(stock=10, taken=7), office.desk()

    refused = browser.post(f"/panel/offers/{offer.id}", {**FULL, "stock": "6", "seen": seen(offer)})

    assert faults(refused) == {"stock": "7 have been taken already: the stock can’t be smaller."}


def test_a_code_that_is_taken_while_the_form_is_open_is_no_conflict(office: Office) -> None:
    offer, browser = office.offer(stock=10), office.desk()
    with office.bot.transaction() as session:
        stock.take_one(session, offer.id)

    landed = browser.follow(f"/panel/offers/{offer.id}", {**FULL, "seen": seen(offer)})

    assert "Saved." in landed.text
    assert (the_offer(office).taken, the_offer(office).stock) == (1, 1000)


def test_a_paused_offer_is_given_to_nobody_until_it_is_opened_again(office: Office) -> None:
    offer, browser = office.offer(), office.desk()

    paused = browser.follow(f"/panel/offers/{offer.id}/pause")
    state_between = the_offer(office).state
    opened = browser.follow(f"/panel/offers/{offer.id}/open")

    assert ("Paused:" in paused.text, state_between) == (True, "paused")
    assert ("Open: fans" in opened.text, the_offer(office).state) == (True, "open")
    assert [(change.what, change.before, change.after) for change in office.all(Change)] == [
        ("paused", {"state": "open"}, {"state": "paused"}),
        ("opened", {"state": "paused"}, {"state": "open"}),
    ]


def test_two_offers_of_one_name_have_links_of_their_own(office: Office) -> None:
    browser = office.desk()

    for _ in range(3):
        browser.post("/panel/offers/new", {**FULL, "name": "L’été : -20 % !"})

    assert sorted(offer.slug for offer in office.all(Offer)) == ["l-ete-20", "l-ete-20-2", "l-ete-20-3"]


def test_the_links_of_an_offer_are_those_that_the_journey_knows(office: Office) -> None:
    assert ENTRANCE == showcase.PREFIX


def test_the_list_says_how_each_offer_does(office: Office) -> None:
    office.offer(stock=1, taken=1)
    office.offer(slug="b", name="Later", starts_at=datetime(2027, 1, 1, tzinfo=UTC))
    office.offer(slug="c", name="Over", ends_at=datetime(2026, 1, 1, tzinfo=UTC))
    office.offer(slug="d", name="Draft", state="draft", keywords=[])

    page = office.desk().get("/panel/offers").text

    states = re.findall(r'<a href="/panel/offers/[\w-]+">([^<]+)</a></h2>\s*<span class="state \w+">([^<]+)<', page)
    assert sorted(states) == [("Draft", "draft"), ("Later", "not begun"), ("Over", "ended"), ("Promo", "sold out")]


def test_what_an_offer_is_worth_and_what_stands_in_for_it_is_written_down(office: Office) -> None:
    tea, browser = office.offer(slug="tea", name="Thé"), office.desk()

    browser.post("/panel/offers/new", {
        **FULL, "kind": "gift", "worth": "1 012,5", "cost": "3.20", "fallback_id": str(tea.id)
    })  # fmt: skip

    [made] = [offer for offer in office.all(Offer) if offer.id != tea.id]
    assert (made.kind, made.worth, made.cost, made.fallback_id) == ("gift", 101_250, 320, tea.id)
    page = browser.get(f"/panel/offers/{made.id}")
    again = browser.post(f"/panel/offers/{made.id}", {**FULL, "fallback_id": str(made.id), "seen": seen(made)})
    gone = browser.post("/panel/offers/new", {**FULL, "fallback_id": str(UUID(int=7))})
    assert 'value="1012.50"' in page.text
    assert faults(gone) == {"fallback_id": "There is no such offer any more."}
    assert faults(again) == {"fallback_id": "An offer can’t stand in for itself."}
