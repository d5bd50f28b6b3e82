"""The form of the house rules: what was typed, read into caps, with the faults of what can't be read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from werkzeug.datastructures import MultiDict

from bot import ruling
from bot.ruling import MOST, Odd
from offers.editing import Amiss, Faults
from offers.texts import Fault
from optin.pressure import ALL, SPANS, Caps
from optin.standing import Purpose

ABOUTS = {"all": ALL, "offers": Purpose.OFFERS.value, "newsletter": Purpose.NEWSLETTER.value}
WAYS = ("public", "private", "direct")
HOURS = ("quiet_from", "quiet_to")
FIELDS = (
    *(f"{about}.{span}" for about in ABOUTS for span in SPANS),
    *(f"weight.{way}" for way in WAYS),
    "gap",
    *HOURS,
    "zone",
)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it stands on the page, faults and all: nothing that was typed is lost."""

    fields: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


def sent(form: MultiDict[str, str]) -> Typed:
    return Typed({name: form.get(name, "").strip() for name in FIELDS})


def of(caps: Caps) -> Typed:
    most = {
        f"{name}.{span}": str(many) for name, about in ABOUTS.items() for span, many in caps.caps.get(about, {}).items()
    }
    weights = {f"weight.{way}": str(caps.weight(way)) for way in WAYS}
    hours = dict(zip(HOURS, map(str, caps.quiet), strict=True)) if caps.quiet else {}
    return Typed({**most, **weights, **hours, "gap": f"{caps.gap / HOUR:g}", "zone": caps.zone})


def read(typed: Typed, before: Caps) -> tuple[Caps, Faults]:
    """The rules, and what could not be read: that stands there as it was before."""
    faults: Faults = {}
    shown = {about: _spans(typed, name, faults) for name, about in ABOUTS.items()}
    weights = {way: _needed(typed, f"weight.{way}", faults, before.weight(way)) for way in WAYS}
    gap = _needed(typed, "gap", faults, before.gap // HOUR, ruling.LONGEST_GAP // HOUR) * HOUR
    caps = replace(
        before,
        caps={**before.caps, **shown},
        weights={**before.weights, **weights},
        gap=gap,
        quiet=_quiet(typed, faults),
        zone=_zone(typed, faults) or before.zone,
    )
    for where in ruling.not_roomy(caps):
        about, _, span = where.partition(".")
        name = next((name for name, one in ABOUTS.items() if one == about), about)
        faults.setdefault(f"{name}.{span}", [Fault(Odd.NOT_ROOMY)])
    return caps, faults


def _spans(typed: Typed, about: str, faults: Faults) -> dict[str, int]:
    """The caps of one purpose: a span that was left empty has none."""
    read = {span: _number(typed, f"{about}.{span}", faults, MOST) for span in SPANS}
    return {span: most for span, most in read.items() if most is not None}


def _needed(typed: Typed, name: str, faults: Faults, otherwise: int, most: int = MOST) -> int:
    number = _number(typed, name, faults, most)
    if number is None:
        faults.setdefault(name, [Fault(Amiss.NOT_A_NUMBER)])
    return otherwise if number is None else number


def _number(typed: Typed, name: str, faults: Faults, most: int) -> int | None:
    text = re.sub(r"\s", "", typed[name])
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        faults[name] = [Fault(Amiss.NOT_A_NUMBER)]
        return None
    if int(text) > most:
        faults[name] = [Fault(Amiss.OUT_OF_RANGE, str(most))]
        return None
    return int(text)


def _quiet(typed: Typed, faults: Faults) -> tuple[int, int] | None:
    begin, end = (_number(typed, name, faults, 24) for name in HOURS)
    if begin is not None and end is not None:
        return begin, end
    for name, hour in zip(HOURS, (begin, end), strict=True):
        if hour is None and any(typed[other] for other in HOURS):
            faults.setdefault(name, [Fault(Odd.HALF_A_SPAN)])
    return None


def _zone(typed: Typed, faults: Faults) -> str:
    if ruling.is_zone(typed["zone"]):
        return typed["zone"]
    faults["zone"] = [Fault(Odd.NO_SUCH_ZONE)]
    return ""
