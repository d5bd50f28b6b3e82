"""Reads the messages that nobody of the project wrote. They lie beside the checkout and are not part of it."""

import csv
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "data"


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table; the test that asks is skipped where the folder is absent."""
    with path(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def texts(name: str, **wanted: str) -> list[str]:
    """The texts of the rows that have these values."""
    return [row["text"] for row in rows(name) if all(row[column] == value for column, value in wanted.items())]


def path(name: str) -> Path:
    if not FOLDER.is_dir():
        pytest.skip("the shared messages are not here")
    return FOLDER / name
