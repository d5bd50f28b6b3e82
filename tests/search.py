"""A search of everything that is kept: each column of each table, as text, JSON included."""

import json
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
import structlog

from bot.assembly import Bot
from bot.tables import metadata


def found(bot: Bot, words: Collection[str]) -> set[tuple[str, str, str]]:
    """Table, column and word, wherever one of these stands."""
    with bot.engine.connect() as connection:
        return {
            (table.name, column.name, word)
            for table in metadata.sorted_tables
            for row in connection.execute(sa.select(table))
            for column in table.columns
            for word in words
            if word in _text(row._mapping[column])
        }


def _text(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def logged(entries: Collection[structlog.typing.EventDict], words: Collection[str]) -> set[str]:
    return {word for entry in entries for word in words if word in str(entry)}
