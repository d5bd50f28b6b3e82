"""How many people an offer reaches, and what its conditions can be about."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from bot.assembly import Bot
from bot.reach import EMAIL
from leads import audience
from offers import condition_rows
from offers.catalog import Offer
from offers.conditions import FIELDS, Kind
from offers.editing import LANGUAGES
from webhooks.panel import condition_form
from webhooks.panel.condition_form import Group, Row


@dataclass(frozen=True, slots=True)
class Reach:
    """`willing`: of these people, those who said yes to offers on a channel of ours."""

    people: int
    willing: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be ticked in a row, by field; offers are named by their ids."""

    words: Mapping[str, tuple[str, ...]]
    channels: tuple[str, ...]
    offers: Mapping[str, str]


def of(session: Session, bot: Bot, group: Group) -> Reach | None:
    """None while a row can't be read."""
    document, _ = condition_form.document(group)
    if condition_rows.faults(document):
        return None
    tree, now = condition_rows.from_json(document), bot.now()
    willing = audience.willing(tree, sorted(bot.connectors))
    return Reach(audience.count(session, tree, now), audience.count(session, willing, now))


def choices(session: Session, bot: Bot, group: Group, but: UUID | None) -> Choices:
    """What there is, and what was ticked before and is no longer there."""
    ticked = {word for row in _rows(group, Kind.OFFERS) for word in row.typed}
    asked = {channel for row in _rows(group, Kind.CONSENT) for channel in row.typed[:1]}
    named = select(Offer.id, Offer.name).where(col(Offer.id) != but).order_by(col(Offer.created_at).desc())
    offers = {str(offer_id): name for offer_id, name in session.exec(named)}
    return Choices(
        words={
            "language": _with(LANGUAGES, group, "language"),
            "platform": _with(bot.connectors, group, "platform"),
            "affinity": _with(_themes(session), group, "affinity"),
            "stage": _with(FIELDS["stage"].words, group, "stage"),
        },
        channels=tuple(sorted({*bot.connectors, EMAIL, *asked})),
        offers=offers | {offer_id: offer_id for offer_id in sorted(ticked - offers.keys())},
    )


def _themes(session: Session) -> list[str]:
    """Those of all offers."""
    return sorted({theme for themes in session.exec(select(Offer.themes)) for theme in themes})


def _with(known: Iterable[str], group: Group, field: str) -> tuple[str, ...]:
    ticked = {word for row in _rows(group, Kind.WORDS) if row.field == field for word in row.typed}
    return (*known, *sorted(ticked - {*known}))


def _rows(group: Group, kind: Kind) -> Iterator[Row]:
    for node in group.of:
        if isinstance(node, Group):
            yield from _rows(node, kind)
        elif node.field in FIELDS and FIELDS[node.field].kind is kind:
            yield node
