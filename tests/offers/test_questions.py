"""What may be asked of a fan who has his code, and how his answers are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers import questions
from offers.questions import RATHER_NOT, Question

TYPED = [
    (Question.FIRST_NAME, "  Léa ", "Léa"),
    (Question.FIRST_NAME, "Anne-Marie", "Anne-Marie"),
    (Question.FIRST_NAME, "12", None),
    (Question.LAST_NAME, "O’Brien  Smith", "O’Brien Smith"),
    (Question.LAST_NAME, "<b>x</b>", None),
    (Question.LAST_NAME, "lea@example.com", None),
    (Question.LAST_NAME, "a" * 61, None),
    (Question.PHONE, "06 12 34 56 78", "+33612345678"),
    (Question.PHONE, "+44 20 7946 0958", "+442079460958"),
    (Question.PHONE, "12", None),
    (Question.BIRTHDAY, "24/12", "--12-24"),
    (Question.BIRTHDAY, "24.12.", "--12-24"),
    (Question.BIRTHDAY, "1-3", "--03-01"),
    (Question.BIRTHDAY, "29/2", "--02-29"),
    (Question.BIRTHDAY, "12/24", None),
    (Question.BIRTHDAY, "24/12/1990", None),  # nobody's age is kept
    (Question.POSTCODE, "75011", "75011"),
    (Question.POSTCODE, "sw1a 1aa", "SW1A 1AA"),
    (Question.POSTCODE, "Paris", None),
]


@pytest.mark.parametrize(("question", "typed", "kept"), TYPED)
def test_an_answer_is_kept_as_it_is_meant_or_asked_again(question: Question, typed: str, kept: str | None) -> None:
    assert questions.read(question, typed) == kept


@given(st.sampled_from(Question), st.text(max_size=90))
def test_what_is_kept_fits_its_place_and_reads_as_itself(question: Question, typed: str) -> None:
    kept = questions.read(question, typed)

    assert kept is None or (0 < len(kept) <= 80)
    assert kept is None or question is Question.BIRTHDAY or questions.read(question, kept) == kept


def test_what_was_answered_or_declined_is_not_asked_again() -> None:
    asked = ["postcode", "phone", "first_name"]

    order, told = [], dict[str, str]()
    while question := questions.next_of(asked, told):
        order.append(question)
        told[question.value] = RATHER_NOT if question is Question.PHONE else "x"

    assert order == [Question.FIRST_NAME, Question.PHONE, Question.POSTCODE]
