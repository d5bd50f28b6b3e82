"""What the page says, in French and English."""

import json
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("fr", "en")


@cache
def load(language: str) -> dict[str, Any]:
    words: dict[str, Any] = json.loads((Path(__file__).parent / f"{language}.json").read_text(encoding="utf-8"))
    return words
