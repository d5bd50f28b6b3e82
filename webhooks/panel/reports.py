"""What the panel shows, read across the packages: the one home of such queries. It changes nothing."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, literal, or_
from sqlmodel import Session, col, select

from bot import accounts, changes, inbox, managers
from bot.accounts import AccountState
from bot.changes import Change, Subject, What
from bot.desk import BY_MANAGER
from bot.inbox import Inbox
from bot.outbox import Outgoing, State
from leads.pipeline import Lead
from offers.catalog import Offer
from offers.claims import Claim
from optin import consents, history, links, people, wordings
from optin.consents import Consent
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.people import Person
from optin.standing import Purpose
from webhooks.panel.shapes import (
    Aside,
    Asked,
    Changed,
    Count,
    Given,
    Held,
    Kept,
    Met,
    Row,
    Slice,
    Story,
    Taken,
    Told,
    Waiting,
)

PAGE = 30  # rows of a long list
OVERVIEW = timedelta(days=7)


def waiting(session: Session, now: datetime) -> Waiting:
    drafts = _count(session, select(func.count()).select_from(Outgoing).where(Outgoing.state == State.DRAFT.value))
    unsure = _count(session, select(func.count()).select_from(Outgoing).where(Outgoing.state == State.UNCERTAIN.value))
    aside = _count(session, select(func.count()).select_from(Inbox).where(Inbox.state == inbox.Aside))
    return Waiting(drafts, unsure + aside + len(accounts.paused(session, now)))


def drafts(session: Session, *, newest_first: bool, after: UUID | None) -> Slice[Told]:
    """The drafts that wait for a decision."""
    return _told(session, col(Outgoing.state) == State.DRAFT.value, newest_first=newest_first, after=after)


def uncertain(session: Session, after: UUID | None) -> Slice[Told]:
    """Messages of which nobody knows whether they arrived."""
    return _told(session, col(Outgoing.state) == State.UNCERTAIN.value, newest_first=False, after=after)


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


def met(session: Session, wanted: str, platform: str, after: UUID | None) -> Slice[Met]:
    """The people whom we met, newest first; those whose name, handle or e-mail address holds what is wanted."""
    found = select(Profile)
    if wanted:
        found = found.where(_named(wanted))
    if platform:
        found = found.where(Profile.platform == platform)
    if after:
        found = found.where(col(Profile.id) < after)
    rows = session.exec(found.order_by(col(Profile.id).desc()).limit(PAGE + 1)).all()
    fan_ids = {row.fan_id for row in rows}
    led = set(session.exec(select(Lead.fan_id).where(col(Lead.fan_id).in_(fan_ids)))) if fan_ids else set()
    everybody = people.load(session, fan_ids)
    known = [Met(row, row.fan_id in led, _stopped(everybody[row.fan_id], row)) for row in rows]
    return _slice(known, [str(row.id) for row in rows])


def story(session: Session, fan_id: UUID, brand: str) -> Story | None:
    fan = session.get(Fan, fan_id)
    if fan is None:
        return None
    person = people.one(session, fan_id)
    unsaid = [state.value for state in State if state is not State.SENT]
    messages = select(Outgoing).where(col(Outgoing.fan_id).in_(person.fan_ids), col(Outgoing.state).in_(unsaid))
    profiles = select(Profile).where(col(Profile.fan_id).in_(person.fan_ids)).order_by(col(Profile.id))
    leads = select(Lead).where(col(Lead.fan_id).in_(person.fan_ids)).order_by(col(Lead.created_at))
    return Story(
        fan=fan,
        profiles=session.exec(profiles).all(),
        touchpoints=history.of(session, person.fan_ids),
        unsaid=session.exec(messages.order_by(col(Outgoing.id).desc()).limit(PAGE)).all(),
        consents=[Given(line, _shown(line, brand)) for line in consents.of(session, person.fan_ids)],
        holds=_held(session, person.fan_ids),
        lead=session.exec(leads).first(),
        links=links.of(session, person.fan_ids),
        wishes=person.preferences,
    )


def kept(session: Session, after: int | None) -> Slice[Kept]:
    """The leads, whichever changed last first."""
    found = select(Lead, Consent, Offer.name).join(Consent, col(Lead.consent_id) == col(Consent.id))
    found = found.outerjoin(Offer, col(Lead.offer_id) == col(Offer.id))
    if after is not None:
        found = found.where(col(Lead.revision) < after)
    rows = session.exec(found.order_by(col(Lead.revision).desc()).limit(PAGE + 1)).all()
    everybody = people.load(session, {lead.fan_id for lead, _, _ in rows})
    leads = [Kept(lead, offer or "", _allows(everybody[lead.fan_id], lead), consent) for lead, consent, offer in rows]
    return _slice(leads, [str(lead.revision) for lead, _, _ in rows])


def aside(session: Session, after: int | None) -> Slice[Aside]:
    """What broke the bot, oldest first."""
    found = select(Inbox).where(Inbox.state == inbox.Aside, col(Inbox.id) > (after or 0))
    rows = session.exec(found.order_by(col(Inbox.id)).limit(PAGE + 1)).all()
    return _slice([_aside(row) for row in rows], [str(row.id) for row in rows])


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


def offers(session: Session) -> list[Taken]:
    """The catalogue, with what became of each offer."""
    claimed = select(Claim.offer_id, func.count(), func.count(col(Claim.code))).group_by(col(Claim.offer_id))
    claims = {offer_id: (held, codes) for offer_id, held, codes in session.exec(claimed)}
    led = dict(session.exec(select(Lead.offer_id, func.count()).group_by(col(Lead.offer_id))).all())
    rows = session.exec(select(Offer).order_by(col(Offer.priority).desc(), col(Offer.created_at).desc())).all()
    return [Taken(row, *claims.get(row.id, (0, 0)), led.get(row.id, 0)) for row in rows]


def journal(session: Session, after: int | None, subject: tuple[Subject, str] | None = None) -> Slice[Changed]:
    """What managers changed, newest first."""
    found = select(Change)
    if subject:
        found = found.where(Change.subject == subject[0].value, Change.subject_id == subject[1])
    if after is not None:
        found = found.where(col(Change.id) < after)
    rows = session.exec(found.order_by(col(Change.id).desc()).limit(PAGE + 1)).all()
    names = managers.names(session)
    return _slice([Changed(row, names[row.manager_id]) for row in rows], [str(row.id) for row in rows])


def _told(session: Session, which: Any, *, newest_first: bool, after: UUID | None) -> Slice[Told]:
    key = col(Outgoing.id)
    his = and_(
        col(Touchpoint.fan_id) == col(Outgoing.fan_id),
        col(Touchpoint.inbox_id) == col(Outgoing.inbox_id),
        col(Touchpoint.said_by) == literal("fan"),
    )
    columns = (Outgoing, Profile, Inbox.kind, Inbox.at, Touchpoint.text, Touchpoint.thread, Offer.name)
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
    told = [Told(row[0], row[1], Asked(row[2] or "", row[3], row[4] or "", row[5] or ""), row[6] or "") for row in rows]
    return _slice(told, [str(row[0].id) for row in rows])


def _slice(rows: Sequence[Row], keys: Sequence[str]) -> Slice[Row]:
    """One row more than a page was read: it only tells that there is a next page."""
    return Slice(rows[:PAGE], keys[PAGE - 1] if len(rows) > PAGE else "")


def _count(session: Session, counted: Any) -> int:
    return int(session.exec(counted).one())


def _named(wanted: str) -> Any:
    of_lead = select(Lead.fan_id).where(func.lower(Lead.email) == wanted.lower())
    return or_(
        col(Profile.name).icontains(wanted, autoescape=True),
        col(Profile.handle) == wanted,
        col(Profile.fan_id).in_(of_lead),
    )


def _stopped(person: Person, profile: Profile) -> bool:
    return person.standing(profile.fan_id, profile.platform, Purpose.SERVICE).withdrawn


def _allows(person: Person, lead: Lead) -> dict[str, bool]:
    """For each channel that was ever spoken of, whether the last word was yes."""
    channels = dict.fromkeys(line.channel for line in person.lines)
    return {channel: person.standing(lead.fan_id, channel).granted for channel in channels}


def _shown(line: Consent, brand: str) -> str:
    """The words that a consent refers to, if they are still those that the fan saw."""
    file = wordings.HERE / f"{line.wording}.txt"
    if not line.wording or not file.is_file():
        return ""
    shown = file.read_text(encoding="utf-8").strip().replace("{brand}", brand)
    return shown if hashlib.sha256(shown.encode()).hexdigest() == line.wording_hash else ""


def _held(session: Session, fan_ids: Collection[UUID]) -> list[Held]:
    holds = select(Claim, Offer.name).join(Offer, col(Claim.offer_id) == col(Offer.id))
    theirs = holds.where(col(Claim.fan_id).in_(fan_ids)).order_by(col(Claim.opened_at))
    return [Held(claim, offer) for claim, offer in session.exec(theirs)]


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
