"""What may be asked of the API and what it answers, besides the leads themselves."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, WithJsonSchema

from leads import feed
from leads.records import ErasedRecord, LeadRecord

MOST = 200
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
TEXT = r"^[^\x00]*$"  # a database keeps no NUL


class Asked(BaseModel):
    """A parameter that we don't know is refused: a mistyped filter would otherwise return everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _in_utc(when: datetime | None) -> datetime | None:
    """Years 1 and 9999 have hours that do not exist in UTC."""
    if when is None:
        return None
    try:
        return when.astimezone(UTC)
    except OverflowError:
        return FIRST if when.year == 1 else LAST


# Described by hand: a parameter of an address can be left out, but it can't be null.
Since = Annotated[AwareDatetime | None, WithJsonSchema({"type": "string", "format": "date-time"})]


class LeadsAsked(Asked):
    limit: int = Field(50, ge=1, le=MOST, description="How many leads a page holds at most.")
    cursor: str = Field(
        "",
        pattern=feed.CURSOR,
        description="`next_cursor` of the page before; it never expires. Empty: from the start.",
    )
    updated_since: Annotated[Since, AfterValidator(_in_utc)] = Field(
        None,
        description="Only leads that changed at this time or later, with its offset: `2026-06-01T00:00:00Z`.",
    )


class LeadsPage(Answer):
    data: tuple[LeadRecord | ErasedRecord, ...] = Field(
        description="The leads, the one that changed longest ago first. One who was erased is there once more."
    )
    has_more: bool = Field(description="Whether the next page has leads already.")
    next_cursor: str = Field(description="Where to go on, now or later. It is there on the last page too.")


class OutcomesAsked(Asked):
    platform: str = Field("", max_length=40, pattern=TEXT, description="Only this platform.")
    key_prefix: str = Field("", max_length=200, pattern=TEXT, description="Only ids of the platform that begin so.")


class OutcomeCount(Answer):
    outcome: str = Field(description="What became of it: `answered`, `drafted`, `silent` and so on.")
    reason: str = Field(description="Why, in a word.")
    count: int = Field(description="How many.")


class Outcomes(Answer):
    """What became of the interactions that the platforms told us."""

    heard: int = Field(description="Those that the bot has read to the end.")
    waiting: int = Field(description="Those that it will read next.")
    set_aside: int = Field(description="Those that the bot could not read to the end: see the panel.")
    outcomes: tuple[OutcomeCount, ...] = Field(description="Of those that were heard.")


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="`about:blank`: the status says what kind it is.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The status of the answer.")
    detail: str = Field(description="What went wrong.")
    errors: dict[str, Any] | None = Field(None, description="Which field is wrong, and why.")
