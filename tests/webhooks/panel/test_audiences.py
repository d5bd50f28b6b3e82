"""The managers' page of custom audiences: with whom each is filled, how it goes, and what to do."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from bot import advertising, audiences
from bot.audiences import AudienceList, Member
from bot.changes import Change
from connectors import Audience, Batch, By, PlatformError, Refused, Taken
from optin.fans import Profile
from tests.webhooks.panel import office as managers_office
from tests.webhooks.panel.office import Office
from tests.webhooks.panel.test_troubles import words
from webhooks.app import create_app

AUDIENCE = "6110000000001"


class Willing(Audience):
    """Takes everything, unless it has a fault."""

    most = 10_000

    def __init__(self) -> None:
        self.id = AUDIENCE
        self.faults: list[PlatformError] = []

    def add(self, by: By, hashes: Sequence[str], batch: Batch) -> Taken:
        if self.faults:
            raise self.faults.pop()
        return Taken(invalid=1)

    remove = add


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with managers_office.office(database_url) as office:
        office.bot = replace(office.bot, audiences={AUDIENCE: Willing()})
        office.app = create_app(office.bot)
        yield office


def row(office: Office) -> AudienceList:
    with office.bot.reading() as session:
        return session.exec(select(AudienceList)).one()


def holds_somebody(office: Office) -> None:
    office.hears("Bonjour")
    fan_id = office.all(Profile)[0].fan_id
    with office.bot.transaction() as session:
        audiences.want(session, [{"audience_id": AUDIENCE, "hash": "a" * 64, "kind": "email", "fan_id": fan_id}])


def test_a_manager_says_with_whom_it_is_filled_and_the_journal_says_who_did(office: Office) -> None:
    offer, browser = office.offer(name="Tea"), office.desk()

    everybody = words(browser.follow(f"/panel/audiences/{AUDIENCE}/fill", {"whom": "everybody"}).text)
    for_all = (row(office).connected, row(office).offer_id)
    browser.follow(f"/panel/audiences/{AUDIENCE}/fill", {"whom": str(offer.id)})
    for_some = row(office).offer_id
    emptied = words(browser.follow(f"/panel/audiences/{AUDIENCE}/empty").text)

    assert "Saved: within minutes it holds who allows it." in everybody
    assert (for_all, for_some, row(office).connected) == ((True, None), offer.id, False)
    assert "Everybody in it is removed within minutes." in emptied
    assert [one.what for one in office.all(Change)] == ["audience_filled", "audience_filled", "audience_emptied"]
    assert f"emptied an audience ({AUDIENCE})" in words(browser.get("/panel/journal").text)


def test_the_page_counts_who_is_in_it_and_who_waits(office: Office) -> None:
    browser = office.desk()
    browser.post(f"/panel/audiences/{AUDIENCE}/fill", {"whom": "everybody"})
    holds_somebody(office)

    waiting = words(browser.get("/panel/audiences").text)
    advertising.reconcile(office.bot)
    there = words(browser.get("/panel/audiences").text)
    browser.post(f"/panel/audiences/{AUDIENCE}/empty")
    leaving = words(browser.get("/panel/audiences").text)

    assert "In it 0 Waiting to be added 1 Waiting to be removed 0 Last brought up to date never" in waiting
    assert "In it 1 Waiting to be added 0 Waiting to be removed 0" in there
    assert "The last time Meta could not read 1 row." in there
    assert "In it 0 Waiting to be added 0 Waiting to be removed 1" in leaving


def test_what_went_wrong_is_told_with_what_to_do_and_may_be_tried_at_once(office: Office) -> None:
    browser = office.desk()
    browser.post(f"/panel/audiences/{AUDIENCE}/fill", {"whom": "everybody"})
    holds_somebody(office)
    office.bot.audiences[AUDIENCE].faults.append(Refused("token_dead"))  # type: ignore[attr-defined]
    advertising.reconcile(office.bot)

    trouble = words(browser.get("/panel/audiences").text)
    rests_until = row(office).rests_until
    browser.follow(f"/panel/audiences/{AUDIENCE}/again")
    advertising.reconcile(office.bot)
    mended = words(browser.get("/panel/audiences").text)

    assert "make a new one and put it into FACEBOOK_AUDIENCES. Tried again by itself on" in trouble
    assert rests_until == office.now + timedelta(minutes=1)
    assert ("in trouble" in mended, "In it 1" in mended) == (False, True)


def fails(office: Office, reason: str) -> None:
    office.desk().post(f"/panel/audiences/{AUDIENCE}/fill", {"whom": "everybody"})
    holds_somebody(office)
    office.bot.audiences[AUDIENCE].faults.append(Refused(reason))  # type: ignore[attr-defined]
    advertising.reconcile(office.bot)


def test_what_a_person_has_to_mend_needs_attention_until_it_is_mended(office: Office) -> None:
    browser = office.desk()
    well = words(browser.get("/panel/attention").text)
    fails(office, "token_dead")

    broken = words(browser.get("/panel/attention").text)
    browser.post(f"/panel/audiences/{AUDIENCE}/again")
    advertising.reconcile(office.bot)
    mended = words(browser.get("/panel/attention").text)

    assert f"{AUDIENCE} Meta no longer accepts the token of this audience: make a new one" in broken
    assert "Needs attention 1" in broken
    for page in (well, mended):
        assert ("All is well." in page, AUDIENCE in page, "Needs attention 1" in page) == (True, False, False)


def test_what_passes_by_itself_needs_attention_only_where_it_lasts(office: Office) -> None:
    fails(office, "temporary")
    browser = office.desk()

    at_first = words(browser.get("/panel/attention").text)
    office.later(minutes=61)
    lasting = words(browser.get("/panel/attention").text)

    assert (AUDIENCE in at_first, AUDIENCE in lasting) == (False, True)


def test_an_audience_that_nobody_can_be_taken_out_of_needs_attention(office: Office) -> None:
    office.desk().post(f"/panel/audiences/{AUDIENCE}/fill", {"whom": "everybody"})
    holds_somebody(office)
    office.bot = replace(office.bot, audiences={})
    office.app = create_app(office.bot)

    page = words(office.desk().get("/panel/attention").text)

    assert f"{AUDIENCE} Its token is no longer in FACEBOOK_AUDIENCES." in page
    assert "Needs attention 1" in page


def test_who_is_in_an_audience_whose_token_is_gone_is_still_told_of(office: Office) -> None:
    office.desk().post(f"/panel/audiences/{AUDIENCE}/fill", {"whom": "everybody"})
    holds_somebody(office)
    advertising.reconcile(office.bot)
    office.bot = replace(office.bot, audiences={})
    office.app = create_app(office.bot)
    browser = office.desk()

    page = words(browser.get("/panel/audiences").text)
    refused = browser.post(f"/panel/audiences/{AUDIENCE}/fill", {"whom": "everybody"})

    assert "Its token is no longer in FACEBOOK_AUDIENCES." in page
    assert refused.status_code == 404
    assert len(office.all(Member)) == 1


@pytest.mark.parametrize("whom", ["", "nobody", "00000000-0000-0000-0000-000000000000"])
def test_what_no_form_of_ours_sends_fills_nothing(office: Office, whom: str) -> None:
    assert office.desk().post(f"/panel/audiences/{AUDIENCE}/fill", {"whom": whom}).status_code == 400
    assert office.all(AudienceList) == []
