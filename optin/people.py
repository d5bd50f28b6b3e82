"""People: all that decisions need of the fans who are one person, read for a whole batch in a handful of queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from optin import consents, links, preferences
from optin.consents import Consent
from optin.fans import Fan
from optin.preferences import Entry, Preferences
from optin.schema import among
from optin.standing import Act, Edge, Line, Purpose, Standing, standing

Wishes = dict[UUID, list[Entry]]  # by whom


@dataclass(slots=True)
class Person:
    """The fans who are one person. What they say while a batch is heard is added to `lines` as it is noted."""

    id: UUID
    languages: dict[UUID, str]  # of each of the fans
    edges: Sequence[Edge] = ()
    lines: list[Line] = field(default_factory=list)
    preferences: Preferences = field(default_factory=Preferences)  # his last word on each thing
    voices: tuple[Preferences, ...] = ()  # of each of the fans, where they are several: see `_voices`

    @property
    def fan_ids(self) -> tuple[UUID, ...]:
        return tuple(self.languages)

    def standing(self, fan_id: UUID, channel: str, purpose: str = Purpose.OFFERS) -> Standing:
        """His word on one channel, for one purpose, as it holds for this one of his fans."""
        return standing(self.lines, self.edges, fan_id, channel, purpose)

    def ever_allowed(self, purpose: str) -> bool:
        """Whether he ever said yes to it, on whichever channel and profile."""
        return any(line.purpose == purpose and line.act == Act.GRANTED for line in self.lines)

    @property
    def objects_to_profiling(self) -> bool:
        """Whether he said no to it, by one of his fans, on any channel: it is said of the person."""
        channels = {line.channel for line in self.lines if line.act == Act.WITHDRAWN}
        words = (self.standing(one, channel, Purpose.PROFILING) for channel in channels for one in self.fan_ids)
        return any(word.withdrawn for word in words)


_asked_for = aliased(Fan)
_TOGETHER = (
    sa.select(col(Fan.id), col(Fan.person_id), col(Fan.language))
    .join(_asked_for, col(_asked_for.person_id) == col(Fan.person_id))
    .where(among(_asked_for.id, "fan_ids"))
    .distinct()
)


_one_of_them = aliased(Fan)
_EVER_AGREED = (
    sa.select(
        col(Fan.person_id),
        sa.exists()
        .where(col(Consent.fan_id) == col(_one_of_them.id), col(_one_of_them.person_id) == col(Fan.person_id))
        .where(col(Consent.act) == Act.GRANTED.value),
    )
    .where(among(Fan.id, "fan_ids"))
    .distinct()
)


def ever_agreed(session: Session, fan_ids: Collection[UUID]) -> dict[UUID, bool]:
    """The people who these fans are, and whether one of their fans ever said yes to anything. Most never did."""
    rows = session.connection().execute(_EVER_AGREED, {"fan_ids": list(fan_ids)}) if fan_ids else ()
    return {person_id: bool(agreed) for person_id, agreed in rows}


def load(session: Session, fan_ids: Collection[UUID]) -> dict[UUID, Person]:
    """The person of each of these fans, and of whoever is one with them."""
    if not fan_ids:
        return {}
    found: dict[UUID, Person] = {}
    for fan_id, person_id, language in session.connection().execute(_TOGETHER, {"fan_ids": list(fan_ids)}):
        found.setdefault(person_id, Person(person_id, {})).languages[fan_id] = language
    everybody = {fan_id: person for person in found.values() for fan_id in person.fan_ids}
    _add_links(session, everybody)
    _add_words(session, everybody)
    return everybody


def after(session: Session, last: UUID | None, most: int, end: UUID | None = None) -> list[UUID]:
    """The next people in the order of their ids, up to and with `end`: who goes through all of them keeps his place."""
    person = col(Fan.person_id)
    known = sa.select(person).distinct().order_by(person).limit(most)
    known = known if last is None else known.where(person > last)
    return list(session.scalars(known if end is None else known.where(person <= end)))


def one(session: Session, fan_id: UUID) -> Person:
    """The person of this fan. Raises KeyError where there is no such fan."""
    return load(session, [fan_id])[fan_id]


def new(fan_id: UUID, language: str) -> Person:
    """Somebody whom we just met."""
    return Person(fan_id, {fan_id: language})


def _add_words(session: Session, everybody: dict[UUID, Person]) -> None:
    for fan_id, lines in consents.entries(session, everybody).items():
        everybody[fan_id].lines.extend(lines)
    wishes: dict[UUID, Wishes] = {}
    for fan_id, entries in preferences.entries(session, everybody).items():
        wishes.setdefault(everybody[fan_id].id, {})[fan_id] = entries
    for person in {person.id: person for person in everybody.values() if person.id in wishes}.values():
        person.preferences = preferences.merged(wishes[person.id].values())
        person.voices = _voices(person, wishes[person.id]) if person.edges else ()


def _voices(person: Person, wishes: Wishes) -> tuple[Preferences, ...]:
    """A link takes no wish away: what each fan wished before it holds, until he speaks again as one person."""
    heard: dict[UUID, list[Entry]] = {fan_id: [] for fan_id in person.fan_ids}
    for by, entries in wishes.items():
        for entry in entries:
            together = _together(person, entry)
            for fan_id in (one for one in person.fan_ids if together[one] == together[by]):
                heard[fan_id].append(entry)
    return tuple(dict.fromkeys(preferences.merged([entries]) for entries in heard.values()))


def _together(person: Person, entry: Entry) -> Mapping[UUID, UUID]:
    """Who was one with whom when this was said. A link of the same instant comes after it: that is stricter."""
    before = [edge for edge in person.edges if entry.recorded_at is None or edge.at < entry.recorded_at]
    return links.groups(person.fan_ids, before)


def _add_links(session: Session, everybody: dict[UUID, Person]) -> None:
    several = [fan_id for fan_id, person in everybody.items() if len(person.languages) > 1]
    for edge in links.edges(session, several):
        person = everybody.get(edge.fan_id)
        if person is not None and edge.other_id in person.languages:  # else it was made since we asked who is together
            person.edges = (*person.edges, edge)
