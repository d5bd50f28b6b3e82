"""What may be asked of the API and what it answers, besides the leads themselves."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    StrictInt,
    WithJsonSchema,
    model_validator,
)

from leads import purchases
from leads.profiles import Profile
from leads.purchases import Kept, Told
from leads.records import Record
from leads.redemptions import Redeemed
from webhooks.api_parameters import Cursor, Since, in_utc

MOST = 200
TEXT = r"^[^\x00]*$"  # a database keeps no NUL
FILLED = r"^[^\x00]+$"
KEY = r"^[!-~]{1,255}$"
CURRENCY = r"^[A-Z]{3}$"
HASH = r"^[0-9a-f]{64}$"


class Asked(BaseModel):
    """A parameter that we don't know is refused: a mistyped filter would otherwise return everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Given = Annotated[str, WithJsonSchema({"type": "string", "pattern": FILLED, "maxLength": 40})]


def _whole(amount: object) -> object:
    """JSON tells 1990.0 from 1990 no more than people do; 19.90 is another thing."""
    return int(amount) if isinstance(amount, float) and amount.is_integer() else amount


# Described by hand: a parameter of an address can be left out, but it can't be null.
Format = Annotated[
    Literal["json", "ndjson", "csv"] | None, WithJsonSchema({"type": "string", "enum": ["json", "ndjson", "csv"]})
]
Named = Annotated[Profile | None, WithJsonSchema({"type": "string", "enum": [one.value for one in Profile]})]
Excel = Annotated[Literal["fr"] | None, WithJsonSchema({"type": "string", "enum": ["fr"]})]


class LeadsAsked(Asked):
    limit: int = Field(50, ge=1, le=MOST, description="How many leads a page holds at most. A stream holds all.")
    cursor: Cursor = Field(
        "",
        description="`next_cursor` of the page before; it never expires. Empty: from the start.",
    )
    updated_since: Since = Field(
        None,
        description="Only leads that changed at this time or later, with its offset: `2026-06-01T00:00:00Z`.",
    )
    format: Format = Field(
        None,
        description="`json` is a page; `ndjson` and `csv` are streams of all leads behind the cursor, and their header "
        "`Next-Cursor` says where to go on when they have ended well. Without it, the `Accept` header says which.",
    )
    profile: Named = Field(None, description="The fields bear the names into which this CRM imports.")
    excel: Excel = Field(None, description="`fr`: CSV as Excel opens it in French, with a byte order mark and `;`.")


class CrmRecord(RootModel[dict[str, str | bool | None]]):
    """A lead under the names of a CRM's own fields, where `profile` asked for them."""


class LeadsPage(Answer):
    data: tuple[Record | CrmRecord, ...] = Field(
        description="The leads, the one that changed longest ago first. Who was merged, withdrawn or erased is there "
        "once more, without personal data."
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


class TakeCode(Asked):
    """A code that somebody shows at a till."""

    code: str = Field(min_length=1, max_length=40, pattern=TEXT, description="As it is printed or typed.")
    place: str = Field("", max_length=80, pattern=TEXT, description="The shop or till, in your words.")


class Repeated(BaseModel):
    """Other headers are none of our business."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    idempotency_key: Annotated[str | None, WithJsonSchema({"type": "string", "pattern": KEY})] = Field(
        None,
        alias="Idempotency-Key",
        pattern=KEY,
        description="Your own word for this request, the same whenever you send it again.",
    )


class CodeTaken(Answer):
    """A code that was taken."""

    id: UUID = Field(description="Of this redemption.")
    code: str = Field(description="As we gave it.")
    offer: str = Field(description="The offer's short name.")
    value: str = Field(description="What it is worth, as it is printed on the code's page: `-20 %`.")
    claimed_at: datetime | None = Field(description="When the fan took it.")
    redeemed_at: datetime = Field(description="When the till took it.")
    again: bool = Field(description="Whether this was so before you asked: then give nothing a second time.")

    @classmethod
    def of(cls, told: Redeemed) -> "CodeTaken":
        claim, offer = told.found.claim, told.found.offer
        return cls(
            id=told.redemption.id,
            code=claim.code or "",
            offer=offer.slug,
            value=offer.value,
            claimed_at=claim.claimed_at,
            redeemed_at=told.redemption.at,
            again=told.again,
        )


class PurchaseTold(Asked):
    """What somebody bought. One of `code`, `lead_id` and `email_sha256` says who, at least."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [name]} for name in ("code", "lead_id", "email_sha256")]}
    )

    source: str = Field(min_length=1, max_length=40, pattern=TEXT, description="The shop's system, in your words.")
    order_id: str = Field(min_length=1, max_length=100, pattern=TEXT, description="Unique in this source.")
    amount: Annotated[StrictInt, BeforeValidator(_whole)] = Field(
        ge=0, le=purchases.MOST, description="In the currency's minor unit: `1990` is 19.90 EUR, and 1,990 JPY."
    )
    currency: str = Field(pattern=CURRENCY, description="By ISO 4217: `EUR`.")
    at: Annotated[AwareDatetime, AfterValidator(in_utc)] = Field(
        description="When it was bought, with its offset. Not in the future."
    )
    code: Given = Field("", pattern=FILLED, max_length=40, description="The code that was used.")
    lead_id: Annotated[UUID | None, WithJsonSchema({"type": "string", "format": "uuid"})] = Field(
        None, description="The lead who bought."
    )
    email_sha256: Annotated[str, WithJsonSchema({"type": "string", "pattern": HASH})] = Field(
        "", pattern=HASH, description="SHA-256 of the address in small letters, in hexadecimal."
    )

    @model_validator(mode="after")
    def says_who(self) -> "PurchaseTold":
        if not (self.code or self.lead_id or self.email_sha256):
            raise ValueError("one of code, lead_id and email_sha256 is needed")
        return self

    def told(self) -> Told:
        return Told(
            source=self.source,
            order_id=self.order_id,
            amount=self.amount,
            currency=self.currency,
            at=self.at,
            code=self.code,
            lead_id=self.lead_id,
            email_hash=self.email_sha256,
        )


class PurchaseKept(Answer):
    """A purchase that was written down."""

    id: UUID = Field(description="Of this purchase.")
    source: str = Field(description="As you told it.")
    order_id: str = Field(description="As you told it.")
    amount: int = Field(description="In the currency's minor unit.")
    currency: str = Field(description="By ISO 4217.")
    again: bool = Field(description="Whether it was told before: this call changed nothing.")

    @classmethod
    def of(cls, kept: Kept) -> "PurchaseKept":
        one = kept.purchase
        return cls(
            id=one.id, source=one.source, order_id=one.order_id, amount=one.amount, currency=one.currency,
            again=kept.again,
        )  # fmt: skip


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="`about:blank`: the status says what kind it is.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The status of the answer.")
    detail: str = Field(description="What went wrong.")
    errors: dict[str, Any] | None = Field(None, description="Which field is wrong, and why.")
