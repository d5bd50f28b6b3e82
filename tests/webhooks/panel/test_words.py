"""The panel speaks French and English, and has words for every reason that the program knows."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from bot import desk, hooking
from bot.changes import What
from bot.inbox import Outcome
from bot.meaning import Meaning
from bot.noting import Said
from bot.outbox import State
from bot.own_words import Unfit
from bot.posting import Trouble
from bot.ruling import Odd
from connectors import Kind, Way
from leads import hooks
from leads.scoring import Part
from offers import condition_rows
from offers.arbitration import Why
from offers.beliefs import Level
from offers.catalog import Kind as OfferKind
from offers.conditions import FIELDS, Operator
from offers.editing import Amiss, Sheet
from offers.segments import Segment
from offers.stages import Stage as LeadStage
from offers.texts import Fault, Wrong
from optin import obstacles
from optin.choices import About
from optin.links import Proof
from optin.pressure import SPANS
from optin.receipts import Stage, Verdict
from optin.standing import Act, Purpose
from tests.webhooks.panel import office as managers_office
from tests.webhooks.panel.office import Office
from webhooks.panel.condition_form import Match

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "webhooks" / "templates" / "panel"
PANEL = ROOT / "webhooks" / "panel"
FRENCH = ROOT / "webhooks" / "translations" / "fr" / "LC_MESSAGES" / "panel.po"
VARIABLE = re.compile(r"%\(\w+\)[sd]")
Text = str | tuple[str, ...]


def used() -> set[Text]:
    """Every text that a template of the panel says, and the labels and hints of what conditions are about."""
    found: set[Text] = {text for field in FIELDS.values() for text in (field.label, field.hint) if text}
    for path in TEMPLATES.glob("*.html"):
        with path.open("rb") as lines:
            for _, how, said, _ in babel_extract(lines, ("_", "ngettext"), [], {"newstyle_gettext": "true"}):
                texts = (said,) if isinstance(said, str) else tuple(map(str, said or ()))
                found.add(texts[:2] if how == "ngettext" else texts[0])
    in_python = extract_from_dir(PANEL, [("**.py", "python")], keywords={"_": None})
    return found | {str(said) for _, _, said, _, _ in in_python}


@pytest.fixture(scope="module")
def french() -> Catalog:
    with FRENCH.open("rb") as lines:
        return read_po(lines, locale="fr", abort_invalid=True)


def test_every_text_of_the_panel_exists_in_french_and_none_is_left_over(french: Catalog) -> None:
    written = {message.id for message in french if message.id}

    assert len(written) > 300
    assert {*written} == used()


def test_no_french_text_is_empty_or_loses_a_word_to_fill_in(french: Catalog) -> None:
    wrong = [message.id for message in french if message.id and not _is_whole(message)]

    assert wrong == []


def _is_whole(message) -> bool:
    ids = [message.id] if isinstance(message.id, str) else message.id
    strings = [message.string] if isinstance(message.string, str) else message.string
    wanted = sorted(VARIABLE.findall(ids[-1]))
    return all(text and sorted(VARIABLE.findall(text)) == wanted for text in strings)


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    """Words don't depend on the database, so one kind of it will do."""
    with managers_office.office(sqlite_url) as office:
        yield office


def said(office: Office, macro: str, code: object) -> str:
    """What the panel makes of a code, in French, where hardly a word is like its code."""
    with office.app.test_request_context("/panel/?lang=fr"):
        words = office.app.jinja_env.get_template("panel/words.html").make_module()
        return str(getattr(words, macro)(code))


# Where the program names a reason: beside an outcome, in a refusal, on a message that is held or given up.
NAMED = re.compile(
    r'(?:Outcome\.\w+, |Refusal\(|_hold\((?:session, )?one, |_leave_alone\(scene, fan, "\w+", |reason=|held = '
    r'|draft\(scene, fan, "\w+", )"(\w+)"'
)
# Where optin/permits.py names what speaks against a message, what puts it off, and what lets it go.
AGAINST = re.compile(r'yield [^"\n]+, "(\w+)"|Refusal\("(\w+)"')
PUT_OFF = re.compile(r"Deferral\(([^\n]+)")
LETS_GO = re.compile(r"Permit\(([^\n]+)")
QUOTED = re.compile(r'"(\w+)"')


def permits_say(pattern: re.Pattern[str]) -> set[str]:
    """All codes on the lines of optin/permits.py that name such an answer."""
    source = (ROOT / "optin" / "permits.py").read_text(encoding="utf-8")
    return {code for line in source.splitlines() if pattern.search(line) for code in QUOTED.findall(line)}


def caps() -> set[str]:
    about = ["", *(f"{purpose}_" for purpose in Purpose)]
    return {"cap_gap", *(f"cap_{one}{span}" for one in about for span in SPANS)}


def test_every_reason_in_the_program_has_words(office: Office) -> None:
    files = [*(ROOT / "bot").glob("*.py"), ROOT / "optin" / "permits.py"]
    codes = {code for path in files for code in NAMED.findall(path.read_text(encoding="utf-8"))}
    codes |= {"costs_more_than_it_brings", "nothing_for_him"}
    codes |= {"private_reply_closed", "window_closed", desk.BY_MANAGER, desk.DISMISSED, "echo"}
    codes |= permits_say(AGAINST) | permits_say(PUT_OFF) | caps()
    codes |= set(Kind) | {Meaning.ANGER, Meaning.COMPLAINT, Meaning.HELP, Meaning.HUMAN, Meaning.QUESTION}

    assert len(codes) > 90
    assert [code for code in sorted(codes) if "Pour une autre raison" in said(office, "reason", code)] == []


def test_whatever_speaks_against_a_message_says_what_would_have_to_be_otherwise(office: Office) -> None:
    codes = permits_say(AGAINST) | permits_say(PUT_OFF) | caps() | set(obstacles.GONE)
    codes |= {"private_reply_closed", "window_closed", "already_proposed", "not_eligible", "offer_closed"}

    assert len(codes) > 35
    assert [code for code in sorted(codes) if said(office, "remedy", code) == said(office, "reason", code)] == []


def test_every_permit_has_words(office: Office) -> None:
    codes = permits_say(LETS_GO) | {"private_reply_open", "private_reply_unlimited", "window_open", "window_unlimited"}

    assert {"consent", "asked_for", "public_reply"} < codes
    assert [code for code in sorted(codes) if not said(office, "permit", code)] == []


def hows() -> list[str]:
    """How the journals say that something was said."""
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "optin").glob("*.py"))
    kept = re.findall(r'how: str.*# (".*)|"how IN \((.*)\)"', source)
    named = {code for one in kept for part in one for code in re.findall(r"['\"](\w+)['\"]", part)}
    bouncing = (ROOT / "bot" / "bouncing.py").read_text(encoding="utf-8")
    return sorted(named - ERASURES | set(re.findall(r'_leave_alone\(scene, fan, "(\w+)"', bouncing)))


ERASURES = {"fan", "retention"}  # how somebody asked to be forgotten: no line of a journal


def test_the_ways_to_say_something_are_all_known() -> None:
    assert len(hows()) > 8


ALIKE = ("mention", "texts", "lead", "newsletter", "conditions", "questions")  # the same in French


@pytest.mark.parametrize(
    ("macro", "codes"),
    [
        ("kind", list(Kind)),
        ("way", list(Way)),
        ("way_short", list(Way)),
        ("state", list(State)),
        ("outcome", list(Outcome)),
        ("change", list(What)),
        ("event", list(hooks.Event)),
        ("delivery", list(hooks.State)),
        ("trouble", list(Trouble)),
        ("hook_shut", list(hooks.Shut)),
        ("hook_odd", list(hooking.Odd)),
        ("unfit", list(Unfit)),
        ("fault", [Fault(what, "7") for what in (*Amiss, *Wrong, *Odd, *condition_rows.Wrong)]),
        ("purpose", [*Purpose, "*"]),
        ("act", list(Act)),
        ("how", hows()),
        ("proof", list(Proof)),
        ("about", list(About)),
        ("told", list(Said)),
        ("amiss", ["no_choice", "no_day", "no_reason"]),
        ("stage", list(Stage)),
        ("verdict", list(Verdict)),
        ("span", list(SPANS)),
        ("operator", list(Operator)),
        ("match", list(Match)),
        ("weighed", [*Why, "not_eligible", "already_proposed", "shown_elsewhere", "offer_closed"]),
        ("segment", list(Segment)),
        ("lead_stage", list(LeadStage)),
        ("lead_stage_means", list(LeadStage)),
        ("scored", list(Part)),
        ("audience_trouble", ["token_dead", "no_permission", "flagged", "restricted", "gone", "invalid", "no_answer"]),
        ("offer_kind", list(OfferKind)),
        ("fields", [(name,) for name in Sheet.__dataclass_fields__]),
    ],
)
def test_every_code_has_words(office: Office, macro: str, codes: list[object]) -> None:
    wordless = [code for code in codes if said(office, macro, code) in (_as_code(code), "")]

    assert [code for code in wordless if _as_code(code) not in ALIKE] == []


@pytest.mark.parametrize("level", list(Level))
def test_a_rate_says_where_it_comes_from(office: Office, level: Level) -> None:
    with office.app.test_request_context("/panel/?lang=fr"):
        words: Any = office.app.jinja_env.get_template("panel/words.html").make_module()
        told = str(words.source(level, 3))

    assert len(told) > 20
    assert ("3 messages" in told) is (level is not Level.NOTHING)


WISHES = {
    "channel": "email", "without": "email,x", "every": "336", "hours": "18-22", "topics": "music",
    "paused_until": "2026-11-08T23:00:00+00:00", "timezone": "America/Montreal",
}  # fmt: skip


@pytest.mark.parametrize("about", list(About))
def test_every_wish_has_words(office: Office, about: About) -> None:
    with office.app.test_request_context("/panel/?lang=fr"):
        words: Any = office.app.jinja_env.get_template("panel/words.html").make_module()
        told = str(words.wish(about, WISHES[about]))

    assert told.endswith(".")
    assert about.value not in told


# What a receipt may say was said: the names of texts, and what messages are for.
SAYS = re.compile(r'(?:Say\(|draft\(scene, fan, |purpose=|"purpose": |"said": |said=)"(\w+)"')


def test_whatever_was_said_has_words(office: Office) -> None:
    codes = {code for path in (ROOT / "bot").glob("*.py") for code in SAYS.findall(path.read_text(encoding="utf-8"))}

    assert {"offer", "own_words", "hello", "draft_complaint", "confirm"} < codes
    assert [code for code in sorted(codes) if "Pour une autre raison" in said(office, "said", code)] == []


def _as_code(code: object) -> str:
    if isinstance(code, tuple):
        return str(code[0])
    return code.what if isinstance(code, Fault) else str(code)


def test_a_manager_reads_his_own_language_until_he_chooses_another(office: Office) -> None:
    browser = office.browser()
    browser.sign_in("noor@example.com", path="/panel/sign-in")

    first = browser.get("/panel/").text
    chosen = browser.get("/panel/?lang=fr").text
    after = browser.get("/panel/").text

    assert ["Drafts" in first, "À valider" in chosen, "À valider" in after] == [True, True, True]


@pytest.mark.parametrize("query", ["_scheme=javascript", "_external=1&_scheme=ftp", "endpoint=x", "lang=fr&_anchor=a"])
def test_no_address_leads_the_choice_of_language_elsewhere(office: Office, query: str) -> None:
    page = office.desk().get(f"/panel/fans?{query}")

    links = re.findall(r'<a href="([^"]+)" lang=', page.text)
    assert [link.split("?")[0] for link in links] == ["/panel/fans", "/panel/fans"]


def test_the_answer_to_a_button_offers_the_other_language_too(office: Office) -> None:
    draft, browser = office.draft("Bonjour."), office.desk()

    answer = browser.post(f"/panel/drafts/{draft}/approve", {"text": ""})

    links = re.findall(r'<a href="([^"]+)" lang=', answer.text)
    assert [browser.get(link).status_code for link in links] == [200, 200]
