"""What the bot says, in both languages alike."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment, meta

from bot import wording
from optin import wordings

MESSAGES = Path(wording.HERE)
CONSENTS = Path(wordings.HERE)
OCCASIONS = sorted({path.stem for path in MESSAGES.glob("*/*.txt")})


def _words(path: Path) -> set[str]:
    return meta.find_undeclared_variables(Environment().parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("what", OCCASIONS)
def test_each_language_has_each_text_with_the_same_words(what: str) -> None:
    words = {folder: _words(MESSAGES / folder / f"{what}.txt") for folder in wording.LANGUAGES}

    assert set(wording.LANGUAGES) == {"en", "fr"}
    assert words["fr"] == words["en"]


@pytest.mark.parametrize("what", ["offer_private", "offer_public", "look_in_messages", "hello"])
def test_the_bot_says_that_it_is_one(what: str) -> None:
    said = {language: (MESSAGES / language / f"{what}.txt").read_text(encoding="utf-8") for language in ("fr", "en")}

    assert re.search("automatique", said["fr"])
    assert re.search("automatic", said["en"], re.IGNORECASE)


@pytest.mark.parametrize("what", ["offer_public", "look_in_messages"])
def test_what_others_read_has_no_place_for_anything_personal(what: str) -> None:
    assert _words(MESSAGES / "fr" / f"{what}.txt") <= {"brand", "keyword", "link"}


@pytest.mark.parametrize("what", [one for one in OCCASIONS if "link" in _words(MESSAGES / "fr" / f"{one}.txt")])
@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("code", ["ZEPHYR-1", ""])
def test_nothing_is_glued_to_a_link(what: str, language: str, code: str) -> None:
    names = _words(MESSAGES / language / f"{what}.txt")

    said = wording.say(
        what, language, **({name: name for name in names} | {"link": "https://b.example/1", "code": code})
    )

    assert re.search(r"https://b\.example/1(\s|$)", said)


def test_each_consent_text_stands_in_both_languages_under_one_version() -> None:
    names = [path.name.removesuffix(".txt").rsplit(".", 1) for path in CONSENTS.glob("*.txt")]

    assert sorted(name for name, language in names if language == "fr") == sorted(
        name for name, language in names if language == "en"
    )


def test_a_long_text_is_cut_between_words() -> None:
    assert wording.shortened("un deux trois", 9) == "un deux…"
    assert wording.shortened("un deux", 9) == "un deux"
