"""Editing the catalogue: what a manager fills in for an offer, what may be wrong with it, and writing it down."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import case, or_, update
from sqlmodel import Session, col, select

from offers import condition_rows, stock, texts, ways_in
from offers.catalog import Kind, Offer, State
from offers.texts import Fault
from optin.words import normalise

LANGUAGES = ("fr", "en")
NEEDED = ("title", "pitch")  # in each language, before an offer may be opened
PARTS = (*NEEDED, "terms")
LONGEST = {
    "name": 120,
    "slug": 40,
    "value": 40,
    "code_prefix": 12,
    "title": 120,
    "pitch": 600,
    "terms": 4000,
    "gain": 200,
}
LONGEST_KEYWORD = 60
LONGEST_WORD = {"themes": 40, "campaigns": ways_in.LONGEST}
MOST_STOCK = 100_000_000
MOST_PRIORITY = 1000
MONEY = ("worth", "cost")
MOST_MONEY = 100_000_000  # minor units
CODE_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


class Amiss(StrEnum):
    """What can be wrong with a field. A page puts it into words."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    NO_WORD = "no_word"  # a keyword without a letter or an emoji
    OUT_OF_RANGE = "out_of_range"
    BELOW_TAKEN = "below_taken"
    ENDS_FIRST = "ends_first"
    ODD_LETTERS = "odd_letters"
    NOT_A_NUMBER = "not_a_number"
    NOT_A_DATE = "not_a_date"
    NO_SUCH_HOUR = "no_such_hour"  # the clocks were put forward over it
    NO_SUCH_OFFER = "no_such_offer"
    ITSELF = "itself"  # an offer that would stand in for itself
    NOT_MONEY = "not_money"
    CHANGED = "changed"  # by somebody else, in the meantime
    CUT = "cut"  # the message that holds it is longer than a platform takes


@dataclass(frozen=True, slots=True)
class Sheet:
    """An offer as a manager fills it in. Its fields are those of `catalog.Offer`; no conditions: as they stand."""

    name: str = ""
    value: str = ""
    keywords: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    priority: int = 0
    needs_approval: bool = True
    stock: int | None = None
    code_prefix: str = ""
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    questions: dict[str, dict[str, str]] = field(default_factory=dict)
    conditions: dict[str, Any] | None = None
    kind: str = Kind.PERCENT.value
    worth: int | None = None
    cost: int | None = None
    fallback_id: UUID | None = None

    def columns(self) -> dict[str, Any]:
        kept = asdict(self)
        if self.conditions is None:
            del kept["conditions"]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}


Faults = dict[str, list[Fault]]


def sheet_of(offer: Offer) -> Sheet:
    columns: dict[str, Any] = {name: getattr(offer, name) for name in Sheet.__dataclass_fields__}
    columns.update({name: tuple(value) for name, value in columns.items() if isinstance(value, list)})
    return Sheet(**columns)


def faults(sheet: Sheet, taken: int = 0) -> Faults:
    """What keeps an offer from being written down, by field; of a text also its language: "fr.pitch"."""
    found = [
        *_text_faults(sheet),
        *_condition_faults(sheet),
        *(_too_long(name, gain, "gain") for name, gain in _gains(sheet)),
        ("name", Fault(Amiss.MISSING)) if not sheet.name else None,
        *(("keywords", fault) for word in sheet.keywords if (fault := _keyword_fault(word))),
        *_long_words(sheet),
        ("stock", Fault(Amiss.OUT_OF_RANGE, str(MOST_STOCK))) if not 0 <= (sheet.stock or 0) <= MOST_STOCK else None,
        ("stock", Fault(Amiss.BELOW_TAKEN, str(taken))) if sheet.stock is not None and sheet.stock < taken else None,
        ("priority", Fault(Amiss.OUT_OF_RANGE, str(MOST_PRIORITY))) if abs(sheet.priority) > MOST_PRIORITY else None,
        ("ends_at", Fault(Amiss.ENDS_FIRST)) if _ends_first(sheet) else None,
        ("code_prefix", Fault(Amiss.ODD_LETTERS)) if not set(sheet.code_prefix) <= CODE_LETTERS else None,
        *(_too_long(name, getattr(sheet, name), name) for name in ("name", "value", "code_prefix")),
        *((name, Fault(Amiss.OUT_OF_RANGE, str(MOST_MONEY // 100))) for name in MONEY if not _is_a_price(sheet, name)),
    ]
    return _by_field(found)


def faults_to_open(sheet: Sheet) -> Faults:
    """What keeps it from being shown to fans: they speak two languages, and ask for it by a word."""
    wanted = [(f"{language}.{part}", _part(sheet, language, part)) for language in LANGUAGES for part in NEEDED]
    missing = [name for name, text in wanted if not text] + ([] if sheet.keywords else ["keywords"])
    missing += [name for name, gain in _gains(sheet) if not gain]
    return _by_field((name, Fault(Amiss.MISSING)) for name in missing)


def add(session: Session, offer_id: UUID, sheet: Sheet, slug: str, now: datetime) -> Offer:
    """A new offer, as a draft: no fan sees it before it is opened."""
    offer = Offer(
        id=offer_id, slug=free_slug(session, slug or sheet.name), created_at=now, updated_at=now, **sheet.columns()
    )
    session.add(offer)
    session.flush()
    return offer


def change(session: Session, offer_id: UUID, seen: datetime, sheet: Sheet, now: datetime) -> bool:
    """Write it down, unless somebody changed it since it was seen, or more were taken than the new stock."""
    taken = stock.hold(session, [offer_id])[offer_id]
    unchanged = update(Offer).where(col(Offer.id) == offer_id, col(Offer.updated_at) == seen)
    if sheet.stock is not None:
        unchanged = unchanged.where(or_(_LISTED, sa.literal(sum(taken)) <= sheet.stock))
    left = case((_LISTED, col(Offer.stock)), else_=sheet.stock)
    written: Any = unchanged.values(updated_at=now, **(sheet.columns() | {"stock": left})).returning(col(Offer.stock))
    row = session.execute(written).first()
    if row is not None:
        stock.deal(session, offer_id, taken, row.stock)
    return row is not None


_LISTED = col(Offer.codes_listed).is_(True)  # its stock is what is left of its list (offers/listed.py)


def set_state(session: Session, offer_id: UUID, state: State, now: datetime, seen: datetime | None = None) -> bool:
    """Open or pause it, unless it stands so already or, where `seen` is given, somebody changed it since."""
    other = update(Offer).where(col(Offer.id) == offer_id, col(Offer.state) != state.value)
    unchanged = other if seen is None else other.where(col(Offer.updated_at) == seen)
    done: Any = session.execute(unchanged.values(state=state.value, updated_at=now))
    return bool(done.rowcount)


def free_slug(session: Session, wish: str) -> str:
    """A short name for links that no other offer has: "the-wish", or "the-wish-2"."""
    plain = _plain(wish) or "offer"
    wished = plain[: LONGEST["slug"]].strip("-")
    taken = set(session.exec(select(Offer.slug).where(col(Offer.slug).startswith(wished[:30], autoescape=True))))
    numbered = (f"{wished[:35].strip('-')}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (wished, *numbered) if slug not in taken)


def _plain(wish: str) -> str:
    words = (word for word in normalise(wish).split() if word.isascii())
    return "-".join(words)


def _text_faults(sheet: Sheet) -> list[tuple[str, Fault] | None]:
    found: list[tuple[str, Fault] | None] = []
    for language in LANGUAGES:
        for part in PARTS:
            name, text = f"{language}.{part}", _part(sheet, language, part)
            found += [(name, fault) for fault in texts.faults(text)]
            found.append(_too_long(name, text, part))
    return found


def _condition_faults(sheet: Sheet) -> list[tuple[str, Fault]]:
    """By row: "conditions.0.1" is the second row of the first group."""
    misfits = condition_rows.faults(sheet.conditions) if sheet.conditions is not None else {}
    return [(f"conditions.{row}".rstrip("."), fault) for row, found in misfits.items() for fault in found]


def _part(sheet: Sheet, language: str, part: str) -> str:
    return sheet.texts.get(language, {}).get(part, "")


def _gains(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """What a fan gains by each answer, in each language: "phone.fr"."""
    for question, gains in sheet.questions.items():
        yield from ((f"{question}.{language}", gains.get(language, "")) for language in LANGUAGES)


def _keyword_fault(word: str) -> Fault | None:
    if not normalise(word):
        return Fault(Amiss.NO_WORD, word)
    return Fault(Amiss.TOO_LONG, str(LONGEST_KEYWORD)) if len(word) > LONGEST_KEYWORD else None


def _long_words(sheet: Sheet) -> Iterator[tuple[str, Fault]]:
    for name, most in LONGEST_WORD.items():
        yield from ((name, Fault(Amiss.TOO_LONG, str(most))) for word in getattr(sheet, name) if len(word) > most)


def _is_a_price(sheet: Sheet, name: str) -> bool:
    return 0 <= (getattr(sheet, name) or 0) <= MOST_MONEY


def _ends_first(sheet: Sheet) -> bool:
    return sheet.starts_at is not None and sheet.ends_at is not None and sheet.ends_at <= sheet.starts_at


def _too_long(name: str, text: str, limit: str) -> tuple[str, Fault] | None:
    return (name, Fault(Amiss.TOO_LONG, str(LONGEST[limit]))) if len(text) > LONGEST[limit] else None


def _by_field(found: Iterable[tuple[str, Fault] | None]) -> Faults:
    sorted_out: Faults = {}
    for name, fault in filter(None, found):
        sorted_out.setdefault(name, []).append(fault)
    return sorted_out
