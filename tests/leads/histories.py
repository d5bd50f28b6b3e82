"""Real purchases: customers of a shop of 1997, and what was published of each of them after 39 weeks.

Of CDNOW's customers (Fader and Hardie) the shared folder holds the orders of about half, and a table of one in ten: `x`
days on which he bought again, the last of them `t_x` weeks after the first, `T` weeks watched, `zbar` spent on each of
those days. The table numbers people anew, so a line of it is told by its history: the only one that comes to its sums.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from tests.corpus import shared

END = datetime(1997, 9, 30, tzinfo=UTC)
Line = tuple[int, int, int]  # x, t_x and T, in days


@dataclass(frozen=True, slots=True)
class Customer:
    """`days`: what he spent on each day, in cents. The rest is as the table says."""

    days: Mapping[datetime, int]
    again: int
    silent: int  # days since he bought last

    @property
    def spent(self) -> int:
        return sum(self.days.values())

    @property
    def quarters(self) -> frozenset[int]:
        """In which he bought."""
        return frozenset(quarter(day) for day in self.days)


def quarter(day: datetime) -> int:
    """The first of the year is 0."""
    return (day.month - 1) // 3


def customers(most: int) -> list[Customer]:
    """Of those who bought again, and half as many who did not, from all over the table."""
    known = _known()
    again, once = ([one for one in known if (one.again > 0) is several] for several in (True, False))
    return again[:: len(again) // most][:most] + once[:: 2 * len(once) // most][: most // 2]


def _known() -> list[Customer]:
    """The lines of the table whose history is there. Of who bought once, any that fits has the same sums."""
    found: list[Customer] = []
    histories = _by_line()
    for row in shared.rows("rfm/lifetimes_cdnow_customers_summary_with_transactions.csv"):
        line, later = _line(row), Decimal(row["zbar"])
        fitting = [days for days in histories[line] if _comes_to(days, later)]
        if fitting and (len(fitting) == 1 or not line[0]):
            histories[line].remove(fitting[0])
            found.append(Customer(fitting[0], line[0], line[2] - line[1]))
    return found


def _line(row: Mapping[str, str]) -> Line:
    return int(row["x"]), round(Decimal(row["t_x"]) * 7), round(Decimal(row["T"]) * 7)


def _by_line() -> dict[Line, list[dict[datetime, int]]]:
    found: dict[Line, list[dict[datetime, int]]] = defaultdict(list)
    for days in _histories():
        first, last = min(days), max(days)
        found[len(days) - 1, (last - first).days, (END - first).days].append(days)
    return found


def _histories() -> Iterator[dict[datetime, int]]:
    """Up to the day on which the table was drawn up; several orders of a day are one, as there."""
    found: dict[str, dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
    for row in shared.rows("rfm/cdnow_master.csv"):
        day = datetime.strptime(row["date"], "%Y%m%d").replace(tzinfo=UTC)
        if day <= END:
            found[row["customer_id"]][day] += int(Decimal(row["amount"]) * 100)
    yield from found.values()


def _comes_to(days: Mapping[datetime, int], later: Decimal) -> bool:
    """To the cent, which the table rounded."""
    spent, again = sum(days.values()) - days[min(days)], len(days) - 1
    return abs(Decimal(spent) / 100 - later * again) <= Decimal("0.0051") * again
