"""Codes that can be read aloud, and that show a slip of the pen."""

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from offers import coupons


def a_code(seed: int) -> str:
    chance = random.Random(seed)
    return coupons.write(lambda: chance.getrandbits(64), "ZEPH")


CODES = st.integers(0, 2**64 - 1).map(a_code)


@given(CODES)
def test_a_code_is_wellformed_in_any_case(code: str) -> None:
    assert coupons.is_wellformed(code)
    assert coupons.is_wellformed(f" {code.lower()} ")


@given(CODES, st.sampled_from(["", " ", "-", " - ", "–", "_"]), st.sampled_from([str.lower, str.upper]))
def test_a_code_is_known_however_it_is_typed(code: str, between: str, written: Callable[[str], str]) -> None:
    typed = written(code.replace("-", between))

    assert coupons.as_given(f" {typed}\n") == code


@given(st.text())
def test_any_typing_is_read_without_error(text: str) -> None:
    assert coupons.as_given(coupons.as_given(text)) == coupons.as_given(text)


@given(CODES, st.integers(0, coupons.BODY - 1), st.sampled_from(coupons.LETTERS))
def test_one_wrong_letter_shows(code: str, place: int, letter: str) -> None:
    prefix, body, check = code.split("-")
    slipped = body[:place] + letter + body[place + 1 :]

    assert coupons.is_wellformed(f"{prefix}-{slipped}-{check}") == (slipped == body)


@given(CODES, st.integers(0, coupons.BODY - 2))
def test_two_swapped_letters_show(code: str, place: int) -> None:
    prefix, body, check = code.split("-")
    swapped = body[:place] + body[place + 1] + body[place] + body[place + 2 :]

    assert coupons.is_wellformed(f"{prefix}-{swapped}-{check}") == (swapped == body)


@given(st.text())
def test_anything_else_is_no_code_and_no_error(text: str) -> None:
    assert coupons.is_wellformed(text) in (True, False)


def test_no_letter_looks_like_another() -> None:
    assert not set("0O1ILU") & set(coupons.LETTERS)
