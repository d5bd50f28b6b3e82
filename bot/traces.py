"""Traces: where a fan leaves something, table by table. Erasing, showing and counting share this one list, so that
whatever can be found of him is shown to him, and goes when he goes.

A table that is named in none of the three lists below fails a test.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, SQLModel, col, select

from bot import pace
from bot.accounts import AccountState, Position
from bot.assembly import Bot
from bot.audiences import AudienceList, Member
from bot.beats import Beat
from bot.changes import Change
from bot.inbox import Inbox
from bot.lanes import Lane
from bot.managers import Manager, SignInTry
from bot.outbox import Outgoing
from bot.pace import Pace
from bot.spending import Spending
from leads.details import Detail
from leads.hooks import Delivery, Endpoint
from leads.keys import ApiKey
from leads.merits import Merit
from leads.pipeline import ErasedLead, Lead, Revision
from leads.purchases import Purchase
from leads.ranking import Rank
from leads.redemptions import Redemption
from offers.arms import Arm
from offers.arrivals import Arrival
from offers.catalog import Offer
from offers.claims import Claim
from offers.exposures import Exposure
from offers.listed import OfferCode
from offers.stock import Lot
from offers.ways_in import WayIn
from optin import addresses, links
from optin.confirmations import Confirmation
from optin.consents import Consent
from optin.erasures import EMAIL, Erasure, Forgotten, Suppression
from optin.fans import Fan, Handle, Profile
from optin.history import Touchpoint
from optin.house_rules import HouseRules
from optin.links import Link
from optin.preferences import Preference
from optin.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Traces:
    """Some fans, and by what else than their own ids they are found."""

    fan_ids: frozenset[UUID]
    profiles: tuple[Profile, ...]
    claims: tuple[Claim, ...]
    inbox_ids: frozenset[int]
    message_ids: frozenset[UUID]
    redemption_ids: frozenset[UUID]
    limits: frozenset[str]  # keys of what is counted for them as recipients
    said: frozenset[tuple[str, str, str]]  # platform, account and the platform's id of what they or we said

    @property
    def profile_ids(self) -> list[UUID]:
        return [profile.id for profile in self.profiles]

    @property
    def claim_ids(self) -> list[UUID]:
        return [claim.id for claim in self.claims]

    @property
    def handles(self) -> set[Handle]:
        known = {Handle(one.platform, one.account, one.handle) for one in self.profiles}
        return known | {Handle(EMAIL, "", claim.email) for claim in self.claims if claim.email}


Where = Callable[[Traces], ColumnElement[bool]]


def _of_fan(table: Any) -> Where:
    return lambda them: col(table.fan_id).in_(them.fan_ids)


def _bought_by_address(them: Traces) -> ColumnElement[bool]:
    """What a shop told by an address of theirs, before anybody knew whose it is."""
    hashes = [addresses.hash_of(one.handle) for one in them.handles if one.platform == EMAIL]
    return and_(col(Purchase.fan_id).is_(None), col(Purchase.email_hash).in_(hashes))


# What is a fan's own, in an order in which no row goes before one that refers to it.
HIS: Mapping[type[SQLModel], Where] = {
    Delivery: _of_fan(Delivery),
    Purchase: lambda them: or_(col(Purchase.fan_id).in_(them.fan_ids), _bought_by_address(them)),
    Merit: _of_fan(Merit),
    Rank: _of_fan(Rank),
    Lead: _of_fan(Lead),
    Receipt: _of_fan(Receipt),
    Exposure: _of_fan(Exposure),
    Confirmation: lambda them: or_(
        col(Confirmation.fan_id).in_(them.fan_ids), col(Confirmation.profile_id).in_(them.profile_ids)
    ),
    Outgoing: _of_fan(Outgoing),
    Redemption: lambda them: col(Redemption.claim_id).in_(them.claim_ids),
    OfferCode: lambda them: col(OfferCode.taken_by).in_(them.claim_ids),  # it goes, lest somebody else get it
    Detail: _of_fan(Detail),
    Claim: _of_fan(Claim),
    Arrival: _of_fan(Arrival),
    Preference: _of_fan(Preference),
    Member: _of_fan(Member),  # what a platform may have of him stays without his name until it is out there
    Link: lambda them: links.naming(them.fan_ids),
    Consent: _of_fan(Consent),
    Touchpoint: _of_fan(Touchpoint),
    Inbox: lambda them: col(Inbox.id).in_(them.inbox_ids),
    Pace: lambda them: col(Pace.key).in_(them.limits),
    Profile: _of_fan(Profile),
    Fan: lambda them: col(Fan.id).in_(them.fan_ids),
}

# What is a manager's, and may quote him: the line stays, his words go.
QUOTES: Mapping[type[SQLModel], Where] = {
    Change: lambda them: col(Change.subject_id).in_(
        [str(one) for one in (*them.message_ids, *them.redemption_ids, *them.fan_ids)]
    ),
}

# What is nobody's.
NOBODYS: Mapping[type[SQLModel], str] = {
    AccountState: "the brand's own accounts",
    ApiKey: "the CRM's keys",
    AudienceList: "which custom audiences are filled, and how that goes",
    Arm: "how often an offer was taken, by channel and stage",
    Beat: "our own processes",
    Endpoint: "which of the brand's own systems we tell at once",
    ErasedLead: "the number of a lead who is gone",
    Erasure: "that somebody was erased, and when",
    Forgotten: "keyed hashes of what must not be heard again",
    HouseRules: "what managers chose for everybody",
    Lane: "which worker hears what",
    Lot: "how many of an offer are taken",
    Manager: "who works for the brand",
    Offer: "what the brand gives to everybody",
    Position: "how far our polls have read",
    Revision: "the last number of a lead's change",
    SignInTry: "hashes of who tried to sign in to the panel, for a day",
    Spending: "what the platforms charge the brand",
    Suppression: "keyed hashes of whom to leave alone",
    WayIn: "where the brand put its links",
}


def of(session: Session, bot: Bot, fan_ids: Collection[UUID]) -> Traces:
    """All by which these fans are found."""
    theirs = frozenset(fan_ids)
    profiles = tuple(session.exec(select(Profile).where(col(Profile.fan_id).in_(theirs))).all())
    claims = tuple(session.exec(select(Claim).where(col(Claim.fan_id).in_(theirs))).all())
    at = {one.id: (one.platform, one.account) for one in profiles}
    touched = _columns(session, theirs, Touchpoint.profile_id, Touchpoint.inbox_id, Touchpoint.subject)
    messages = _columns(session, theirs, Outgoing.profile_id, Outgoing.inbox_id, Outgoing.id)
    used = select(Redemption.id).where(col(Redemption.claim_id).in_([claim.id for claim in claims]))
    inbox_ids = {row for _, row, _ in (*touched, *messages) if row is not None} | _heard_from(session, profiles)
    return Traces(
        fan_ids=theirs,
        profiles=profiles,
        claims=claims,
        inbox_ids=frozenset(inbox_ids),
        message_ids=frozenset(message_id for _, _, message_id in messages),
        redemption_ids=frozenset(session.exec(used)),
        limits=frozenset(_limits(bot, profiles)),
        said=frozenset((*at[profile], str(word)) for profile, _, word in (*touched, *messages) if word)
        | _keys(session, inbox_ids),
    )


def _columns(session: Session, fan_ids: Collection[UUID], *columns: Any) -> Sequence[Any]:
    table = columns[0].class_
    return session.execute(sa.select(*columns).where(col(table.fan_id).in_(fan_ids))).all()


def _keys(session: Session, inbox_ids: Collection[int]) -> set[tuple[str, str, str]]:
    keys = sa.select(col(Inbox.platform), col(Inbox.account), col(Inbox.key)).where(col(Inbox.id).in_(inbox_ids))
    return {(platform, account, key) for platform, account, key in session.execute(keys)}


def counted(session: Session, them: Traces) -> dict[str, int]:
    """How many rows of each table are theirs."""
    counts = {
        table: session.exec(select(sa.func.count()).select_from(table).where(where(them))).one()
        for table, where in HIS.items()
    }
    return {str(table.__tablename__): count for table, count in counts.items() if count}


def _heard_from(session: Session, profiles: Collection[Profile]) -> set[int]:
    """What the platforms told of them, heard or not."""
    by_account: dict[tuple[str, str], list[str]] = {}
    for one in profiles:
        by_account.setdefault((one.platform, one.account), []).append(one.handle)
    found: set[int] = set()
    for (platform, account), handles in by_account.items():
        here = (Inbox.platform == platform, Inbox.account == account, col(Inbox.author).in_(handles))
        found.update(session.exec(select(Inbox.id).where(*here)))
    return found


def _limits(bot: Bot, profiles: Collection[Profile]) -> set[str]:
    found: set[str] = set()
    for one in profiles:
        connector = bot.connectors.get(one.platform)
        limits = connector.rules.limits if connector else ()
        found.update(pace.keys_of(one.platform, one.account, one.handle, limits))
    return found
