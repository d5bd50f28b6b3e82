"""Why a message went, waits or stays unsaid: the panel shows what the command prints, in words."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import select

from bot import bringing, competing, explaining, explaining_in_text
from bot.changes import Change
from bot.outbox import Outgoing
from connectors import Kind
from offers.catalog import Offer
from optin import consents, house_rules, preferences
from optin.fans import Profile
from optin.pressure import Caps
from optin.receipts import Receipt
from optin.wordings import wording
from tests.webhooks.panel.office import SECRET, Office
from tests.webhooks.panel.test_people import profile_of
from tests.webhooks.panel.test_queue import send
from tests.webhooks.panel.test_troubles import words

ROOT = Path(__file__).parents[3]
CAPS = Caps(caps={"*": {"day": 2, "week": 3}, "offers": {"week": 2}}, gap=timedelta(hours=4))
RECEIPT = re.compile(r'<article class="receipt".*?</article>', re.DOTALL)


def willing(office: Office, handle: str = "lea") -> UUID:
    """A fan who wrote a moment ago, and said yes to offers."""
    office.hears("Bonjour", handle, handle.title(), Kind.MESSAGE)
    profile = profile_of(office, handle)
    yes = consents.granted(
        profile.fan_id, "pigeon", wording("offers_messages", "fr", "Zéphyr"), "chat", f"yes-{handle}", office.now,
        profile.id, place="pigeon:loft",
    )  # fmt: skip
    with office.bot.transaction() as session:
        consents.journal(session, [yes])
        house_rules.change(session, CAPS, f"manager:{office.claire.id}", office.now)
    return profile.fan_id


def propose(office: Office, fan_id: UUID, offer: Offer) -> UUID:
    with office.bot.transaction() as session:
        proposed = bringing.propose(session, office.bot, fan_id, offer, office.claire, office.now)
    assert proposed.message_id is not None
    return proposed.message_id


def put_off(office: Office) -> tuple[UUID, UUID]:
    """Two offers: one that went, and one that the gap between them puts off."""
    fan_id = willing(office)
    first = propose(office, fan_id, office.offer())
    office.later(seconds=6)
    send(office)
    office.later(minutes=10)
    return first, propose(office, fan_id, office.offer(slug="tea", name="Thé"))


def why(office: Office, message_id: UUID, language: str = "en") -> list[str]:
    """What is read in each receipt."""
    page = office.desk(language=language).get(f"/panel/messages/{message_id}").text
    return [words(article) for article in RECEIPT.findall(page)]


def printed(office: Office, message_id: UUID) -> list[list[tuple[str, str]]]:
    """What the command prints of each receipt, line by line."""
    with office.bot.reading() as session:
        explained = explaining.explain(session, office.bot, message_id)
    assert explained is not None
    _, *receipts = explaining_in_text.text(explained).split("\n\n")
    return [[parted(line) for line in one.splitlines()[1:]] for one in receipts]


def parted(line: str) -> tuple[str, str]:
    about, _, said = line.strip().partition(": ")
    return about, said


def test_the_panel_and_the_command_show_the_same_receipts(office: Office) -> None:
    first, second = put_off(office)

    for message_id in (first, second):
        shown, told = why(office, message_id), printed(office, message_id)
        assert len(shown) == len(told) == office.count_of(Receipt, message_id)
        for page, lines in zip(shown, told, strict=True):
            assert [part for about, said in lines for part in in_words(office, about, said) if part not in page] == []


def in_words(office: Office, about: str, said: str) -> list[str]:
    """A line of the command, as the panel must say it."""
    with office.app.test_request_context("/panel/?lang=en"):
        macros: Any = office.app.jinja_env.get_template("panel/words.html").make_module()
        return [unescape(str(one)).strip() for one in _in_words(office, macros, about, said) if str(one).strip()]


def _in_words(office: Office, macros: Any, about: str, said: str) -> list[Any]:
    plain, *rest = said.split(" until ")
    moments = [_moment(office, one) for one in rest]
    code = plain.split()
    match about:
        case "answer":
            because = macros.permit if code[0] == "permit" else macros.reason
            return [macros.verdict(code[0]), because(code[1]), *moments]
        case "word":
            at = _moment(office, " ".join(code[3:6]))
            sign, purpose = macros.act(code[0]).capitalize(), macros.purpose(code[1]).capitalize()
            return [sign, purpose, at, macros.how(code[6]), code[7]]
        case "window":
            return [_moment(office, " ".join(code[:3]))]
        case "used":
            had, most = code[2].split("/")
            return [f"{macros.cap(code[0], code[1])} {had} / {most}"]
        case "gap":
            return [macros.spell(int(said.removesuffix("h")))]
        case "quiet":
            return [f"{code[0].split('-')[0]}:00 to {code[0].split('-')[1]}:00", code[1]]
        case "wish":
            return [macros.wish(code[0], code[1])]
        case "said":
            return [macros.said(said)]
        case "obstacle":
            return [macros.remedy(said)]
        case "channel" | "purpose":
            return []
        case "rules":
            return [f"Permits of {code[0].removesuffix(',')}.", f"House rules {code[3]}."]
        case "today":
            return ["From the same facts it gives the same answer."]
        case "offer":
            return [said]
    raise AssertionError(about)


def _moment(office: Office, written: str) -> str:
    at = datetime.strptime(written, "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
    return str(office.app.jinja_env.filters["moment"](at))


def test_a_receipt_says_who_agreed_to_which_words_and_what_he_had_since(office: Office) -> None:
    _, second = put_off(office)

    (decided,) = why(office, second)

    said = (
        "Not yet until 2 Nov 2026 14:00. Put off: the fan heard from us a short while ago.",
        "Yes Offers – Pigeon, 2 Nov 2026 10:00 , in the chat",
        "Oui, Zéphyr peut m’envoyer ses offres par message privé",
        "Said by Lea on Pigeon.", "Where: pigeon:loft.", "Wording: offers_messages.1.fr",
        "He opened it on 2 Nov 2026 10:00.", "All together, in one day 1 / 2", "Offers, in one week 1 / 2",
        "Our quiet hours: 21:00 to 8:00, clock of Europe/Paris.", "The fan asked for nothing in particular.",
        "House rules 1.", "From the same facts it gives the same answer.",
        "More time would have to pass since our last message.",
    )  # fmt: skip
    assert [one for one in said if one not in decided] == []


def test_who_opened_the_conversation_is_quoted(office: Office) -> None:
    fan_id = willing(office)
    with office.bot.transaction() as session:
        session.get_one(Profile, profile_of(office, "lea").id).window_opened_by = "i1"

    (decided,) = why(office, propose(office, fan_id, office.offer()))

    assert "He opened it on 2 Nov 2026 10:00. Private message: Bonjour" in decided


def test_what_he_wished_then_is_told_even_if_he_wishes_otherwise_now(office: Office) -> None:
    fan_id = willing(office)
    message = propose(office, fan_id, office.offer())
    with office.bot.transaction() as session:
        preferences.record(session, [preferences.said(fan_id, "hours", "18-20", "chat", "m1", office.now, office.now)])

    (decided,) = why(office, message)

    assert "The fan asked for nothing in particular." in decided


def test_what_the_rules_of_today_would_answer_is_told_with_a_warning(office: Office) -> None:
    message = propose(office, willing(office), office.offer())
    with office.bot.transaction() as session:
        (row,) = session.exec(select(Receipt)).all()
        other = {
            "id": office.bot.new_id(),
            "law": "2020-01-01",
            "verdict": "refusal",
            "why": "no_consent",
            "until": None,
        }
        session.add(Receipt(**(row.model_dump() | other | {"until": None})))

    _, forged = why(office, message)
    warnings = [said for about, said in printed(office, message)[1] if about == "warning"]

    assert warnings == ["other_rules", "other_answer"]
    assert "From the same facts it gives another answer: Yes, it may go" in forged
    assert "The rules have changed since: this was decided by those of 2020-01-01." in forged


def test_newer_house_rules_are_named_beside_those_that_held(office: Office) -> None:
    message = propose(office, willing(office), office.offer())
    with office.bot.transaction() as session:
        house_rules.change(session, Caps(), f"manager:{office.noor.id}", office.now)

    (decided,) = why(office, message)

    assert "House rules 1. Today number 2 holds." in decided


def test_an_answer_tells_its_receipt_too(office: Office) -> None:
    office.hears("Mes thés sont bio ?", "lea", "Léa", Kind.MESSAGE)
    fan_id, browser = profile_of(office, "lea").fan_id, office.desk()
    form = dict(re.findall(r'name="(profile|message)" value="([^"]+)"', browser.get(f"/panel/fans/{fan_id}").text))
    browser.post(f"/panel/fans/{fan_id}/write", {**form, "text": "Oui !"})

    (decided,) = why(office, UUID(form["message"]))

    assert "A manager’s own words." in decided
    assert "He never said no here, and an answer needs no more." in decided
    assert "What he had of us" not in decided


def test_messages_ask_why_wherever_they_are_shown(office: Office) -> None:
    first, second = put_off(office)
    draft = office.draft("Bonjour.", handle="max")
    refused = office.draft("Vos 20 %", handle="zoe", state="refused", reason="fan_said_stop")
    browser = office.desk()

    fan = browser.get(f"/panel/fans/{profile_of(office, 'lea').fan_id}").text
    pages = {first: fan, second: fan, draft: browser.get("/panel/").text, refused: browser.get("/panel/refusals").text}

    assert [one for one, page in pages.items() if f'href="/panel/messages/{one}"' not in page] == []
    assert [browser.get(f"/panel/messages/{one}").status_code for one in pages] == [200] * 4


def test_a_message_that_never_was_has_no_page(office: Office) -> None:
    assert office.desk().get(f"/panel/messages/{UUID(int=7)}").status_code == 404


def test_the_command_tells_why(database_url: str, office: Office) -> None:
    message = propose(office, willing(office), office.offer())

    told, unknown = (command(database_url, str(one)) for one in (message, UUID(int=7)))

    assert (told.returncode, unknown.returncode) == (0, 1)
    assert "answer: permit window_open until 2026-11-03 09:00 UTC" in told.stdout
    assert "there is no such message" in unknown.stderr


def command(database_url: str, message: str) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "DATABASE_URL": database_url, "SECRET_KEY": SECRET, "BRAND": "Zéphyr"}
    explain = [sys.executable, "-m", "bot", "explain", message]
    return subprocess.run(explain, env=settings, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_what_was_put_off_is_listed_with_its_day_and_reason(office: Office) -> None:
    put_off(office)

    page = words(office.desk().get("/panel/put-off").text)

    assert "Until 2 Nov 2026 14:00. Put off: the fan heard from us a short while ago. Offer: Thé." in page


def test_a_manager_drops_what_was_put_off_and_thinks_better_of_it(office: Office) -> None:
    _, second = put_off(office)
    browser, before = office.desk(), office.message(second)

    dropped = browser.follow(f"/panel/put-off/{second}/drop", {"because": "déjà en boutique"})
    then = office.message(second)
    undone = browser.follow(f"/panel/messages/{second}/undo")

    assert "Dropped: it is not said any more." in dropped.text
    assert (then.state, then.reason) == ("refused", "by_manager")
    assert "Taken back." in undone.text
    assert office.message(second).model_dump() == before.model_dump()
    assert [(row.what, row.after.get("because", "")) for row in office.all(Change)[2:]] == [
        ("dropped", "déjà en boutique"), ("reopened", ""),
    ]  # fmt: skip


def test_what_competes_at_once_still_finds_no_room_where_there_is_none(office: Office) -> None:
    _, second = put_off(office)
    until = office.message(second).due_at

    landed = office.desk().follow(f"/panel/put-off/{second}/now")
    office.later(seconds=6)
    competing.compete(office.bot)

    assert "It is decided anew in a few seconds." in landed.text
    assert (office.message(second).state, office.message(second).due_at) == ("deferred", until)
    assert len(why(office, second)) == 2


def test_what_competes_at_once_goes_where_the_rules_now_leave_room(office: Office) -> None:
    _, second = put_off(office)
    with office.bot.transaction() as session:
        house_rules.change(session, Caps(caps={}, gap=timedelta(0)), f"manager:{office.claire.id}", office.now)

    office.desk().post(f"/panel/put-off/{second}/now")
    office.later(seconds=6)
    competing.compete(office.bot)

    assert [message.text.splitlines()[0] for message in send(office)] == ["Bonjour Lea ! Vos 20 % sont prêts."] * 2


def test_to_compete_at_once_can_be_taken_back_until_it_is_decided(office: Office) -> None:
    _, second = put_off(office)
    browser, before = office.desk(), office.message(second)

    browser.post(f"/panel/put-off/{second}/now")
    browser.post(f"/panel/messages/{second}/undo")

    assert office.message(second).model_dump() == before.model_dump()


def test_what_was_decided_anew_keeps_its_new_day(office: Office) -> None:
    _, second = put_off(office)
    browser = office.desk()
    browser.post(f"/panel/put-off/{second}/now")
    with office.bot.transaction() as session:
        house_rules.change(session, replace(CAPS, gap=timedelta(hours=6)), f"manager:{office.claire.id}", office.now)
    office.later(seconds=6)
    competing.compete(office.bot)
    until = office.message(second).due_at

    landed = browser.follow(f"/panel/messages/{second}/undo")

    assert "Somebody was faster" in landed.text
    assert office.message(second).due_at == until


def test_of_two_managers_at_what_was_put_off_the_second_is_told(office: Office) -> None:
    _, second = put_off(office)
    office.desk().post(f"/panel/put-off/{second}/drop")

    late = office.desk(office.noor).follow(f"/panel/put-off/{second}/now")

    assert "Somebody was faster" in late.text
    assert office.message(second).state == "refused"


def test_a_solicitation_that_was_refused_is_shown_and_never_made_a_draft(office: Office) -> None:
    _, second = put_off(office)
    office.desk().post(f"/panel/put-off/{second}/drop")

    page = office.desk().get("/panel/refusals").text

    assert "of our own accord" in words(page)
    assert "Make it a draft again" not in page
    assert office.all(Outgoing)[0].state == "sent"
