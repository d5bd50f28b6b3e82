"""A dossier as a page that a person can read, in the language that he reads."""

import json
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot import wording
from bot.dossier import Dossier
from bot.periods import PERIODS

PARIS = ZoneInfo("Europe/Paris")

_pages = Environment(
    loader=FileSystemLoader(wording.HERE), undefined=StrictUndefined, autoescape=True, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


def page(dossier: Dossier, language: str) -> str:
    """The whole page, which needs nothing else: to be kept as a file."""
    return _rendered("dossier_page.html", dossier, language)


def body(dossier: Dossier, language: str) -> Markup:
    """The same as part of a page of ours."""
    return Markup(_rendered("dossier.html", dossier, language))  # noqa: S704 - made by the template, which escapes


def words(language: str) -> dict[str, Any]:
    """What the page says, by name."""
    return _words(language if language in wording.LANGUAGES else wording.LANGUAGES[0])


def _rendered(template: str, dossier: Dossier, language: str) -> str:
    def when(moment: datetime) -> str:
        return str(format_datetime(moment, "d MMM y HH:mm", tzinfo=PARIS, locale=language))

    return _pages.get_template(template).render(
        told=dossier, words=words(language), when=when, language=language, periods=PERIODS
    )


@cache
def _words(language: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((wording.HERE / language / "dossier.json").read_text(encoding="utf-8"))
    return read
