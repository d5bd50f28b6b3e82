"""All that must be known to hear a batch, read in a handful of queries; and all that was heard, written in as few."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlmodel import Session

from bot import accounts, comebacks, endings, inbox, outbox, refs, showcase
from bot.inbox import Entry
from bot.refs import Ref
from bot.showcase import Showcase
from bot.stakes import Stakes
from leads import fan_facts, merits, pipeline
from leads.merits import Thanks
from offers import arrivals, claims
from offers.claims import Hold
from offers.conditions import FanFacts
from optin import consents, erasures, fans, history, house_rules, people, receipts
from optin.fans import Handle, Profile
from optin.people import Person
from optin.pressure import Caps
from optin.standing import Purpose

Verdict = tuple[inbox.Outcome, str]  # what became of it, and why


@dataclass(slots=True)
class Known:
    """One fan as one platform shows him, kept true while his words are heard."""

    fan_id: UUID
    profile_id: UUID
    platform: str
    handle: str
    name: str
    person: Person  # he, and whoever is one with him
    window_opened_at: datetime | None = None
    window_opened_by: str = ""
    last_heard_at: datetime | None = None
    blocked: bool = False
    holds: list[Hold] = field(default_factory=list)
    is_new: bool = False

    @property
    def language(self) -> str:
        return self.person.languages[self.fan_id]

    @property
    def stopped(self) -> bool:
        """Whether his last word here was that nothing more should come."""
        return self.person.standing(self.fan_id, self.platform, Purpose.SERVICE).withdrawn


@dataclass(slots=True)
class Facts:
    """What we know before hearing a batch."""

    people: dict[Handle, Known]
    showcase: Showcase
    refs: dict[str, Ref]  # what the links say by which they came, by payload
    about: dict[UUID, FanFacts]  # by person: what conditions ask, where an offer has any
    campaigns: dict[UUID, str]  # by person: by which he came last, where an offer asks for one
    paused: dict[tuple[str, str], str]
    said: set[str]  # the `once` of messages that exist
    rules_version: int
    caps: Caps
    left_alone: dict[Handle, datetime]  # whom we don't know any more, and who wanted nothing: since when
    let_go: set[int]  # entries of somebody who is forgotten
    stakes: Stakes | None = None  # read when two offers first compete for a wish


@dataclass(slots=True)
class Notes:
    """What hearing a batch changes."""

    new: list[Known] = field(default_factory=list)
    met: dict[UUID, Known] = field(default_factory=dict)
    touchpoints: list[dict[str, Any]] = field(default_factory=list)
    arrivals: dict[int, dict[str, Any]] = field(default_factory=dict)  # by entry
    merits: list[dict[str, Any]] = field(default_factory=list)
    thanks: list[Thanks] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    echoes: dict[UUID, str] = field(default_factory=dict)  # of our messages, with the platform's ids
    receipts: list[dict[str, Any]] = field(default_factory=list)
    withdrawn: set[tuple[UUID, str]] = field(default_factory=set)  # of this fan, on this channel
    removed: set[tuple[UUID, str]] = field(default_factory=set)  # what this fan took back, by the platform's id
    reworded: set[tuple[UUID, str]] = field(default_factory=set)
    emptied: list[int] = field(default_factory=list)  # entries whose words nobody needs any more
    changed_leads: set[UUID] = field(default_factory=set)
    heard: list[tuple[int, str, str]] = field(default_factory=list)


def handle_of(entry: Entry) -> Handle:
    """Who did it. Where the platform doesn't say, each thing done has a fan of its own."""
    one = entry.interaction
    return Handle(one.platform, one.account, one.author or f"?{one.subject or one.id}"[:200])


def load(
    session: Session, entries: Sequence[Entry], once_of: Callable[[Entry], str], secret: str, now: datetime
) -> Facts:
    """Read what the batch needs: the same few queries for one entry as for two hundred."""
    handles = {handle_of(entry) for entry in entries}
    people = _people(session, fans.met(session, handles))
    left_alone = erasures.suppressed(session, secret, handles - people.keys())
    let_go = comebacks.let_go(session, secret, [(entry, handle_of(entry) in left_alone) for entry in entries], now)
    once = {once_of(entry) for entry in entries}
    said = outbox.said(session, once)
    version, caps = house_rules.current(session)
    paused = accounts.paused(session, now)
    links = refs.read(session, secret, entries)
    shown = showcase.stocked(session, {payload: ref.offer_id for payload, ref in links.items()})
    about = _about(session, people.values(), now) if shown.for_some else {}
    came_by = _campaigns(session, people.values(), shown)
    return Facts(people, shown, links, about, came_by, paused, said, version, caps, left_alone, let_go)


def _about(session: Session, people: Iterable[Known], now: datetime) -> dict[UUID, FanFacts]:
    everybody = {fan_id: known.person for known in people for fan_id in known.person.fan_ids}
    return fan_facts.of(session, everybody, now)


def _campaigns(session: Session, people: Iterable[Known], shown: Showcase) -> dict[UUID, str]:
    whose = {fan_id: known.person.id for known in people for fan_id in known.person.fan_ids}
    return arrivals.campaigns(session, whose) if whose and shown.asks_for_campaigns else {}


def learn_campaigns(session: Session, facts: Facts, people: Iterable[Known]) -> None:
    """Whoever was not in the batch, or has become another person since."""
    facts.campaigns.update(_campaigns(session, people, facts.showcase))


def known(session: Session, facts: Facts, profile: Profile) -> Known:
    """Whoever is meant otherwise than by his own handle."""
    who = Handle(profile.platform, profile.account, profile.handle)
    if who not in facts.people:
        facts.people.update(_people(session, [profile]))
        learn_campaigns(session, facts, [facts.people[who]])
    return facts.people[who]


def _people(session: Session, profiles: Sequence[Profile]) -> dict[Handle, Known]:
    everybody = people.load(session, {profile.fan_id for profile in profiles})
    held: dict[UUID, list[Hold]] = {person.id: [] for person in everybody.values()}
    for hold in claims.held(session, everybody) if everybody else ():
        held[everybody[hold.fan_id].id].append(hold)
    known = {}
    for profile in profiles:
        person = everybody[profile.fan_id]
        known[Handle(profile.platform, profile.account, profile.handle)] = Known(
            fan_id=profile.fan_id,
            profile_id=profile.id,
            platform=profile.platform,
            handle=profile.handle,
            name=profile.name,
            person=person,
            window_opened_at=profile.window_opened_at,
            window_opened_by=profile.window_opened_by,
            last_heard_at=profile.last_heard_at,
            blocked=profile.blocked_at is not None,
            holds=held[person.id],
        )
    return known


def write(session: Session, notes: Notes, facts: Facts, now: datetime) -> None:
    """Write what was noted in a few statements, each table after those that it refers to. Then forget it."""
    proven = endings.confirm(session, notes.echoes, now)
    _write_people(session, notes, facts, now)
    ours = [endings.touchpoint(message, message.external_id, now) for message in proven]
    history.remember(session, notes.touchpoints + ours)
    arrivals.write(session, list(notes.arrivals.values()))
    merits.write(session, notes.merits)
    merits.thanked(session, notes.thanks)
    consents.journal(session, notes.consents)
    claims.opened(session, notes.claims)
    for channel in {channel for _, channel in notes.withdrawn}:
        theirs = {fan_id for fan_id, where in notes.withdrawn if where == channel}
        endings.withdraw(session, theirs, channel, "fan_said_stop")
    outbox.put(session, notes.messages)
    receipts.keep(session, notes.receipts)
    pipeline.touch_all(session, notes.changed_leads, now)
    inbox.mark_heard(session, notes.heard, now)
    _take_back(session, notes, facts, now)
    for kept in (
        notes.new, notes.touchpoints, notes.consents, notes.claims, notes.messages, notes.receipts, notes.heard,
        notes.emptied, notes.arrivals, notes.merits, notes.thanks,
    ):  # fmt: skip
        kept.clear()
    notes.met, notes.echoes, notes.withdrawn, notes.changed_leads, notes.removed = {}, {}, set(), set(), set()
    notes.reworded = set()


def _take_back(session: Session, notes: Notes, facts: Facts, now: datetime) -> None:
    """What a fan took back is kept nowhere: neither as he wrote it nor as the platform told it."""
    merits.take_back(session, notes.removed | notes.reworded)
    rows = history.heard_as(session, notes.removed)
    whose = {fan_id for fan_id, _ in notes.removed}
    handles = [handle.handle for handle, known in facts.people.items() if known.fan_id in whose]
    rows |= inbox.aside_about(session, handles, {subject for _, subject in notes.removed})
    inbox.empty(session, [*rows, *notes.emptied], now)


def _write_people(session: Session, notes: Notes, facts: Facts, now: datetime) -> None:
    where = {known.profile_id: handle for handle, known in facts.people.items()} if notes.new else {}
    born = [
        {"id": known.fan_id, "person_id": known.fan_id, "language": known.language, "created_at": now}
        for known in notes.new
    ]
    profiles = [_profile(known, where[known.profile_id], now) for known in notes.new]
    fans.add(session, born, profiles)
    for known in notes.new:
        known.is_new = False
        notes.met.pop(known.profile_id, None)
    _write_meetings(session, list(notes.met.values()), now)


def _profile(known: Known, handle: Handle, now: datetime) -> dict[str, Any]:
    return {
        "id": known.profile_id,
        "fan_id": known.fan_id,
        "platform": handle.platform,
        "account": handle.account,
        "handle": handle.handle,
        "name": known.name,
        "first_heard_at": known.last_heard_at or now,
        "last_heard_at": known.last_heard_at or now,
        "window_opened_at": known.window_opened_at,
        "window_opened_by": known.window_opened_by,
        "blocked_at": now if known.blocked else None,
    }


def _write_meetings(session: Session, met: Sequence[Known], now: datetime) -> None:
    table = Profile.__table__  # type: ignore[attr-defined]
    rows = [_seen(known, now) for known in met]
    if rows:
        theirs = update(table).where(table.c.id == bindparam("row"))
        session.connection().execute(theirs.values({name: bindparam(f"new_{name}") for name in SEEN}), rows)


SEEN = ("name", "last_heard_at", "window_opened_at", "window_opened_by", "blocked_at")


def _seen(known: Known, now: datetime) -> dict[str, Any]:
    return {
        "row": known.profile_id,
        "new_name": known.name,
        "new_last_heard_at": known.last_heard_at,
        "new_window_opened_at": known.window_opened_at,
        "new_window_opened_by": known.window_opened_by,
        "new_blocked_at": now if known.blocked else None,
    }
