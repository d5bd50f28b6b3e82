"""Targets: who allows that a hash of his address is in a custom audience at a platform, and which hash that is."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from leads.details import Detail
from offers.claims import Claim
from offers.questions import Question
from optin import addresses
from optin.consents import Consent
from optin.fans import Fan, Profile
from optin.people import Person
from optin.schema import among
from optin.standing import Act, Purpose

EMAIL, PHONE = "email", "phone"


@dataclass(frozen=True, slots=True)
class Target:
    """`kind` is of what it is a hash: "email" or "phone"."""

    fan_id: UUID
    kind: str
    hash: str


def people_after(session: Session, last: UUID | None, most: int) -> list[UUID]:
    """The next people, in the order of their ids, of whom a fan ever said yes to it."""
    person = col(Fan.person_id)
    yes = sa.select(person).join(Consent, col(Consent.fan_id) == col(Fan.id))
    yes = yes.where(col(Consent.purpose) == Purpose.AUDIENCES.value, col(Consent.act) == Act.GRANTED.value)
    yes = yes.distinct().order_by(person).limit(most)
    return list(session.scalars(yes if last is None else yes.where(person > last)))


def of(session: Session, everybody: dict[UUID, Person], *, proven: bool) -> list[Target]:
    """The hashes of those who allow it now. `proven`: only of an address that has said itself whose it is."""
    willing = [(fan_id, kind) for fan_id in everybody for kind in (EMAIL, PHONE) if _allows(everybody, fan_id, kind)]
    by_mail = {fan_id for fan_id, kind in willing if kind == EMAIL}
    by_phone = {fan_id for fan_id, kind in willing if kind == PHONE}
    mails = {(fan_id, addresses.hash_of(address)) for fan_id, address in _mails(session, by_mail, proven)}
    phones = {(fan_id, addresses.phone_hash_of(number)) for fan_id, number in _phones(session, by_phone)}
    found = [Target(fan_id, EMAIL, each) for fan_id, each in mails]
    return found + [Target(fan_id, PHONE, each) for fan_id, each in phones]


def _allows(everybody: dict[UUID, Person], fan_id: UUID, channel: str) -> bool:
    return everybody[fan_id].standing(fan_id, channel, Purpose.AUDIENCES).granted


def _mails(session: Session, fan_ids: Collection[UUID], proven: bool) -> Iterator[tuple[UUID, str]]:
    profiles = sa.select(col(Profile.fan_id), col(Profile.handle)).where(col(Profile.platform) == EMAIL)
    told = sa.select(col(Claim.fan_id), col(Claim.email)).where(among(Claim.fan_id, fan_ids))
    queries = [profiles.where(among(Profile.fan_id, fan_ids))] + ([] if proven else [told])
    for query in queries:
        # Of who is reduced to a proof a keyed hash stands in its place (optin/erasures.py).
        yield from ((fan_id, address) for fan_id, address in session.execute(query) if "@" in address)


def _phones(session: Session, fan_ids: Collection[UUID]) -> Iterator[tuple[UUID, str]]:
    told = sa.select(col(Detail.fan_id), col(Detail.value)).where(among(Detail.fan_id, fan_ids))
    here = told.where(col(Detail.name) == Question.PHONE.value, col(Detail.value) != "")
    yield from ((fan_id, number) for fan_id, number in session.execute(here))
