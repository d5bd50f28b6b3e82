"""How the panel's templates read what the program keeps."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from optin import preferences
from optin.permits import Answer
from optin.preferences import Preferences

LONGEST_RAW = 20_000  # characters


def pretty(raw: dict[str, Any]) -> str:
    """A platform's JSON, as far as a person reads on."""
    return json.dumps(raw, indent=2, ensure_ascii=False)[:LONGEST_RAW]


def instant(written: str) -> datetime:
    """A moment as a journal keeps it."""
    return datetime.fromisoformat(written)


def verdict(answer: Answer) -> str:
    """ "permit", "refusal" or "deferral"."""
    return type(answer).__name__.lower()


def as_wishes(voices: Sequence[Preferences]) -> list[tuple[str, str]]:
    """What somebody wishes, on all of his profiles, each thing once."""
    return list(dict.fromkeys(wish for voice in voices for wish in preferences.as_json(voice).items()))


def hours(time: timedelta) -> int:
    return time // timedelta(hours=1)


def sentence(words: str) -> str:
    """With a large first letter, and the others as they are: "CRM" stays "CRM"."""
    return words[:1].upper() + words[1:]


ALL = (pretty, sentence, instant, verdict, as_wishes, hours)
