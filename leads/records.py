"""The one public shape of a lead: what the brand's CRM reads, and what it may count on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from leads import release, scoring
from leads.deeds import Deeds
from leads.pipeline import ErasedLead, Lead
from leads.release import Release
from leads.scoring import Points
from offers import stages
from offers.arrivals import Came
from offers.catalog import Offer
from offers.claims import Claim
from offers.stages import Stage
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


class Touch(Public):
    """One time when a person came to us: wrote, commented, or followed a link of ours."""

    at: datetime = Field(description="When.")
    platform: str = Field(description="Where: `facebook`, `telegram`, `x`.")
    account: str = Field(description="The brand's page, bot or handle, by the platform's id.")
    post: str | None = Field(description="The post under which it was, by the platform's id.")
    offer: str | None = Field(description="The offer that it was about, by its short name.")
    by_friend: bool = Field(description="Whether a friend's own link brought him. Whose is not told.")
    utm_source: str | None = Field(description="Where the link stood, in the brand's words: `shop window`.")
    utm_medium: str | None = Field(description="What kind of thing the link stood on: `poster`.")
    utm_campaign: str | None = Field(description="The campaign to which the link belonged.")


class Source(Public):
    """Where a lead comes from. The first and the last touch are kept apart, and neither changes afterwards."""

    platform: str = Field(description="Where we met: `facebook`, `telegram`, `x`.")
    account: str = Field(description="The brand's page, bot or handle, by the platform's id.")
    post: str | None = Field(description="The post under which it began, by the platform's id.")
    offer: str | None = Field(description="The offer's short name, as it stands in links.")
    offer_name: str | None = Field(description="The offer's name inside the brand.")
    first_touch_at: datetime = Field(description="When we first heard of this person.")
    first_touch: Touch | None = Field(description="How this person first came to us, as it was known at his first yes.")
    last_touch: Touch | None = Field(description="How he came last before he took the code; `null` without a code.")


class Code(Public):
    """The code that the fan took."""

    code: str = Field(description="As it is printed: unique, and used once.")
    claimed_at: datetime | None = Field(description="When the fan took it.")


class ScorePart(Public):
    """What one kind of deed adds to a score."""

    part: str = Field(description="`consents`, `claims`, `redemptions` or `purchases`.")
    points: int = Field(description="What it adds.")
    most: int = Field(description="What it can add at most.")
    count: int = Field(description="How many there are of what it counts.")


class LeadRecord(Public):
    """A fan who said yes."""

    id: UUID = Field(description="Never changes, and is never given to another lead.")
    email: str | None = Field(
        description="As the fan typed it; `null` where he allows nothing by e-mail. Nobody has checked that it is read."
    )
    phone: str | None = Field(description="In the international form; `null` where he allows nothing by phone.")
    name: str | None = Field(description="As the platform gives it: not always a real name.")
    first_name: str | None = Field(description="As the fan told it on his code's page, if he did.")
    last_name: str | None = Field(description="As the fan told it, if he did.")
    birthday: str | None = Field(description="Day and month as the fan told them: `--12-24` (ISO 8601, no year).")
    postcode: str | None = Field(description="As the fan told it, in capitals.")
    language: str = Field(description="What this person reads: `fr` or `en`.")
    status: Literal["active"] = Field(
        description="`active`. A lead who is `withdrawn`, `merged` or `erased` comes without any personal data."
    )
    created_at: datetime = Field(description="When this person first said yes.")
    updated_at: datetime = Field(description="Changes with the lead and with what the lead allows.")
    consent: tuple[ConsentSummary, ...] = Field(description="What holds now, one line a channel and purpose.")
    source: Source = Field(description="Where this lead comes from.")
    code: Code | None = Field(description="The code that the fan took.")
    stage: Stage | None = Field(
        description="How far he has come: `reachable` (lets you write to him on a platform, or asked for an offer), "
        "`identified` (told an address), `qualified` (stands by a yes to offers or the newsletter at that address), "
        "`customer` (bought). `null` where he does not want you to know. It never says whether you may write: "
        "`consent` does."
    )
    score: int | None = Field(
        description="0 to 100, from what he did and allows; time alone never changes it. `null` unless he agreed to "
        "its being told (`crm:profile`)."
    )
    score_parts: tuple[ScorePart, ...] = Field(description="What the score is made of; empty where there is none.")


class WithdrawnRecord(Public):
    """A lead who took back what he allowed. Whoever got him from here may not contact him any more."""

    id: UUID = Field(description="As it was given before.")
    status: Literal["withdrawn"] = Field(
        description="`withdrawn`: delete his addresses, or keep them as blocked. If he says yes again, he comes again."
    )
    updated_at: datetime = Field(description="When it was taken back.")


class MergedRecord(Public):
    """A lead who turned out to be the same person as another. If that proves wrong, he comes again by himself."""

    id: UUID = Field(description="As it was given before.")
    status: Literal["merged"] = Field(description="`merged`: go on with the lead that is named beside it.")
    merged_into: UUID = Field(description="The lead under which this person goes on.")
    updated_at: datetime = Field(description="When they were found to be one.")


class ErasedRecord(Public):
    """A lead who asked to be forgotten. Whoever got him from here has to forget him too."""

    id: UUID = Field(description="As it was given before.")
    status: Literal["erased"] = Field(description="`erased`: delete what you have of this lead.")
    updated_at: datetime = Field(description="When it was erased.")


Record = LeadRecord | WithdrawnRecord | MergedRecord | ErasedRecord


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a lead: all leads of his person, the one under which the person goes on first."""

    lead: Lead
    offer: Offer | None
    claim: Claim | None
    person: Person
    leads: Sequence[Lead]
    did: Deeds
    first: Came | None = None
    last: Came | None = None


def of(told: Told, journal: Mapping[int, Consent]) -> Record:
    """The lead as the CRM may see him: himself, or why he is not to be seen."""
    lead = told.lead
    let_go = {one.id: _release(told.person, one) for one in told.leads}
    goes_on = next((one for one in told.leads if let_go[one.id].active), None)
    if goes_on is None:
        return WithdrawnRecord(id=lead.id, status="withdrawn", updated_at=lead.updated_at)
    if goes_on.id != lead.id:
        return MergedRecord(id=lead.id, status="merged", merged_into=goes_on.id, updated_at=lead.updated_at)
    return _active(told, let_go, journal)


def erased(lead: ErasedLead) -> ErasedRecord:
    return ErasedRecord(id=lead.id, status="erased", updated_at=lead.updated_at)


def _release(person: Person, lead: Lead) -> Release:
    return release.of(partial(person.standing, lead.fan_id), {line.channel for line in person.lines})


def _active(told: Told, let_go: Mapping[UUID, Release], journal: Mapping[int, Consent]) -> LeadRecord:
    lead, claim, leads, may = told.lead, told.claim, told.leads, let_go[told.lead.id]
    named = any(free.name for free in let_go.values())
    score = scoring.of(told.did.counts) if may.score else None

    def detail(name: str, may_go: bool) -> str | None:
        return told.did.details.get(name) or None if may_go else None

    return LeadRecord(
        id=lead.id,
        email=next((one.email for one in leads if one.email and let_go[one.id].email), None),
        phone=detail("phone", any(free.phone for free in let_go.values())),
        name=next((one.name for one in leads if one.name and let_go[one.id].name), None),
        first_name=detail("first_name", named),
        last_name=detail("last_name", named),
        birthday=detail("birthday", named),
        postcode=detail("postcode", named),
        language=lead.language,
        status="active",
        created_at=lead.created_at,
        updated_at=lead.updated_at,
        consent=tuple(summary(told.person, [one.fan_id for one in leads], journal)),
        source=_source(told),
        code=Code(code=claim.code, claimed_at=claim.claimed_at) if claim and claim.code else None,
        stage=stages.of(told.did.footing) if may.stage else None,
        score=score.points if score else None,
        score_parts=tuple(map(_part, score.parts)) if score else (),
    )


def _part(one: Points) -> ScorePart:
    return ScorePart(part=one.part.value, points=one.points, most=one.most, count=one.count)


def summary(person: Person, fan_ids: Sequence[UUID], journal: Mapping[int, Consent]) -> Iterable[ConsentSummary]:
    """What holds on each channel and for each purpose that he ever spoke of. Of his profiles' words a no is stronger:
    a link takes nobody's yes over, and what one profile allowed holds for its own addresses."""
    for channel, purpose in _spoken_of(person):
        words = [person.standing(fan_id, channel, purpose) for fan_id in fan_ids]
        said = [word for word in words if word.withdrawn] or [word for word in words if word.granted]
        if said:
            yield _line(journal[said[0].lines[0].id], channel, purpose, granted=said[0].granted)


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


def _source(told: Told) -> Source:
    lead, offer = told.lead, told.offer
    return Source(
        platform=lead.platform,
        account=lead.account,
        post=lead.post or None,
        offer=offer.slug if offer else None,
        offer_name=offer.name if offer else None,
        first_touch_at=lead.first_touch_at,
        first_touch=_touch(told.first),
        last_touch=_touch(told.last),
    )


def _touch(came: Came | None) -> Touch | None:
    if came is None:
        return None
    return Touch(
        at=came.at,
        platform=came.platform,
        account=came.account,
        post=came.post or None,
        offer=came.offer or None,
        by_friend=came.by_friend,
        utm_source=came.source or None,
        utm_medium=came.medium or None,
        utm_campaign=came.campaign or None,
    )
