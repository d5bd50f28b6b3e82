"""What the words of a wish come down to: "entre 18h et 20h" is "18-20", "pas avant lundi" is a moment."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from optin.wish_lexicon import VALUES

DAY_BEGINS, DAY_ENDS = 8, 22  # who names one end of his hours does not ask to be woken at the other
A_WHILE = timedelta(days=30)  # a pause without an end; the line that confirms it says until when
OFTEN = {"once": 1, "twice": 2}
HOURS_OF = {"midi": 12, "noon": 12, "minuit": 24, "midnight": 24}
Said = dict[str, str]  # what each name of a line met


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that he wishes; for what `optin.preferences` keeps, the value is written as it is kept there.

    Beside these: "every" is "less" where he names no interval, "offers" is "no", "service" is "yes".
    """

    what: str
    value: str


def read(what: str, how: str, said: Said, now: datetime, zone: str) -> Wish:
    """The wish of one piece; `how` names what reads its value, or is the value."""
    if what == "paused_until" and how != "none":
        return Wish(what, paused(how, said, now, ZoneInfo(zone)))
    return Wish(what, READERS[how](said) if how in READERS else how)


def agreed(told: Iterable[Wish]) -> tuple[Wish, ...]:
    """The wishes, one of a kind; none at all where two of them cannot both be."""
    found: dict[str, str | None] = {}
    for wish in told:
        found[wish.what] = both(wish.what, found[wish.what], wish.value) if wish.what in found else wish.value
    if None in found.values() or ("service" in found and "offers" not in found):
        return ()
    if found.get("channel") and found.get("channel") == found.get("without"):
        return ()
    return tuple(Wish(what, value) for what, value in found.items() if value is not None)


def both(what: str, one: str | None, other: str) -> str | None:
    if one is None or one == other:
        return one
    if what == "every" and "less" in (one, other):
        return other if one == "less" else one
    return overlap(one, other) if what == "hours" else None


def overlap(one: str, other: str) -> str | None:
    """The hours that are in both spans, of which none may pass midnight."""
    if "any" in (one, other):
        return None
    (begin, end), (start, stop) = (tuple(map(int, span.split("-"))) for span in (one, other))
    first, last = max(begin, start), min(end, stop)
    return f"{first}-{last}" if begin < end and start < stop and first < last else None


def number(said: Said) -> int:
    digits = said.get("number", "1").rstrip("x")
    return int(digits) if digits.isdigit() else int(VALUES["number"][said["number"]])


def per(said: Said) -> str:
    """So many a week: the hours from one to the next."""
    often = OFTEN.get(said.get("often", "")) or number(said)
    return str(max(1, unit(said) // max(1, often)))


def each(said: Said) -> str:
    return str(max(1, unit(said) * number(said)))


def unit(said: Said) -> int:
    return int(VALUES["unit"][said["unit"]])


def channel(said: Said) -> str:
    return VALUES["channel"][said["channel"]]


def part(said: Said) -> str:
    return VALUES["part"][said["part"]]


def not_part(said: Said) -> str:
    """The longer side of the day around what he does not want."""
    begin, end = map(int, part(said).split("-"))
    before, after = begin - DAY_BEGINS, DAY_ENDS - end
    return f"{DAY_BEGINS}-{begin}" if before >= after else f"{end}-{DAY_ENDS}"


def since(said: Said) -> str:
    begin = hour(said, "hour", up=True)
    return f"{begin}-{DAY_ENDS if begin < DAY_ENDS else 24}"


def until(said: Said) -> str:
    end = hour(said, "hour")
    return f"{DAY_BEGINS if end > DAY_BEGINS else 0}-{end}"


def between(said: Said) -> str:
    first = "begin" if "begin" in said or "begin_word" in said else "hour"
    end = hour(said, "end")
    begin = hour(said, first, up=True)
    if said.get("end_half") == "p" and f"{first}_half" not in said and begin < 12 and begin + 12 < end:
        begin += 12  # "between 6 and 8pm"
    return f"{begin}-{end}"


def hour(said: Said, name: str, *, up: bool = False) -> int:
    """A time of day to the full hour that is surely within what he named."""
    if f"{name}_word" in said:
        return HOURS_OF[said[f"{name}_word"]]
    named, half = int(said[name]), said.get(f"{name}_half")
    plain = named if half is None else named % 12 + (12 if half == "p" else 0)
    return min(24, plain + (up and int(said.get(f"{name}_minute", 0)) > 0))


READERS: dict[str, Callable[[Said], str]] = {
    "per": per,
    "each": each,
    "by": channel,
    "part": part,
    "not_part": not_part,
    "from": since,
    "until": until,
    "between": between,
}


def paused(how: str, said: Said, now: datetime, zone: ZoneInfo) -> str:
    """Until when, as a moment: days begin at midnight on his own clock."""
    if how == "a_while":
        return (now + A_WHILE).astimezone(UTC).isoformat()
    if how == "span":
        return (now + timedelta(hours=unit(said) * number(said))).astimezone(UTC).isoformat()
    today = now.astimezone(zone).date()
    day = RELATIVE[how](today) if how in RELATIVE else named_day(said, today)
    return datetime.combine(day, time(), zone).astimezone(UTC).isoformat()


def named_day(said: Said, today: date) -> date:
    """The next day, after today, that is called so."""
    if "relative" in said:
        return RELATIVE[VALUES["relative"][said["relative"]]](today)
    if "weekday" in said:
        ahead = (int(VALUES["weekday"][said["weekday"]]) - today.weekday()) % 7
        return today + timedelta(days=ahead or 7)
    return next_date(today, day_said(said), month_said(said))


def day_said(said: Said) -> int | None:
    return int(said["day"].removesuffix("er")) if "day" in said else None


def month_said(said: Said) -> int | None:
    if "numeral" in said:
        return int(said["numeral"])
    return int(VALUES["month"][said["month"]]) if "month" in said else None


def next_date(today: date, day: int | None, month: int | None) -> date:
    """The next 12th, 12 November or November; a month that has begun is the next year's."""
    coming = (today + timedelta(days=ahead) for ahead in range(1, 366 * 4 + 2))
    return next(each for each in coming if each.day == (day or 1) and month in (None, each.month))


def first_of_next_month(today: date) -> date:
    return next_date(today, 1, None)


RELATIVE: dict[str, Callable[[date], date]] = {
    "tomorrow": lambda today: today + timedelta(days=1),
    "after_tomorrow": lambda today: today + timedelta(days=2),
    "next_week": lambda today: today + timedelta(days=7 - today.weekday()),
    "next_month": first_of_next_month,
    "next_year": lambda today: date(today.year + 1, 1, 1),
}
