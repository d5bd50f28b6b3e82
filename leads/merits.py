"""Merits: what fans did for the brand, a row each, and the score of all people in SQL (leads/ambassadors.py says how).

No words are kept here, and no name of a friend. What can't be known when it is written is asked each time: a friend
who turns out to be the same person, or to have been known before, counts no more, and who objects to profiling has no
score.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, UniqueConstraint, delete, func, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from leads import ambassadors
from leads.ambassadors import HALF, WHOLE, WORTH, Done, Kind, Score
from offers.arrivals import Arrival, Ends
from optin import people
from optin.consents import Consent
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.people import Person
from optin.schema import belongs_to, counted
from optin.standing import EVERYTHING, EVERYWHERE, Act, Purpose

READ_BY_OTHERS = ("comment", "post", "mention")  # what may help them


class Merit(SQLModel, table=True):
    """`evidence` is the platform's id of the words, or the arrival; `other_id` the fan for whom it was, while we know
    him."""

    __table_args__ = (UniqueConstraint("fan_id", "kind", "evidence"),)

    id: int = counted()
    fan_id: UUID = belongs_to("fan", index=False)
    kind: str = Field(max_length=10)
    at: datetime
    span: str = Field(max_length=10)
    evidence: str
    other_id: UUID | None = Field(default=None, foreign_key="fan.id", ondelete="SET NULL", nullable=True, index=True)


@dataclass(frozen=True, slots=True)
class Thanks:
    """A fan thanked or praised right below a comment, by the platform's id of it. `of_brand` is what counts where that
    was no fan's: then it was said to the brand."""

    platform: str
    account: str
    comment: str
    by: UUID
    at: datetime
    of_brand: tuple[dict[str, Any], ...] = ()


def merit(fan_id: UUID, kind: Kind, at: datetime, evidence: str, other_id: UUID | None = None) -> dict[str, Any]:
    span = ambassadors.span(kind, at)
    return {
        "fan_id": fan_id, "kind": kind.value, "at": at, "span": span, "evidence": evidence, "other_id": other_id,
    }  # fmt: skip


def write(session: Session, merits: Sequence[dict[str, Any]]) -> None:
    """Each once, however often it is told."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    if merits:
        session.connection().execute(dialect.insert(Merit).on_conflict_do_nothing(), list(merits))


def thanked(session: Session, thanks: Collection[Thanks]) -> None:
    """Who wrote what was thanked for has helped, if we know him and he is another."""
    if not thanks:
        return
    columns = (Touchpoint.subject, Touchpoint.fan_id, Profile.platform, Profile.account)
    wrote = sa.select(*map(col, columns)).join(Profile, col(Profile.id) == col(Touchpoint.profile_id))
    comments = {one.comment for one in thanks}
    theirs = wrote.where(col(Touchpoint.subject).in_(comments), col(Touchpoint.said_by) == "fan")
    rows = session.execute(theirs.where(col(Touchpoint.kind).in_(READ_BY_OTHERS)))
    helpers = {(platform, account, subject): fan_id for subject, fan_id, platform, account in rows}
    named = ((helpers.get((one.platform, one.account, one.comment)), one) for one in thanks)
    write(session, [row for he, one in named for row in _merited(he, one)])


def _merited(he: UUID | None, thanks: Thanks) -> Sequence[dict[str, Any]]:
    if he is None:
        return thanks.of_brand
    return [merit(he, Kind.HELPED, thanks.at, thanks.comment, thanks.by)] if he != thanks.by else ()


def brought(session: Session, came: Ends, now: datetime) -> None:
    """Somebody who came so took a code: whoever's link made us know him has brought a friend."""
    if came.shared_by is None:
        return
    sharer = people.one(session, came.shared_by)
    if came.fan_id not in sharer.fan_ids and not sharer.objects_to_profiling:
        write(session, [merit(came.shared_by, Kind.FRIEND, now, f"arrival:{came.first}", came.fan_id)])


def may_help(words: Touchpoint) -> bool:
    """Whether these are a fan's own words that others can read."""
    return words.said_by == "fan" and words.kind in READ_BY_OTHERS and bool(words.subject)


def mark(session: Session, words: Touchpoint) -> None:
    """A manager saw that this helped somebody."""
    write(session, [merit(words.fan_id, Kind.HELPED, words.at, words.subject)])


def unmark(session: Session, words: Touchpoint) -> None:
    take_back(session, {(words.fan_id, words.subject)}, (Kind.HELPED,))


def of(session: Session, person: Person, now: datetime) -> Score | None:
    """His score with its parts. None for who objects to profiling."""
    if person.objects_to_profiling:
        return None
    return ambassadors.score([done(row) for _, *row in session.execute(standing(_theirs(person.fan_ids)))], now)


def _theirs(fan_ids: Collection[UUID]) -> ColumnElement[bool]:
    return col(Merit.fan_id).in_(fan_ids)


def best(session: Session, most: int, now: datetime) -> list[tuple[Person, Score]]:
    """The people who have a score, the highest first, in a handful of queries."""
    ranked = scores(now).subquery()
    likely = sa.select(ranked.c.person_id).order_by(ranked.c.value.desc(), ranked.c.person_id).limit(most)
    everybody = people.load(session, session.scalars(likely).all())
    theirs: dict[UUID, list[Done]] = defaultdict(list)
    for fan_id, *row in session.execute(standing(_theirs(everybody))) if everybody else ():
        theirs[everybody[fan_id].id].append(done(row))
    them = {person.id: person for person in everybody.values() if not person.objects_to_profiling}
    found = [(person, ambassadors.score(theirs[person.id], now)) for person in them.values()]
    return sorted(found, key=lambda one: (-one[1].points, one[0].id))


def take_back(session: Session, words: Iterable[tuple[UUID, str]], kinds: Sequence[Kind] = tuple(Kind)) -> None:
    """What was said in these words, by their fan and the platform's id, counts no more."""
    for fan_id, subject in words:
        his = delete(Merit).where(col(Merit.fan_id) == fan_id, col(Merit.evidence) == subject)
        session.execute(his.where(col(Merit.kind).in_([kind.value for kind in kinds])))


def helpful(session: Session, fan_ids: Collection[UUID]) -> set[tuple[UUID, str]]:
    """Which words of these fans helped, by their fan and the platform's id."""
    theirs = select(Merit.fan_id, Merit.evidence).where(col(Merit.fan_id).in_(fan_ids))
    return set(session.exec(theirs.where(Merit.kind == Kind.HELPED.value)))


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


def done(row: Sequence[Any]) -> Done:
    """A row of `standing`, without its fan and its person."""
    merit_id, kind, at, span, other, _ = row
    return Done(merit_id, Kind(kind), at, span, other)


def scores(now: datetime) -> sa.Select[*tuple[Any, ...]]:
    """`person_id` and `value`, of all who have a score. Of linked people it does not ask whether they object as
    optin/standing.py replays it: whoever reads this looks at them once more (leads/audience.py)."""
    his = standing(col(Merit.at) >= now - HALF, ~_objected()).subquery()
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


def _objected() -> ColumnElement[bool]:
    """Whether a no to being profiled stands on some channel: none was followed by a yes there."""
    no, yes = aliased(Consent), aliased(Consent)
    about = (Purpose.PROFILING.value, EVERYTHING)
    taken_back = sa.exists().where(
        col(yes.fan_id) == col(no.fan_id),
        col(yes.act) == Act.GRANTED.value,
        col(yes.purpose).in_(about),
        col(yes.channel).in_((col(no.channel), EVERYWHERE)),
        col(yes.given_at) > col(no.given_at),
    )
    said = (col(no.fan_id) == col(Merit.fan_id), col(no.act) == Act.WITHDRAWN.value, col(no.purpose).in_(about))
    return sa.exists().where(*said, ~taken_back)
