"""Parameters of the API that a caller may easily get wrong, and what he is told then."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from leads import feed

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
WITHOUT_PLUS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S* \d\d:?\d\d")  # in an address, a bare + is a space


def in_utc(when: datetime | None) -> datetime | None:
    """Years 1 and 9999 have hours that do not exist in UTC."""
    if when is None:
        return None
    try:
        return when.astimezone(UTC)
    except OverflowError:
        return FIRST if when.year == 1 else LAST


def _with_its_plus(typed: object) -> object:
    if isinstance(typed, str) and WITHOUT_PLUS.fullmatch(typed):
        raise PydanticCustomError("plus", "In an address, + is written %2B: 2026-06-01T00:00:00%2B02:00")
    return typed


def _of_ours(typed: str) -> str:
    if not re.fullmatch(feed.CURSOR, typed):
        told = "It has to be a next_cursor that we gave. Leave it out to read from the start."
        raise PydanticCustomError("cursor", told)
    return typed


# Described by hand: a parameter of an address can be left out, but it can't be null.
Since = Annotated[
    AwareDatetime | None,
    BeforeValidator(_with_its_plus),
    AfterValidator(in_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Cursor = Annotated[str, AfterValidator(_of_ours), WithJsonSchema({"type": "string", "pattern": feed.CURSOR})]
