"""What fans write as plain words: the same word however it is typed, and never a failure."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optin.words import normalise, tokens, words
from tests.corpus import shared

TYPED = {
    "STOP": "stop",
    "𝐒𝐓𝐎𝐏": "stop",
    "ＳＴＯＰ": "stop",
    "s\u200bt\u200bo\u00adp": "stop",
    "stoooooop": "stop",
    "/stop@FanBot": "stop",
    "@labelle stop !!": "stop",
    "Désabonnez‑moi": "desabonnez moi",
    "De\u0301sabonnez-moi": "desabonnez moi",
    "l’été": "l ete",
    "d'accord": "d accord",
    "I don't, I don’t, I dont": "i dont i dont i dont",
    "Œuvre": "oeuvre",
    "#Promo_Été2026": "promo ete2026",
    "👍🏽 merci❤️": "👍 merci ❤",
    "écris à lea@exemple.fr ou https://exemple.fr/promo": "ecris a ou",
}


@pytest.mark.parametrize(("typed", "plain"), TYPED.items())
def test_a_word_is_the_same_however_it_is_typed(typed: str, plain: str) -> None:
    assert normalise(typed) == plain


def test_the_marks_between_clauses_are_kept_where_they_are_asked_for() -> None:
    assert tokens("Non, merci !!! Stop.") == ("non", ",", "merci", "!!!", "stop", ".")


def test_fifty_thousand_accents_are_one_letter() -> None:
    assert words("e" + "\u0301\u0323" * 25_000) == ("e",)


def test_naughty_strings_come_out_as_plain_words() -> None:
    naughty = json.loads(shared.path("vectors/blns.json").read_text(encoding="utf-8"))

    odd = [word for text in naughty for word in words(text) if word.isascii() and not word.isalnum()]

    assert len(naughty) == 515
    assert odd == []


@given(st.text())
def test_plain_words_are_plain_already(text: str) -> None:
    once = normalise(text)

    assert normalise(once) == once
