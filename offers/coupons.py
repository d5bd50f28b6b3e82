"""Coupons: codes that can be read aloud, and that show a slip of the pen."""

import re
from collections.abc import Callable

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without 0 O 1 I L U, which look or sound like others
BODY = 9
MODULUS = 31  # a prime above the count of letters: every single slip and every swap of neighbours changes the sum


def write(draw: Callable[[], int], prefix: str = "") -> str:
    """A new code, such as "ZEPH-7KQ2M9XWA-R". `draw` gives a random number of at least 64 bits each time."""
    while True:
        body = _spell(draw())
        check = _check(body)
        if check < len(LETTERS):
            return "-".join(part for part in (prefix, body, LETTERS[check]) if part)


def as_given(typed: str) -> str:
    """A code as we write it, however it was typed: in small letters, with other dashes, with spaces or with nothing."""
    letters = re.sub(r"[\W_]+", "", typed).upper()
    return "-".join(filter(None, (letters[: -BODY - 1], letters[-BODY - 1 : -1], letters[-1:])))


def is_wellformed(code: str) -> bool:
    """Whether the check letter agrees with the code."""
    *_, body, check = ("", *code.strip().upper().split("-"))
    spelled = len(body) == BODY and len(check) == 1 and set(body + check) <= set(LETTERS)
    return spelled and LETTERS.index(check) == _check(body)


def _spell(number: int) -> str:
    letters = []
    for _ in range(BODY):
        number, place = divmod(number, len(LETTERS))
        letters.append(LETTERS[place])
    return "".join(letters)


def _check(body: str) -> int:
    return sum((place + 2) * LETTERS.index(letter) for place, letter in enumerate(body)) % MODULUS
