"""Fans and leads in the panel: what passed between us, what each allows, and a word of our own to them."""

import re
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot import claiming
from bot.changes import Change
from bot.claiming import Turn
from bot.outbox import Outgoing
from bot.ranking import Ranking
from connectors import Kind
from leads import purchases
from leads.pipeline import Lead
from leads.ranking import AT_SIGHT
from offers import claims
from offers.claims import Claim
from optin import consents
from optin.fans import Profile
from optin.wordings import wording
from tests.leads import crowd
from tests.webhooks.panel.office import Desk, Office
from tests.webhooks.panel.test_queue import send

NAMED = re.compile(r'<span class="name"><a href="/panel/fans/[\w-]+" dir="auto">([^<]*)</a>')


def found(browser: Desk, query: str) -> list[str]:
    return NAMED.findall(browser.get(f"/panel/fans?{query}").text)


def profile_of(office: Office, handle: str) -> Profile:
    with office.bot.reading() as session:
        return session.exec(select(Profile).where(Profile.handle == handle)).one()


def become_lead(office: Office, handle: str, email: str) -> Lead:
    """He took the offer and said yes to its e-mails."""
    profile, offer = profile_of(office, handle), office.offer(slug=handle)
    claim = Claim(
        id=office.bot.new_id(), fan_id=profile.fan_id, profile_id=profile.id, offer_id=offer.id, language="fr",
        token_hash=claims.hash_of(handle), platform="pigeon", account="loft", post="post-1", opened_at=office.now,
        name=profile.name,
    )  # fmt: skip
    with office.bot.transaction() as session:
        session.add(claim)
        session.flush()
        claiming.take(session, office.bot, Turn(claim, offer, [profile.fan_id]), email, office.now)
        ticked = {"email": claiming.channels(office.bot, claim, "fr")["email"]}
        lead = claiming.allow(session, office.bot, claim, ticked, "claim_page", str(claim.id), office.now)
    assert lead is not None
    return lead


def open_write(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(profile|message)" value="([^"]+)"', page))


def test_a_fan_is_found_by_name_handle_platform_and_e_mail(office: Office) -> None:
    office.hears("Bonjour", "lea-77", "Léa Dubois")
    office.hears("Hello", "max-12", "Max")
    become_lead(office, "max-12", "max@example.com")
    browser = office.desk()

    assert found(browser, "") == ["Max", "Léa Dubois"]
    assert found(browser, "q=dubois") == ["Léa Dubois"]
    assert found(browser, "q=max-12") == ["Max"]
    assert found(browser, "q=MAX@example.com") == ["Max"]
    assert found(browser, "q=%25") == []
    assert found(browser, "platform=pigeon&q=a") == ["Max", "Léa Dubois"]
    assert found(browser, "platform=facebook") == []


def test_the_list_of_fans_says_who_is_a_lead_and_who_said_stop(office: Office) -> None:
    office.hears("Bonjour", "lea", "Léa")
    office.hears("stop", "max", "Max")
    become_lead(office, "lea", "lea@example.com")
    max_ = profile_of(office, "max")
    with office.bot.transaction() as session:
        line = consents.withdrawn(max_.fan_id, "pigeon", "chat", "i9", office.now, office.now, max_.id)
        consents.record(session, line)

    page = office.desk().get("/panel/fans").text

    rows = [re.findall(r'class="tag (?:good|bad)">([^<]+)', row) for row in page.split('<span class="name">')[1:]]
    assert rows == [["said STOP"], ["lead"]]


def test_a_fan_s_page_tells_the_whole_story(office: Office) -> None:
    office.draft("Bonjour Léa", "PROMO !", handle="lea", state="refused", reason="private_reply_closed")
    lead = become_lead(office, "lea", "lea@example.com")

    page = office.desk().get(f"/panel/fans/{lead.fan_id}").text

    shown = (
        "PROMO !", "Bonjour Léa", "time for a private reply to this comment was over", "lea@example.com",
        "Oui, Zéphyr peut m’envoyer ses offres par e-mail.", "offers_email.1.fr", "on the offer’s page", "Promo",
    )  # fmt: skip
    assert [words for words in shown if words not in page] == []


def test_a_fan_who_does_not_exist_has_no_page(office: Office) -> None:
    assert office.desk().get(f"/panel/fans/{UUID(int=7)}").status_code == 404


def test_a_manager_writes_in_an_open_conversation(office: Office) -> None:
    office.hears("Mes thés sont bio ?", "lea", "Léa", Kind.MESSAGE)
    fan_id, browser = profile_of(office, "lea").fan_id, office.desk()
    form = open_write(browser.get(f"/panel/fans/{fan_id}").text)

    landed = browser.follow(f"/panel/fans/{fan_id}/write", {**form, "text": "Oui, tous !"})

    assert "Your message goes out now." in landed.text
    assert [(message.to, message.text, message.by_human) for message in send(office)] == [("lea", "Oui, tous !", True)]
    assert [(change.manager_id, change.what) for change in office.all(Change)] == [(office.claire.id, "wrote")]


def test_a_form_that_is_sent_twice_says_it_once(office: Office) -> None:
    office.hears("Mes thés sont bio ?", "lea", "Léa", Kind.MESSAGE)
    fan_id, browser = profile_of(office, "lea").fan_id, office.desk()
    form = open_write(browser.get(f"/panel/fans/{fan_id}").text)

    for _ in range(2):
        browser.post(f"/panel/fans/{fan_id}/write", {**form, "text": "Oui, tous !"})

    assert office.count(Outgoing) == office.count(Change) == 1


def test_a_manager_s_own_words_can_be_taken_back_into_the_queue(office: Office) -> None:
    office.hears("Mes thés sont bio ?", "lea", "Léa", Kind.MESSAGE)
    fan_id, browser = profile_of(office, "lea").fan_id, office.desk()
    form = open_write(browser.get(f"/panel/fans/{fan_id}").text)
    browser.post(f"/panel/fans/{fan_id}/write", {**form, "text": "Oui, tous !"})

    landed = browser.follow(f"/panel/drafts/{form['message']}/reopen")

    assert "Taken back: it is a draft again." in landed.text
    assert send(office) == []


def test_who_never_wrote_in_private_can_t_be_written_to(office: Office) -> None:
    office.hears("Joli !", "lea", "Léa")
    profile, browser = profile_of(office, "lea"), office.desk()

    page = browser.get(f"/panel/fans/{profile.fan_id}").text
    form = {"profile": str(profile.id), "message": str(UUID(int=9)), "text": "Bonjour"}
    refused = browser.post(f"/panel/fans/{profile.fan_id}/write", form)

    assert (open_write(page), refused.status_code, send(office)) == ({}, 422, [])
    assert "such a conversation is not ours to begin" in page
    assert '<textarea id="typed" readonly rows="3">Bonjour</textarea>' in refused.text


def test_a_person_may_answer_longer_than_the_bot_but_not_for_ever(office: Office) -> None:
    office.hears("Mes thés sont bio ?", "lea", "Léa", Kind.MESSAGE)
    fan_id = profile_of(office, "lea").fan_id

    def may_write(**later: float) -> bool:
        office.later(**later)
        return bool(open_write(office.desk().get(f"/panel/fans/{fan_id}").text))

    assert [may_write(), may_write(days=2), may_write(days=4, hours=23), may_write(hours=1)] == [
        True,
        True,
        True,
        False,
    ]


def test_who_blocked_us_is_left_alone(office: Office) -> None:
    office.hears("Mes thés sont bio ?", "lea", "Léa", Kind.MESSAGE)
    profile = profile_of(office, "lea")
    with office.bot.transaction() as session:
        session.get_one(Profile, profile.id).blocked_at = office.now

    page = office.desk().get(f"/panel/fans/{profile.fan_id}").text

    assert open_write(page) == {}
    assert "The fan blocked us" in page


def test_a_fan_is_not_written_to_under_another_s_name(office: Office) -> None:
    office.hears("Bonjour", "lea", "Léa", Kind.MESSAGE)
    office.hears("Bonjour", "max", "Max", Kind.MESSAGE)
    lea, max_ = profile_of(office, "lea"), profile_of(office, "max")

    form = {"profile": str(max_.id), "message": str(UUID(int=9)), "text": "Bonjour Léa"}
    answer = office.desk().post(f"/panel/fans/{lea.fan_id}/write", form)

    assert (answer.status_code, send(office)) == (404, [])


def test_a_lead_shows_where_it_came_from_and_what_it_allows_now(office: Office) -> None:
    office.hears("PROMO", "lea", "Léa")
    lead = become_lead(office, "lea", "lea@example.com")
    browser = office.desk()
    before = browser.get("/panel/leads").text
    asked = consents.granted(lead.fan_id, "sms", wording("offers_phone", "fr", "Z"), "claim_page", "c9", office.now)
    with office.bot.transaction() as session:
        consents.record(session, consents.to_be_confirmed(asked))
    asked_for = browser.get("/panel/leads").text
    with office.bot.transaction() as session:
        consents.record(session, consents.withdrawn(lead.fan_id, "*", "chat", "i9", office.now, office.now))

    after = browser.get("/panel/leads").text

    shown = ("Léa", "lea@example.com", "E-mail: yes", "Pigeon · loft", "Offer: Promo.", "Under: post-1")
    assert [words for words in shown if words not in before] == []
    assert ("E-mail: yes" in after, "E-mail: no" in after) == (False, True)
    assert "not confirmed yet" in asked_for
    assert "not confirmed yet" not in after


def test_no_lead_and_no_fan_is_told_kindly(office: Office) -> None:
    browser = office.desk()

    assert "There is no lead yet." in browser.get("/panel/leads").text
    assert "We have met nobody yet." in browser.get("/panel/fans").text
    assert "Nobody fits this search." in browser.get("/panel/fans?q=nobody").text


def test_long_lists_show_everyone_once(office: Office) -> None:
    names = [f"Fan {number:02}" for number in range(65)]
    for name in names:
        office.hears("Bonjour", name, name)
    browser, path, seen = office.desk(), "/panel/fans?q=Fan", []

    while path:
        page = browser.get(path).text
        seen += NAMED.findall(page)
        more = re.search(r'href="([^"]+)" role="button" class="outline">Show more', page)
        path = more[1].replace("&amp;", "&") if more else ""

    assert seen == names[::-1]


PARTS = re.compile(
    r'<th scope="row">([^<]+)<small class="facts">([^<]+)</small>.*?<td class="number">([^<]+)</td>', re.S
)


def test_a_fans_page_says_how_far_he_has_come_part_by_part(office: Office) -> None:
    office.hears("Bonjour", "lea", "Léa")
    lead = become_lead(office, "lea", "lea@example.com")
    told = purchases.Told("shop", "1", 1990, "EUR", office.now, lead_id=lead.id)
    with office.bot.transaction() as session:
        purchases.keep(session, office.bot.new_id(), told, "key:till", office.now)

    page = office.desk().get(f"/panel/fans/{lead.fan_id}").text
    card = office.desk().get("/panel/leads").text

    assert PARTS.findall(page.split('id="progress"')[1]) == [
        ("Consents", "He lets us write in 1 way (a channel, for offers or the newsletter). 5 points each.", "5 / 20"),
        ("Codes taken", "He took the code of 1 offer. 5 points each.", "5 / 20"),
        ("Codes used", "He used 0 codes. 10 points each.", "0 / 20"),
        ("Purchases", "Your shop told us of 1 purchase. 10 points each.", "10 / 40"),
        ("Comments and messages", "He wrote 1 comment or message. 1 point each.", "1 / 10"),
        ("Heard lately", "Heard in the last 7 days.", "10 / 10"),
    ]
    assert [part[2] for part in PARTS.findall(card)] == ["5 / 20", "5 / 20", "0 / 20", "10 / 40"]
    for shown in (page, card):
        assert re.findall(r'<span class="tag good">(customer)</span>', shown) == ["customer"]
        assert "Score: 20 of 100" in shown


def whole_list(browser: Desk) -> str:
    path, pages = "/panel/leads?order=score", ""
    while path:
        page = browser.get(path).text
        more = re.search(r'href="([^"]+)" role="button" class="outline">Show more', page)
        path, pages = more[1].replace("&amp;", "&") if more else "", pages + page
    return pages


LED = re.compile(r'<h2><a href="[^"]+" dir="auto">([^<]+)</a></h2>')


def test_leads_are_sorted_by_their_score_and_who_wants_none_comes_last(office: Office) -> None:
    leads = {}
    for name in ("lea", "max", "eve", "ida"):
        office.hears("Bonjour", name, name)
        leads[name] = become_lead(office, name, f"{name}@example.com")
    with office.bot.transaction() as session:
        for number, name in enumerate(("max", "ida", "ida", "lea", "lea", "lea")):
            told = purchases.Told("shop", str(number), 1990, "EUR", office.now, lead_id=leads[name].id)
            purchases.keep(session, office.bot.new_id(), told, "key:till", office.now)
        said = consents.withdrawn(leads["ida"].fan_id, "*", "chat", "m", office.now, office.now, purpose="profiling")
        consents.record(session, said)

    browser = office.desk()
    sorted_by_score = LED.findall(browser.get("/panel/leads?order=score").text)

    assert sorted_by_score == ["lea", "max", "eve", "ida"]
    assert LED.findall(browser.get("/panel/leads").text) == ["lea", "ida", "max", "eve"]


def test_a_long_list_sorted_by_score_shows_every_lead_once(office: Office) -> None:
    for number in range(65):
        office.hears("Bonjour", f"fan-{number:02}", f"Fan {number:02}")
        lead = become_lead(office, f"fan-{number:02}", f"fan-{number}@example.com")
        if number % 3 == 0:
            told = purchases.Told("shop", str(number), 1990, "EUR", office.now, lead_id=lead.id)
            with office.bot.transaction() as session:
                purchases.keep(session, office.bot.new_id(), told, "key:till", office.now)

    seen = LED.findall(whole_list(office.desk()))

    bought = [f"Fan {number:02}" for number in range(65) if number % 3 == 0]
    others = [f"Fan {number:02}" for number in range(65) if number % 3]
    assert seen == bought[::-1] + others[::-1]


def test_an_order_that_is_still_worked_out_says_so_and_shows_each_score_as_it_is_now(office: Office) -> None:
    office.hears("Bonjour", "lea", "Léa")
    lea = become_lead(office, "lea", "lea@example.com")
    Ranking(office.bot)()
    with office.bot.transaction() as session:
        crowd.gathered(session, 1, 6 * AT_SIGHT)  # with higher revisions than hers will be
        session.execute(sa.text("UPDATE revision SET last = 100000"))
        told = purchases.Told("till", "1", 1990, "EUR", office.now, lead_id=lea.id)
        purchases.keep(session, office.bot.new_id(), told, "key:till", office.now)
    browser, hint = office.desk(), "The order is being worked out."

    before = whole_list(browser)
    Ranking(office.bot)()
    after = whole_list(browser)

    her = re.compile(r">Léa</a></h2>.*?Score: (\d+) of 100", re.S)
    assert her.findall(before) == her.findall(after) == ["20"]
    scores = [int(points) for points in re.findall(r"<summary>Score: (\d+) of 100", after)]
    assert scores == sorted(scores, reverse=True)
    assert (hint in before, hint in after) == (True, False)


@pytest.mark.parametrize("after", ["", "x", "1", "1.", "9.9.9", "99999999999.1", "-1.0"])
def test_nonsense_in_the_address_of_sorted_leads_breaks_nothing(office: Office, after: str) -> None:
    assert office.desk().get(f"/panel/leads?order=score&after={after}").status_code == 200


def test_who_does_not_want_a_score_has_none_in_the_panel_either(office: Office) -> None:
    office.hears("Bonjour", "lea", "Léa")
    lead = become_lead(office, "lea", "lea@example.com")
    said = consents.withdrawn(lead.fan_id, "*", "chat", "m", office.now, office.now, purpose="profiling")
    with office.bot.transaction() as session:
        consents.record(session, said)

    pages = [office.desk().get(path).text for path in (f"/panel/fans/{lead.fan_id}", "/panel/leads")]

    assert ["Score:" in page for page in pages] == [False, False]
    assert all("He does not want to be given a score." in page for page in pages)
