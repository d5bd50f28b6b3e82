"""How managers write numbers, amounts and lists in a form."""

import re

from babel.numbers import get_currency_precision

NUMBER = re.compile(r"[+-]?\d{1,12}", re.ASCII)


def squeezed(typed: str) -> str:
    """ "1 000" is a number in French."""
    return re.sub(r"\s", "", typed)


AMOUNT = re.compile(r"(\d{1,10})(?:[.,](\d{1,4}))?", re.ASCII)


def typed_amount(typed: str, currency: str) -> int | str:
    """ "49,90" in the currency's minor unit; as it was typed, where it is no amount."""
    found, places = AMOUNT.fullmatch(squeezed(typed)), get_currency_precision(currency)
    if found is None or len(found[2] or "") > places:
        return typed
    return int(found[1] + (found[2] or "").ljust(places, "0"))


def shown_amount(amount: int, currency: str) -> str:
    """As `typed_amount` reads it again."""
    places = get_currency_precision(currency)
    return f"{amount / 10**places:.{places}f}"


def listed(typed: str, between: str) -> tuple[str, ...]:
    """Each once, in the order in which they were typed."""
    return tuple(dict.fromkeys(word for part in re.split(between, typed) if (word := part.strip())))
