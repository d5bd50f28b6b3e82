"""What a fan may count on when he chooses how he is written to."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlmodel import select
from werkzeug.test import TestResponse

from bot import choosing, pages
from bot.choosing import Word
from bot.outbox import Outgoing
from bot.summing_up import noted, summary
from leads import feed, pipeline
from offers import claims
from optin import consents, links, people, preferences
from optin.links import Proof
from optin.preferences import Preferences
from optin.standing import Purpose
from optin.tokens import Page
from optin.wishes import Wish
from tests.cast import NOW, Stage
from tests.stage import Stage as Theatre
from tests.stories.test_email import allows_mail, confirms, fan_of
from tests.webhooks.test_claim import FOREIGN, everything
from webhooks.app import create_app

BOX = re.compile(r'type="checkbox"[^>]*value="([^"]+)"')
CHANGE = re.compile(r'name="change" value="([^"]+)"')
AGAIN = re.compile(r'type="hidden" name="allow" value="([^"]+)"')
STATUS = re.compile(r'<p role="status">([^<]*)<')


@pytest.fixture
def lea(stage: Stage) -> UUID:
    """She took a code with her address, and said no more than that."""
    fan = stage.fan("lea")
    with_address(stage, fan, "lea@example.com")
    return fan


def with_address(stage: Stage, fan: UUID, email: str) -> None:
    word = stage.claim(stage.offer(f"offer-{email}"), fan)
    with stage.bot.transaction() as session:
        found = claims.behind(session, word)
        assert found is not None
        claim, _ = found
        claim.email = email
        session.add(claim)


def page_of(stage: Stage, fan: UUID) -> str:
    return pages.path(stage.bot, Page.CHOICES, fan)


def held(stage: Stage, fan: UUID) -> Preferences:
    with stage.bot.reading() as session:
        return people.one(session, fan).preferences


def allowed(stage: Stage, fan: UUID, purpose: str = Purpose.OFFERS) -> list[str]:
    """The channels on which he may be written to."""
    with stage.bot.reading() as session:
        person = people.one(session, fan)
        return [one for one in ("email", "facebook") if person.standing(fan, one, purpose).granted]


def stopped(stage: Stage, fan: UUID, purpose: str = Purpose.SERVICE) -> list[str]:
    with stage.bot.reading() as session:
        person = people.one(session, fan)
        return [one for one in ("email", "facebook") if person.standing(fan, one, purpose).withdrawn]


def journal(stage: Stage, fan: UUID) -> list[tuple[str, str, str]]:
    with stage.bot.reading() as session:
        return [(line.what, line.value, line.how) for line in preferences.of(session, fan)]


def messages(stage: Stage, fan: UUID, *solicits: str) -> None:
    """One message that waits for each of these purposes; an answer for an empty one."""
    with stage.bot.transaction() as session:
        for number, purpose in enumerate(solicits):
            one = Outgoing(
                id=stage.bot.new_id(), once=f"{fan}-{number}", platform="facebook", account="page-1", way="direct",
                recipient="lea", handle="lea", lane=1, fan_id=fan, profile_id=fan,
                purpose="offer" if purpose else "answer",
                solicits=purpose, language="fr", text="", buttons=[], state="waiting", due_at=NOW, created_at=NOW,
            )  # fmt: skip
            session.add(one)


def waiting(stage: Stage) -> list[str]:
    with stage.bot.reading() as session:
        return sorted(session.exec(select(Outgoing.solicits).where(Outgoing.state == "waiting")).all())


def later(stage: Stage) -> None:
    stage.clock.now += timedelta(minutes=1)


def says_yes_to_all(stage: Stage, fan: UUID) -> None:
    visitor = stage.visitor()
    visitor.post(page_of(stage, fan), data={"allow": BOX.findall(visitor.get(page_of(stage, fan)).text)})
    later(stage)


def undoes(stage: Stage, page: TestResponse, fan: UUID) -> TestResponse:
    """Press the undo button that stands on this page."""
    later(stage)
    [change] = CHANGE.findall(page.text)
    return stage.visitor().post(
        f"{page_of(stage, fan)}/undo", data={"change": change, "allow": AGAIN.findall(page.text)}
    )


def test_only_channels_on_which_he_is_known_are_there(stage: Stage, lea: UUID) -> None:
    known, stranger = stage.visitor().get(page_of(stage, lea)), stage.visitor().get(page_of(stage, stage.fan("max")))

    assert [value.rpartition(":")[0] for value in BOX.findall(known.text)] == [
        "facebook:offers",
        "email:offers",
        "email:newsletter",
        "*:crm:profile",
    ]
    assert [value.rpartition(":")[0] for value in BOX.findall(stranger.text)] == ["facebook:offers"]


def test_nothing_is_ticked_beforehand(stage: Stage, lea: UUID) -> None:
    page = stage.visitor().get(page_of(stage, lea))

    assert len(BOX.findall(page.text)) == 4
    assert re.findall(r'type="checkbox"[^>]* checked', page.text) == []


def test_a_score_goes_to_the_crm_by_his_own_yes_and_ends_with_a_button(stage: Stage, lea: UUID) -> None:
    visitor, told = stage.visitor(), []

    def ticks(*wanted: str) -> str:
        boxes = {value.rpartition(":")[0]: value for value in BOX.findall(visitor.get(page_of(stage, lea)).text)}
        visitor.post(page_of(stage, lea), data={"allow": [boxes[one] for one in wanted]})
        return look()

    def look() -> str:
        later(stage)
        with stage.bot.reading() as session:
            (record,) = feed.page(session, 50).leads
        told.append(getattr(record, "score", None))
        return visitor.get(page_of(stage, lea)).text

    ticks("email:offers")
    said_yes = ticks("*:crm:profile")
    visitor.post(f"{page_of(stage, lea)}/stop", data={"stop": "*:score"})
    said_no = look()
    again = ticks("*:crm:profile")

    assert told == [None, 5, None, 5]
    assert ["Vous n’avez pas de score" in page for page in (said_yes, said_no, again)] == [
        False, True, False,
    ]  # fmt: skip
    assert "peut garder un score" in said_yes.partition('id="score"')[2].partition("<h2>")[0]


def test_a_yes_is_kept_with_its_words_and_makes_a_lead(stage: Stage, lea: UUID) -> None:
    visitor = stage.visitor()
    boxes = {value.rpartition(":")[0]: value for value in BOX.findall(visitor.get(page_of(stage, lea)).text)}

    visitor.post(page_of(stage, lea), data={"allow": boxes["email:offers"]})

    with stage.bot.reading() as session:
        [line], lead = consents.of(session, [lea]), pipeline.of(session, lea)
    assert (line.channel, line.act, line.wording, line.how) == ("email", "granted", "offers_email.1.fr", "preferences")
    assert boxes["email:offers"].endswith(line.wording_hash)
    assert lead is not None
    assert (lead.email, lead.consent_id) == ("lea@example.com", line.id)


def test_a_text_that_changed_since_it_was_shown_is_shown_again(stage: Stage, lea: UUID) -> None:
    visitor = stage.visitor()
    shown = BOX.findall(visitor.get(f"{page_of(stage, lea)}?lang=fr").text)
    visitor.get(f"{page_of(stage, lea)}?lang=en")

    answer = visitor.post(page_of(stage, lea), data={"allow": shown, "every": "168"})

    assert answer.status_code == 422
    assert "has changed in the meantime" in answer.text
    assert (allowed(stage, lea), journal(stage, lea)) == ([], [])


def test_saving_says_what_holds_now(stage: Stage, lea: UUID) -> None:
    says_yes_to_all(stage, lea)

    saved = stage.visitor().post(
        page_of(stage, lea), data={"channel": "email", "every": "168", "hours": "18-22"}, follow_redirects=True
    )

    assert saved.history[0].status_code == 303
    assert STATUS.findall(saved.text) == ["Par e-mail seulement, au plus une fois par semaine, le soir."]
    assert held(stage, lea) == Preferences(channel="email", every=timedelta(days=7), hours=(18, 22))
    assert journal(stage, lea) == [
        ("channel", "email", "page"),
        ("every", "168", "page"),
        ("hours", "18-22", "page"),
    ]


def test_saving_what_holds_already_adds_nothing(stage: Stage, lea: UUID) -> None:
    form = {
        "channel": "email",
        "every": "168",
        "hours": "between",
        "begin": "18",
        "end": "20",
        "timezone": "Africa/Dakar",
    }
    visitor = stage.visitor()
    visitor.post(page_of(stage, lea), data=form)
    before = journal(stage, lea)

    visitor.post(page_of(stage, lea), data=form | {"pause": "none"})

    assert len(before) == 4
    assert journal(stage, lea) == before


def test_what_the_form_does_not_know_stays_as_it_is(stage: Stage, lea: UUID) -> None:
    """Wishes of the chat are finer than the form, and a forged value is none."""
    chat = [Wish("every", "336"), Wish("hours", "19-21"), Wish("without", "facebook"), Wish("timezone", "Asia/Tokyo")]
    wishes(stage, lea, chat)
    before = held(stage, lea)
    visitor = stage.visitor()
    shown = fields(visitor.get(page_of(stage, lea)))

    visitor.post(page_of(stage, lea), data=shown)
    visitor.post(page_of(stage, lea), data=dict.fromkeys(("channel", "every", "hours", "pause", "timezone"), "x" * 300))

    assert shown["hours"] == "between"
    assert held(stage, lea) == before


def fields(page: TestResponse) -> dict[str, str]:
    """What a browser would send, if nobody touched anything."""
    radios = re.findall(r'type="radio" [^>]*name="(\w+)" value="([^"]*)" checked', page.text)
    selects = re.findall(r'<select id="\w+" name="(\w+)">.*?value="([^"]*)" selected', page.text, re.DOTALL)
    return dict(radios + selects)


def wishes(stage: Stage, fan: UUID, told: list[Wish], evidence: str = "m1") -> people.Person:
    with stage.bot.transaction() as session:
        person = people.one(session, fan)
        word = Word(fan, fan, "chat", evidence, stage.clock.now, channel="facebook")
        choosing.wish(session, stage.bot, person, word, told, stage.clock.now)
    return person


@pytest.mark.parametrize(
    ("pause", "until"),
    [
        ({"pause": "168"}, NOW + timedelta(days=7)),
        ({"pause": "720"}, NOW + timedelta(days=30)),
        ({"pause": "until", "until": "2026-07-01"}, datetime(2026, 6, 30, 22, tzinfo=UTC)),
        (
            {"pause": "until", "until": "2026-07-01", "timezone": "America/Montreal"},
            datetime(2026, 7, 1, 4, tzinfo=UTC),
        ),
    ],
)
def test_a_pause_ends_when_he_said_on_his_own_clock(
    stage: Stage, lea: UUID, pause: dict[str, str], until: datetime
) -> None:
    visitor = stage.visitor()

    visitor.post(page_of(stage, lea), data=pause)
    paused = held(stage, lea).paused_until
    visitor.post(page_of(stage, lea), data={"pause": "none"})

    assert (paused, held(stage, lea).paused_until) == (until, None)


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        ({"hours": "between", "begin": "18"}, "hours-fault"),
        ({"hours": "between", "begin": "18", "end": "18"}, "hours-fault"),
        ({"hours": "between", "begin": "99", "end": "-1"}, "hours-fault"),
        ({"pause": "until"}, "until-fault"),
        ({"pause": "until", "until": "2026-06-01"}, "until-fault"),
        ({"pause": "until", "until": "2028-06-01"}, "until-fault"),
        ({"pause": "until", "until": "tomorrow"}, "until-fault"),
        ({"pause": "until", "until": "9999-12-31"}, "until-fault"),
        ({"pause": "until", "until": "0001-01-01"}, "until-fault"),
    ],
)
def test_what_cannot_be_read_is_asked_again_and_nothing_is_lost(
    stage: Stage, lea: UUID, sent: dict[str, str], fault: str
) -> None:
    answer = stage.visitor().post(page_of(stage, lea), data={"every": "168"} | sent)

    assert (answer.status_code, f'id="{fault}" role="alert"' in answer.text) == (422, True)
    assert 'name="every" value="168" checked' in answer.text
    assert journal(stage, lea) == []


STOPS = [
    ("facebook:offers", ["email"], [], ["", "newsletter"]),
    ("email:newsletter", ["email", "facebook"], [], ["", "newsletter", "offers"]),
    ("facebook:*", ["email"], ["facebook"], []),
    ("*:promotion", [], [], [""]),
    ("*:*", [], ["email", "facebook"], []),
]


@pytest.mark.parametrize(("button", "still", "silent", "goes"), STOPS)
def test_a_stop_counts_at_once_and_only_for_what_it_names(
    stage: Stage, lea: UUID, button: str, still: list[str], silent: list[str], goes: list[str]
) -> None:
    says_yes_to_all(stage, lea)
    messages(stage, lea, "offers", "newsletter", "")

    stage.visitor().post(f"{page_of(stage, lea)}/stop", data={"stop": button})

    assert (allowed(stage, lea), stopped(stage, lea), waiting(stage)) == (still, silent, goes)


def test_saving_replaces_what_each_profile_wished_before_the_link(stage: Stage, lea: UUID) -> None:
    other = stage.fan("lea-too")
    wishes(stage, lea, [Wish("paused_until", "2026-12-01T12:00:00+00:00"), Wish("without", "facebook")])
    wishes(stage, other, [Wish("paused_until", "none"), Wish("without", "none")])
    later(stage)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.clock.now)
    later(stage)

    stage.visitor().post(page_of(stage, lea), data={"channel": "", "every": "", "hours": "", "pause": "none"})

    with stage.bot.reading() as session:
        assert people.one(session, lea).voices == (held(stage, lea),)


@pytest.mark.parametrize("button", [button for button, *_ in STOPS])
def test_a_second_click_on_a_stop_changes_nothing(stage: Stage, lea: UUID, button: str) -> None:
    says_yes_to_all(stage, lea)
    visitor = stage.visitor()
    visitor.post(f"{page_of(stage, lea)}/stop", data={"stop": button})
    before = everything(stage)

    later(stage)
    again = visitor.post(f"{page_of(stage, lea)}/stop", data={"stop": button}, follow_redirects=True)

    assert everything(stage) == before
    assert CHANGE.findall(again.text) != []


@pytest.mark.parametrize("button", ["", "*", "x:*", "email:x", "sms:offers", "\0:*"])
def test_what_no_button_says_stops_nothing(stage: Stage, lea: UUID, button: str) -> None:
    says_yes_to_all(stage, lea)
    before = everything(stage)

    answer = stage.visitor().post(f"{page_of(stage, lea)}/stop", data={"stop": button})

    assert (answer.status_code, everything(stage)) == (303, before)


def test_a_stop_holds_for_all_who_are_one_person_and_outlives_the_link(stage: Stage, lea: UUID) -> None:
    other = stage.fan("lea-too")
    for fan in (lea, other):
        says_yes_to_all(stage, fan)
    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.clock.now)
    later(stage)

    stage.visitor().post(f"{page_of(stage, lea)}/stop", data={"stop": "*:*"})
    told = [stage.journal(fan)[-1] for fan in (lea, other)]
    with stage.bot.transaction() as session:
        links.unlink(session, links.of(session, [lea])[0].id, "an error", stage.clock.now, "manager:noor")

    assert told == [("*", "withdrawn", "")] * 2
    assert [allowed(stage, fan) for fan in (lea, other)] == [[], []]


@pytest.mark.parametrize("button", [button for button, *_ in STOPS])
def test_a_stop_is_undone_by_a_yes_to_the_words_beside_the_button(stage: Stage, lea: UUID, button: str) -> None:
    says_yes_to_all(stage, lea)
    before = allowed(stage, lea), allowed(stage, lea, Purpose.NEWSLETTER), stopped(stage, lea)
    page = stage.visitor().post(f"{page_of(stage, lea)}/stop", data={"stop": button}, follow_redirects=True)

    undoes(stage, page, lea)

    assert (allowed(stage, lea), allowed(stage, lea, Purpose.NEWSLETTER), stopped(stage, lea)) == before
    with stage.bot.reading() as session:
        last = consents.of(session, [lea])[-1]
    assert (last.act, last.wording != "", last.wording_hash != "") == ("granted", True, True)


def test_an_undo_offers_no_more_than_what_was_stopped(stage: Stage, lea: UUID) -> None:
    visitor = stage.visitor()
    [box, *_] = BOX.findall(visitor.get(page_of(stage, lea)).text)
    visitor.post(page_of(stage, lea), data={"allow": box})
    later(stage)

    page = visitor.post(f"{page_of(stage, lea)}/stop", data={"stop": "*:promotion"}, follow_redirects=True)

    assert AGAIN.findall(page.text) == [box]


def test_without_the_words_an_undo_gives_no_yes(stage: Stage, lea: UUID) -> None:
    says_yes_to_all(stage, lea)
    page = stage.visitor().post(f"{page_of(stage, lea)}/stop", data={"stop": "*:*"}, follow_redirects=True)
    [change] = CHANGE.findall(page.text)

    later(stage)
    stage.visitor().post(f"{page_of(stage, lea)}/undo", data={"change": change})

    assert (allowed(stage, lea), stopped(stage, lea)) == ([], ["email", "facebook"])


def test_wishes_and_a_new_yes_are_undone_as_they_were(stage: Stage, lea: UUID) -> None:
    wishes(stage, lea, [Wish("every", "168"), Wish("without", "facebook")])
    before = held(stage, lea)
    visitor = stage.visitor()
    later(stage)
    ticked = BOX.findall(visitor.get(page_of(stage, lea)).text)
    page = visitor.post(
        page_of(stage, lea),
        data={"allow": ticked, "channel": "facebook", "every": "any", "hours": "8-12"},
        follow_redirects=True,
    )
    changed = held(stage, lea), allowed(stage, lea)

    undoes(stage, page, lea)

    assert changed == (Preferences(channel="facebook", hours=(8, 12)), ["email", "facebook"])
    assert (held(stage, lea), allowed(stage, lea)) == (before, [])


def test_an_undo_leaves_what_he_said_later(stage: Stage, lea: UUID) -> None:
    page = stage.visitor().post(page_of(stage, lea), data={"every": "168", "hours": "8-12"}, follow_redirects=True)
    wishes(stage, lea, [Wish("every", "720")])

    undoes(stage, page, lea)

    assert held(stage, lea) == Preferences(every=timedelta(days=30))


@pytest.mark.parametrize("change", ["", "nothing", "\0", "claim-1"])
def test_an_undo_of_nothing_changes_nothing(stage: Stage, lea: UUID, change: str) -> None:
    says_yes_to_all(stage, lea)
    before = everything(stage), journal(stage, lea)

    answer = stage.visitor().post(f"{page_of(stage, lea)}/undo", data={"change": change})

    assert (answer.status_code, (everything(stage), journal(stage, lea))) == (303, before)


def test_looking_changes_nothing(stage: Stage, lea: UUID) -> None:
    says_yes_to_all(stage, lea)
    before = everything(stage), journal(stage, lea)
    data = {"stop": "*:*", "every": "168", "change": "m1", "done": "m1"}

    for path in ("", "/stop", "/undo"):
        for look in (stage.visitor().get, stage.visitor().head, stage.visitor().options):
            look(f"{page_of(stage, lea)}{path}", query_string=data)

    assert (everything(stage), journal(stage, lea)) == before


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_of_another_site_changes_nothing(stage: Stage, lea: UUID, headers: dict[str, str]) -> None:
    says_yes_to_all(stage, lea)
    before = everything(stage), journal(stage, lea)

    for path in ("", "/stop", "/undo"):
        data = {"stop": "*:*", "every": "168"}
        answer = stage.visitor().post(f"{page_of(stage, lea)}{path}", data=data, headers=headers)
        assert (answer.status_code, f'href="{page_of(stage, lea)}"' in answer.text) == (403, True)

    assert (everything(stage), journal(stage, lea)) == before


def test_of_tabs_that_save_at_once_one_holds_and_every_word_is_kept(stage: Stage, lea: UUID) -> None:
    often = ("24", "168", "720")
    app, together, path = stage.visitor().application, Barrier(len(often)), page_of(stage, lea)

    def press(every: str) -> int:
        together.wait()
        return app.test_client().post(path, data={"every": every}).status_code

    with ThreadPoolExecutor(len(often)) as pool:
        answers = list(pool.map(press, often))

    said = [value for _, value, _ in journal(stage, lea)]
    assert (answers, sorted(said)) == ([303] * 3, sorted(often))
    assert held(stage, lea).every == timedelta(hours=int(said[-1]))


@pytest.mark.parametrize("page", [Page.WHY, Page.RIGHTS, Page.UNSUBSCRIBE])
def test_a_word_for_another_page_opens_nothing(stage: Stage, lea: UUID, page: Page) -> None:
    word = pages.path(stage.bot, page, lea).rpartition("/")[2]

    visitor, path = stage.visitor(), f"/choices/{word}"

    answers = [visitor.get(path), visitor.post(path), visitor.post(f"{path}/stop"), visitor.post(f"{path}/undo")]
    assert [answer.status_code for answer in answers] == [404] * 4


def test_the_page_speaks_his_language_and_sets_no_cookie(stage: Stage) -> None:
    max_ = stage.fan("max", "en")

    page = stage.visitor().get(page_of(stage, max_), headers={"Accept-Language": "fr"})

    assert "<h1>Your choices</h1>" in page.text
    assert page.headers.getlist("Set-Cookie") == []


def test_by_chat_less_is_half_as_often_and_no_offers_still_means_answers(stage: Stage, lea: UUID) -> None:
    says_yes_to_all(stage, lea)
    messages(stage, lea, "offers", "")
    told = [Wish("every", "less"), Wish("offers", "no"), Wish("service", "yes")]

    person = wishes(stage, lea, told)

    assert person.preferences == held(stage, lea) == Preferences(every=timedelta(days=7))
    assert (allowed(stage, lea), stopped(stage, lea), waiting(stage)) == ([], [], [""])
    assert not person.standing(lea, "email").granted  # who decides in the same batch knows it, too


def test_by_chat_answers_come_back_where_he_asks_for_them_and_nowhere_else(stage: Stage, lea: UUID) -> None:
    stage.visitor().post(f"{page_of(stage, lea)}/stop", data={"stop": "*:*"})
    later(stage)

    wishes(stage, lea, [Wish("offers", "no"), Wish("service", "yes")])

    assert (stopped(stage, lea), allowed(stage, lea)) == (["email"], [])


SUMMARIES = [
    (
        Preferences(),
        "Sans limite particulière, là où vous avez dit oui.",
        "As it comes, on the channels where you said yes.",
    ),
    (
        Preferences(channel="email", every=timedelta(days=7), hours=(18, 22)),
        "Par e-mail seulement, au plus une fois par semaine, le soir.",
        "By e-mail only, at most once a week, in the evening.",
    ),
    (
        Preferences(without=frozenset({"email", "x"}), every=timedelta(days=14), hours=(18, 20)),
        "Pas par e-mail, pas sur X, au plus une fois toutes les 2 semaines, entre 18 h et 20 h.",
        "Not by e-mail, not on X, at most once every 2 weeks, between 18:00 and 20:00.",
    ),
    (
        Preferences(every=timedelta(days=90), paused_until=datetime(2026, 6, 30, 22, tzinfo=UTC)),
        "Au plus une fois tous les 90 jours, rien avant le 1er juillet 2026.",
        "At most once every 90 days, nothing before 1 July 2026.",
    ),
    (
        Preferences(every=timedelta(hours=5), paused_until=NOW),
        "Au plus une fois toutes les 5 heures.",
        "At most once every 5 hours.",
    ),
]


@pytest.mark.parametrize(("wished", "french", "english"), SUMMARIES)
def test_what_holds_is_said_in_one_sentence(wished: Preferences, french: str, english: str) -> None:
    assert [summary(wished, language, "Europe/Paris", NOW) for language in ("fr", "en")] == [french, english]


def test_who_wants_no_offers_is_told_that_his_questions_are_answered() -> None:
    told = [Wish("offers", "no"), Wish("service", "yes")]

    assert noted(told, Preferences(), "en", "Europe/Paris", NOW) == (
        "No more offers from us, anywhere. What you ask us still gets an answer."
    )
    assert noted([*told, Wish("hours", "8-12")], Preferences(hours=(8, 12)), "en", "Europe/Paris", NOW).endswith(
        "an answer. In the morning."
    )


def test_a_yes_to_an_address_that_is_not_proved_waits_for_the_address(database_url: str) -> None:
    theatre = Theatre(database_url, mails=True)
    theatre.offer()
    for words in ("promo", "lea@example.com", "non"):
        theatre.writes(words)
        theatre.work()
    lea, visitor = fan_of(theatre, "lea"), create_app(theatre.bot).test_client()
    path = pages.path(theatre.bot, Page.CHOICES, lea)
    boxes = [box for box in BOX.findall(visitor.get(path).text) if box.startswith("email:")]

    answer = visitor.post(path, data={"allow": boxes}, follow_redirects=True)
    theatre.work()
    before = allows_mail(theatre)
    confirms(theatre)
    after = allows_mail(theatre)
    theatre.close()

    assert [box.rpartition(":")[0] for box in boxes] == ["email:offers"]  # what is confirmed is about offers
    assert "Encore un clic" in answer.text
    assert (BOX.findall(answer.text) != [], [box for box in BOX.findall(answer.text) if box in boxes]) == (True, [])
    assert ("/confirm/" in theatre.letterbox.sent[-1].text, before, after) == (True, False, True)
