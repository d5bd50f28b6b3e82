"""One click ends the promotion, whether a mailbox provider or the fan himself presses (RFC 8058)."""

import re
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from bot import pages, soliciting
from optin import consents, people
from optin.permits import Permit, Refusal
from optin.standing import EVERYWHERE, Purpose
from optin.tokens import Page
from tests.cast import Stage
from tests.stage import Stage as Theatre
from tests.stories.test_email import claims_and_says_yes, confirms, fan_of
from tests.webhooks.test_choices import allowed, messages, says_yes_to_all, waiting
from tests.webhooks.test_claim import everything
from webhooks.app import create_app

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def way_out(stage: Stage, profile_id: UUID) -> str:
    return urlsplit(pages.unsubscribe_link(stage.bot, profile_id)).path


@pytest.fixture
def lea(stage: Stage) -> UUID:
    fan = stage.fan("lea")
    says_yes_to_all(stage, fan)
    return fan


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"}])
def test_a_provider_unsubscribes_at_once_without_a_redirect(
    stage: Stage, lea: UUID, kind: str, headers: dict[str, str]
) -> None:
    before = allowed(stage, lea)

    answer = stage.visitor().post(way_out(stage, lea), data=ONE_CLICK, content_type=kind, headers=headers)

    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (200, [])
    assert (before, allowed(stage, lea)) == (["facebook"], [])


def test_what_promotes_ends_and_answers_go_on(stage: Stage, lea: UUID) -> None:
    messages(stage, lea, "offers", "newsletter", "")

    stage.visitor().post(way_out(stage, lea), data=ONE_CLICK)

    with stage.bot.reading() as session:
        person, lines = people.one(session, lea), consents.of(session, [lea])[-2:]
        no = [person.standing(lea, "facebook", one).withdrawn for one in Purpose]
    assert [one for one, withdrawn in zip(Purpose, no, strict=True) if withdrawn] == ["offers", "newsletter"]
    assert {(line.how, line.profile_id, line.place) for line in lines} == {("mail", lea, "/u")}
    assert waiting(stage) == [""]


def test_a_provider_that_comes_again_changes_nothing(stage: Stage, lea: UUID) -> None:
    stage.visitor().post(way_out(stage, lea), data=ONE_CLICK)
    before = everything(stage)

    stage.clock.now += timedelta(hours=1)
    answer = stage.visitor().post(way_out(stage, lea), data=ONE_CLICK)

    assert (answer.status_code, everything(stage)) == (200, before)


def test_looking_changes_nothing_and_shows_a_button(stage: Stage, lea: UUID) -> None:
    before = everything(stage)

    page = stage.visitor().get(way_out(stage, lea), query_string=ONE_CLICK)
    stage.visitor().head(way_out(stage, lea))
    stage.visitor().options(way_out(stage, lea))

    assert re.findall(r'<form method="post" action="([^"]+)"', page.text) == [way_out(stage, lea)]
    assert everything(stage) == before


def test_his_own_click_is_undone_by_a_yes_to_the_words_beside_the_button(stage: Stage, lea: UUID) -> None:
    page = stage.visitor().post(way_out(stage, lea))
    stopped = allowed(stage, lea)
    stage.clock.now += timedelta(minutes=1)

    [undo] = re.findall(r'action="([^"]+/undo)"', page.text)
    sent = {name: re.findall(rf'name="{name}" value="([^"]+)"', page.text) for name in ("change", "allow")}
    stage.visitor().post(undo, data=sent)

    assert (page.status_code, stopped, allowed(stage, lea)) == (200, [], ["facebook"])
    assert "Oui, Maison Zéphyr peut m’envoyer ses offres par message privé" in page.text


def test_who_stopped_everything_is_not_promised_answers(stage: Stage, lea: UUID) -> None:
    promise = "À vos questions, nous répondons toujours."
    usual = stage.visitor().post(way_out(stage, lea))

    stage.clock.now += timedelta(minutes=1)
    line = consents.withdrawn(lea, EVERYWHERE, "chat", "m1", stage.clock.now, stage.clock.now)
    with stage.bot.transaction() as session:
        consents.journal(session, [line])

    assert [promise in page.text for page in (usual, stage.visitor().get(way_out(stage, lea)))] == [True, False]


@pytest.mark.parametrize("page", [Page.CHOICES, Page.WHY, Page.RIGHTS])
def test_an_unknown_word_gets_no_hint(stage: Stage, lea: UUID, page: Page) -> None:
    other = pages.path(stage.bot, page, lea).rpartition("/")[2]
    gone = way_out(stage, stage.bot.new_id())
    before = everything(stage)

    answers = [
        stage.visitor().open(path, method=method)
        for path in (f"/u/{other}", gone, "/u/x", "/u/%00")
        for method in ("GET", "POST")
    ]

    assert {(answer.status_code, answer.text.replace(gone, "")[:200]) for answer in answers} == {
        (404, answers[0].text[:200])
    }
    assert everything(stage) == before


def test_the_address_in_a_promoting_mail_ends_the_mails(database_url: str) -> None:
    theatre = Theatre(database_url, mails=True)
    theatre.offer()
    claims_and_says_yes(theatre)
    confirms(theatre)
    theatre.later(minutes=1)
    answers = [bring(theatre, "one")]
    theatre.work()
    mail = theatre.letterbox.sent[-1]

    theatre.later(days=2)
    status = create_app(theatre.bot).test_client().post(urlsplit(mail.unsubscribe).path, data=ONE_CLICK).status_code
    answers.append(bring(theatre, "two"))
    theatre.close()

    assert ([type(answer) for answer in answers], status) == ([Permit, Refusal], 200)


def bring(theatre: Theatre, slug: str) -> object:
    offer = theatre.offer(slug=slug)
    with theatre.bot.transaction() as session:
        return soliciting.propose(session, theatre.bot, fan_of(theatre, "lea"), offer, theatre.now).answer
