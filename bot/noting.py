"""Noting what a fan told a manager, by phone or across the counter, who turned out to be one person, and
whose words helped others.

A manager writes down a no, a pause and a link, each with a reason. A yes can only be the fan's own.
"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session

from bot import changes, endings, own_words
from bot.changes import Subject, What
from bot.managers import Manager
from leads import merits, pipeline
from optin import consents, links, people, preferences
from optin.history import Touchpoint
from optin.links import Link, Proof
from optin.preferences import About
from optin.standing import EVERYTHING, EVERYWHERE, Purpose

HOW = "manager"
LONGEST_REASON = 500
BROUGHT = (Purpose.OFFERS, Purpose.NEWSLETTER)  # what we bring of our own accord


class Said(StrEnum):
    """What a fan may have said, outside of all channels that we hear."""

    NO_OFFERS = "no_offers"  # we may still answer what he asks
    STOP = "stop"  # nothing at all any more
    PAUSE = "pause"
    NO_PAUSE = "no_pause"


def note(
    session: Session, fan_id: UUID, said: Said, until: datetime | None, reason: str, manager: Manager, now: datetime
) -> None:
    """Write it into his journals, for the whole person and on all channels. `until` is the end of a pause."""
    links.hold(session, [fan_id])
    fan_ids = people.one(session, fan_id).fan_ids
    told = {"said": said.value, "because": _short(reason)} | ({"until": until.isoformat()} if until else {})
    change = changes.record(session, manager, What.NOTED, Subject.FAN, fan_id, {}, told, now)
    proof = f"change:{change}"
    match said:
        case Said.NO_OFFERS:
            _withdraw(session, fan_id, fan_ids, BROUGHT, proof, now)
            endings.withdraw_solicitations(session, fan_ids, EVERYWHERE, BROUGHT, "fan_wants_no_offers")
        case Said.STOP:
            _withdraw(session, fan_id, fan_ids, (EVERYTHING,), proof, now)
            endings.withdraw(session, fan_ids, EVERYWHERE, "fan_said_stop")
        case Said.PAUSE | Said.NO_PAUSE:
            value = until.isoformat() if until else "none"
            line = preferences.said(fan_id, About.PAUSED_UNTIL, value, HOW, proof, now, now)
            preferences.record(session, [line])


def link(session: Session, fan_id: UUID, other_id: UUID, reason: str, manager: Manager, now: datetime) -> bool:
    """These two are one person, for a reason that the manager gives. False where they were already."""
    mine = own_words.signature(manager)
    if not links.link(session, fan_id, other_id, Proof.MANAGER, _short(reason), now, mine):
        return False
    told = {"other": str(other_id), "because": _short(reason)}
    changes.record(session, manager, What.LINKED, Subject.FAN, fan_id, {}, told, now)
    pipeline.touch_all(session, people.one(session, fan_id).fan_ids, now)
    return True


def unlink(session: Session, fan_id: UUID, link_id: int, reason: str, manager: Manager, now: datetime) -> bool:
    """This link proved wrong. False where it was undone already, or is none of this fan's."""
    fan_ids = people.one(session, fan_id).fan_ids
    wrong = session.get(Link, link_id)
    if wrong is None or wrong.fan_id not in fan_ids:
        return False
    if not links.unlink(session, link_id, _short(reason), now, own_words.signature(manager)):
        return False
    told = {"because": _short(reason)}
    changes.record(session, manager, What.UNLINKED, Subject.FAN, fan_id, {}, told, now)
    pipeline.touch_all(session, fan_ids, now)
    return True


def helped(session: Session, words: Touchpoint, manager: Manager, now: datetime) -> bool:
    """The manager saw that these words of a fan helped another. False where that counts for nothing: he objects."""
    if people.one(session, words.fan_id).objects_to_profiling:
        return False
    if (words.fan_id, words.subject) not in merits.helpful(session, [words.fan_id]):
        merits.mark(session, words)
        changes.record(session, manager, What.SAID_HELPFUL, Subject.FAN, words.fan_id, {}, {}, now)
    return True


def not_helped(session: Session, words: Touchpoint, manager: Manager, now: datetime) -> None:
    """Taken back, whoever said it."""
    merits.unmark(session, words)
    changes.record(session, manager, What.NOT_HELPFUL, Subject.FAN, words.fan_id, {}, {}, now)


def _withdraw(
    session: Session, fan_id: UUID, fan_ids: Collection[UUID], purposes: Collection[str], proof: str, now: datetime
) -> None:
    said = [consents.withdrawn(fan_id, EVERYWHERE, HOW, proof, now, now, purpose=purpose) for purpose in purposes]
    consents.journal(session, [line for one in said for line in consents.by_whole_person(one, fan_ids)])
    pipeline.touch_all(session, fan_ids, now)


def _short(reason: str) -> str:
    return reason.strip()[:LONGEST_REASON]
