"""How managers write numbers and lists in a form."""

import re

NUMBER = re.compile(r"[+-]?\d{1,12}", re.ASCII)


def squeezed(typed: str) -> str:
    """ "1 000" is a number in French."""
    return re.sub(r"\s", "", typed)


def listed(typed: str, between: str) -> tuple[str, ...]:
    """Each once, in the order in which they were typed."""
    return tuple(dict.fromkeys(word for part in re.split(between, typed) if (word := part.strip())))
