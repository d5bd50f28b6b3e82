"""An offer's form: what was typed, read into a sheet, with the faults of what can't be read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from werkzeug.datastructures import MultiDict

from offers import ways_in
from offers.catalog import Kind, Offer
from offers.editing import LANGUAGES, MONEY, PARTS, Amiss, Faults, Sheet, sheet_of
from offers.questions import Question
from offers.texts import Fault
from webhooks.i18n import PARIS
from webhooks.panel import condition_form
from webhooks.panel.condition_form import Group
from webhooks.panel.typed import NUMBER, listed, squeezed

SINGLE = (
    "name",
    "slug",
    "value",
    "keywords",
    "themes",
    "posts",
    "campaigns",
    "starts_at",
    "ends_at",
    "priority",
    "stock",
    "code_prefix",
)
VALUED = ("kind", "worth", "cost", "fallback_id")
GAINS = tuple(f"{question.value}.{language}" for question in Question for language in LANGUAGES)
TEXTS = tuple(f"{language}.{part}" for language in LANGUAGES for part in PARTS)
PRICE = re.compile(r"\d{1,12}(\.\d{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it stands on the page, faults and all: nothing that was typed is lost."""

    fields: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    needs_approval: bool = True
    conditions: Group | None = None  # as they stand

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


def sent(form: MultiDict[str, str]) -> Typed:
    return Typed(
        fields={name: form.get(name, "").replace("\r\n", "\n") for name in (*SINGLE, *VALUED, *TEXTS, *GAINS)},
        platforms=tuple(form.getlist("platforms")),
        accounts=tuple(form.getlist("accounts")),
        questions=tuple(one.value for one in Question if one.value in form.getlist("questions")),
        needs_approval="needs_approval" in form,
        conditions=condition_form.sent(form),
    )


def of(offer: Offer) -> Typed:
    sheet = sheet_of(offer)
    fields = {
        "name": sheet.name,
        "slug": offer.slug,
        "value": sheet.value,
        "keywords": ", ".join(sheet.keywords),
        "themes": ", ".join(sheet.themes),
        "posts": "\n".join(sheet.posts),
        "campaigns": ", ".join(sheet.campaigns),
        "starts_at": _local(sheet.starts_at),
        "ends_at": _local(sheet.ends_at),
        "priority": str(sheet.priority),
        "stock": "" if sheet.stock is None else str(sheet.stock),
        "code_prefix": sheet.code_prefix,
    }
    texts = {f"{language}.{part}": text for language, parts in sheet.texts.items() for part, text in parts.items()}
    gains = {f"{asked}.{language}": gain for asked, told in sheet.questions.items() for language, gain in told.items()}
    return Typed(
        fields=fields | _valued(sheet) | texts | gains,
        platforms=sheet.platforms,
        accounts=sheet.accounts,
        questions=tuple(sheet.questions),
        needs_approval=sheet.needs_approval,
        conditions=condition_form.of(offer.conditions),
    )


def read(typed: Typed) -> tuple[Sheet, Faults]:
    """The sheet, and what could not be read: that stands in the sheet as if it had been left out."""
    faults: Faults = {}
    sheet = Sheet(
        name=typed["name"].strip(),
        value=typed["value"].strip(),
        keywords=listed(typed["keywords"], r"[,;\n]"),
        themes=listed(typed["themes"].lower(), r"[,;\n]"),
        platforms=typed.platforms,
        accounts=typed.accounts,
        posts=listed(typed["posts"], r"[,;\s]"),
        campaigns=tuple(dict.fromkeys(map(ways_in.word, listed(typed["campaigns"], r"[,;\n]")))),
        starts_at=_moment(typed, "starts_at", faults),
        ends_at=_moment(typed, "ends_at", faults),
        priority=_number(typed, "priority", faults) or 0,
        needs_approval=typed.needs_approval,
        stock=_number(typed, "stock", faults),
        code_prefix=typed["code_prefix"].strip().upper(),
        texts={language: _parts(typed, language) for language in LANGUAGES},
        questions={asked: _gains(typed, asked) for asked in typed.questions},
        conditions=condition_form.document(typed.conditions)[0] if typed.conditions else None,
        kind=typed["kind"] if typed["kind"] in list(Kind) else Kind.PERCENT.value,
        worth=_money(typed, "worth", faults),
        cost=_money(typed, "cost", faults),
        fallback_id=_chosen(typed, "fallback_id", faults),
    )
    return sheet, faults


def _parts(typed: Typed, language: str) -> dict[str, str]:
    texts = {part: typed[f"{language}.{part}"].strip() for part in PARTS}
    return {part: text for part, text in texts.items() if text}


def _gains(typed: Typed, asked: str) -> dict[str, str]:
    told = {language: typed[f"{asked}.{language}"].strip() for language in LANGUAGES}
    return {language: gain for language, gain in told.items() if gain}


def _number(typed: Typed, name: str, faults: Faults) -> int | None:
    text = squeezed(typed[name])
    if text and not NUMBER.fullmatch(text):
        faults[name] = [Fault(Amiss.NOT_A_NUMBER)]
    return int(text) if NUMBER.fullmatch(text) else None


def _valued(sheet: Sheet) -> dict[str, str]:
    money = {name: "" if (held := getattr(sheet, name)) is None else f"{held / 100:.2f}" for name in MONEY}
    return money | {"kind": sheet.kind, "fallback_id": str(sheet.fallback_id or "")}


def _money(typed: Typed, name: str, faults: Faults) -> int | None:
    """ "12.50" or "12,50", in minor units."""
    text = re.sub(r"\s", "", typed[name]).replace(",", ".")
    if text and not PRICE.fullmatch(text):
        faults[name] = [Fault(Amiss.NOT_MONEY)]
    return int(Decimal(text) * 100) if PRICE.fullmatch(text) else None


def _chosen(typed: Typed, name: str, faults: Faults) -> UUID | None:
    try:
        return UUID(typed[name]) if typed[name] else None
    except ValueError:
        faults[name] = [Fault(Amiss.NO_SUCH_OFFER)]
        return None


def _moment(typed: Typed, name: str, faults: Faults) -> datetime | None:
    """What a clock in Paris shows, as UTC. Of an hour that comes twice, the first is meant."""
    text = typed[name].strip()
    if not text:
        return None
    try:
        shown = datetime.fromisoformat(text).replace(tzinfo=PARIS)
    except ValueError:
        faults[name] = [Fault(Amiss.NOT_A_DATE)]
        return None
    if not 2000 <= shown.year <= 2200:
        faults[name] = [Fault(Amiss.NOT_A_DATE)]
        return None
    moment = shown.astimezone(UTC)
    if moment.astimezone(PARIS).replace(tzinfo=None) != shown.replace(tzinfo=None):
        faults[name] = [Fault(Amiss.NO_SUCH_HOUR)]
    return moment


def _local(moment: datetime | None) -> str:
    return moment.astimezone(PARIS).strftime("%Y-%m-%dT%H:%M") if moment else ""
