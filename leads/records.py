"""The one public shape of a lead: what the brand's CRM reads, and what it may count on."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from leads.pipeline import Lead
from offers.catalog import Offer
from offers.claims import Claim
from optin.consents import Consent
from optin.people import Person
from optin.standing import EVERYTHING, Purpose


class Public(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ConsentSummary(Public):
    """What a lead allows or refuses now on one channel."""

    channel: str = Field(description="A platform, `email`, or `*` for every channel that is not named beside it.")
    purpose: str = Field(
        description="What for: `offers`, `newsletter`, `service` (automatic answers), `profiling`, and the like."
    )
    granted: bool = Field(description="`false`: do not write to this person on this channel for this purpose.")
    wording: str | None = Field(description="The text that was agreed to, with its version and language.")
    wording_hash: str | None = Field(description="SHA-256 of that text, as it was shown.")
    given_at: datetime = Field(description="When it was said.")
    how: str = Field(
        description="Where it was said: `claim_page`, `chat`, `platform`, `preferences`, `mail`, `bounce` or `manager`."
    )


class Source(Public):
    """Where a lead comes from."""

    platform: str = Field(description="Where we met: `facebook`, `telegram`, `x`.")
    account: str = Field(description="The brand's page, bot or handle, by the platform's id.")
    post: str | None = Field(description="The post under which it began, by the platform's id.")
    offer: str | None = Field(description="The offer's short name, as it stands in links.")
    offer_name: str | None = Field(description="The offer's name inside the brand.")
    first_touch_at: datetime = Field(description="When we first heard of this person.")


class Code(Public):
    """The code that the fan took."""

    code: str = Field(description="As it is printed: unique, and used once.")
    claimed_at: datetime | None = Field(description="When the fan took it.")


class LeadRecord(Public):
    """A fan who said yes."""

    id: UUID = Field(description="Never changes, and is never given to another lead.")
    email: str | None = Field(description="As the fan typed it. Nobody has checked that it is read.")
    phone: str | None = Field(description="In the international form.")
    name: str | None = Field(description="As the platform gives it: not always a real name.")
    language: str = Field(description="What this person reads: `fr` or `en`.")
    status: Literal["active"] = Field(
        description="`active`. A lead who is `erased` has no other fields than `id` and `updated_at`."
    )
    created_at: datetime = Field(description="When this person first said yes.")
    updated_at: datetime = Field(description="Changes with the lead and with what the lead allows.")
    consent: tuple[ConsentSummary, ...] = Field(description="What holds now, one line a channel and purpose.")
    source: Source = Field(description="Where this lead comes from.")
    code: Code | None = Field(description="The code that the fan took.")


class ErasedRecord(Public):
    """A lead who asked to be forgotten. Whoever got him from here has to forget him too."""

    id: UUID = Field(description="As it was given before.")
    status: Literal["erased"] = Field(description="`erased`: delete what you have of this lead.")
    updated_at: datetime = Field(description="When it was erased.")


def of(
    lead: Lead, offer: Offer | None, claim: Claim | None, person: Person, journal: Mapping[int, Consent]
) -> LeadRecord:
    return LeadRecord(
        id=lead.id,
        email=lead.email or None,
        phone=lead.phone or None,
        name=lead.name or None,
        language=lead.language,
        status="active",
        created_at=lead.created_at,
        updated_at=lead.updated_at,
        consent=tuple(summary(person, lead.fan_id, journal)),
        source=_source(lead, offer),
        code=Code(code=claim.code, claimed_at=claim.claimed_at) if claim and claim.code else None,
    )


def summary(person: Person, fan_id: UUID, journal: Mapping[int, Consent]) -> Iterable[ConsentSummary]:
    """What holds on each channel and for each purpose that he ever spoke of."""
    for channel, purpose in _spoken_of(person):
        word = person.standing(fan_id, channel, purpose)
        if word.act is not None:
            yield _line(journal[word.lines[0].id], channel, purpose, granted=word.granted)


def _spoken_of(person: Person) -> Iterable[tuple[str, str]]:
    """A word about everything is one about offers, and about whatever else he was asked for."""
    named = dict.fromkeys(
        [*(line.purpose for line in person.lines if line.purpose != EVERYTHING), Purpose.OFFERS.value]
    )
    pairs = ((line.channel, about) for line in person.lines for about in named if line.is_about(line.channel, about))
    return dict.fromkeys(pairs)


def _line(said: Consent, channel: str, purpose: str, *, granted: bool) -> ConsentSummary:
    return ConsentSummary(
        channel=channel,
        purpose=purpose,
        granted=granted,
        wording=said.wording or None,
        wording_hash=said.wording_hash or None,
        given_at=said.given_at,
        how=said.how,
    )


def _source(lead: Lead, offer: Offer | None) -> Source:
    return Source(
        platform=lead.platform,
        account=lead.account,
        post=lead.post or None,
        offer=offer.slug if offer else None,
        offer_name=offer.name if offer else None,
        first_touch_at=lead.first_touch_at,
    )
