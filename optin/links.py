"""Links: which fans are one person, and by what proof. Nothing moves when fans are linked, so nothing has to move back.

Each consent, claim, message and touchpoint stays with the fan of whom it was written down. A person is all fans whose
links hold; `Fan.person_id` says which, and is worked out anew from the journal whenever it grows.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ColumnElement, delete, exists, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from optin import consents, fans
from optin.consents import Consent
from optin.fans import Fan, Handle, Profile
from optin.schema import among, belongs_to, counted
from optin.standing import Act, Edge


class Proof(StrEnum):
    """How we know that two profiles are one person's. A guess is none."""

    CLAIM_LINK = "claim_link"  # he opened one claim's page from both sides
    EMAIL = "email"  # he confirmed the address from both sides
    RECEIPT = "receipt"  # the platform told us when it took a message
    MANAGER = "manager"  # who gives a reason


class Link(SQLModel, table=True):
    """The journal: `undoes` names the link that this line takes back. The database refuses to change a line."""

    __tablename__ = "fan_link"
    __table_args__ = (CheckConstraint("fan_id <> other_id", name="two"),)

    id: int = counted()
    fan_id: UUID = belongs_to("fan")
    other_id: UUID = belongs_to("fan")
    undoes: int | None = Field(default=None, foreign_key="fan_link.id", unique=True)
    proof: str = Field(max_length=20)
    evidence: str  # the id of what proves it, or the manager's reason
    by: str  # "fan", or who of the brand
    at: datetime


_undone = aliased(Link)
_HOLDS = (
    col(Link.undoes).is_(None),
    ~exists().where(col(_undone.undoes) == col(Link.id)),
)
_EDGES = sa.select(col(Link.fan_id), col(Link.other_id), col(Link.at)).where(
    *_HOLDS,
    or_(
        among(col(Link.fan_id), "fan_ids"),
        among(col(Link.other_id), "fan_ids"),
    ),
)


class Holder:
    """A way to find fans, by which their persons are held. Made once: its statements stay the same."""

    def __init__(self, are_they: ColumnElement[bool]) -> None:
        persons = sa.select(col(Fan.person_id)).where(are_they)
        them = sa.select(col(Fan.id), col(Fan.person_id)).where(col(Fan.person_id).in_(persons))
        self._look = them.order_by(col(Fan.id))
        # NO KEY: who only writes something down about this fan need not wait.
        self._hold = self._look.with_for_update(key_share=True)

    def hold(self, session: Session, **how: object) -> dict[UUID, UUID]:
        """Lock all fans of these persons until the transaction ends; says who they are, each with his person."""
        connection = session.connection()
        held = connection.execute(self._hold, how).all()
        alone = connection.dialect.name == "sqlite"  # who writes there is the only one who does
        while not alone and connection.execute(self._look, how).all() != held:  # somebody linked them meanwhile
            held = connection.execute(self._hold, how).all()
        return {row.id: row.person_id for row in held}


_BY_ID = Holder(among(Fan.id, "fan_ids"))


def link(
    session: Session, fan_id: UUID, other_id: UUID, proof: Proof, evidence: str, now: datetime, by: str = "fan"
) -> bool:
    """These two are one person from now on. False where they were already, or where the proof proves nothing."""
    people = hold(session, [fan_id, other_id])
    if fan_id not in people or other_id not in people or people[fan_id] == people[other_id]:
        return False
    session.add(Link(fan_id=fan_id, other_id=other_id, proof=proof.value, evidence=evidence, by=by, at=now))
    session.flush()
    _regroup(session, set(people.values()))
    return True


def also_known_as(
    session: Session, new_id: Callable[[], UUID], profile_id: UUID, who: Handle, evidence: str, now: datetime
) -> bool:
    """The platform told us that this person has another handle, too. True where that makes two fans one person."""
    profile = session.get_one(Profile, profile_id)
    other = fans.profile_at(session, who)
    if other is None:
        session.add(fans.second(profile, new_id(), who))
        session.flush()
        return False
    return other.fan_id != profile.fan_id and link(session, profile.fan_id, other.fan_id, Proof.RECEIPT, evidence, now)


def unlink(session: Session, link_id: int, reason: str, now: datetime, by: str) -> bool:
    """This link proved wrong: both are again who they were. False where it was undone already."""
    wrong = session.get(Link, link_id)
    if wrong is None or wrong.undoes is not None:
        return False
    people = hold(session, [wrong.fan_id, wrong.other_id])
    undone = session.exec(select(Link.id).where(Link.undoes == link_id)).first()
    if undone is not None:
        return False
    _let_refusals_outlive(session, set(people.values()))
    ends = (wrong.fan_id, wrong.other_id)
    session.add(
        Link(fan_id=ends[0], other_id=ends[1], undoes=link_id, proof=wrong.proof, evidence=reason, by=by, at=now)
    )
    session.flush()
    _regroup(session, set(people.values()))
    return True


def cut(session: Session, fan_ids: Collection[UUID]) -> None:
    """Whoever is erased leaves the others as an unlinking would: what he refused for all of them stays refused."""
    people = hold(session, fan_ids)
    _let_refusals_outlive(session, set(people.values()))
    session.execute(delete(Link).where(naming(fan_ids)))
    _regroup(session, set(people.values()))


def ever_one_with(session: Session, fan_ids: Collection[UUID]) -> set[UUID]:
    """Whoever is or was one person with one of these, by any number of links, and they themselves."""
    known = set(fan_ids)
    found = {end for line in of(session, known) for end in (line.fan_id, line.other_id)}
    return known if found <= known else ever_one_with(session, known | found)


def hold(session: Session, fan_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The person of each of these fans, with all fans of those persons locked until the transaction ends.

    Whoever links, unlinks or spends a person's budget does this first, always in one order, so that they take turns.
    """
    people = _BY_ID.hold(session, fan_ids=list(fan_ids)) if fan_ids else {}
    return {fan_id: person_id for fan_id, person_id in people.items() if fan_id in fan_ids}


def edges(session: Session, fan_ids: Collection[UUID]) -> list[Edge]:
    """The links that hold between these fans."""
    return [Edge(*row) for row in session.connection().execute(_EDGES, {"fan_ids": list(fan_ids)})] if fan_ids else []


def of(session: Session, fan_ids: Collection[UUID]) -> Sequence[Link]:
    """Every line of the journal that names one of these fans, oldest first."""
    return session.exec(select(Link).where(naming(fan_ids)).order_by(col(Link.id))).all()


def naming(fan_ids: Collection[UUID]) -> ColumnElement[bool]:
    """A line that has one of these at either end."""
    return or_(col(Link.fan_id).in_(fan_ids), col(Link.other_id).in_(fan_ids))


def _let_refusals_outlive(session: Session, person_ids: Collection[UUID]) -> None:
    """What was refused for the whole person stays refused for each of his fans: a no is never lost by an unlinking."""
    fan_ids = session.exec(select(Fan.id).where(col(Fan.person_id).in_(person_ids))).all()
    holding, journal = edges(session, fan_ids), consents.of(session, fan_ids)
    said = {(line.fan_id, *_what_was_said(line)) for line in journal}
    for line in journal:
        if line.act != Act.WITHDRAWN:
            continue
        together = groups(fan_ids, [edge for edge in holding if edge.at <= line.given_at])
        others = [fan_id for fan_id in fan_ids if together[fan_id] == together[line.fan_id]]
        missing = [one for one in others if (one, *_what_was_said(line)) not in said]
        consents.journal(session, [line.model_dump(exclude={"id"}) | {"fan_id": one} for one in missing])


def _what_was_said(line: Consent) -> tuple[object, ...]:
    return line.channel, line.purpose, line.act, line.evidence, line.given_at


def _regroup(session: Session, person_ids: Collection[UUID]) -> None:
    """Work out who is one with whom, from the links that hold."""
    fan_ids = session.exec(select(Fan.id).where(col(Fan.person_id).in_(person_ids))).all()
    for fan_id, person_id in groups(fan_ids, edges(session, fan_ids)).items():
        session.execute(update(Fan).where(col(Fan.id) == fan_id).values(person_id=person_id))


def groups(fan_ids: Iterable[UUID], holding: Iterable[Edge]) -> Mapping[UUID, UUID]:
    """For each fan the person: the smallest id among all whom links join with him."""
    one_with: dict[UUID, set[UUID]] = {fan_id: {fan_id} for fan_id in fan_ids}
    for edge in holding:
        joined = one_with.setdefault(edge.fan_id, {edge.fan_id}) | one_with.setdefault(edge.other_id, {edge.other_id})
        one_with.update(dict.fromkeys(joined, joined))
    return {fan_id: min(person) for fan_id, person in one_with.items()}
