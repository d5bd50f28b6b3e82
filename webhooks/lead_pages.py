"""How the leads are written: as a page of JSON that knows whether it is new, or as a stream of all there are."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response, request

from bot.assembly import Bot
from leads import feed, profiles, rows, sheets
from leads.feed import Page
from leads.profiles import Profile
from leads.records import Record
from webhooks.api_shapes import LeadsAsked, LeadsPage

AT_ONCE = 500  # leads of a stream that are in memory together
JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
FORMATS = {"json": JSON, "ndjson": NDJSON, "csv": CSV}
NEXT = "Next-Cursor"


def written(bot: Bot, asked: LeadsAsked) -> Response:
    kind = _format(asked)
    return _page(bot, asked) if kind == JSON else _stream(bot, asked, kind)


def _format(asked: LeadsAsked) -> str:
    """What the address says comes first, then what the header would rather have."""
    if asked.excel:
        return CSV
    if asked.format:
        return FORMATS[asked.format]
    return request.accept_mimetypes.best_match(FORMATS.values(), JSON)


def _page(bot: Bot, asked: LeadsAsked) -> Response:
    """A reader that sends back our ETag is told in a word that nothing has changed."""
    with bot.reading() as session:
        page = feed.page(session, asked.limit, asked.cursor, asked.updated_since)
    answer = Response(_as_json(page, asked.profile), mimetype=JSON)
    answer.add_etag()
    answer.headers[NEXT] = page.next_cursor
    answer.vary.add("Accept")
    answer.make_conditional(request)
    return answer


def _as_json(page: Page, profile: Profile | None) -> str:
    if profile is None:
        told = LeadsPage(data=page.leads, has_more=page.has_more, next_cursor=page.next_cursor)
        return told.model_dump_json()
    data = [profiles.of(record, profile) for record in page.leads]
    return json.dumps({"data": data, "has_more": page.has_more, "next_cursor": page.next_cursor})


def _stream(bot: Bot, asked: LeadsAsked, kind: str) -> Response:
    """All leads as they come, a handful at a time. The header says beforehand where to go on after the last."""
    with bot.reading() as session:
        until = feed.end(session, asked.cursor)
    pages = _pages(bot, asked, until)
    text = _as_lines(pages, asked.profile) if kind == NDJSON else _as_csv(pages, asked)
    answer = Response(text, mimetype=kind)
    answer.headers[NEXT] = until
    answer.vary.add("Accept")
    if kind == CSV:
        answer.headers["Content-Disposition"] = 'attachment; filename="leads.csv"'
    return answer


def _pages(bot: Bot, asked: LeadsAsked, until: str) -> Iterator[tuple[Record, ...]]:
    """Each page is a reading of its own, so that no slow reader keeps a transaction open."""
    cursor, more = asked.cursor, True
    while more:
        with bot.reading() as session:
            page = feed.page(session, AT_ONCE, cursor, asked.updated_since, until)
        yield page.leads
        cursor, more = page.next_cursor, page.has_more


def _as_lines(pages: Iterable[tuple[Record, ...]], profile: Profile | None) -> Iterator[str]:
    for leads in pages:
        yield "".join(f"{_line(record, profile)}\n" for record in leads)


def _line(record: Record, profile: Profile | None) -> str:
    return record.model_dump_json() if profile is None else json.dumps(profiles.of(record, profile))


def _as_csv(pages: Iterable[tuple[Record, ...]], asked: LeadsAsked) -> Iterator[str]:
    french, profile = asked.excel == "fr", asked.profile
    columns = rows.COLUMNS if profile is None else tuple(profiles.FIELDS[profile])
    yield sheets.head(columns, french_excel=french)
    for leads in pages:
        flat: list[dict[str, Any]] = [_row(record, profile) for record in leads]
        yield sheets.lines(columns, flat, french_excel=french)


def _row(record: Record, profile: Profile | None) -> dict[str, Any]:
    return dict(rows.of(record)) if profile is None else profiles.of(record, profile)
