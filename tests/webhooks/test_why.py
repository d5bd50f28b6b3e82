"""What a fan may count on when he asks why a message came."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from bot import assembly, choosing, pages, soliciting
from bot.choosing import Word
from bot.outbox import Outgoing
from bot.settings import Settings
from optin import house_rules, people
from optin.consents import Consent
from optin.permits import Permit, Refusal
from optin.pressure import Caps
from optin.standing import Purpose
from optin.tokens import Page
from optin.wishes import Wish
from tests.stage import SECRET, Stage
from tests.stories.test_soliciting import allow, meet, propose
from tests.webhooks.test_claim import FOREIGN
from webhooks.app import create_app

SENTENCE = re.compile(r"<p>([^<]+)</p>")
QUOTE = re.compile(r"<blockquote>([^<]+)</blockquote>")


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    stage = Stage(database_url)
    yield stage
    stage.close()


@pytest.fixture
def visitor(stage: Stage) -> FlaskClient:
    return create_app(stage.bot).test_client()


def is_offered(stage: Stage) -> tuple[UUID, str]:
    """Léa said yes in the chat, and an offer is brought to her: who she is, and the link that it holds."""
    fan = meet(stage)
    allow(stage, fan)
    propose(stage, fan, stage.offer())
    stage.work()
    [link] = re.findall(r"http://127.0.0.1:8000(/why/\S+)", stage.said()[-1])
    return fan, link


def last_message(stage: Stage) -> str:
    [*_, message] = sorted(stage.all(Outgoing), key=lambda one: one.id)
    return pages.path(stage.bot, Page.WHY, message.id)


def may_bring(stage: Stage, fan: UUID) -> bool:
    answer = propose(stage, fan, stage.offer(slug=stage.bot.new_id().hex)).answer
    return not isinstance(answer, Refusal)


def test_two_sentences_say_what_he_allowed_and_how_much_he_gets(stage: Stage, visitor: FlaskClient) -> None:
    _, link = is_offered(stage)

    french, english = visitor.get(f"{link}?lang=fr"), visitor.get(f"{link}?lang=en")

    assert [SENTENCE.findall(page.text)[:2] for page in (french, english)] == [
        [
            "Vous l’avez reçu parce que le 2 novembre 2026 à 13:00, dans notre conversation, "
            "vous avez dit oui à de tels messages.",
            "Vous recevez au plus 3 messages de ce genre par semaine, tous canaux confondus.",
        ],
        [
            "It came to you because on 2 November 2026 at 13:00, in our conversation, you said yes to such messages.",
            "You get at most 3 such messages a week, over all channels together.",
        ],
    ]
    assert QUOTE.findall(french.text) == [
        "Oui, Zéphyr peut m’envoyer ses offres par message privé, là où nous nous sommes parlé. "
        "Je peux arrêter à tout moment en répondant STOP."
    ]


def test_the_page_leads_to_his_choices_and_to_his_rights(stage: Stage, visitor: FlaskClient) -> None:
    fan, link = is_offered(stage)

    page = visitor.get(link).text

    assert [f'href="{pages.path(stage.bot, one, fan)}"' in page for one in (Page.CHOICES, Page.RIGHTS)] == [True, True]


@pytest.mark.parametrize(
    ("caps", "sentence"),
    [
        (Caps(caps={"*": {"day": 1}}), "Vous recevez au plus 1 message de ce genre par jour, tous canaux confondus."),
        (
            Caps(caps={"*": {"month": 9}, "offers": {"month": 2}}),
            "Vous recevez au plus 2 messages de ce genre par mois, tous canaux confondus.",
        ),
        (Caps(caps={}), "C’est à vous de choisir combien vous en recevez au plus."),
    ],
)
def test_how_much_is_what_the_house_allows_now(stage: Stage, visitor: FlaskClient, caps: Caps, sentence: str) -> None:
    _, link = is_offered(stage)
    with stage.bot.transaction() as session:
        house_rules.change(session, caps, "manager:noor", stage.now)

    assert SENTENCE.findall(visitor.get(link).text)[1] == sentence


def test_how_much_is_his_own_wish_where_he_has_one(stage: Stage, visitor: FlaskClient) -> None:
    fan, link = is_offered(stage)
    with stage.bot.transaction() as session:
        said = Word(fan, None, "chat", "m1", stage.now)
        choosing.wish(session, stage.bot, people.one(session, fan), said, [Wish("every", "720")], stage.now)

    page = visitor.get(link)

    assert SENTENCE.findall(page.text)[1] == "Le rythme, c’est vous qui l’avez choisi\u00a0: au plus une fois par mois."


def test_words_that_he_never_saw_are_not_quoted(stage: Stage, database_url: str) -> None:
    """The brand has another name now: the text that he agreed to can't be shown as it was."""
    _, link = is_offered(stage)
    settings = Settings(
        database_url=SecretStr(database_url), secret_key=SecretStr(SECRET), brand="Mistral", holdout_percent=0
    )
    renamed = assembly.put_together(settings, {"pigeon": stage.pigeon}, now=lambda: stage.now)

    page = create_app(renamed).test_client().get(link)
    renamed.engine.dispose()

    assert (page.status_code, QUOTE.findall(page.text)) == (200, [])


def test_an_answer_is_explained_by_what_he_wrote(stage: Stage, visitor: FlaskClient) -> None:
    stage.offer()
    stage.writes("promo")
    stage.work()

    page = visitor.get(last_message(stage))

    assert SENTENCE.findall(page.text)[:2] == [
        "Il répond à ce que vous nous avez écrit sur Pigeon le 2 novembre 2026 à 13:00.",
        "Ici, nous ne faisons que répondre\u00a0: nous ne vous écrivons jamais en premier sans votre accord.",
    ]


def test_stopping_ends_this_purpose_on_this_channel(stage: Stage, visitor: FlaskClient) -> None:
    fan, link = is_offered(stage)
    stage.later(days=3)
    stage.writes("bonjour")
    stage.work()
    before = may_bring(stage, fan)

    stage.later(minutes=1)
    answer = visitor.post(f"{link}/stop", follow_redirects=True)
    stage.writes("bonjour")
    stage.work()

    assert (before, may_bring(stage, fan)) == (True, False)
    assert "Vous l’avez arrêté le 5 novembre 2026 à 13:01." in answer.text
    assert stage.states()[-1] == ("sent", "")  # she is still answered


def test_stopping_our_answers_stops_them(stage: Stage, visitor: FlaskClient) -> None:
    fan = meet(stage)

    stage.later(minutes=1)
    visitor.post(f"{last_message(stage)}/stop")

    with stage.bot.reading() as session:
        person = people.one(session, fan)
        stopped = [person.standing(fan, "pigeon", one).withdrawn for one in (Purpose.SERVICE, Purpose.OFFERS)]
    assert stopped == [True, False]


def test_a_second_click_changes_nothing_and_a_stop_can_be_undone(stage: Stage, visitor: FlaskClient) -> None:
    fan, link = is_offered(stage)
    stage.later(minutes=1)
    visitor.post(f"{link}/stop")
    lines = len(stage.all(Consent))
    stage.later(minutes=1)

    page = visitor.post(f"{link}/stop", follow_redirects=True)
    twice = len(stage.all(Consent))
    [undo] = re.findall(r'action="([^"]+/undo)"', page.text)
    visitor.post(
        undo,
        data={
            "change": re.findall(r'name="change" value="([^"]+)"', page.text),
            "allow": re.findall(r'name="allow" value="([^"]+)"', page.text),
        },
    )

    with stage.bot.reading() as session:
        assert people.one(session, fan).standing(fan, "pigeon").granted
    assert twice == lines


def test_what_he_stopped_in_the_chat_is_not_undone_here(stage: Stage, visitor: FlaskClient) -> None:
    """He said that elsewhere: his choices are a link away."""
    _, link = is_offered(stage)
    stage.later(minutes=1)
    stage.writes("STOP")
    stage.work()

    page = visitor.get(link)

    assert ("Vous l’avez arrêté" in page.text, "/undo" in page.text) == (True, False)


def test_looking_changes_nothing(stage: Stage, visitor: FlaskClient) -> None:
    _, link = is_offered(stage)
    before = stage.all(Consent)

    for path in (link, f"{link}/stop"):
        for look in (visitor.get, visitor.head, visitor.options):
            look(path)

    assert stage.all(Consent) == before


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_of_another_site_stops_nothing(stage: Stage, visitor: FlaskClient, headers: dict[str, str]) -> None:
    _, link = is_offered(stage)
    before = stage.all(Consent)

    answer = visitor.post(f"{link}/stop", headers=headers)

    assert (answer.status_code, stage.all(Consent)) == (403, before)


def test_no_word_opens_what_it_was_not_made_for(stage: Stage, visitor: FlaskClient) -> None:
    fan, link = is_offered(stage)
    others = [pages.path(stage.bot, Page.CHOICES, fan).replace("choices", "why"), f"{link}x", "/why/%00"]
    gone = pages.path(stage.bot, Page.WHY, stage.bot.new_id())

    assert {visitor.get(path).status_code for path in (*others, gone)} == {404}
    assert {visitor.post(f"{path}/stop").status_code for path in (*others, gone)} == {404}


def test_the_claim_page_is_one_step_from_why(stage: Stage, visitor: FlaskClient) -> None:
    stage.offer()
    stage.writes("promo")
    stage.work()
    [claim] = re.findall(r"http://127.0.0.1:8000(/claim/\S+)", stage.said()[-1])

    page = visitor.get(claim).text

    assert f'href="{last_message(stage)}"' in page


def test_the_yes_of_the_pages_can_be_followed_by_an_offer(stage: Stage, visitor: FlaskClient) -> None:
    """What is ticked on the page of choices is a yes by which the permits let an offer go."""
    fan = meet(stage)
    choices = pages.path(stage.bot, Page.CHOICES, fan)
    before = may_bring(stage, fan)

    visitor.post(choices, data={"allow": re.findall(r'type="checkbox"[^>]*value="([^"]+)"', visitor.get(choices).text)})
    with stage.bot.transaction() as session:
        after = soliciting.propose(session, stage.bot, fan, stage.offer(slug="after"), stage.now)

    assert (before, isinstance(after.answer, Permit)) == (False, True)
