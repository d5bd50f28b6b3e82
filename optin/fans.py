"""A fan is somebody whom we met; a profile is how one platform shows him. Fans who proved to be one are one person."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import UniqueConstraint, func, update
from sqlmodel import Field, Session, SQLModel, col, select

from optin.schema import among, belongs_to, known, write_all


class Fan(SQLModel, table=True):
    """`person_id` is the smallest id among the fans who are one person with him: mostly his own (optin/links.py)."""

    id: UUID = known()
    person_id: UUID = Field(index=True)
    language: str = Field(max_length=8)
    created_at: datetime
    reduced_at: datetime | None = Field(default=None, index=True)  # since then only what proves his consent is kept


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
    window_opened_by: str = ""  # the platform's id of that
    blocked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Handle:
    """Who is meant, before we know whether we have met him."""

    platform: str
    account: str
    handle: str


# Made once: to build a statement takes longer than the database needs to answer it.
_NAMED = (
    col(Profile.platform) == sa.bindparam("platform"),
    col(Profile.account) == sa.bindparam("account"),
    among(col(Profile.handle), "handles"),
)
_MET = sa.select(Profile).where(*_NAMED)
_BEHIND = sa.select(col(Profile.handle), col(Profile.fan_id)).where(*_NAMED)
_BY_IDS = sa.select(Profile).where(among(Profile.id, "profile_ids"))


def met(session: Session, handles: Collection[Handle]) -> list[Profile]:
    """The profiles that we know among these handles: a query for each account, of which a batch has few."""
    return [profile for named in _by_account(handles) for profile in session.scalars(_MET, named)]


def behind(session: Session, handles: Collection[Handle]) -> dict[Handle, UUID]:
    """Which fan each of these handles is, without a look at what else we know of him."""
    found: dict[Handle, UUID] = {}
    for named in _by_account(handles):
        rows = session.connection().execute(_BEHIND, named)
        found |= {Handle(named["platform"], named["account"], handle): fan_id for handle, fan_id in rows}
    return found


def _by_account(handles: Collection[Handle]) -> Iterator[dict[str, Any]]:
    for platform, account in {(one.platform, one.account) for one in handles}:
        names = [one.handle for one in handles if (one.platform, one.account) == (platform, account)]
        yield {"platform": platform, "account": account, "handles": names}


def platforms_of(session: Session, fan_ids: Collection[UUID]) -> set[str]:
    """On which platforms we know these fans."""
    return set(session.exec(select(Profile.platform).where(col(Profile.fan_id).in_(fan_ids)).distinct()))


def add(session: Session, fans: Sequence[dict[str, Any]], profiles: Sequence[dict[str, Any]]) -> None:
    """Write new fans and profiles, a statement each."""
    write_all(session, Fan, fans)
    write_all(session, Profile, profiles)


def profile_at(session: Session, who: Handle) -> Profile | None:
    return next(iter(met(session, [who])), None)


def by_ids(session: Session, profile_ids: Collection[UUID]) -> Sequence[Profile]:
    return session.scalars(_BY_IDS, {"profile_ids": profile_ids}).all()


@dataclass(frozen=True, slots=True)
class Reach:
    """A profile as far as writing to it needs it: a batch may look at thousands."""

    id: UUID
    fan_id: UUID
    platform: str
    account: str
    window_opened_at: datetime | None
    window_opened_by: str
    blocked_at: datetime | None


_REACH = (
    col(Profile.id), col(Profile.fan_id), col(Profile.platform), col(Profile.account), col(Profile.window_opened_at),
    col(Profile.window_opened_by), col(Profile.blocked_at),
)  # fmt: skip


def reach(session: Session, fan_ids: Collection[UUID]) -> list[Reach]:
    """All profiles of these fans, in one query."""
    theirs = sa.select(*_REACH).where(among(Profile.fan_id, fan_ids))
    return [Reach(*row) for row in session.execute(theirs)] if fan_ids else []


def profiles_of(session: Session, fan_ids: Collection[UUID]) -> Sequence[Profile]:
    """All profiles of these fans: where they were heard last comes first."""
    theirs = select(Profile).where(col(Profile.fan_id).in_(fan_ids))
    return session.exec(theirs.order_by(col(Profile.last_heard_at).desc(), col(Profile.id))).all()


def second(profile: Profile, new_id: UUID, who: Handle) -> Profile:
    """Another profile of the same fan, known as long as the first one."""
    return Profile(
        id=new_id,
        fan_id=profile.fan_id,
        platform=who.platform,
        account=who.account,
        handle=who.handle,
        name=profile.name,
        first_heard_at=profile.first_heard_at,
        last_heard_at=profile.last_heard_at,
        blocked_at=profile.blocked_at,
    )


def say_blocked(session: Session, profile_id: UUID, now: datetime) -> None:
    """The platform told us that this person can't be written to."""
    session.execute(update(Profile).where(col(Profile.id) == profile_id).values(blocked_at=now))


def first_heard_at(session: Session, fan_ids: Collection[UUID]) -> datetime | None:
    """When we first heard of this person, on any platform."""
    return session.exec(select(func.min(Profile.first_heard_at)).where(col(Profile.fan_id).in_(fan_ids))).one()
