"""What an offer may ask of a fan who has his code: one thing at a time, none of them needed, each with what it brings.

His address comes first and elsewhere (webhooks/claim.py). An answer is kept as it is read here, and never as it was
typed. "" stands for "I'd rather not", so that nobody is asked twice.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import date
from enum import StrEnum

from optin.addresses import phone_in

LONGEST = 60
LEAP_YEAR = 2024  # the 29th of February is a birthday
BIRTHDAY = re.compile(r"(\d{1,2})\s?[/. -]\s?(\d{1,2})[/. ]?")
POSTCODE = re.compile(r"(?=.*\d)[A-Z0-9](?:[ -]?[A-Z0-9]){2,9}")
RATHER_NOT = ""


class Question(StrEnum):
    """In the order in which they are asked."""

    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    PHONE = "phone"
    BIRTHDAY = "birthday"  # day and month alone: nobody needs to know how old he is
    POSTCODE = "postcode"


def read(question: Question, typed: str) -> str | None:
    """What was answered, or None where it can't be read: +33612345678, --12-24 (ISO 8601, without a year), 75011."""
    return READERS[question](" ".join(typed.split()))


def next_of(asked: Collection[str], told: Mapping[str, str]) -> Question | None:
    """The first question that he has neither answered nor declined."""
    return next((one for one in Question if one.value in asked and one.value not in told), None)


def day_and_month(birthday: str) -> tuple[int, int]:
    """Of "--12-24": 24 and 12."""
    return int(birthday[5:7]), int(birthday[2:4])


def _name(typed: str) -> str | None:
    shown = "".join(letter for letter in typed if unicodedata.category(letter) not in ("Cc", "Cf"))
    plain = " ".join(shown.split())
    has_letter = any(letter.isalpha() for letter in plain)
    return plain if has_letter and len(plain) <= LONGEST and not set(plain) & set("<>@/:") else None


def _birthday(typed: str) -> str | None:
    found = BIRTHDAY.fullmatch(typed)
    if found is None:
        return None
    try:
        return date(LEAP_YEAR, int(found[2]), int(found[1])).strftime("--%m-%d")
    except ValueError:
        return None


def _postcode(typed: str) -> str | None:
    return typed.upper() if POSTCODE.fullmatch(typed.upper()) else None


READERS: Mapping[Question, Callable[[str], str | None]] = {
    Question.FIRST_NAME: _name,
    Question.LAST_NAME: _name,
    Question.PHONE: phone_in,
    Question.BIRTHDAY: _birthday,
    Question.POSTCODE: _postcode,
}
