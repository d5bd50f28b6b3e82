"""A fan's own pages: he sees everything, takes it along, has it erased, and may look how far that is."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlmodel import select

from bot import accounts, assembly, dossier, pages, traces
from bot.pace import Pace
from bot.settings import Settings
from connectors.facebook import Facebook
from leads import details
from leads.pipeline import Lead
from offers.questions import RATHER_NOT, Question
from optin import links
from optin.erasures import Erasure, Suppression
from optin.fans import Fan, Profile
from optin.links import Proof
from optin.tokens import Page
from optin.wordings import wording
from tests.cast import NOW, SECRET, Clock, Stage
from tests.search import found
from webhooks.app import create_app


def rights(stage: Stage, fan_id: UUID) -> str:
    return pages.path(stage.bot, Page.RIGHTS, fan_id)


def claiming_words(stage: Stage) -> str:
    return wording("offers_email", "fr", stage.bot.settings.brand).text


def fans(stage: Stage) -> list[UUID]:
    with stage.bot.reading() as session:
        return list(session.exec(select(Fan.id)))


def test_he_sees_all_that_is_kept_with_the_words_that_he_agreed_to(stage: Stage) -> None:
    lead = stage.lead(stage.offer(), "alice")
    with stage.bot.transaction() as session:
        details.tell(session, lead.fan_id, Question.POSTCODE, "75011", NOW, None)
        details.tell(session, lead.fan_id, Question.BIRTHDAY, RATHER_NOT, NOW, None)

    page = stage.visitor().get(rights(stage, lead.fan_id))

    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    for expected in (
        "alice@example.com",
        "Alice",
        "Facebook",
        "Été",
        "ZEPH-",
        "e-mail",
        "1 juin 2026 12:00",
        "SHA-256",
        "75011",
        "Vous préférez ne pas le dire.",
    ):
        assert expected in page.text
    assert "Oui – nos offres, E-mail" in page.text


def test_what_he_takes_along_holds_whatever_an_erasure_would_remove(stage: Stage) -> None:
    lead = stage.lead(stage.offer(), "alice")

    answer = stage.visitor().get(f"{rights(stage, lead.fan_id)}/dossier.json")

    told = json.loads(answer.text)
    with stage.bot.reading() as session:
        counted = traces.counted(session, traces.of(session, stage.bot, [lead.fan_id]))
    named = {str(table.__tablename__) for table in (*traces.HIS, *traces.QUOTES) if table is not Pace}
    assert answer.headers["Content-Disposition"] == 'attachment; filename="dossier.json"'
    assert set(told) == named | {"format", "brand", "made_at", "language"}
    assert {name: len(told[name]) for name in counted} == counted
    assert told["consent"][0]["words"] == claiming_words(stage)
    assert "token_hash" not in answer.text
    assert str(SECRET) not in answer.text


def test_the_page_to_keep_needs_nothing_else(stage: Stage) -> None:
    lead = stage.lead(stage.offer(), "alice")

    answer = stage.visitor().get(f"{rights(stage, lead.fan_id)}/dossier.html?lang=en")

    assert answer.mimetype == "text/html"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.text.startswith("<!doctype html>")
    assert re.findall(r'(?:src|href)="', answer.text) == []
    assert "What we know of you" in answer.text


def test_markup_in_a_name_stays_text(stage: Stage) -> None:
    fan_id = stage.fan("<b>x</b>")

    page = stage.visitor().get(rights(stage, fan_id)).text

    assert "<b>x</b>" not in page.lower()
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_looking_changes_nothing_and_a_button_erases(stage: Stage) -> None:
    lead = stage.lead(stage.offer(), "alice")
    visitor, path = stage.visitor(), rights(stage, lead.fan_id)

    visitor.get(path)
    asked = visitor.get(f"{path}/erase")
    before = fans(stage)
    answer = visitor.post(f"{path}/erase", data={"fan": str(lead.fan_id)})
    status = visitor.get(answer.location)

    assert asked.status_code == 200
    assert before == [lead.fan_id]
    assert fans(stage) == []
    assert found(stage.bot, ["alice@example.com", "Alice"]) == set()
    assert (answer.status_code, status.status_code) == (303, 200)
    assert "C’est effacé" in status.text or "It is erased" in status.text


def test_a_second_click_an_old_link_and_a_foreign_page_change_nothing(stage: Stage) -> None:
    lead, other = stage.lead(stage.offer(), "alice"), stage.fan("bob")
    visitor, path = stage.visitor(), rights(stage, lead.fan_id)
    form = {"fan": str(lead.fan_id)}

    foreign = visitor.post(f"{path}/erase", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    nothing = visitor.post(f"{path}/erase", data={})
    somebody_else = visitor.post(f"{path}/erase", data={"fan": str(other)})
    still_there = fans(stage)
    first = visitor.post(f"{path}/erase", data=form)
    second = visitor.post(f"{path}/erase", data=form)
    later = visitor.get(path)

    assert {answer.location.partition("?")[0] for answer in (foreign, nothing, somebody_else)} == {f"{path}/erase"}
    assert sorted(still_there) == sorted([lead.fan_id, other])
    assert first.location == second.location == later.location
    assert fans(stage) == [other]


def test_of_linked_profiles_he_may_have_one_erased(stage: Stage) -> None:
    alice, bob = stage.fan("alice"), stage.fan("bob")
    with stage.bot.transaction() as session:
        links.link(session, alice, bob, Proof.CLAIM_LINK, "claim-1", NOW)
    path = rights(stage, alice)

    page = stage.visitor().get(f"{path}/erase").text
    stage.visitor().post(f"{path}/erase", data={"fan": str(bob)})

    assert page.count('type="checkbox"') == 2
    assert page.count("checked") == 2
    assert fans(stage) == [alice]
    assert stage.visitor().get(path).status_code == 200


@pytest.mark.parametrize("word", ["nonsense", "x" * 43, "%00"])
def test_a_word_that_is_not_ours_opens_nothing(stage: Stage, word: str) -> None:
    visitor = stage.visitor()
    of_another_page = pages.path(stage.bot, Page.CHOICES, stage.fan()).rpartition("/")[2]

    answers = [visitor.get(f"/rights/{one}{rest}") for one in (word, of_another_page) for rest in ("", "/erase")]

    assert {answer.status_code for answer in answers} == {404}
    assert visitor.get("/rights/erasure/0000").status_code == 404


def test_a_manager_hands_out_the_same_and_nobody_else_can(stage: Stage) -> None:
    lead = stage.lead(stage.offer(), "alice")

    answer = stage.visitor().get(f"/panel/fans/{lead.fan_id}/dossier.json")

    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/panel/sign-in")


# What Facebook asks in a person's name

APP_SECRET = "of-our-app"


@pytest.fixture
def meta(database_url: str) -> Iterator[Stage]:
    """A bot with the real connector, which calls nobody here."""
    read = Settings.read({"SECRET_KEY": SECRET, "DATABASE_URL": database_url})
    clock, facebook = Clock(), Facebook(APP_SECRET, "verify", {"page-1": "token", "page-2": "token"})
    bot = assembly.put_together(read, {"facebook": facebook}, clock)
    yield Stage(bot, clock)
    bot.engine.dispose()


def signed(told: dict[str, object], secret: str = APP_SECRET) -> bytes:
    payload = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=")
    mac = base64.urlsafe_b64encode(hmac.new(secret.encode(), payload, hashlib.sha256).digest()).rstrip(b"=")
    return urlencode({"signed_request": (mac + b"." + payload).decode()}).encode()


def calls(visitor: FlaskClient, what: str, body: bytes):
    return visitor.post(f"/webhooks/facebook/{what}", data=body, content_type="application/x-www-form-urlencoded")


def test_facebook_asks_to_erase_somebody_and_he_may_look_how_far_it_is(meta: Stage) -> None:
    alice, bob = meta.fan("alice"), meta.fan("bob")
    visitor = create_app(meta.bot).test_client()

    answer = calls(visitor, "data-deletion", signed({"user_id": "alice", "algorithm": "HMAC-SHA256"}))
    told = answer.json
    status = visitor.get(f"{told['url'].removeprefix(meta.bot.settings.address)}?lang=en")

    assert (answer.status_code, sorted(told)) == (200, ["confirmation_code", "url"])
    assert told["confirmation_code"].isalnum()
    assert "It is erased" in status.text
    assert told["confirmation_code"] in status.text
    assert fans(meta) == [bob]
    with meta.bot.reading() as session:
        assert session.get_one(Erasure, alice).how == "platform"


def test_an_id_that_we_do_not_know_is_told_how_to_ask(meta: Stage) -> None:
    bob = meta.fan("bob")
    visitor = create_app(meta.bot).test_client()

    told = calls(visitor, "data-deletion", signed({"user_id": "app-scoped-1", "algorithm": "HMAC-SHA256"})).json
    status = visitor.get(f"/rights/erasure/{told['confirmation_code']}?lang=fr")

    assert "Nous ne connaissons personne sous cet identifiant" in status.text
    assert "répondez-nous là-bas" in status.text
    assert fans(meta) == [bob]
    with meta.bot.reading() as session:
        assert len(session.exec(select(Suppression)).all()) == 2  # one a page: he wants nothing of any
    assert found(meta.bot, ["app-scoped-1"]) == set()


@pytest.mark.parametrize("what", ["data-deletion", "deauthorize"])
def test_what_facebook_did_not_sign_changes_nothing(meta: Stage, what: str) -> None:
    alice = meta.fan("alice")
    visitor = create_app(meta.bot).test_client()

    forged = calls(visitor, what, signed({"user_id": "alice", "algorithm": "HMAC-SHA256"}, "another"))
    empty = calls(visitor, what, b"")
    elsewhere = visitor.post(f"/webhooks/nowhere/{what}", data=b"")

    assert [answer.status_code for answer in (forged, empty, elsewhere)] == [403, 403, 404]
    assert fans(meta) == [alice]
    with meta.bot.reading() as session:
        assert accounts.paused(session, NOW) == {}


def test_who_takes_our_access_away_silences_the_pages_until_somebody_looks(meta: Stage) -> None:
    visitor = create_app(meta.bot).test_client()

    answer = calls(visitor, "deauthorize", signed({"user_id": "admin", "algorithm": "HMAC-SHA256"}))

    assert answer.status_code == 200
    with meta.bot.reading() as session:
        later = NOW + timedelta(days=300)
        assert accounts.paused(session, later) == {
            ("facebook", "page-1"): "platform_deauthorized",
            ("facebook", "page-2"): "platform_deauthorized",
        }


def test_a_dossier_is_found_by_handle_address_or_id(stage: Stage) -> None:
    lead: Lead = stage.lead(stage.offer(), "alice")

    with stage.bot.reading() as session:
        wanted = ("alice", "alice@example.com", "Alice@Example.com", str(lead.fan_id))
        found_by = [dossier.found(session, stage.bot, one) for one in wanted]
        assert session.exec(select(Profile.handle)).all() == ["alice"]

    assert found_by == [{lead.fan_id}] * 4


def test_a_dossier_is_found_by_an_address_that_two_profiles_of_one_person_gave(stage: Stage) -> None:
    offer = stage.offer()
    alice, other = stage.lead(offer, "alice"), stage.lead(offer, "Alice")
    with stage.bot.transaction() as session:
        two = dossier.found(session, stage.bot, "alice@example.com")
        links.link(session, alice.fan_id, other.fan_id, Proof.CLAIM_LINK, "claim-1", NOW)

        assert two == {alice.fan_id, other.fan_id}
        assert dossier.found(session, stage.bot, "alice@example.com") == {min(alice.fan_id, other.fan_id)}
