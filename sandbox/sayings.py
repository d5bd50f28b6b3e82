"""A file of real messages, as what invented fans say: the same file gives the same fans and the same ids again."""

import csv
import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

EACH_FAN_SAYS = 3  # so that the order of what one fan says matters, too
FIRST_NAMES = ("Léa", "Max", "Inès", "Hugo", "Chloé", "Yanis", "Manon", "Noah", "Sarah", "Louis", "Aïcha", "Tom", "Zoé")
LAST_NAMES = ("Martin", "Bernard", "Petit", "Durand", "Leroy", "Moreau", "Simon", "Laurent", "Michel", "Garcia", "Roux")


class Trouble(Exception):
    """Why a replay cannot go on, in words for the person who started it."""


class Manner(StrEnum):
    COMMENT = "comment"
    MESSAGE = "message"


MANNERS = {
    "comments": (Manner.COMMENT,),
    "messages": (Manner.MESSAGE,),
    "both": (Manner.COMMENT, Manner.MESSAGE),
}


@dataclass(frozen=True, slots=True)
class Saying:
    """What one row says, once. `number` counts the sayings of a replay from 1."""

    number: int
    manner: Manner
    fan: int  # counted from 1
    text: str

    @property
    def fan_name(self) -> str:
        first = FIRST_NAMES[self.fan % len(FIRST_NAMES)]
        last = LAST_NAMES[self.fan // len(FIRST_NAMES) % len(LAST_NAMES)]
        return f"{first} {last}"


def read_texts(path: Path, limit: int | None = None) -> list[str]:
    """The `text` column, without its empty rows."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            texts = [text for text in _text_column(path, file) if text.strip()]
    except FileNotFoundError:
        raise Trouble(f"There is no file {path}.") from None
    except (IsADirectoryError, PermissionError):
        raise Trouble(f"{path} cannot be read as a file.") from None
    except (UnicodeDecodeError, csv.Error):
        raise Trouble(f"{path} is not a CSV file in UTF-8.") from None
    if not texts:
        raise Trouble(f"The text column of {path} is empty.")
    return texts[:limit]


def _text_column(path: Path, file: Iterable[str]) -> Iterator[str]:
    rows = csv.DictReader(file)
    columns = rows.fieldnames or []
    if "text" not in columns:
        raise Trouble(f'{path} has no column named "text". Its columns are: {", ".join(columns) or "none"}.')
    for row in rows:
        yield row["text"] or ""


def prefix(path: Path, platform: str, manners: str, again: bool = False) -> str:
    """What the ids of a replay begin with. With `again`, one that was never used before."""
    source = uuid.uuid4().hex if again else f"{path.name}/{platform}/{manners}"
    return f"replay{hashlib.sha256(source.encode()).hexdigest()[:10]}"


def say(texts: list[str], manners: tuple[Manner, ...]) -> list[Saying]:
    """Row by row: fans take turns only after having said their few things one after the other."""
    said = [(manner, row, text) for row, text in enumerate(texts) for manner in manners]
    return [Saying(n, manner, 1 + row // EACH_FAN_SAYS, text) for n, (manner, row, text) in enumerate(said, start=1)]
