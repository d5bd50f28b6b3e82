"""Every text of the pages is there in both languages."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from offers.conditions import FIELDS
from tests.cast import Stage
from webhooks import i18n

WEBHOOKS = Path(i18n.__file__).parent
METHODS = [("**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
VARIABLE = re.compile(r"%\((\w+)\)")


def used() -> set[str]:
    """Every text that a page or a view asks for, by its first form."""
    found = extract_from_dir(WEBHOOKS, METHODS, keywords=KEYWORDS)
    # Said by the name of what a condition is about.
    fields = {text for field in FIELDS.values() for text in (field.label, field.hint) if text}
    return fields | {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}


def written(language: str) -> Iterator[Message]:
    for path in sorted((i18n.HERE / language / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as lines:
            yield from (message for message in read_po(lines, locale=language) if message.id)


def every_form(message: Message) -> list[str]:
    """One form, or those for one thing and for many."""
    forms: Any = message.string
    return list(forms) if isinstance(forms, tuple | list) else [forms]


def first(form: object) -> str:
    return str(form[0] if isinstance(form, tuple | list) else form)


def test_every_text_that_is_used_is_there_in_french() -> None:
    texts = used()

    assert len(texts) > 50
    assert sorted(texts - {first(message.id) for message in written("fr")}) == []


def test_no_text_is_kept_that_nobody_uses() -> None:
    assert sorted({first(message.id) for message in written("fr")} - used()) == []


def test_no_french_text_is_empty_or_marked_as_doubtful() -> None:
    def is_empty(message: Message) -> bool:
        return message.fuzzy or not all(form.strip() for form in every_form(message))

    assert [message.id for message in written("fr") if is_empty(message)] == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_translation_fills_in_the_same_variables(language: str) -> None:
    def variables(forms: object) -> set[str]:
        each = forms if isinstance(forms, tuple | list) else (forms,)
        return {name for form in each for name in VARIABLE.findall(str(form))}

    wrong = [message.id for message in written(language) if variables(message.id) != variables(message.string)]

    assert wrong == []


def test_french_marks_stand_apart_without_breaking_the_line() -> None:
    """A plain space before ? ! : ; could begin a line with the mark alone."""
    forms = [form for message in written("fr") for form in _forms(message)]

    assert [form for form in forms if re.search(r" [?!:;»]|« ", form)] == []


WHEN = datetime(2026, 5, 31, 22, 30, tzinfo=UTC)  # in Paris it is June already


def test_dates_and_numbers_are_written_as_the_reader_writes_them(stage: Stage) -> None:
    app = stage.visitor().application
    shown = []

    for chosen in ("fr", "en"):
        with app.test_request_context(f"/?lang={chosen}"):
            none_left = i18n.ngettext("Only %(num)d code is left.", "Only %(num)d codes are left.", 0)
            shown.append((i18n.day(WHEN), i18n.in_full(WHEN), i18n.number(1234.5), none_left))

    assert shown == [
        ("1 juin 2026", "1er juin 2026 à 00:30", "1\u202f234,5", "Il ne reste que %(num)d code."),
        ("June 1, 2026", "1 June 2026 at 00:30", "1,234.5", "Only %(num)d codes are left."),
    ]


@pytest.mark.parametrize(
    ("asked", "cookie", "accepted", "spoken"),
    [
        ("en", "fr", "fr", "en"),
        ("xx", "en", "fr", "en"),
        (None, "<b>", "en-US,en;q=0.9", "en"),
        (None, None, "de, en;q=0.5", "en"),
        (None, None, "de", "fr"),
        (None, None, None, "fr"),
    ],
)
def test_the_readers_own_choice_goes_first(
    stage: Stage, asked: str | None, cookie: str | None, accepted: str | None, spoken: str
) -> None:
    visitor = stage.visitor()
    if cookie:
        visitor.set_cookie("lang", cookie)

    page = visitor.get("/", query_string={"lang": asked} if asked else {}, headers={"Accept-Language": accepted or ""})

    assert re.findall('<html lang="(..)"', page.text) == [spoken]


def test_a_page_can_be_read_in_the_other_language_and_keeps_its_address(stage: Stage) -> None:
    page = stage.visitor().get("/claim/nobody?from=<b>&lang=fr")

    assert re.findall(r'href="(/claim/[^"]*)"', page.text) == [
        "/claim/nobody?from=%3Cb%3E&amp;lang=fr",
        "/claim/nobody?from=%3Cb%3E&amp;lang=en",
    ]


def _forms(message: Message) -> list[str]:
    said = message.string or ""
    return [said] if isinstance(said, str) else [str(form) for form in said]
