"""The managers' shelf: offers are made, changed, opened and paused, and each change says who did it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from bot import changes, preview
from bot.assembly import Bot
from bot.changes import Subject, What
from bot.managers import Manager
from offers import editing, ways_in
from offers.catalog import Offer, State
from offers.editing import Amiss, Faults, Sheet
from offers.texts import Fault
from offers.ways_in import Name, WayIn


def make(session: Session, bot: Bot, sheet: Sheet, slug: str, manager: Manager, now: datetime) -> Offer:
    offer = editing.add(session, bot.new_id(), sheet, slug, now)
    changes.record(session, manager, What.MADE, Subject.OFFER, offer.id, {}, _told(sheet), now)
    return offer


def edit(session: Session, offer_id: UUID, seen: datetime, sheet: Sheet, manager: Manager, now: datetime) -> bool:
    """Write the new sheet down. False where somebody was faster."""
    offer = session.get(Offer, offer_id)
    if offer is None:
        return False
    before, after = _told(editing.sheet_of(offer)), _told(sheet)
    if not editing.change(session, offer_id, seen, sheet, now):
        return False
    changed = [name for name in after if before[name] != after[name]]
    old, new = ({name: told[name] for name in changed} for told in (before, after))
    changes.record(session, manager, What.EDITED, Subject.OFFER, offer_id, old, new, now)
    return True


def open_(session: Session, bot: Bot, offer: Offer, manager: Manager, now: datetime) -> Faults:
    """Show it to fans, or say what keeps it from being shown."""
    was, against = offer.state, faults_to_open(bot, editing.sheet_of(offer))
    if against or was == State.OPEN.value:
        return against
    if not editing.set_state(session, offer.id, State.OPEN, now, seen=offer.updated_at):
        return {"name": [Fault(Amiss.CHANGED)]}
    _record_state(session, offer.id, was, State.OPEN, What.OPENED, manager, now)
    return {}


def name_way(session: Session, bot: Bot, offer: Offer, name: Name, manager: Manager, now: datetime) -> WayIn | None:
    """A link to this offer under a name of its own. None where it has one of this name."""
    way = ways_in.add(session, bot.new_id(), f"{bot.draw():016x}"[:12], offer.id, name, now)
    if way is not None:
        changes.record(session, manager, What.WAY_NAMED, Subject.OFFER, offer.id, {}, asdict(name), now)
    return way


def pause(session: Session, offer: Offer, manager: Manager, now: datetime) -> None:
    """Show it to nobody for the time being. Who has his code keeps it."""
    was = offer.state
    if editing.set_state(session, offer.id, State.PAUSED, now):
        _record_state(session, offer.id, was, State.PAUSED, What.PAUSED, manager, now)


def faults(bot: Bot, sheet: Sheet, offer: Offer | None) -> Faults:
    """What keeps this sheet from being written down: for an offer that fans see already, more than for a draft."""
    found = editing.faults(sheet, offer.taken if offer else 0)
    is_seen = offer is not None and offer.state == State.OPEN.value
    return faults_to_open(bot, sheet) | found if is_seen else found


def faults_to_open(bot: Bot, sheet: Sheet) -> Faults:
    found = editing.faults_to_open(sheet) | editing.faults(sheet)
    return found or _cut(bot, sheet)


def _cut(bot: Bot, sheet: Sheet) -> Faults:
    """A private message that a platform would cut loses its link."""
    found: Faults = {}
    for language in editing.LANGUAGES:
        for cut in preview.too_long(bot, sheet, language):
            found.setdefault(f"{language}.pitch", []).append(Fault(Amiss.CUT, f"{cut.platform.title()}: {cut.over}"))
    return found


def _record_state(
    session: Session, offer_id: UUID, was: str, state: State, what: What, manager: Manager, now: datetime
) -> None:
    after = {"state": state.value}
    changes.record(session, manager, what, Subject.OFFER, offer_id, {"state": was}, after, now)


def _told(sheet: Sheet) -> dict[str, Any]:
    """A sheet as JSON."""
    columns = sheet.columns()
    return {name: _plain(value) for name, value in columns.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
