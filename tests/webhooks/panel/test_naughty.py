"""Whatever a fan calls himself and writes is shown as he wrote it, and never as markup."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot import desk
from tests.webhooks.panel import office as managers_office
from tests.webhooks.panel.office import Desk, Office

STRINGS = Path(__file__).parents[4] / "shared" / "data" / "vectors" / "blns.json"
MORE = re.compile(r'href="([^"]+)" role="button" class="outline">Show more')
VOID = {"br", "input", "meta", "link", "img"}


class Seen(HTMLParser):
    """A page as a browser takes it apart: its tags, and the text inside of each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.quotes: list[str] = []
        self.names: list[str] = []
        self._inside: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(f"{tag} {' '.join(sorted(name for name, _ in attributes))}")
        if tag not in VOID:
            self._inside.append(tag)
        if tag == "blockquote":
            self.quotes.append("")
        if tag == "h2":
            self.names.append("")

    def handle_endtag(self, tag):
        assert self._inside.pop() == tag

    def handle_data(self, text):
        if "blockquote" in self._inside:
            self.quotes[-1] += text
        if "h2" in self._inside:
            self.names[-1] += text


@pytest.fixture
def strings() -> list[str]:
    if not STRINGS.exists():
        pytest.skip("the collection of naughty strings is not on this machine")
    return [text for text in json.loads(STRINGS.read_text(encoding="utf-8")) if text.strip()]


def read_all(browser: Desk, path: str) -> list[Seen]:
    """A long list, page by page."""
    pages = []
    while path:
        page = browser.get(path).text
        pages.append(Seen(page))
        more = MORE.search(page)
        path = more[1].replace("&amp;", "&") if more else ""
    return pages


def look_around(office: Office, browser: Desk, strings: list[str]) -> dict[str, list[Seen]]:
    """Every page that shows what these fans wrote and call themselves, and what a manager noted of them."""
    drafts = [office.draft("Bonjour.", text, handle=office.bot.new_id().hex, name=text) for text in strings]
    fans = [office.message(draft).fan_id for draft in drafts]
    seen = {"queue": read_all(browser, "/panel/"), "fans": read_all(browser, "/panel/fans")}
    seen["stories"] = [Seen(browser.get(f"/panel/fans/{fan}").text) for fan in fans]
    with office.bot.transaction() as session:
        for draft, text in zip(drafts, strings, strict=True):
            desk.reject(session, draft, text, office.claire, office.now)
    return seen | {name: read_all(browser, f"/panel/{name}") for name in ("refusals", "journal")}


def tags(pages: list[Seen]) -> set[str]:
    return {tag for page in pages for tag in page.tags}


# What is shown does not depend on the database, so one kind of it will do. Some 1,200 pages take a while.
@pytest.mark.timeout(600)
def test_no_naughty_string_is_rendered_as_markup(sqlite_url: str, strings: list[str]) -> None:
    with managers_office.office(sqlite_url) as office:
        browser = office.desk()
        plain = look_around(office, browser, [f"Comment {number}" for number in range(31)])
        naughty = look_around(office, browser, strings)

    shown = [quote for page in naughty["queue"] for quote in page.quotes]
    called = [name for page in naughty["queue"] for name in page.names]
    assert shown == called == [as_read(text) for text in strings]
    assert {name: tags(pages) - tags(plain[name]) for name, pages in naughty.items()} == {key: set() for key in plain}


def as_read(text: str) -> str:
    """A browser knows one end of a line."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_the_collection_is_naughty_enough(strings: list[str]) -> None:
    assert len(strings) > 400
    assert any("<script>" in text for text in strings)
