"""A fan is a person; a profile is that person on one platform."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, func, update
from sqlmodel import Field, Session, SQLModel, col, select

from optin.schema import belongs_to, counted, document, known, write_all


class Fan(SQLModel, table=True):
    id: UUID = known()
    language: str = Field(max_length=8)
    created_at: datetime


class Profile(SQLModel, table=True):
    """`handle` is the platform's id of the person, as this account sees it."""

    __table_args__ = (UniqueConstraint("platform", "account", "handle"),)

    id: UUID = known()
    fan_id: UUID = belongs_to("fan")
    platform: str = Field(max_length=40)
    account: str = Field(max_length=200)
    handle: str = Field(max_length=200)
    name: str
    first_heard_at: datetime
    last_heard_at: datetime
    window_opened_at: datetime | None = None  # the last thing he did that lets us write to him directly
    blocked_at: datetime | None = None


class Link(SQLModel, table=True):
    """Why two fans became one, and what moved, so that it can be undone."""

    __tablename__ = "fan_link"

    id: int = counted()
    kept_fan_id: UUID = belongs_to("fan")
    joined_fan_id: UUID = belongs_to("fan")
    proof: str
    moved: dict[str, Any] = document()
    at: datetime


@dataclass(frozen=True, slots=True)
class Handle:
    """Who is meant, before we know whether we have met him."""

    platform: str
    account: str
    handle: str


def met(session: Session, handles: Collection[Handle]) -> list[Profile]:
    """The profiles that we know among these handles: a query for each account, of which a batch has few."""
    known: list[Profile] = []
    for platform, account in {(one.platform, one.account) for one in handles}:
        names = [one.handle for one in handles if (one.platform, one.account) == (platform, account)]
        here = select(Profile).where(Profile.platform == platform, Profile.account == account)
        known += session.exec(here.where(col(Profile.handle).in_(names)))
    return known


def languages(session: Session, fan_ids: Collection[UUID]) -> dict[UUID, str]:
    return dict(session.exec(select(Fan.id, Fan.language).where(col(Fan.id).in_(fan_ids))).all()) if fan_ids else {}


def add(session: Session, fans: Sequence[dict[str, Any]], profiles: Sequence[dict[str, Any]]) -> None:
    """Write new fans and profiles, a statement each."""
    write_all(session, Fan, fans)
    write_all(session, Profile, profiles)


def profile_at(session: Session, who: Handle) -> Profile | None:
    return next(iter(met(session, [who])), None)


def by_ids(session: Session, profile_ids: Collection[UUID]) -> Sequence[Profile]:
    return session.exec(select(Profile).where(col(Profile.id).in_(profile_ids))).all()


def also_known_as(
    session: Session, new_id: Callable[[], UUID], profile_id: UUID, who: Handle, proof: str, now: datetime
) -> None:
    """The platform proved that this person has another handle: the same fan from now on, and by whom we know it."""
    profile = session.get_one(Profile, profile_id)
    other = profile_at(session, who)
    if other is None:
        session.add(_second(profile, new_id(), who, now))
    elif other.fan_id != profile.fan_id:
        link(session, other.fan_id, profile, proof, now)
    session.flush()


def link(session: Session, kept_fan_id: UUID, profile: Profile, proof: str, now: datetime) -> None:
    """This profile is one more of that fan. What moved is written down, so that it can be undone."""
    moved = {"profile": str(profile.id)}
    session.add(Link(kept_fan_id=kept_fan_id, joined_fan_id=profile.fan_id, proof=proof, moved=moved, at=now))
    profile.fan_id = kept_fan_id
    session.add(profile)


def _second(profile: Profile, new_id: UUID, who: Handle, now: datetime) -> Profile:
    return Profile(
        id=new_id,
        fan_id=profile.fan_id,
        platform=who.platform,
        account=who.account,
        handle=who.handle,
        name=profile.name,
        first_heard_at=now,
        last_heard_at=profile.last_heard_at,
        blocked_at=profile.blocked_at,
    )


def say_blocked(session: Session, profile_id: UUID, now: datetime) -> None:
    """The platform told us that this person can't be written to."""
    session.execute(update(Profile).where(col(Profile.id) == profile_id).values(blocked_at=now))


def first_heard_at(session: Session, fan_id: UUID) -> datetime | None:
    """When we first heard of this fan, on any platform."""
    return session.exec(select(func.min(Profile.first_heard_at)).where(Profile.fan_id == fan_id)).one()
