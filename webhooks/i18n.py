"""The pages' languages: which one a visitor reads, the words in it, and dates and numbers as they are written there."""

from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision
from babel.support import Translations
from flask import Flask, Response, g, request

from webhooks.door import the_bot

LANGUAGES = {"fr": "Français", "en": "English"}
HERE = Path(__file__).parent / "translations"
PARIS = ZoneInfo("Europe/Paris")
COOKIE = "lang"
A_YEAR = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Give templates `_`, `ngettext`, `language`, `in_language` and filters for dates and numbers."""
    for known in LANGUAGES:
        words(known)  # read once, and a broken file is noticed at start
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.filters.update(day=day, moment=moment, in_full=in_full, number=number, translated=gettext)
    app.jinja_env.filters.update(money=money, percent=percent)
    app.jinja_env.globals.update(language=language, in_language=in_language, languages=LANGUAGES)
    app.after_request(remember_choice)


@cache
def words(language: str) -> Translations:
    """All the texts of one language: every .po file of its folder."""
    first, *others = (_read(path, language) for path in sorted((HERE / language / "LC_MESSAGES").glob("*.po")))
    for other in others:
        first.merge(other)
    return first


def _read(path: Path, language: str) -> Translations:
    compiled = BytesIO()
    with path.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=language, abort_invalid=True))
    compiled.seek(0)
    return Translations(compiled)


def language() -> str:
    """What this visitor reads: what he chose, else what we know of him, else what his browser asks for."""
    wishes = (request.args.get("lang"), request.cookies.get(COOKIE), g.get("preferred_language"))
    asked = request.accept_languages.best_match(LANGUAGES)
    return next((wish for wish in (*wishes, asked) if wish in LANGUAGES), None) or the_bot().settings.language


def prefer(language: str) -> None:
    """Say which language the person behind this request is known to read. His own choice goes first."""
    g.preferred_language = language


def remember_choice(response: Response) -> Response:
    """Keep a language that was chosen by hand. The cookie holds nothing else, so it needs no consent."""
    chosen = request.args.get("lang")
    if chosen in LANGUAGES:
        secure = the_bot().settings.address.startswith("https://")
        response.set_cookie(COOKIE, chosen, max_age=A_YEAR, httponly=True, samesite="Lax", secure=secure)
    return response


def in_language(chosen: str) -> str:
    """The address of this page in another language."""
    return f"{request.path}?{urlencode({**request.args.to_dict(), 'lang': chosen})}"


def gettext(text: str) -> str:
    return words(language()).ugettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    return words(language()).ungettext(one, many, count)


def day(when: datetime) -> str:
    return format_date(when.astimezone(PARIS), "long", locale=language())


def moment(when: datetime) -> str:
    """Day and time as they are in Paris."""
    return format_datetime(when, "d MMM y HH:mm", tzinfo=PARIS, locale=language())


def in_full(when: datetime) -> str:
    """The same as part of a sentence: "1er juin 2026 à 12:00"."""
    local = when.astimezone(PARIS)
    pattern = {"en": "d MMMM y 'at' HH:mm", "fr": "d'er' MMMM y 'à' HH:mm" if local.day == 1 else "d MMMM y 'à' HH:mm"}
    return format_datetime(local, pattern[language()], locale=language())


def money(amount: float, currency: str) -> str:
    """An amount in the currency's minor unit: 1990 is "19,90 €"."""
    return format_currency(amount / 10 ** get_currency_precision(currency), currency, locale=language())


def percent(share: float, digits: int = 0) -> str:
    """With so many digits behind the point at most."""
    number = "#,##0." + "#" * digits if digits else "#,##0"
    return format_percent(share, number + (" %" if language() == "fr" else "%"), locale=language())


def number(value: float) -> str:
    return format_decimal(value, locale=language())
