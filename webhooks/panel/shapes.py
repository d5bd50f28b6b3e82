"""What the panel's lists and pages are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from bot.changes import Change
from bot.outbox import Outgoing
from leads.pipeline import Lead
from offers.catalog import Offer
from offers.claims import Claim
from optin.consents import Consent
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.links import Link
from optin.preferences import Preferences

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
    offer: str


@dataclass(frozen=True, slots=True)
class Met:
    """A profile in the list of fans."""

    profile: Profile
    is_lead: bool
    stopped: bool


@dataclass(frozen=True, slots=True)
class Given:
    """A line of the consent journal, with the words that were shown."""

    line: Consent
    words: str


@dataclass(frozen=True, slots=True)
class Held:
    """A fan's hold on an offer, and the offer's name."""

    claim: Claim
    offer: str


@dataclass(frozen=True, slots=True)
class Story:
    """All that we know of a fan."""

    fan: Fan
    profiles: Sequence[Profile]
    touchpoints: Sequence[Touchpoint]
    unsaid: Sequence[Outgoing]
    consents: Sequence[Given]
    holds: Sequence[Held]
    lead: Lead | None
    links: Sequence[Link]
    wishes: Preferences


@dataclass(frozen=True, slots=True)
class Kept:
    """A lead, where it came from, and what it allows now."""

    lead: Lead
    offer: str
    allows: dict[str, bool]
    consent: Consent


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
    """A change, and who made it."""

    change: Change
    who: str
