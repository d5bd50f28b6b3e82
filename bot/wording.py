"""What the bot says: a text for each occasion and language, told apart from what managers write."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

HERE = Path(__file__).parent / "messages"
LANGUAGES = tuple(sorted(folder.name for folder in HERE.iterdir() if folder.is_dir()))

# Plain text for the platforms: nothing is escaped here, and nothing of it is ever put into a page unescaped.
_texts = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, autoescape=False, trim_blocks=True)  # noqa: S701


def say(what: str, language: str, **words: str) -> str:
    """The text for this occasion. Raises UndefinedError where a word is missing, TemplateNotFound where the text is."""
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    return _text(what, spoken).render(words).strip() if words.keys() - {"brand"} else _plain(what, spoken, **words)


@cache
def _plain(what: str, language: str, **words: str) -> str:
    """A text that is the same for every fan."""
    return _text(what, language).render(words).strip()


def shortened(text: str, most: int) -> str:
    """As much of a text as the platform takes, cut between words."""
    return text if len(text) <= most else text[:most].rsplit(None, 1)[0][: most - 1] + "…"


@cache
def _text(what: str, language: str) -> Template:
    return _texts.get_template(f"{language}/{what}.txt")
