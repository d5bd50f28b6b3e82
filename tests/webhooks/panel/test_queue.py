"""The queue: what a manager sees of a draft, and that his decision is the only one."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlmodel import select

from bot import desk, sending
from bot.changes import Change
from bot.desk import Done, TooLate
from bot.outbox import Outgoing
from connectors import Kind, Message, Way
from offers import coupons
from optin import consents, history
from optin.fans import Profile
from tests.webhooks.panel.office import Desk, Office

CARD = re.compile(r'data-draft="([0-9a-f-]+)"')


def cards(page: str) -> list[UUID]:
    return [UUID(found) for found in CARD.findall(page)]


def fate(office: Office, message_id: UUID) -> tuple[str, str, str]:
    message = office.message(message_id)
    return message.state, message.reason, message.text


def journal(office: Office) -> list[tuple[UUID, str]]:
    return [(change.manager_id, change.what) for change in office.all(Change)]


def send(office: Office) -> list[Message]:
    with ThreadPoolExecutor(1) as threads:
        while sending.send_some(office.bot, threads):
            pass
    return office.pigeon.sent


def approve(browser: Desk, message_id: UUID, text: str):
    return browser.post(f"/panel/drafts/{message_id}/approve", {"text": text})


def test_a_draft_shows_who_asked_what_and_who_will_read_the_answer(office: Office) -> None:
    office.draft("Un instant…", "Toujours rien reçu", Way.PUBLIC, handle="max", name="Max", valid_until=None)
    office.draft("Bonjour Léa", "Bonjour ?", Way.DIRECT, handle="lea", kind=Kind.MESSAGE, reason="question")

    page = office.desk().get("/panel/").text

    public, private = page.split("<article")[1:]
    assert [word for word in SHOWN if word in public] == [
        "Max", "Pigeon", "Toujours rien reçu", "It reads like a complaint.", "Public reply: everyone reads it",
        "Un instant…", "A public reply has no time limit.", 'class="draft public"',
    ]  # fmt: skip
    assert [word for word in SHOWN if word in private] == [
        "Léa", "Pigeon", "Bonjour ?", "It reads like a question.", "Private message: the fan alone reads it",
        "Bonjour Léa", "It may go out until 9 Nov 2026 10:00.", 'class="draft private"',
    ]  # fmt: skip


SHOWN = (
    "Max", "Léa", "Pigeon", "Toujours rien reçu", "Bonjour ?", "It reads like a complaint.",
    "It reads like a question.", "Public reply: everyone reads it", "Private message: the fan alone reads it",
    "Un instant…", "Bonjour Léa", "A public reply has no time limit.", "It may go out until 9 Nov 2026 10:00.",
    'class="draft public"', 'class="draft private"',
)  # fmt: skip


def test_an_empty_queue_says_what_will_come_here(office: Office) -> None:
    assert "No draft waits for you." in office.desk().get("/panel/").text


def test_an_approved_draft_goes_out_in_the_manager_s_words(office: Office) -> None:
    draft = office.draft("Bonjour.")

    landed = office.desk().follow(f"/panel/drafts/{draft}/approve", {"text": "Bonjour Léa,\r\non regarde !\r\n"})
    said_while_it_may_be_undone = send(office)
    office.later(seconds=6)

    assert said_while_it_may_be_undone == []
    assert "Approved: it goes out in a few seconds." in landed.text
    assert [(message.text, message.by_human) for message in send(office)] == [("Bonjour Léa,\non regarde !", True)]
    assert fate(office, draft) == ("sent", "", "Bonjour Léa,\non regarde !")
    assert journal(office) == [(office.claire.id, "approved")]


def test_a_change_keeps_what_was_there_before(office: Office) -> None:
    draft = office.draft("Bonjour.")

    approve(office.desk(), draft, "Salut.")

    (change,) = office.all(Change)
    assert (change.before, change.after) == (
        {"state": "draft", "reason": "complaint", "text": "Bonjour."},
        {"state": "waiting", "reason": "", "text": "Salut."},
    )


def test_a_rejected_draft_is_never_said(office: Office) -> None:
    draft = office.draft("Bonjour.")

    office.desk().post(f"/panel/drafts/{draft}/reject", {"because": "On l’a appelée."})

    assert send(office) == []
    assert fate(office, draft) == ("refused", "by_manager", "Bonjour.")
    assert office.all(Change)[0].after["because"] == "On l’a appelée."


def test_the_second_manager_is_told_who_was_faster_and_keeps_what_he_typed(office: Office) -> None:
    draft = office.draft("Bonjour.")
    claire, noor = office.desk(), office.desk(office.noor)

    approve(claire, draft, "Claire’s words")
    late = approve(noor, draft, "Noor’s words")

    assert late.status_code == 409
    assert "Claire was faster: this message is decided already." in late.text
    assert '<textarea id="typed" readonly rows="4">Noor’s words</textarea>' in late.text
    assert fate(office, draft) == ("waiting", "", "Claire’s words")
    assert journal(office) == [(office.claire.id, "approved")]


def test_of_two_managers_at_the_same_moment_one_decides(office: Office) -> None:
    drafts = [office.draft("Bonjour.", handle=f"fan{number}") for number in range(8)]
    together = Barrier(2)

    def decide(draft: UUID, manager, verb: str) -> Done | TooLate:
        together.wait(20)
        with office.bot.transaction() as session:
            if verb == "reject":
                return desk.reject(session, draft, "", manager, office.now)
            decided = desk.approve(session, office.bot, draft, "Bonjour !", manager, office.now)
            assert isinstance(decided, Done | TooLate)
            return decided

    with ThreadPoolExecutor(2) as threads:
        both = [
            [threads.submit(decide, draft, office.claire, "approve"), threads.submit(decide, draft, office.noor, verb)]
            for draft, verb in zip(drafts, ["approve", "reject"] * 4, strict=True)
        ]
        decided = [sorted(type(one.result(20)).__name__ for one in pair) for pair in both]

    assert decided == [["Done", "TooLate"]] * 8
    assert office.count(Change) == 8


@pytest.mark.parametrize(("verb", "noted"), [("approve", "approved"), ("reject", "rejected")])
def test_a_decision_can_be_taken_back(office: Office, verb: str, noted: str) -> None:
    draft, browser = office.draft("Bonjour."), office.desk()

    browser.post(f"/panel/drafts/{draft}/{verb}", {"text": "Bonjour !"})
    landed = browser.follow(f"/panel/drafts/{draft}/reopen")

    assert cards(landed.text) == [draft]
    assert fate(office, draft)[:2] == ("draft", "complaint")
    assert office.message(draft).said_by == "bot"
    assert [what for _, what in journal(office)] == [noted, "reopened"]


def test_what_has_left_can_t_be_taken_back(office: Office) -> None:
    draft, browser = office.draft("Bonjour."), office.desk()

    approve(browser, draft, "Bonjour !")
    office.later(seconds=6)
    send(office)
    late = browser.post(f"/panel/drafts/{draft}/reopen")

    assert late.status_code == 409
    assert "It has left, so it can’t be taken back." in late.text
    assert fate(office, draft)[0] == "sent"


def test_a_message_sent_again_is_no_draft_any_more(office: Office) -> None:
    message = office.draft("Bonjour.", state="uncertain", said_by=f"manager:{office.claire.id}")
    browser = office.desk()
    browser.post(f"/panel/uncertain/{message}/again", {"looked": "1"})

    late = browser.post(f"/panel/drafts/{message}/reopen")

    assert late.status_code == 409
    assert fate(office, message)[0] == "waiting"


CODE = coupons.write(lambda: 12345678901234567890, "ZEPH")


@pytest.mark.parametrize(
    ("way", "text", "told"),
    [
        (Way.PRIVATE, " \r\n ", "There is no text to send."),
        (Way.PUBLIC, "a" * 501, "This is longer than the platform takes (500 letters)."),
        (Way.PUBLIC, "Ici : https://zephyr.example/claim/0123", "must not hold a fan’s own link or code"),
        (Way.PUBLIC, f"Votre code : {CODE}.", "must not hold a fan’s own link or code"),
    ],
)
def test_what_may_not_be_said_stays_a_draft_with_what_was_typed(office: Office, way: Way, text: str, told: str) -> None:
    draft = office.draft("Bonjour.", way=way)

    answer = approve(office.desk(), draft, text)

    assert answer.status_code == 422
    assert told in answer.text
    assert f">\n{text}</textarea>".replace("\r", "") in answer.text.replace("\r", "")
    assert fate(office, draft) == ("draft", "complaint", "Bonjour.")
    assert office.count(Change) == 0


def test_a_code_may_be_said_in_private(office: Office) -> None:
    draft = office.draft("Bonjour.", way=Way.PRIVATE)

    answer = approve(office.desk(), draft, f"Votre code : {CODE}")

    assert answer.status_code == 303


def test_a_draft_whose_window_has_closed_can_t_be_approved(office: Office) -> None:
    draft = office.draft("Bonjour.", valid_until=office.now + timedelta(hours=1))
    browser = office.desk()
    office.later(hours=1)

    answer = approve(browser, draft, "Bonjour !")

    assert answer.status_code == 422
    assert "Too late: the platform’s time for an answer is over." in answer.text


def say_stop(office: Office) -> None:
    with office.bot.transaction() as session:
        profile = session.exec(select(Profile)).one()
        line = consents.withdrawn(profile.fan_id, "pigeon", "chat", "i9", office.now, office.now, profile.id)
        consents.record(session, line)


def test_an_offer_is_not_sent_to_who_has_said_stop_since(office: Office) -> None:
    draft, browser = office.draft("Vos 20 %", purpose="offer", reason="offer_private"), office.desk()
    browser.post(f"/panel/drafts/{draft}/reject")
    say_stop(office)
    browser.post(f"/panel/drafts/{draft}/reopen")

    answer = approve(browser, draft, "Vos 20 %")

    assert answer.status_code == 422
    assert "The fan has said STOP since: no offer may be sent to him." in answer.text


def test_a_link_to_an_offer_that_can_t_be_had_is_not_sent(office: Office) -> None:
    words, browser = "Votre code : https://b.example/claim/abc", office.desk()
    draft = office.draft(words, purpose="offer", reason="offer_private", offer_id=office.offer(state="paused").id)

    answer = approve(browser, draft, words)

    assert answer.status_code == 422
    assert "its link would give no code" in answer.text
    assert "its link gives no code at the moment" in browser.get("/panel/").text
    assert approve(browser, draft, "L’offre est finie, pardon !").status_code == 303


def test_who_asks_again_after_his_stop_may_get_an_answer(office: Office) -> None:
    draft = office.draft("Vos 20 %", purpose="offer", reason="asks_after_stop")
    say_stop(office)

    answer = approve(office.desk(), draft, "Vos 20 %")

    assert answer.status_code == 303


def test_a_draft_that_is_gone_is_no_fault_of_ours(office: Office) -> None:
    answer = approve(office.desk(), UUID(int=7), "Bonjour !")

    assert answer.status_code == 409
    assert "It stands as: no longer there." in answer.text


def test_the_page_asks_for_new_drafts_and_gets_nothing_while_there_are_none(office: Office) -> None:
    office.draft("Un")
    browser = office.desk()
    etag = browser.get("/panel/queue/cards").headers["ETag"]

    same = browser.get("/panel/queue/cards", headers={"If-None-Match": etag})
    draft = office.draft("Deux", handle="max")
    fresh = browser.get("/panel/queue/cards", headers={"If-None-Match": etag})

    assert (same.status_code, same.text) == (304, "")
    assert fresh.status_code == 200
    assert cards(fresh.text)[-1] == draft


def test_the_page_begins_with_the_fingerprint_of_what_it_shows(office: Office) -> None:
    office.draft("Un")
    browser = office.desk()

    shown = re.search(r'data-fingerprint="(\w+)"', browser.get("/panel/").text)

    assert shown is not None
    assert browser.get("/panel/queue/cards", headers={"If-None-Match": f'"{shown[1]}"'}).status_code == 304


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_a_long_queue_shows_each_draft_once(office: Office, order: str) -> None:
    drafts = [office.draft(f"Numéro {number}", handle=f"fan{number}") for number in range(65)]
    browser, path, seen = office.desk(), f"/panel/?order={order}", []

    while path:
        page = browser.get(path).text
        seen += cards(page)
        more = re.search(r'href="([^"]+)" role="button" class="outline">Show more', page)
        path = more[1].replace("&amp;", "&") if more else ""

    assert seen == (drafts if order == "oldest" else drafts[::-1])


def test_who_changed_his_comment_is_shown_with_his_words_of_now(office: Office) -> None:
    office.draft("Bonjour.", "Vous êtes nuls")
    with office.bot.transaction() as session:
        message = session.exec(select(Outgoing)).one()
        history.rewrite(session, message.fan_id, "s1", "Vous êtes super")

    page = office.desk().get("/panel/").text

    assert ("Vous êtes super" in page, "Vous êtes nuls" in page) == (True, False)
