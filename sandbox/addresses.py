"""The e-mail address of each invented fan."""

import re
import unicodedata


def of(fan: str) -> str:
    """One that goes with the name; who plays under an address has that one."""
    if "@" in fan:
        return fan.lower()
    letters = unicodedata.normalize("NFKD", fan).encode("ascii", "ignore").decode().lower()
    return f"{re.sub('[^a-z0-9]+', '.', letters).strip('.') or 'fan'}@example.org"
