"""What the panel shows of fans: the list of them, and all that we know of one. It changes nothing."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot import changes, managers, places
from bot.assembly import Bot
from bot.changes import Subject
from bot.outbox import Outgoing, State
from leads import merits, scores
from leads.pipeline import Lead
from offers import arrivals, catalog
from offers.catalog import Offer
from offers.claims import Claim
from optin import consents, history, house_rules, links, people, preferences, pressure, wordings
from optin.consents import Consent
from optin.fans import Fan, Profile
from optin.links import Link
from optin.people import Person
from optin.preferences import Preference
from optin.pressure import Used
from optin.standing import EVERYWHERE, Act, Purpose, Standing
from webhooks.panel import value_reports
from webhooks.panel.lead_reports import progress
from webhooks.panel.reports import PAGE, piece
from webhooks.panel.shapes import Allowed, Changed, Given, Held, Joined, Met, Slice, Story, Wished

ARRIVALS = 10  # that are shown
LOOKED_AT = 300  # who once said no, for a page of those of whom it still holds
ALWAYS_SHOWN = (Purpose.SERVICE.value, Purpose.OFFERS.value)


def met(session: Session, wanted: str, platform: str, after: UUID | None) -> Slice[Met]:
    """The people whom we met, newest first; those whose name, handle or e-mail address holds what is wanted."""
    rows = _found(session, _profiles(wanted, platform, after), PAGE + 1)
    return piece(known(session, rows), [str(row.id) for row in rows])


def left_alone(session: Session, wanted: str, platform: str, after: UUID | None) -> Slice[Met]:
    """Those among them who want no offers of ours, or nothing at all, where this profile is."""
    person, other = aliased(Fan), aliased(Fan)
    said_no = (
        exists()
        .where(col(person.id) == col(Profile.fan_id), col(other.person_id) == col(person.person_id))
        .where(col(Consent.fan_id) == col(other.id), col(Consent.act) == Act.WITHDRAWN.value)
    )
    rows = _found(session, _profiles(wanted, platform, after).where(said_no), LOOKED_AT)
    stand = [one for one in known(session, rows) if one.stopped or one.wants_no_offers]
    if len(stand) > PAGE:
        return Slice(stand[:PAGE], str(stand[PAGE - 1].profile.id))
    return Slice(stand, str(rows[-1].id) if len(rows) == LOOKED_AT else "")


def story(session: Session, bot: Bot, fan_id: UUID, now: datetime) -> Story | None:
    fan = session.get(Fan, fan_id)
    if fan is None:
        return None
    person = people.one(session, fan_id)
    unsaid = [state.value for state in State if state is not State.SENT]
    messages = select(Outgoing).where(col(Outgoing.fan_id).in_(person.fan_ids), col(Outgoing.state).in_(unsaid))
    profiles = of_fans(session, person.fan_ids)
    leads = select(Lead).where(col(Lead.fan_id).in_(person.fan_ids)).order_by(col(Lead.created_at))
    noted = _noted(session, person.fan_ids)
    return Story(
        fan=fan,
        profiles=profiles,
        touchpoints=history.of(session, person.fan_ids),
        unsaid=session.exec(messages.order_by(col(Outgoing.id).desc()).limit(PAGE)).all(),
        consents=[_given(line, bot.settings.brand, noted) for line in consents.of(session, person.fan_ids)],
        holds=_held(session, person.fan_ids),
        lead=session.exec(leads).first(),
        joined=_joined(session, person.fan_ids),
        allowed=_allowed(person, profiles, fan_id),
        wishes=_wishes(session, person, noted),
        used=_used(session, person, now),
        offers=[one for one in catalog.showing(session) if catalog.is_open(one, now) and not catalog.is_sold_out(one)],
        brought=value_reports.of_fan(session, person.fan_ids, bot.settings.currency),
        progress=progress(session, dict.fromkeys(person.fan_ids, person), now)[fan_id],
        came=arrivals.of(session, person.fan_ids, ARRIVALS),
        ambassador=scores.of(session, person, now),
        helpful=merits.helpful(session, person.fan_ids),
    )


def of_fans(session: Session, fan_ids: Collection[UUID]) -> Sequence[Profile]:
    theirs = select(Profile).where(col(Profile.fan_id).in_(fan_ids))
    return session.exec(theirs.order_by(col(Profile.id))).all()


def candidates(session: Session, fan_id: UUID, wanted: str) -> list[Met]:
    """Who may be the same person as this fan: those that fit what is wanted, and are not one with him already."""
    his = people.one(session, fan_id).fan_ids
    others = _profiles(wanted, "", None).where(col(Profile.fan_id).not_in(his))
    return known(session, _found(session, others, PAGE))


def _profiles(wanted: str, platform: str, after: UUID | None) -> Any:
    found = select(Profile)
    if wanted:
        found = found.where(_named(wanted))
    if platform:
        found = found.where(Profile.platform == platform)
    return found.where(col(Profile.id) < after) if after else found


def _found(session: Session, which: Any, most: int) -> Sequence[Profile]:
    found: Sequence[Profile] = session.exec(which.order_by(col(Profile.id).desc()).limit(most)).all()
    return found


def _named(wanted: str) -> Any:
    of_lead = select(Lead.fan_id).where(func.lower(Lead.email) == wanted.lower())
    return or_(
        col(Profile.name).icontains(wanted, autoescape=True),
        col(Profile.handle) == wanted,
        col(Profile.fan_id).in_(of_lead),
    )


def known(session: Session, rows: Sequence[Profile]) -> list[Met]:
    fan_ids = {row.fan_id for row in rows}
    led = set(session.exec(select(Lead.fan_id).where(col(Lead.fan_id).in_(fan_ids)))) if fan_ids else set()
    everybody = people.load(session, fan_ids)
    return [_met(row, everybody[row.fan_id], row.fan_id in led) for row in rows]


def _met(row: Profile, person: Person, is_lead: bool) -> Met:
    stopped, no_offers = (
        person.standing(row.fan_id, row.platform, purpose).withdrawn for purpose in (Purpose.SERVICE, Purpose.OFFERS)
    )
    return Met(row, is_lead, stopped, no_offers)


def _noted(session: Session, fan_ids: Collection[UUID]) -> dict[str, Changed]:
    """What managers wrote down of these fans, by how a journal cites it."""
    rows = changes.of(session, Subject.FAN, fan_ids)
    names = managers.names(session) if rows else {}
    return {f"change:{row.id}": Changed(row, names[row.manager_id]) for row in rows}


def _given(line: Consent, brand: str, noted: Mapping[str, Changed]) -> Given:
    return Given(line, wordings.shown(line.wording, line.wording_hash, brand), noted.get(line.evidence))


def _held(session: Session, fan_ids: Collection[UUID]) -> list[Held]:
    holds = select(Claim, Offer.name).join(Offer, col(Claim.offer_id) == col(Offer.id))
    theirs = holds.where(col(Claim.fan_id).in_(fan_ids)).order_by(col(Claim.opened_at))
    return [Held(claim, offer) for claim, offer in session.exec(theirs)]


def _allowed(person: Person, profiles: Sequence[Profile], fan_id: UUID) -> list[Allowed]:
    """His word for each of his profiles, and for whatever other channel he spoke of."""
    here = {profile.platform for profile in profiles}
    spoken = dict.fromkeys(line.channel for line in person.lines)
    others = [channel for channel in spoken if channel not in here and channel != EVERYWHERE]
    return [
        *(Allowed(one.platform, one, _words(person, one.fan_id, one.platform)) for one in profiles),
        *(Allowed(channel, None, _words(person, fan_id, channel)) for channel in others),
    ]


def _words(person: Person, fan_id: UUID, channel: str) -> dict[str, Standing]:
    """What was never spoken of is left out, but for answers and offers."""
    stands = {purpose.value: person.standing(fan_id, channel, purpose) for purpose in Purpose}
    return {purpose: word for purpose, word in stands.items() if word.act or purpose in ALWAYS_SHOWN}


def _wishes(session: Session, person: Person, noted: Mapping[str, Changed]) -> list[Wished]:
    """What holds, each with the last line about it."""
    theirs = select(Preference).where(col(Preference.fan_id).in_(person.fan_ids)).order_by(col(Preference.id))
    last = {line.what: line for line in session.exec(theirs)}
    holding = preferences.as_json(person.preferences)
    return [
        Wished(what, value, line := last.get(what), noted.get(line.evidence) if line else None)
        for what, value in holding.items()
    ]


def _used(session: Session, person: Person, now: datetime) -> list[Used]:
    """How much of the caps he has used up by now, for an offer."""
    _, caps = house_rules.current(session)
    counted = [
        one
        for rows in places.counted(session, person.fan_ids, now - pressure.LONGEST, now).values()
        for _, _, one in rows
    ]
    return pressure.used(counted, caps, Purpose.OFFERS, now)


def _joined(session: Session, fan_ids: Collection[UUID]) -> list[Joined]:
    lines = links.of(session, fan_ids)
    undone = {line.undoes: line for line in lines if line.undoes is not None}
    ends = {end for line in lines for end in (line.fan_id, line.other_id)}
    profiles: dict[UUID, list[Profile]] = {}
    for one in of_fans(session, ends) if ends else ():
        profiles.setdefault(one.fan_id, []).append(one)
    names = managers.names(session) if lines else {}

    def joined(line: Link) -> Joined:
        by = next((name for manager_id, name in names.items() if line.by == f"manager:{manager_id}"), "")
        return Joined(line, profiles.get(line.fan_id, []), profiles.get(line.other_id, []), by, undone.get(line.id))

    return [joined(line) for line in lines if line.undoes is None]
