"""Scores: the ambassador score of people, read from their merits (leads/merits.py) as leads/ambassadors.py says.

What can't be known when a merit is written is asked each time: a friend who turns out to be the same person, or to have
been known before, counts no more, and who objects to profiling has no score.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from leads import ambassadors
from leads.ambassadors import HALF, WHOLE, WORTH, Done, Kind, Score
from leads.merits import Merit
from offers.arrivals import Arrival
from optin import people
from optin.consents import Consent
from optin.fans import Fan
from optin.people import Person
from optin.schema import among
from optin.standing import EVERYTHING, EVERYWHERE, Act, Purpose


def of(session: Session, person: Person, now: datetime) -> Score | None:
    """His score with its parts. None for who objects to profiling."""
    if person.objects_to_profiling:
        return None
    return ambassadors.score([done(row) for _, *row in session.execute(standing(_theirs(person.fan_ids)))], now)


def _theirs(fan_ids: Collection[UUID]) -> ColumnElement[bool]:
    return col(Merit.fan_id).in_(fan_ids)


def best(session: Session, most: int, now: datetime) -> list[tuple[Person, Score]]:
    """The people who have a score, the highest first, in a handful of queries."""
    ranked = of_all(now).subquery()
    likely = sa.select(ranked.c.person_id).order_by(ranked.c.value.desc(), ranked.c.person_id).limit(most)
    everybody = people.load(session, session.scalars(likely).all())
    theirs: dict[UUID, list[Done]] = defaultdict(list)
    for fan_id, *row in session.execute(standing(_theirs(everybody))) if everybody else ():
        theirs[everybody[fan_id].id].append(done(row))
    them = {person.id: person for person in everybody.values() if not person.objects_to_profiling}
    found = [(person, ambassadors.score(theirs[person.id], now)) for person in them.values()]
    return sorted(found, key=lambda one: (-one[1].points, one[0].id))


_he, _other, _first = aliased(Fan), aliased(Fan), aliased(Fan)
_SAME_PERSON = col(_other.person_id) == col(_he.person_id)
# By which of his fans we came to know the other person.
_KNOWN_BY = (
    sa.select(col(Arrival.fan_id))
    .join(_first, col(_first.id) == col(Arrival.fan_id))
    .where(col(_first.person_id) == col(_other.person_id))
    .order_by(col(Arrival.id))
    .limit(1)
    .correlate(_other)
    .scalar_subquery()
)


def standing(*which: ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """The merits that count at all: `fan_id`, `id`, `kind`, `at`, `span`, `other` (a person), and `person_id`."""
    columns = (Merit.fan_id, Merit.id, Merit.kind, Merit.at, Merit.span)
    return (
        sa.select(*map(col, columns), col(_other.person_id).label("other"), col(_he.person_id).label("person_id"))
        .join(_he, col(_he.id) == col(Merit.fan_id))
        .outerjoin(_other, col(_other.id) == col(Merit.other_id))
        .where(
            or_(col(Merit.other_id).is_(None), ~_SAME_PERSON),
            or_(
                col(Merit.kind) != Kind.FRIEND.value,
                col(Merit.other_id).is_(None),
                col(Merit.other_id) == _KNOWN_BY,
            ),
            *which,
        )
    )


_OF_THESE = standing(among(Merit.fan_id, "fan_ids"))


def points(session: Session, everybody: Mapping[UUID, Person], now: datetime) -> dict[UUID, int]:
    """The points of these people, by person, of those who have any."""
    theirs: dict[UUID, list[Done]] = defaultdict(list)
    for fan_id, *row in session.execute(_OF_THESE, {"fan_ids": list(everybody)}) if everybody else ():
        if not everybody[fan_id].objects_to_profiling:
            theirs[everybody[fan_id].id].append(done(row))
    return {person_id: ambassadors.score(his, now).points for person_id, his in theirs.items()}


def done(row: Sequence[Any]) -> Done:
    """A row of `standing`, without its fan."""
    merit_id, kind, at, span, other, _ = row
    return Done(merit_id, Kind(kind), at, span, other)


def of_all(now: datetime) -> sa.Select[*tuple[Any, ...]]:
    """`person_id` and `value`, of all who have a score. Of linked people it does not ask whether they object as
    optin/standing.py replays it: whoever reads this looks at them once more (leads/audience.py)."""
    his = standing(col(Merit.at) >= now - HALF, ~objected(Merit.fan_id)).subquery()
    place = _place(his, his.c.other, his.c.at.desc(), his.c.id.desc())
    once = sa.select(his, place.label("place")).subquery()
    of_span = _place(once, once.c.span, once.c.at, once.c.id)
    spread = sa.select(once, of_span.label("of_span")).where(or_(once.c.other.is_(None), once.c.place == 1)).subquery()
    counts = or_(*(sa.and_(spread.c.kind == kind.value, spread.c.of_span <= WORTH[kind].most) for kind in Kind))
    value = func.sum(_points(spread, now)).label("value")
    return sa.select(spread.c.person_id, value).where(counts).group_by(spread.c.person_id)


def _place(rows: sa.Subquery, among: ColumnElement[Any], *order: ColumnElement[Any]) -> ColumnElement[int]:
    return func.row_number().over(partition_by=(rows.c.person_id, rows.c.kind, among), order_by=order)


def _points(rows: sa.Subquery, now: datetime) -> ColumnElement[int]:
    whole = sa.case({kind.value: WORTH[kind].points for kind in Kind}, value=rows.c.kind)
    half = sa.case({kind.value: WORTH[kind].points // 2 for kind in Kind}, value=rows.c.kind)
    return sa.case((rows.c.at >= now - WHOLE, whole), else_=half)


def objected(fan_id: Any) -> ColumnElement[bool]:
    """Whether of this fan a no to being profiled stands on some channel: none was followed by a yes there."""
    no, yes = aliased(Consent), aliased(Consent)
    about = (Purpose.PROFILING.value, EVERYTHING)
    taken_back = sa.exists().where(
        col(yes.fan_id) == col(no.fan_id),
        col(yes.act) == Act.GRANTED.value,
        col(yes.purpose).in_(about),
        col(yes.channel).in_((col(no.channel), EVERYWHERE)),
        col(yes.given_at) > col(no.given_at),
    )
    said = (col(no.fan_id) == col(fan_id), col(no.act) == Act.WITHDRAWN.value, col(no.purpose).in_(about))
    return sa.exists().where(*said, ~taken_back)
