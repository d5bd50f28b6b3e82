"""A lead as one flat row, for tables and for CRMs that know no nested data."""

from typing import Any

from leads.records import ConsentSummary, LeadRecord, Record

Row = dict[str, str | None]

TOUCHES = ("first_touch", "last_touch")
TOUCH = ("at", "platform", "account", "post", "offer", "by_friend", "utm_source", "utm_medium", "utm_campaign")
COLUMNS = (
    "id", "status", "updated_at", "merged_into", "email", "phone", "name", "first_name", "last_name", "birthday",
    "postcode", "language", "created_at", "consent", "platform", "account", "post", "offer", "offer_name",
    "first_touch_at", "code", "code_claimed_at", "stage", "score",
    *(f"{which}_{part}" for which in TOUCHES for part in TOUCH if (which, part) != ("first_touch", "at")),
)  # fmt: skip


def of(record: Record) -> Row:
    """Every column of every lead: whoever may not be seen has nothing in most of them."""
    told = record.model_dump(mode="json")
    if not isinstance(record, LeadRecord):
        return {column: told.get(column) for column in COLUMNS}
    flat = told | told["source"] | {"consent": "; ".join(map(_in_words, record.consent))}
    code = told["code"] or {}
    flat |= {"code": code.get("code"), "code_claimed_at": code.get("claimed_at")}
    flat |= {"score": None if record.score is None else str(record.score)}
    flat |= {f"{which}_{part}": _cell(told["source"][which], part) for which in TOUCHES for part in TOUCH}
    flat["first_touch_at"] = told["source"]["first_touch_at"]
    return {column: flat.get(column) for column in COLUMNS}


def _cell(touch: dict[str, Any] | None, part: str) -> str | None:
    value = touch[part] if touch else None
    return ("true" if value else "false") if isinstance(value, bool) else value


def _in_words(line: ConsentSummary) -> str:
    """ "email offers: yes", as a person reads it in a cell."""
    return f"{line.channel} {line.purpose}: {'yes' if line.granted else 'no'}"
