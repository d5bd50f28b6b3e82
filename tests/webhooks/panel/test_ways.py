"""The ways in to an offer: a link a platform, each place under its name, each with a picture to print."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from werkzeug.test import TestResponse

from bot import hearing, inbox, lanes
from connectors import Interaction, Kind
from offers.ways_in import WayIn
from optin.fans import Profile
from tests.owl import Owl
from tests.webhooks.panel.office import Office
from webhooks import pictures

LINK = re.compile(r"<code>(https://owl\.example/[^<]+)</code>")
PICTURE = re.compile(r'<img src="(/panel/offers/[^"]+)"')
NAME = {"source": "  Vitrine du  Marais ", "medium": "Affiche", "campaign": "été"}


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    office = Office(database_url, Owl("tree", "ring"))
    yield office
    office.bot.engine.dispose()


def test_a_named_link_stands_beside_the_plain_one_on_the_offers_page(office: Office) -> None:
    offer, browser = office.offer(), office.desk()
    path = f"/panel/offers/{offer.id}"

    browser.get(path)
    landed = browser.follow(f"{path}/ways", NAME)

    [way] = office.all(WayIn)
    links = ["https://owl.example/tree?start=offer-promo", f"https://owl.example/tree?start=in-{way.code}"]
    assert LINK.findall(landed.text) == LINK.findall(browser.get(path).text) == links
    assert (way.source, way.medium, way.campaign) == ("vitrine du marais", "affiche", "été")
    assert "vitrine du marais · affiche · été" in landed.text


def test_each_picture_holds_its_link_and_no_other_text_is_drawn(office: Office) -> None:
    offer, browser = office.offer(), office.desk()
    page = browser.follow(f"/panel/offers/{offer.id}/ways", NAME)

    drawn = [browser.get(unescape(path)) for path in PICTURE.findall(page.text)]
    wrong = browser.get(f"/panel/offers/{offer.id}/ways/qr.svg?way=&platform=owl&account=elsewhere")

    assert [one.data for one in drawn] == [pictures.qr(link).data for link in LINK.findall(page.text)]
    assert {one.mimetype for one in drawn} == {"image/svg+xml"}
    assert wrong.status_code == 404


def test_the_same_name_twice_is_one_link(office: Office) -> None:
    offer, browser = office.offer(), office.desk()

    browser.follow(f"/panel/offers/{offer.id}/ways", NAME)
    again = browser.follow(f"/panel/offers/{offer.id}/ways", {**NAME, "medium": "AFFICHE"})

    assert len(office.all(WayIn)) == 1
    assert "There is a link of this name already." in again.text


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({}, "Please write at least one of these words."),
        ({"source": "x" * 61}, "Too long: at most 60 letters."),
        ({"medium": "<b>"}, "Only letters, digits, spaces and . _ + -"),
        ({"campaign": "a&utm_source=b"}, "Only letters, digits, spaces and . _ + -"),
    ],
)
def test_a_slip_is_told_and_makes_no_link(office: Office, typed: dict[str, str], told: str) -> None:
    offer, browser = office.offer(), office.desk()

    answer: TestResponse = browser.post(f"/panel/offers/{offer.id}/ways", typed)

    assert answer.status_code == 422
    assert told in unescape(answer.text)
    assert office.all(WayIn) == []


def test_an_offer_for_one_platform_has_no_way_in_by_another(office: Office) -> None:
    offer = office.offer(platforms=["pigeon"])

    assert LINK.findall(office.desk().get(f"/panel/offers/{offer.id}").text) == []


def test_who_came_by_a_link_is_counted_once(office: Office) -> None:
    offer, browser = office.offer(), office.desk()
    browser.follow(f"/panel/offers/{offer.id}/ways", NAME)
    [way] = office.all(WayIn)

    came = [
        Interaction("owl", "tree", f"o{n}", Kind.REFERRAL, office.now, who, payload=f"in-{way.code}")
        for n, who in enumerate(("lea", "lea", "max"))
    ]
    with office.bot.transaction() as session:
        inbox.keep(session.connection(), came, lanes.of, office.now)
    hearing.hear_some(office.bot, "worker-1")

    assert "2 people came by it." in browser.get(f"/panel/offers/{offer.id}/ways").text
    fan = next(one for one in office.all(Profile) if one.handle == "max").fan_id
    assert "vitrine du marais · affiche · été" in browser.get(f"/panel/fans/{fan}").text
