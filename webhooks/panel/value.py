"""What it is all worth: revenue, baskets, regularity and conversion by platform, offer and post, to read or as CSV."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from io import StringIO

from apiflask import APIBlueprint
from babel.numbers import get_currency_precision
from flask import Response, render_template, request, stream_with_context

from leads.lift import FEWEST_SPENDERS, Lift, Lifts, TooFew
from webhooks.door import the_bot
from webhooks.i18n import gettext as _
from webhooks.i18n import language
from webhooks.panel import value_reports
from webhooks.panel.value_reports import Change, Line, Report

PERIODS = {"30": timedelta(days=30), "90": timedelta(days=90), "365": timedelta(days=365), "all": None}
FIRST = "90"
MOST = 50  # lines of a table: the sheet has them all
WORTH_CELLS, LIFT_CELLS = 10, 13  # columns of the sheet that only lines of tables have, and only comparisons
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a table program would calculate it

blueprint = APIBlueprint("value", __name__, enable_openapi=False)


@blueprint.get("/value")
def show() -> str:
    return render_template(
        "panel/value.html",
        report=_report(),
        period=_period(),
        periods=list(PERIODS),
        currency=the_bot().settings.currency,
        held_out=the_bot().settings.holdout_percent,
        spenders=FEWEST_SPENDERS,
        most=MOST,
    )


@blueprint.get("/value.csv")
def download() -> Response:
    """Line by line, as far as it was read."""
    lines = stream_with_context(_lines(_rows(_report())))
    response = Response(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="value-{_period()}.csv"'
    return response


def _lines(rows: Iterable[list[str]]) -> Iterator[str]:
    """For French Excel as well: it takes UTF-8 by its first mark, and semicolons."""
    yield "\ufeff"
    for row in rows:
        line = StringIO()
        csv.writer(line, delimiter=";").writerow(row)
        yield line.getvalue()


def _report() -> Report:
    bot, now = the_bot(), the_bot().now()
    with bot.reading() as session:
        return value_reports.report(session, bot.settings.currency, _since(now), now)


def _period() -> str:
    asked = request.args.get("period", FIRST)
    return asked if asked in PERIODS else FIRST


def _since(now: datetime) -> datetime | None:
    period = PERIODS[_period()]
    return None if period is None else now - period


def _rows(report: Report) -> Iterator[list[str]]:
    currency = the_bot().settings.currency
    yield [
        _("By"), _("Platform"), _("Name"), f"{_('Revenue')} ({currency})", _("Purchases"),
        f"{_('Average basket')} ({currency})", _("Buyers"), _("Buyers who came back"), _("Days between two visits"),
        _("Offered"), _("Codes taken"), _("Codes used"), _("Fans whom we know"), *_lift_heads(currency),
    ]  # fmt: skip
    named = {"platform": _("Platform"), "offer": _("Offer"), "post": _("Post")}
    for by, lines in report.tables.items():
        yield from ([named[by], *_cells(line, currency), *[""] * LIFT_CELLS] for line in lines)
    for change in report.changes:
        name = _plain(change.name) if change.name else _("All offers")
        yield [_("What bringing offers changes"), "", name, *[""] * WORTH_CELLS, *_lift_cells(change, currency)]


def _lift_heads(currency: str) -> list[str]:
    amounts = (
        _("Revenue per person, brought"), _("Revenue per person, held out"), _("Difference of revenue per person"),
        _("Difference of revenue per person, at least"), _("Difference of revenue per person, at most"),
    )  # fmt: skip
    return [
        _("Brought to"), _("Held out"), _("People to be held out to see a change"),
        _("Bought, brought (%)"), _("Bought, held out (%)"),
        _("Difference (points)"), _("Difference (points), at least"), _("Difference (points), at most"),
        *(f"{amount} ({currency})" for amount in amounts),
    ]  # fmt: skip


def _lift_cells(change: Change, currency: str) -> list[str]:
    """No number where there are too few for one, as on the page."""
    offered, held_out = change.compared.offered, change.compared.held_out
    people = [str(offered.people), str(held_out.people), str(change.needed or "")]
    match change.lift:
        case TooFew():
            return [*people, *[""] * (LIFT_CELLS - len(people))]
        case Lifts(rate, money):
            shares = [*_scaled([offered.rate, held_out.rate], 100), *_scaled(_told(rate), 100)]
            scale = 1 / 10 ** get_currency_precision(currency)
            amounts = [*_scaled([offered.mean, held_out.mean], scale), *_scaled(_told(money), scale)] if money else []
            return [*people, *shares, *(amounts or [""] * 5)]


def _told(lift: Lift) -> list[float]:
    return [lift.difference, lift.interval.low, lift.interval.high]


def _scaled(numbers: Iterable[float], by: float) -> list[str]:
    return [_decimal(number * by) for number in numbers]


def _cells(line: Line, currency: str) -> list[str]:
    worth, funnel, minor = line.worth, line.funnel, 10 ** get_currency_precision(currency)
    return [
        line.platform,
        _plain(line.name or _("No code before it")),
        _decimal(worth.revenue / minor),
        str(worth.purchases),
        _decimal(worth.basket / minor) if worth.basket is not None else "",
        str(worth.buyers),
        str(worth.came_back),
        _decimal(worth.rhythm) if worth.rhythm is not None else "",
        str(funnel.offered),
        str(funnel.claimed),
        str(funnel.redeemed),
        str(line.fans) if line.fans else "",
    ]


def _decimal(number: float) -> str:
    """As the reader's table program writes it."""
    text = f"{number:.2f}"
    return text.replace(".", ",") if language() == "fr" else text


def _plain(name: str) -> str:
    return f"'{name}" if name.startswith(FORMULA) else name
