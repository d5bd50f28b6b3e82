"""Sheets: leads as CSV, which no spreadsheet may take for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

BOM = "\ufeff"  # without it Excel takes UTF-8 for the old alphabet of its country
PHONE = re.compile(r"\+\d{6,15}")  # a number to any spreadsheet, and needed as it is by any CRM
BEGINS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # OWASP, "CSV Injection", read 2026-11


def head(columns: Sequence[str], *, french_excel: bool) -> str:
    return (BOM if french_excel else "") + _written([columns], french_excel)


def lines(
    columns: Sequence[str], rows: Iterable[Mapping[str, str | bool | None]], *, french_excel: bool
) -> str:  # fmt: skip
    """These rows. Excel in French parts cells by `;`, since its numbers have the comma."""
    return _written([[_cell(row[column]) for column in columns] for row in rows], french_excel)


def _written(table: Iterable[Sequence[str]], french_excel: bool) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=";" if french_excel else ",", lineterminator="\r\n").writerows(table)
    return file.getvalue()


def _cell(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value or ""
    harmless = not text.startswith(BEGINS_A_FORMULA) or PHONE.fullmatch(text)
    return text if harmless else f"'{text}"
