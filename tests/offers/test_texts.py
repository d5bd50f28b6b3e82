"""What managers may write into an offer's texts, and what fans read of it."""

import pytest
from jinja2 import UndefinedError

from offers import texts
from offers.texts import Fault, Wrong

WORDS = {"name": "Léa", "brand": "Zéphyr", "value": "-20 %"}


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("Vos {{ value }} chez {{ brand }}.", "Vos -20 % chez Zéphyr."),
        ("Bonjour{% if name %} {{ name }}{% endif %} !", "Bonjour Léa !"),
        ("{{ 'Bonjour' if name else 'Bonsoir' }}", "Bonjour"),
        ("{% if not name %}A{% elif brand and value %}B{% else %}C{% endif %}", "B"),
        ("100 % {coton} <b>doux</b> & chaud", "100 % {coton} <b>doux</b> & chaud"),
        ("", ""),
    ],
)
def test_words_are_filled_in_and_the_rest_is_left_as_it_is(source: str, read: str) -> None:
    assert texts.faults(source) == []
    assert texts.render(source, WORDS) == read


def test_a_fan_without_a_name_is_greeted_without_one() -> None:
    assert texts.render("Bonjour{% if name %} {{ name }}{% endif %} !", WORDS | {"name": ""}) == "Bonjour !"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("{{ nom }}", Fault(Wrong.UNKNOWN, "nom")),
        ("{{ range }}", Fault(Wrong.UNKNOWN, "range")),
        ("Bonjour\n{{ name", Fault(Wrong.SYNTAX, "2")),
        ("{% if name %}", Fault(Wrong.SYNTAX, "1")),
        ("\n{{ name.__class__ }}", Fault(Wrong.FORBIDDEN, "2")),
        ("{% for i in name %}x{% endfor %}", Fault(Wrong.FORBIDDEN, "1")),
        ("{{ 'a' * 999999999 }}", Fault(Wrong.FORBIDDEN, "1")),
        ("{{ name | upper }}", Fault(Wrong.FORBIDDEN, "1")),
        ("{% include 'secrets' %}", Fault(Wrong.FORBIDDEN, "1")),
        ("{% set name = 'x' %}", Fault(Wrong.FORBIDDEN, "1")),
        ("{{ [1] }}", Fault(Wrong.FORBIDDEN, "1")),
    ],
)
def test_more_than_words_and_if_is_a_fault(source: str, fault: Fault) -> None:
    assert fault in texts.faults(source)


def test_a_word_that_is_missing_is_never_passed_over_in_silence() -> None:
    with pytest.raises(UndefinedError):
        texts.render("Bonjour {{ name }}", {})


@pytest.mark.parametrize(("name", "called"), [("Léa Dubois", "Léa"), ("  ", ""), ("", ""), ("x" * 99, "x" * 40)])
def test_a_text_calls_a_fan_by_the_first_name(name: str, called: str) -> None:
    assert texts.first_name(name) == called
