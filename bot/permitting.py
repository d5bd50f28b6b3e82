"""Permitting: the permit of each message is asked again when it is due, with what is known then, and a receipt is kept.

A solicitation is decided with its person locked, so that two workers take turns at his budget: a place is reserved
while a message waits, used up when it is sent, and free again when it ends otherwise. The message is all that counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from bot import accounts, inbox, places
from bot.assembly import Bot
from bot.outbox import Outgoing, State
from connectors import Kind, Rules, Way
from offers import catalog
from optin import fans, house_rules, links, people, permits, pressure, receipts
from optin.fans import Profile
from optin.people import Person
from optin.permits import Answer, Facts, Solicitation
from optin.pressure import Caps, Counted
from optin.receipts import Stage
from optin.standing import SILENCE, Purpose

FREE = (State.SENDING.value, State.SENT.value, State.UNCERTAIN.value)  # what counts for whose own place is reserved


@dataclass(slots=True)
class Desk:
    """What is known about the messages of a batch, and the receipts of what was decided about them."""

    bot: Bot
    profiles: dict[UUID, Profile]
    everybody: dict[UUID, Person]
    asked: dict[int, tuple[Kind, datetime]]
    paused: dict[tuple[str, str], str]
    counted: dict[UUID, list[tuple[UUID, str, Counted]]]
    rules_version: int
    caps: Caps
    unheard: set[UUID]  # fans who said something that we have not heard yet
    broken: set[UUID]  # of those who are solicited: fans whose words broke us, and may have been a no
    undecided: set[UUID]  # messages of this batch
    out_of_reach: set[UUID]  # offers that we were to bring, and that nobody can have any more
    now: datetime
    receipts: list[dict[str, Any]] = field(default_factory=list)

    def person(self, one: Outgoing) -> Person:
        return self.everybody[self.profiles[one.profile_id].fan_id]

    def is_over(self, one: Outgoing) -> bool:
        """Whether we bring what nobody can have any more. Who asked, and has his code, is told it all the same."""
        return bool(one.solicits) and one.offer_id in self.out_of_reach

    def must_hear_first(self, one: Outgoing) -> bool:
        """Whether he said something, on any of his profiles, that may be a no to this."""
        may_say_no = self.unheard | self.broken if one.solicits else self.unheard
        return one.purpose != "stop" and not may_say_no.isdisjoint(self.person(one).fan_ids)

    def facts(self, one: Outgoing, rules: Rules) -> Facts:
        """All that speaks for and against this message now. That its account is paused only holds it."""
        profile = self.profiles[one.profile_id]
        person = self.everybody[profile.fan_id]
        kind, asked_at = self.asked[one.inbox_id] if one.inbox_id is not None else (None, None)
        gives_an_offer = one.purpose == "offer" and not one.solicits
        return Facts(
            channel=one.platform,
            way=Way(one.way),
            allowed=permits.allowed(rules, kind, Way(one.way)),
            kind=kind,
            asked_at=asked_at,
            window_opened_at=profile.window_opened_at,
            window_opened_by=profile.window_opened_by,
            blocked=profile.blocked_at is not None,
            by_human=one.said_by != "bot",
            decided_at=one.created_at if one.said_by != "bot" else None,
            confirms_stop=one.purpose == "stop",
            service=person.standing(profile.fan_id, one.platform, Purpose.SERVICE),
            offers=person.standing(profile.fan_id, one.platform, Purpose.OFFERS) if gives_an_offer else SILENCE,
            solicits=self._solicitation(one, profile, person) if one.solicits else None,
        )

    def keep(self, one: Outgoing, facts: Facts, answer: Answer, stage: Stage, held: str = "", said: str = "") -> None:
        """A receipt of what was decided. `said` names what it says, where that is more than its purpose."""
        chosen = {"said": said or one.purpose} | ({"offer": str(one.offer_id)} if one.offer_id else {})
        kept = receipts.receipt(
            self.bot.new_id(), one.fan_id, one.id, one.inbox_id, stage, facts, answer, self.now,
            house_rules=self.rules_version, chosen=chosen, held=held,
        )  # fmt: skip
        self.receipts.append(kept)

    def _solicitation(self, one: Outgoing, profile: Profile, person: Person) -> Solicitation:
        # Who has a place already found room beside all others that wait: only what is gone can stand in its way.
        counts = FREE if one.state == State.SENDING.value else places.COUNTED
        had = [row for fan_id in person.fan_ids for row in self.counted.get(fan_id, ())]
        return Solicitation(
            purpose=one.solicits,
            consent=person.standing(profile.fan_id, one.platform, one.solicits),
            preferences=person.preferences,
            voices=person.voices,
            caps=self.caps,
            weight=one.weight,
            counted=tuple(
                count for message_id, state, count in had if state in counts and message_id not in self.undecided
            ),
        )

    def take_place(self, one: Outgoing) -> None:
        """This one goes, or will: whatever is decided after it counts it."""
        self.undecided.discard(one.id)
        had = self.counted.setdefault(one.fan_id, [])
        if one.solicits and not any(message_id == one.id for message_id, _, _ in had):
            had.append((one.id, one.state, Counted(self.now, one.solicits, one.weight)))


def open_desk(session: Session, bot: Bot, messages: Sequence[Outgoing], now: datetime) -> Desk:
    """Read what deciding about these messages needs, with the people locked whom some of them solicit."""
    profiles = {row.id: row for row in fans.by_ids(session, {one.profile_id for one in messages})}
    solicited = {profiles[one.profile_id].fan_id for one in messages if one.solicits}
    links.hold(session, solicited)
    everybody = people.load(session, {profile.fan_id for profile in profiles.values()})
    version, caps = house_rules.current(session)
    brought = {one.offer_id for one in messages if one.solicits and one.offer_id}
    return Desk(
        bot=bot,
        profiles=profiles,
        everybody=everybody,
        asked=inbox.asked(session, {one.inbox_id for one in messages if one.inbox_id is not None}),
        paused=accounts.paused(session, now),
        counted=counted(session, [everybody[fan_id] for fan_id in solicited], caps, now),
        rules_version=version,
        caps=caps,
        unheard=inbox.unheard(session, everybody),
        broken=inbox.broken(session, {one for fan_id in solicited for one in everybody[fan_id].fan_ids}),
        undecided={one.id for one in messages},
        out_of_reach=catalog.out_of_reach(session, brought, now),
        now=now,
    )


def counted(
    session: Session, solicited: Sequence[Person], caps: Caps, now: datetime
) -> dict[UUID, list[tuple[UUID, str, Counted]]]:
    """As far back as any cap or any wish for fewer looks: who wants one a year is not forgotten after a month."""
    if not solicited:
        return {}
    wishes = [wished for person in solicited for wished in (person.preferences, *person.voices)]
    since = now - max(pressure.LONGEST, caps.gap, *(one.every for one in wishes if one.every))
    return places.counted(session, {one for person in solicited for one in person.fan_ids}, since, now)
