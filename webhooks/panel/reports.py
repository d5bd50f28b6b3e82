"""What the panel shows, read across the packages: the one home of such queries. It changes nothing."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, literal
from sqlmodel import Session, col, select

from bot import accounts, audiences, changes, inbox, managers
from bot.accounts import AccountState
from bot.changes import Subject, What
from bot.desk import BY_MANAGER
from bot.inbox import Inbox
from bot.outbox import Outgoing, State
from leads import hooks
from leads.hooks import Delivery
from leads.pipeline import Lead
from offers.catalog import Offer
from offers.claims import Claim
from optin.fans import Profile
from optin.history import Touchpoint
from webhooks.panel.shapes import Aside, Asked, Changed, Count, Row, Slice, Taken, Told, Waiting

PAGE = 30  # rows of a long list
OVERVIEW = timedelta(days=7)


def waiting(session: Session, reached: Collection[str], now: datetime) -> Waiting:
    """`reached` are the audiences whose settings are there."""
    drafts = _count(session, select(func.count()).select_from(Outgoing).where(Outgoing.state == State.DRAFT.value))
    unsure = _count(session, select(func.count()).select_from(Outgoing).where(Outgoing.state == State.UNCERTAIN.value))
    aside = _count(session, select(func.count()).select_from(Inbox).where(Inbox.state == inbox.Aside))
    silent = len(accounts.paused(session, now)) + len(hooks.troubled(session))
    silent += len(audiences.troubled(session, reached, now))
    return Waiting(drafts, unsure + aside + silent)


def drafts(session: Session, *, newest_first: bool, after: UUID | None) -> Slice[Told]:
    """The drafts that wait for a decision."""
    return _told(session, col(Outgoing.state) == State.DRAFT.value, newest_first=newest_first, after=after)


def uncertain(session: Session, after: UUID | None) -> Slice[Told]:
    """Messages of which nobody knows whether they arrived."""
    return _told(session, col(Outgoing.state) == State.UNCERTAIN.value, newest_first=False, after=after)


def put_off(session: Session, after: UUID | None) -> Slice[Told]:
    """What was put off and competes again on its day, the oldest first."""
    return _told(session, col(Outgoing.state) == State.DEFERRED.value, newest_first=False, after=after)


def refusals(session: Session, reason: str, after: UUID | None) -> Slice[Told]:
    """What was decided and not said, newest first."""
    unsaid = col(Outgoing.state).in_([State.REFUSED.value, State.LAPSED.value])
    chosen = and_(unsaid, col(Outgoing.reason) == reason) if reason else unsaid
    return _told(session, chosen, newest_first=True, after=after)


def refusal_counts(session: Session) -> list[Count]:
    unsaid = col(Outgoing.state).in_([State.REFUSED.value, State.LAPSED.value])
    grouped = select(Outgoing.reason, func.count()).where(unsaid).group_by(col(Outgoing.reason))
    return [Count("", reason, count) for reason, count in session.exec(grouped.order_by(func.count().desc()))]


def rejections(session: Session, refusals: Sequence[Told]) -> dict[UUID, Changed]:
    """Who said no, where it was a manager."""
    ids = [told.message.id for told in refusals if told.message.reason == BY_MANAGER]
    names = managers.names(session)
    made = changes.of(session, Subject.MESSAGE, ids)
    return {UUID(row.subject_id): Changed(row, names[row.manager_id]) for row in made if row.what == What.REJECTED}


def aside(session: Session, after: int | None) -> Slice[Aside]:
    """What broke the bot, oldest first."""
    found = select(Inbox).where(Inbox.state == inbox.Aside, col(Inbox.id) > (after or 0))
    rows = session.exec(found.order_by(col(Inbox.id)).limit(PAGE + 1)).all()
    return piece([_aside(row) for row in rows], [str(row.id) for row in rows])


def outcomes(session: Session, now: datetime) -> list[Count]:
    """What became of the last week's interactions, and why."""
    lately = select(Inbox.outcome, Inbox.reason, func.count()).where(col(Inbox.received_at) > now - OVERVIEW)
    grouped = lately.where(Inbox.state != inbox.Waiting).group_by(col(Inbox.outcome), col(Inbox.reason))
    rows = session.exec(grouped.order_by(col(Inbox.outcome), func.count().desc())).all()
    return [Count(outcome, reason, count) for outcome, reason, count in rows]


def paused(session: Session, now: datetime) -> list[AccountState]:
    rows = session.exec(
        select(AccountState).where(AccountState.reason != "").order_by(col(AccountState.platform))
    ).all()
    return [row for row in rows if row.paused_until is None or now < row.paused_until]


def deliveries(session: Session, endpoint_id: UUID, after: int | None) -> Slice[Delivery]:
    """What an endpoint was told, newest first."""
    found = select(Delivery).where(Delivery.endpoint_id == endpoint_id)
    if after is not None:
        found = found.where(col(Delivery.id) < after)
    rows = session.exec(found.order_by(col(Delivery.id).desc()).limit(PAGE + 1)).all()
    return piece(rows, [str(row.id) for row in rows])


def offers(session: Session) -> list[Taken]:
    """The catalogue, with what became of each offer."""
    claimed = select(Claim.offer_id, func.count(), func.count(col(Claim.code))).group_by(col(Claim.offer_id))
    claims = {offer_id: (held, codes) for offer_id, held, codes in session.exec(claimed)}
    led = dict(session.exec(select(Lead.offer_id, func.count()).group_by(col(Lead.offer_id))).all())
    rows = session.exec(select(Offer).order_by(col(Offer.priority).desc(), col(Offer.created_at).desc())).all()
    return [Taken(row, *claims.get(row.id, (0, 0)), led.get(row.id, 0)) for row in rows]


def _told(session: Session, which: Any, *, newest_first: bool, after: UUID | None) -> Slice[Told]:
    key = col(Outgoing.id)
    his = and_(
        col(Touchpoint.fan_id) == col(Outgoing.fan_id),
        col(Touchpoint.inbox_id) == col(Outgoing.inbox_id),
        col(Touchpoint.said_by) == literal("fan"),
    )
    columns = (Outgoing, Profile, Inbox.kind, Inbox.at, Touchpoint.text, Touchpoint.thread, Offer)
    found = (
        select(*columns)  # type: ignore[call-overload]
        .join(Profile, col(Outgoing.profile_id) == col(Profile.id))
        .outerjoin(Inbox, col(Outgoing.inbox_id) == col(Inbox.id))
        .outerjoin(Touchpoint, his)
        .outerjoin(Offer, col(Outgoing.offer_id) == col(Offer.id))
        .where(which)
    )
    if after is not None:
        found = found.where(key < after if newest_first else key > after)
    rows = session.execute(found.order_by(key.desc() if newest_first else key).limit(PAGE + 1)).all()
    told = [Told(row[0], row[1], Asked(row[2] or "", row[3], row[4] or "", row[5] or ""), row[6]) for row in rows]
    return piece(told, [str(row[0].id) for row in rows])


def piece(rows: Sequence[Row], keys: Sequence[str]) -> Slice[Row]:
    """One row more than a page was read: it only tells that there is a next page."""
    return Slice(rows[:PAGE], keys[PAGE - 1] if len(rows) > PAGE else "")


def _count(session: Session, counted: Any) -> int:
    return int(session.exec(counted).one())


def _aside(row: Inbox) -> Aside:
    words = row.interaction
    return Aside(
        id=row.id,
        platform=row.platform,
        account=row.account,
        kind=row.kind,
        at=row.at,
        reason=row.reason,
        text=words.get("text", ""),
        author_name=words.get("author_name", ""),
        raw=row.raw,
    )
