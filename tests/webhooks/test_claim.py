"""What a fan may count on when he opens his link."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from uuid import UUID

import pytest
from sqlmodel import select
from werkzeug.test import TestResponse

from leads import pipeline
from leads.pipeline import Lead
from offers import claims
from offers.catalog import Offer
from offers.claims import Claim
from optin import links, preferences
from optin.links import Proof
from tests.cast import NOW, Stage

SHARED = Path(__file__).parents[3] / "shared"
BOX = re.compile(r'name="allow" value="(\w+)"')
CODE = re.compile(r'class="code"[^>]*>([^<]+)<')


def boxes(page: TestResponse) -> list[str]:
    return BOX.findall(page.text)


def code_on(page: TestResponse) -> str | None:
    found = CODE.search(page.text)
    return found[1] if found else None


def claim_behind(stage: Stage, word: str) -> Claim:
    with stage.bot.reading() as session:
        found = claims.behind(session, word)
        assert found is not None
        return found[0]


def lead_of(stage: Stage, fan: UUID) -> Lead | None:
    with stage.bot.reading() as session:
        return pipeline.of(session, fan)


def taken(stage: Stage, offer: Offer) -> int:
    with stage.bot.reading() as session:
        return session.exec(select(Offer.taken).where(Offer.id == offer.id)).one()


def everything(stage: Stage) -> list[object]:
    """All that a page could have changed."""
    with stage.bot.reading() as session:
        connection = session.connection()
        tables = ("claim", "consent", "lead", "offer", "revision")
        return [sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {table}").all())) for table in tables]


def test_a_fan_gets_his_code_and_becomes_a_lead_with_the_words_he_saw(stage: Stage) -> None:
    fan, visitor = stage.fan(), stage.visitor()
    word = stage.claim(stage.offer(), fan)
    email, _messages = boxes(visitor.get(f"/claim/{word}"))

    answer = visitor.post(f"/claim/{word}", data={"email": " Alice@Example.com ", "allow": [email]})

    assert (answer.status_code, answer.location) == (303, f"/claim/{word}")
    claim = claim_behind(stage, word)
    assert (claim.email, claim.step, code_on(visitor.get(f"/claim/{word}"))) == (
        "Alice@example.com",
        "done",
        claim.code,
    )
    assert stage.journal(fan) == [("email", "granted", "offers_email.1.fr")]
    lead = lead_of(stage, fan)
    assert lead is not None
    assert (lead.email, lead.platform, lead.post) == ("Alice@example.com", "facebook", "post-1")


def test_who_ticks_nothing_gets_the_code_and_is_no_lead(stage: Stage) -> None:
    fan, visitor = stage.fan(), stage.visitor()
    word = stage.claim(stage.offer(), fan)

    visitor.post(f"/claim/{word}", data={"email": "alice@example.com"})

    assert code_on(visitor.get(f"/claim/{word}")) is not None
    assert (stage.journal(fan), lead_of(stage, fan)) == ([], None)


def test_no_box_is_ticked_beforehand(stage: Stage) -> None:
    page = stage.visitor().get(f"/claim/{stage.claim(stage.offer(), stage.fan())}")

    assert len(boxes(page)) == 2
    assert " checked" not in page.text


def test_the_words_of_the_managers_are_filled_in_for_the_fan(stage: Stage) -> None:
    pitch = "Bonjour{% if name %} {{ name }}{% endif %}, {{ value }} chez {{ brand }}."
    offer = stage.offer(texts={"fr": {"title": "Pour vous", "pitch": pitch}})

    page = stage.visitor().get(f"/claim/{stage.claim(offer, stage.fan())}")

    assert f'<p class="pitch">Bonjour Alice, -20 % chez {stage.bot.settings.brand}.</p>' in page.text


@pytest.mark.parametrize("given", [False, True])
def test_looking_changes_nothing(stage: Stage, given: bool) -> None:
    visitor = stage.visitor()
    word = stage.claim(stage.offer(), stage.fan())
    if given:
        visitor.post(f"/claim/{word}", data={"email": "alice@example.com"})
    before = everything(stage)

    for path in (f"/claim/{word}", f"/claim/{word}/qr.svg", f"/claim/{word}/consent", f"/claim/{word}/stop"):
        for look in (visitor.get, visitor.head, visitor.options):
            look(path, query_string={"email": "scanner@example.com", "allow": "x", "channel": "email"})

    assert everything(stage) == before


def test_a_second_click_changes_nothing(stage: Stage) -> None:
    offer, fan, visitor = stage.offer(stock=10), stage.fan(), stage.visitor()
    word = stage.claim(offer, fan)
    ticked = boxes(visitor.get(f"/claim/{word}"))
    visitor.post(f"/claim/{word}", data={"email": "alice@example.com"})
    before = everything(stage)

    again = visitor.post(f"/claim/{word}", data={"email": "mallory@example.com", "allow": ticked})

    assert again.status_code == 303
    assert everything(stage) == before


def test_two_tabs_at_once_get_one_code_and_the_first_address_stands(stage: Stage) -> None:
    offer, fan = stage.offer(stock=10), stage.fan()
    word = stage.claim(offer, fan)
    tabs = 6
    ticked = boxes(stage.visitor().get(f"/claim/{word}"))
    app, together = stage.visitor().application, Barrier(tabs)

    def press(tab: int) -> tuple[int, str | None]:
        visitor = app.test_client()
        together.wait()
        answer = visitor.post(f"/claim/{word}", data={"email": f"tab{tab}@example.com", "allow": ticked})
        return answer.status_code, code_on(visitor.get(f"/claim/{word}"))

    with ThreadPoolExecutor(tabs) as pool:
        answers = set(pool.map(press, range(tabs)))

    claim, lead = claim_behind(stage, word), lead_of(stage, fan)
    assert answers == {(303, claim.code)}
    assert taken(stage, offer) == 1
    assert [channel for channel, _, _ in stage.journal(fan)] == ["email", "facebook"]
    assert lead is not None
    assert lead.email == claim.email


def test_one_person_gets_one_code_by_whichever_of_his_profiles(stage: Stage) -> None:
    offer, one, other = stage.offer(stock=10), stage.fan("alice"), stage.fan("alice2")
    words = [stage.claim(offer, fan) for fan in (one, other)]
    with stage.bot.transaction() as session:
        assert links.link(session, one, other, Proof.MANAGER, "same person", NOW, by="claire")
    app, together = stage.visitor().application, Barrier(4)

    def press(word: str) -> str | None:
        visitor = app.test_client()
        together.wait()
        return code_on(visitor.post(f"/claim/{word}", data={"email": "a@example.com"}, follow_redirects=True))

    with ThreadPoolExecutor(4) as pool:
        codes = set(pool.map(press, words * 2))

    assert (len(codes), None in codes, taken(stage, offer)) == (1, False, 1)


def test_two_offers_taken_at_once_make_one_lead(stage: Stage) -> None:
    fan = stage.fan()
    words = [stage.claim(stage.offer(slug), fan) for slug in ("a", "b", "c", "d")]
    ticked = boxes(stage.visitor().get(f"/claim/{words[0]}"))
    app, together = stage.visitor().application, Barrier(len(words))

    def press(word: str) -> int:
        together.wait()
        return app.test_client().post(f"/claim/{word}", data={"email": "a@example.com", "allow": ticked}).status_code

    with ThreadPoolExecutor(len(words)) as pool:
        answers = list(pool.map(press, words))

    assert answers == [303] * 4
    assert lead_of(stage, fan) is not None


def test_the_last_code_goes_to_one_fan(stage: Stage) -> None:
    offer = stage.offer(stock=1)
    words = [stage.claim(offer, stage.fan(f"fan{number}")) for number in range(6)]
    app, together = stage.visitor().application, Barrier(len(words))

    def press(word: str) -> tuple[int, str | None]:
        visitor = app.test_client()
        together.wait()
        answer = visitor.post(f"/claim/{word}", data={"email": "a@example.com"})
        return answer.status_code, code_on(visitor.get(f"/claim/{word}"))

    with ThreadPoolExecutor(len(words)) as pool:
        answers = list(pool.map(press, words))

    assert [status for status, _ in answers] == [303] * len(words)
    assert len([code for _, code in answers if code]) == 1
    assert taken(stage, offer) == 1


@pytest.mark.parametrize(
    ("offer", "title"),
    [
        ({"state": "paused"}, "Cette offre fait une pause"),
        ({"ends_at": NOW}, "Cette offre est terminée"),
        ({"starts_at": NOW + timedelta(days=1)}, "Un peu de patience"),
        ({"stock": 3, "taken": 3}, "Tous les codes sont partis"),
    ],
)
def test_an_offer_that_cannot_be_taken_says_why(stage: Stage, offer: dict, title: str) -> None:
    fan, visitor = stage.fan(), stage.visitor()
    word = stage.claim(stage.offer(**offer), fan)
    before = everything(stage)

    page = visitor.post(f"/claim/{word}", data={"email": "alice@example.com"}, follow_redirects=True)

    assert re.findall("<h1>(.*?)</h1>", page.text) == [title]
    assert everything(stage) == before


def test_a_code_is_still_shown_when_the_offer_is_over(stage: Stage) -> None:
    visitor = stage.visitor()
    word = stage.claim(stage.offer(ends_at=NOW + timedelta(days=1)), stage.fan())
    visitor.post(f"/claim/{word}", data={"email": "alice@example.com"})
    code = code_on(visitor.get(f"/claim/{word}"))

    stage.clock.now = NOW + timedelta(days=2)

    page = visitor.get(f"/claim/{word}")
    assert code is not None
    assert code_on(page) == code
    assert "Était valable jusqu’au 2 juin 2026 à 12:00" in page.text


@pytest.mark.parametrize("word", ["x", "%00", "%ff%fe", "a" * 5000, "..%2f..%2fetc", "<b>", "%F0%9F%92%A9"])
def test_a_mistyped_link_gets_a_kind_page(stage: Stage, word: str) -> None:
    visitor = stage.visitor()

    answers = [
        visitor.get(f"/claim/{word}"),
        visitor.post(f"/claim/{word}", data={"email": "a@example.com"}),
        visitor.post(f"/claim/{word}/consent"),
        visitor.post(f"/claim/{word}/stop"),
        visitor.get(f"/claim/{word}/qr.svg"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.mimetype for answer in answers} == {"text/html"}


def test_a_slip_in_the_address_is_asked_about_once(stage: Stage) -> None:
    visitor = stage.visitor()
    word = stage.claim(stage.offer(), stage.fan())
    tick = boxes(visitor.get(f"/claim/{word}"))[0]

    doubted = visitor.post(f"/claim/{word}", data={"email": "alice@gmial.com", "allow": [tick]})
    visitor.post(f"/claim/{word}", data={"email": "alice@gmial.com", "sure_of": "alice@gmial.com", "allow": [tick]})

    assert doubted.status_code == 422
    assert 'name="instead" value="alice@gmail.com"' in doubted.text
    assert 'value="alice@gmial.com"' in doubted.text
    assert f'value="{tick}" checked' in doubted.text
    assert claim_behind(stage, word).email == "alice@gmial.com"


def test_the_address_that_was_meant_is_taken_with_one_click(stage: Stage) -> None:
    visitor = stage.visitor()
    word = stage.claim(stage.offer(), stage.fan())

    visitor.post(f"/claim/{word}", data={"email": "alice@gmial.com", "instead": "alice@gmail.com"})

    assert claim_behind(stage, word).email == "alice@gmail.com"


@pytest.mark.parametrize(
    "typed", ["", "   ", "alice", "alice@", "@example.com", "a b@example.com", "a@b@c", "a" * 60_000]
)
def test_what_is_no_address_is_kept_and_explained(stage: Stage, typed: str) -> None:
    visitor = stage.visitor()
    word = stage.claim(stage.offer(), stage.fan())

    answer = visitor.post(f"/claim/{word}", data={"email": typed})

    assert answer.status_code == 422
    assert f'name="email" value="{typed}"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert claim_behind(stage, word).code is None


def test_a_text_that_changed_since_it_was_shown_is_shown_again(stage: Stage) -> None:
    fan, visitor = stage.fan(), stage.visitor()
    word = stage.claim(stage.offer(), fan)
    shown = boxes(visitor.get(f"/claim/{word}?lang=fr"))

    visitor.get(f"/claim/{word}?lang=en")  # in another tab: from now on the words are other words
    answer = visitor.post(f"/claim/{word}", data={"email": "alice@example.com", "allow": shown})

    assert answer.status_code == 422
    assert "has changed in the meantime" in answer.text
    assert " checked" not in answer.text
    assert (claim_behind(stage, word).code, stage.journal(fan)) == (None, [])


def test_a_fan_may_say_yes_later_and_no_again(stage: Stage) -> None:
    fan, visitor = stage.fan(), stage.visitor()
    word = stage.claim(stage.offer(), fan)
    visitor.post(f"/claim/{word}", data={"email": "alice@example.com"})

    ticked = boxes(visitor.get(f"/claim/{word}"))
    for _ in range(2):
        visitor.post(f"/claim/{word}/consent", data={"allow": ticked[0]})
    yes = lead_of(stage, fan)
    for _ in range(2):
        answer = visitor.post(f"/claim/{word}/stop", data={"channel": "email"})
    no = lead_of(stage, fan)

    assert (answer.status_code, answer.location) == (303, f"/claim/{word}#choices")
    assert stage.journal(fan) == [("email", "granted", "offers_email.1.fr"), ("email", "withdrawn", "")]
    assert yes is not None
    assert no is not None
    assert (yes.revision, no.revision) == (1, 2)
    assert boxes(visitor.get(f"/claim/{word}")) == ticked


def wishes(stage: Stage, fan: UUID) -> list[tuple[str, str, str]]:
    with stage.bot.reading() as session:
        return [(line.what, line.value, line.how) for line in preferences.of(session, fan)]


def test_the_hour_of_the_day_is_asked_once_and_kept(stage: Stage) -> None:
    fan, visitor = stage.fan(), stage.visitor()
    words = [stage.claim(stage.offer(slug), fan) for slug in ("a", "b")]

    visitor.post(f"/claim/{words[0]}", data={"email": "alice@example.com", "hours": "18-22"})

    pages = [visitor.get(f"/claim/{word}").text for word in words]
    assert wishes(stage, fan) == [("hours", "18-22", "claim_page")]
    assert ['name="hours"' in page for page in pages] == [False, False]


@pytest.mark.parametrize("sent", ["", "any", "1-2", "x" * 300, "\0"])
def test_no_hour_is_kept_that_was_not_chosen(stage: Stage, sent: str) -> None:
    fan, visitor = stage.fan(), stage.visitor()
    word = stage.claim(stage.offer(), fan)
    asked = 'name="hours"' in visitor.get(f"/claim/{word}").text

    visitor.post(f"/claim/{word}", data={"email": "alice@example.com", "hours": sent})

    assert (asked, claim_behind(stage, word).code is not None, wishes(stage, fan)) == (True, True, [])


def test_a_slip_in_the_address_does_not_lose_the_hour(stage: Stage) -> None:
    word = stage.claim(stage.offer(), stage.fan())

    answer = stage.visitor().post(f"/claim/{word}", data={"email": "alice@gmial.com", "hours": "8-12"})

    assert '<option value="8-12" selected>' in answer.text


def test_yes_cannot_be_said_before_there_is_a_code(stage: Stage) -> None:
    fan, visitor = stage.fan(), stage.visitor()
    word = stage.claim(stage.offer(), fan)
    ticked = boxes(visitor.get(f"/claim/{word}"))

    visitor.post(f"/claim/{word}/consent", data={"allow": ticked})

    assert stage.journal(fan) == []


def test_what_was_never_allowed_cannot_be_stopped(stage: Stage) -> None:
    fan, visitor = stage.fan(), stage.visitor()
    word = stage.claim(stage.offer(), fan)
    visitor.post(f"/claim/{word}", data={"email": "alice@example.com"})

    for channel in ("email", "*", "x" * 500, "\0", ""):
        assert visitor.post(f"/claim/{word}/stop", data={"channel": channel}).status_code == 303

    assert stage.journal(fan) == []


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_of_another_site_changes_nothing(stage: Stage, headers: dict[str, str]) -> None:
    visitor = stage.visitor()
    word = stage.claim(stage.offer(), stage.fan())
    before = everything(stage)

    for path in ("", "/consent", "/stop"):
        answer = visitor.post(f"/claim/{word}{path}", data={"email": "a@example.com"}, headers=headers)
        assert (answer.status_code, answer.mimetype) == (403, "text/html")

    assert everything(stage) == before


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}])
def test_a_form_of_ours_is_taken(stage: Stage, headers: dict[str, str]) -> None:
    visitor = stage.visitor()
    word = stage.claim(stage.offer(), stage.fan())

    visitor.post(f"/claim/{word}", data={"email": "a@example.com"}, headers=headers)

    assert claim_behind(stage, word).code is not None


def test_the_picture_is_the_code(stage: Stage) -> None:
    visitor = stage.visitor()
    word = stage.claim(stage.offer(), stage.fan())

    before = visitor.get(f"/claim/{word}/qr.svg")
    visitor.post(f"/claim/{word}", data={"email": "a@example.com"})
    after = visitor.get(f"/claim/{word}/qr.svg")

    assert before.status_code == 404
    assert (after.status_code, after.mimetype, after.text[:4]) == (200, "image/svg+xml", "<svg")


def test_nothing_that_is_typed_becomes_markup(stage: Stage) -> None:
    if not SHARED.exists():
        pytest.skip("the list of naughty strings is not here")
    naughty = json.loads((SHARED / "data/vectors/blns.json").read_text(encoding="utf-8"))
    visitor = stage.visitor()
    word = stage.claim(stage.offer(), stage.fan())
    plain = tags(visitor.post(f"/claim/{word}", data={"email": "naughty"}).text)

    for text in [text.encode(errors="replace").decode() for text in naughty if text.strip()]:
        answer = visitor.post(f"/claim/{word}", data={"email": text, "sure_of": text, "allow": text})
        assert (answer.status_code, tags(answer.text)) == (422, plain), text

    assert claim_behind(stage, word).code is None


def tags(page: str) -> list[str]:
    """The page's elements, in their order."""
    return re.findall(r"<(/?[a-z][a-z0-9]*)", page)


def test_what_managers_write_is_plain_text(stage: Stage) -> None:
    texts = {"fr": {"title": "<b>T</b>", "pitch": "<script>alert(1)</script>", "terms": "<img src=x>"}}
    word = stage.claim(stage.offer(texts=texts, value="<i>-20</i>", name="<u>"), stage.fan())

    page = stage.visitor().get(f"/claim/{word}").text

    assert [tag for tag in tags(page) if tag in ("b", "i", "u", "script", "img")] == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_page_speaks_the_language_of_the_fan_until_he_chooses(stage: Stage) -> None:
    word = stage.claim(stage.offer(), stage.fan("bob", "en"), "en")
    visitor = stage.visitor()

    first = visitor.get(f"/claim/{word}", headers={"Accept-Language": "fr"})
    chosen = visitor.get(f"/claim/{word}?lang=fr")
    later = visitor.get(f"/claim/{word}")

    assert [re.findall('<html lang="(..)"', page.text) for page in (first, chosen, later)] == [["en"], ["fr"], ["fr"]]


def test_the_language_that_a_fan_chooses_for_his_code_is_his_from_then_on(stage: Stage) -> None:
    fan, visitor = stage.fan(), stage.visitor()
    word = stage.claim(stage.offer(), fan)

    email, *_ = boxes(visitor.get(f"/claim/{word}?lang=en"))
    visitor.post(f"/claim/{word}", data={"email": "alice@example.com", "allow": [email]})

    lead = lead_of(stage, fan)
    assert lead is not None
    assert (claim_behind(stage, word).language, lead.language) == ("en", "en")


def test_only_a_chosen_language_is_kept_in_a_cookie(stage: Stage) -> None:
    visitor = stage.visitor()
    word = stage.claim(stage.offer(), stage.fan())

    answers = [visitor.get(f"/claim/{word}"), visitor.post(f"/claim/{word}", data={"email": "a@example.com"})]
    chosen = visitor.get(f"/claim/{word}?lang=en")

    assert [answer.headers.getlist("Set-Cookie") for answer in answers] == [[], []]
    assert [cookie.split("=")[0] for cookie in chosen.headers.getlist("Set-Cookie")] == ["lang"]
