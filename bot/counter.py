"""The counter: a manager takes the code that somebody shows him, and may take that back for a moment."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from bot import changes
from bot.assembly import Bot
from bot.changes import Subject, What
from bot.desk import TIME_TO_UNDO
from bot.managers import Manager
from leads import redemptions
from leads.redemptions import NotRedeemed, Redeemed, Redemption, Why


def redeem(session: Session, bot: Bot, code: str, manager: Manager, now: datetime) -> Redeemed | NotRedeemed:
    """Take it. A second click finds it done; later, the code is used, whoever used it."""
    told = redemptions.redeem(session, bot.new_id(), code, signature(manager), now)
    if isinstance(told, NotRedeemed):
        return told
    if not told.again:
        after = {"code": told.found.claim.code, "offer": told.found.offer.slug}
        changes.record(session, manager, What.REDEEMED, Subject.REDEMPTION, told.redemption.id, {}, after, now)
    return told if may_undo(told.redemption, manager, now) else NotRedeemed(Why.USED, told.found)


def undo(session: Session, redemption_id: UUID, manager: Manager, now: datetime) -> bool:
    """It was a slip. False where it is too late, or was somebody else's."""
    redemption = session.get(Redemption, redemption_id)
    if redemption is None or not may_undo(redemption, manager, now) or not redemptions.undo(session, redemption, now):
        return False
    changes.record(session, manager, What.UNREDEEMED, Subject.REDEMPTION, redemption_id, {}, {}, now)
    return True


def may_undo(redemption: Redemption, manager: Manager, now: datetime) -> bool:
    mine = redemption.undone_at is None and redemption.by == signature(manager)
    return mine and now < redemption.at + TIME_TO_UNDO


def signature(manager: Manager) -> str:
    return f"manager:{manager.id}"
