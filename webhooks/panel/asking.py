"""What an address of the panel asks for: which piece of a long list. Nonsense asks for its beginning."""

import re
from urllib.parse import urlencode
from uuid import UUID

from flask import request, url_for

PAIR = re.compile(r"(-?[0-9]{1,9})\.([0-9]{1,18})")
LARGEST = 2**63 - 1  # what a database takes as a number


def after_id() -> UUID | None:
    try:
        return UUID(request.args.get("after", ""))
    except ValueError:
        return None


def after_number() -> int | None:
    after = request.args.get("after", "")
    number = int(after) if after.isascii() and after.isdecimal() and len(after) < 20 else 0
    return number if 0 < number <= LARGEST else None


def after_pair() -> tuple[int, int] | None:
    """Two numbers with a dot between them, of which the first may be below zero."""
    found = PAIR.fullmatch(request.args.get("after", ""))
    return (int(found[1]), int(found[2])) if found else None


def here(**changes: str) -> str:
    """The address of this page, asked a little differently. A page that answers a form is asked at its own address."""
    return f"{request.path}?{urlencode({**request.args.to_dict(), **changes})}"


def in_language(chosen: str) -> str:
    """The address of this page in another language; where the page only answers a button, that of the queue."""
    can_be_asked_for = request.url_rule is not None and "GET" in (request.url_rule.methods or ())
    return here(lang=chosen) if can_be_asked_for else url_for("panel.queue.show", lang=chosen)
