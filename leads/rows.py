"""A lead as one flat row, for tables and for CRMs that know no nested data."""

from leads.records import ConsentSummary, LeadRecord, Record

Row = dict[str, str | None]

COLUMNS = (
    "id", "status", "updated_at", "merged_into", "email", "phone", "name", "first_name", "last_name", "birthday",
    "postcode", "language", "created_at", "consent", "platform", "account", "post", "offer", "offer_name",
    "first_touch_at", "code", "code_claimed_at", "stage", "score",
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
    return {column: flat.get(column) for column in COLUMNS}


def _in_words(line: ConsentSummary) -> str:
    """ "email offers: yes", as a person reads it in a cell."""
    return f"{line.channel} {line.purpose}: {'yes' if line.granted else 'no'}"
