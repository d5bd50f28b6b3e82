"""What a fan's word is now, on one channel and for one purpose: a pure answer from the journal and the links."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

EVERYWHERE = "*"  # as a channel: all of them
EVERYTHING = "*"  # as a purpose: all of them


class Act(StrEnum):
    ASKED = "asked"  # the first half of a double opt-in: it allows nothing yet
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class Purpose(StrEnum):
    """What a fan's word is about. Each is asked for itself, and none follows from another."""

    SERVICE = "service"  # automatic answers to what he asks; allowed until he says no
    OFFERS = "offers"
    NEWSLETTER = "newsletter"
    PROFILING = "profiling"
    AUDIENCES = "audiences"  # custom audiences at the platforms
    CRM_CONTACT = "crm:contact"  # name and addresses go to the brand's CRM
    CRM_PROFILE = "crm:profile"  # and what we learnt about him


LET_US_WRITE = (Purpose.OFFERS, Purpose.NEWSLETTER)  # who allows one of these after a stop lets us answer again, too


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the consent journal, as far as deciding needs it. `id` is 0 until it is written."""

    id: int
    fan_id: UUID
    channel: str
    purpose: str
    act: str
    given_at: datetime
    evidence: str = ""

    def is_about(self, channel: str, purpose: str) -> bool:
        if self.channel not in (channel, EVERYWHERE) or self.act == Act.ASKED:
            return False
        answers = purpose == Purpose.SERVICE and self.act == Act.GRANTED and self.purpose in LET_US_WRITE
        return answers or self.purpose in (purpose, EVERYTHING)


@dataclass(frozen=True, slots=True)
class Edge:
    """Two fans are one person since then, until the link is undone."""

    fan_id: UUID
    other_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds, and the lines of the journal that say so. No act: he never spoke of it."""

    act: Act | None = None
    lines: tuple[Line, ...] = ()

    @property
    def granted(self) -> bool:
        return self.act is Act.GRANTED

    @property
    def withdrawn(self) -> bool:
        return self.act is Act.WITHDRAWN


SILENCE = Standing()


def standing(
    lines: Iterable[Line], edges: Sequence[Edge], fan_id: UUID, channel: str, purpose: str = Purpose.OFFERS
) -> Standing:
    """The fan's last word, where `lines` and `edges` are those of all fans who are one person with him.

    A link never grants: at the link the strictest word of both sides holds for both, and what one of them allowed
    before holds for himself alone. What is said after the link is said for the whole person.
    """
    his = (line for line in lines if edges or line.fan_id == fan_id)
    said = sorted((line for line in his if line.is_about(channel, purpose)), key=_order)
    if not edges:
        return _word(said[-1]) if said else SILENCE
    return _replayed(said, edges).get(fan_id, SILENCE)


def _order(line: Line) -> tuple[datetime, bool, int]:
    """As they were said. Of two at the same instant the no is the last word."""
    return line.given_at, line.act == Act.WITHDRAWN, line.id


def _word(line: Line) -> Standing:
    return Standing(Act(line.act), (line,))


def _replayed(said: Sequence[Line], edges: Sequence[Edge]) -> Mapping[UUID, Standing]:
    """Everybody's word, line by line and link by link. At the same instant a line comes first: that is stricter."""
    words: dict[UUID, Standing] = {}
    one_with: dict[UUID, set[UUID]] = {}
    waiting = sorted(edges, key=lambda edge: edge.at)
    for line in said:
        while waiting and waiting[0].at < line.given_at:
            _join(waiting.pop(0), one_with, words)
        for fan_id in one_with.get(line.fan_id, {line.fan_id}):
            words[fan_id] = _word(line)
    for edge in waiting:
        _join(edge, one_with, words)
    return words


def _join(edge: Edge, one_with: dict[UUID, set[UUID]], words: dict[UUID, Standing]) -> None:
    person = one_with.get(edge.fan_id, {edge.fan_id}) | one_with.get(edge.other_id, {edge.other_id})
    refusals = [words[fan_id] for fan_id in sorted(person) if fan_id in words and words[fan_id].withdrawn]
    for fan_id in person:
        one_with[fan_id] = person
        if refusals and not words.get(fan_id, SILENCE).withdrawn:
            words[fan_id] = refusals[0]
