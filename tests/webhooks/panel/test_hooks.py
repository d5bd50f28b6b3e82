"""The managers' page of webhooks: systems are added, tried, listened to, switched off and on, and get new secrets."""

import html
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import select
from standardwebhooks import Webhook

from bot import assembly, delivering
from bot.changes import Change
from leads import hooks
from leads.hooks import Delivery, Endpoint
from tests.receiver import Receiver, receiver
from tests.webhooks.panel import office as managers_office
from tests.webhooks.panel.office import Office
from tests.webhooks.panel.test_troubles import words

ALL = ["lead.qualified", "lead.updated", "lead.erased", "offer.claimed", "consent.changed"]
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with managers_office.office(database_url) as office:
        yield office


def development(office: Office) -> None:
    """Where systems on this machine may be told."""
    office.bot.settings.webhooks_local = True


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def only(office: Office, table: Any) -> Any:
    with office.bot.reading() as session:
        return session.exec(select(table)).one()


def deliver(office: Office) -> None:
    with ThreadPoolExecutor(2) as threads:
        while delivering.deliver_some(office.bot, threads):
            pass


def test_a_system_is_added_and_its_secret_is_shown_once(office: Office) -> None:
    browser = office.desk()

    added = browser.post("/panel/webhooks", {"url": "https://crm.example/hook?k=1", "events": ALL[:2]}).text
    endpoint = only(office, Endpoint)
    again = browser.get(f"/panel/webhooks/{endpoint.id}").text

    (secret,) = SECRET.findall(html.unescape(added))
    assert (endpoint.url, endpoint.events) == ("https://crm.example/hook?k=1", ALL[:2])
    assert (secret in again, secret in endpoint.secret) == (False, False)
    assert only(office, Change).after == {"address": "crm.example", "events": ALL[:2]}
    assert "added a webhook (crm.example)" in words(browser.get("/panel/journal").text)


@pytest.mark.parametrize(
    ("url", "events", "told"),
    [
        ("", ALL, "This is no address to post to"),
        ("crm.example", ALL, "This is no address to post to"),
        ("ftp://crm.example", ALL, "This is no address to post to"),
        ("https://me:secret@crm.example", ALL, "This is no address to post to"),
        ("https://crm.example:99999", ALL, "This is no address to post to"),
        ("https://crm.example/ a", ALL, "This is no address to post to"),
        ("http://crm.example", ALL, "It has to begin with https://"),
        ("http://127.0.0.1:9999/x", ALL, "To allow that while you develop, set WEBHOOKS_LOCAL=true"),
        ("https://localhost/hook", ALL, "To allow that while you develop, set WEBHOOKS_LOCAL=true"),
        ("https://192.168.1.7/hook", ALL, "leads into a network of our own"),
        ("https://[::1]/hook", ALL, "To allow that while you develop, set WEBHOOKS_LOCAL=true"),
        ("http://192.168.1.7/hook", ALL, "leads into a network of our own"),
        ("https://169.254.169.254/latest", ALL, "leads into a network of our own"),
        ("https://crm.example", [], "Please choose what it is told"),
        ("https://crm.example", ["webhook.test", "made.up"], "Please choose what it is told"),
    ],
)
def test_what_can_not_be_told_is_refused_and_nothing_typed_is_lost(
    office: Office, url: str, events: list[str], told: str
) -> None:
    answer = office.desk().post("/panel/webhooks", {"url": url, "events": events})

    with office.bot.reading() as session:
        assert hooks.listed(session) == []
    assert answer.status_code == 422
    assert told in words(answer.text)
    assert f'value="{url}"' in html.unescape(answer.text)


def test_a_test_arrives_and_is_sent_again_under_its_number(office: Office, shop: Receiver) -> None:
    development(office)
    office.now = assembly.wall_clock()
    browser = office.desk()
    secret = SECRET.findall(
        html.unescape(browser.post("/panel/webhooks", {"url": shop.url, "events": ALL}).text)
    )[0]  # fmt: skip
    page = f"/panel/webhooks/{only(office, Endpoint).id}"

    browser.follow(f"{page}/test")
    deliver(office)
    log = words(browser.get(page).text)
    browser.follow(f"{page}/again/{only(office, Delivery).id}")
    deliver(office)

    assert [Webhook(secret).verify(body, headers)["type"] for headers, body in shop.got] == ["webhook.test"] * 2
    assert len(set(shop.ids)) == 1
    assert "A test" in log
    assert "arrived It answered 204." in log


def test_who_is_gone_is_shown_as_needing_attention_until_somebody_decides(office: Office, shop: Receiver) -> None:
    development(office)
    browser = office.desk()
    browser.post("/panel/webhooks", {"url": shop.url, "events": ALL})
    page = f"/panel/webhooks/{only(office, Endpoint).id}"
    shop.answers = [410]
    browser.follow(f"{page}/test")
    deliver(office)

    attention = words(browser.get("/panel/attention").text)
    opened = words(browser.follow(f"{page}/open").text)
    calm = words(browser.get("/panel/attention").text)
    shut = words(browser.follow(f"{page}/shut").text)
    twice = words(browser.follow(f"{page}/shut").text)

    assert "Systems of yours that are told nothing any more" in attention
    assert "It said that it wants no more of it." in attention
    assert "It is told again" in opened
    assert "All is well." in calm
    assert "It is told nothing any more." in shut
    assert "Somebody was faster" in twice


def test_a_new_secret_signs_beside_the_old_one(office: Office) -> None:
    browser = office.desk()
    first = browser.post("/panel/webhooks", {"url": "https://crm.example", "events": ALL}).text
    page = f"/panel/webhooks/{only(office, Endpoint).id}"

    second = browser.post(f"{page}/secret").text

    secrets = SECRET.findall(html.unescape(first)) + SECRET.findall(html.unescape(second))
    assert delivering.keys_of(office.bot, only(office, Endpoint), office.now) == secrets[::-1]
    assert "signs as well until" in words(second)


def test_what_is_not_there_is_not_found(office: Office) -> None:
    browser, unknown = office.desk(), f"/panel/webhooks/{office.bot.new_id()}"

    asked = [browser.get(unknown), *(browser.post(f"{unknown}/{what}") for what in ("test", "shut", "open", "secret"))]

    assert [answer.status_code for answer in (*asked, browser.post(f"{unknown}/again/1"))] == [404] * 6
