"""What the panel's lists and pages are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from bot.changes import Change
from bot.outbox import Outgoing
from leads import ambassadors
from leads.pipeline import Lead
from leads.scoring import Score
from offers.arrivals import Came
from offers.catalog import Offer
from offers.claims import Claim
from optin.consents import Consent
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.links import Link
from optin.preferences import Preference
from optin.pressure import Caps, Used
from optin.standing import Standing
from webhooks.panel.value_reports import Brought

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """A piece of a long list. `next` is where the following piece begins; empty at the end."""

    rows: Sequence[Row]
    next: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a manager."""

    drafts: int
    troubles: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a fan did, in the words that he uses now: he may have changed or removed them."""

    kind: str  # "" where we began
    at: datetime | None
    text: str
    thread: str


@dataclass(frozen=True, slots=True)
class Told:
    """A message, whom it is for, what it answers, and the offer in it."""

    message: Outgoing
    profile: Profile
    asked: Asked
    offer: Offer | None


@dataclass(frozen=True, slots=True)
class Met:
    """A profile in the list of fans."""

    profile: Profile
    is_lead: bool
    stopped: bool
    wants_no_offers: bool


@dataclass(frozen=True, slots=True)
class Given:
    """A line of the consent journal, with the words that were shown; where a manager wrote it, who and why."""

    line: Consent
    words: str
    noted: "Changed | None"


@dataclass(frozen=True, slots=True)
class Held:
    """A fan's hold on an offer, and the offer's name."""

    claim: Claim
    offer: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """What holds now on one channel, for each purpose. No profile: an address that we could only write to."""

    channel: str
    profile: Profile | None
    words: Mapping[str, Standing]


@dataclass(frozen=True, slots=True)
class Wished:
    """One wish that holds, and the line of the journal that says so; where a manager wrote it, who and why."""

    what: str
    value: str
    line: Preference | None
    noted: "Changed | None"


@dataclass(frozen=True, slots=True)
class Joined:
    """A link with the names of both sides. `undone`: the line that takes it back."""

    link: Link
    one: Sequence[Profile]
    other: Sequence[Profile]
    by: str
    undone: Link | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far somebody has come, and what his deeds count for: no score where he does not want to have one."""

    stage: str
    score: Score | None
    lately: Score | None
    told: Mapping[str, str]  # of himself, beside his address


@dataclass(frozen=True, slots=True)
class Story:
    """All that we know of a fan. `offers` are those that could be brought to him."""

    fan: Fan
    profiles: Sequence[Profile]
    touchpoints: Sequence[Touchpoint]
    unsaid: Sequence[Outgoing]
    consents: Sequence[Given]
    holds: Sequence[Held]
    lead: Lead | None
    joined: Sequence[Joined]
    allowed: Sequence[Allowed]
    wishes: Sequence[Wished]
    used: Sequence[Used]
    offers: Sequence[Offer]
    brought: Brought
    progress: Progress
    came: Sequence[Came]
    ambassador: ambassadors.Score | None  # None: he objects to profiling
    helpful: set[tuple[UUID, str]]  # which of his words helped others


@dataclass(frozen=True, slots=True)
class Kept:
    """A lead, where it came from, what it allows now, and how far it has come."""

    lead: Lead
    offer: str
    allows: dict[str, str]
    consent: Consent
    progress: Progress


@dataclass(frozen=True, slots=True)
class Aside:
    """An interaction that broke the bot."""

    id: int
    platform: str
    account: str
    kind: str
    at: datetime
    reason: str
    text: str
    author_name: str
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Count:
    """How many, of what, and why."""

    what: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Taken:
    """How an offer does."""

    offer: Offer
    claims: int
    codes: int
    leads: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A change, who made it, and of which offer."""

    change: Change
    who: str
    offer: str = ""


@dataclass(frozen=True, slots=True)
class Ruled:
    """One version of the house rules, and who chose it."""

    version: int
    by: str
    at: datetime
    caps: Caps
