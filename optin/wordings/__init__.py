"""The texts that a fan agrees to. A text is added under a new version, never edited: consents refer to it for years."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Wording:
    """A text as it was shown. `name` is "offers_email.1.fr"; `hash` is the SHA-256 of `text`."""

    name: str
    text: str
    hash: str


@cache
def wording(what: str, language: str, brand: str) -> Wording:
    """The newest version of a text, such as "offers_email", with the brand's name in it. Raises KeyError."""
    return named(_newest(what, language), brand)


def shown(name: str, hashed: str, brand: str) -> str:
    """The words that a consent refers to; "" where they are no longer those that the fan saw."""
    if not name or not (HERE / f"{name}.txt").is_file():
        return ""
    words = named(name, brand)
    return words.text if words.hash == hashed else ""


@cache
def named(name: str, brand: str) -> Wording:
    """The text of this very name, whatever came after it."""
    text = (HERE / f"{name}.txt").read_text(encoding="utf-8").strip().replace("{brand}", brand)
    return Wording(name, text, hashlib.sha256(text.encode()).hexdigest())


def _newest(what: str, language: str) -> str:
    versions = [int(path.name.split(".")[1]) for path in HERE.glob(f"{what}.*.{language}.txt")]
    if not versions:
        raise KeyError(f"{what}.{language}")
    return f"{what}.{max(versions)}.{language}"
