"""HTML as text, and text as HTML: the two faces of one mail."""

import re
from html import escape, unescape
from html.parser import HTMLParser

MOST = 400_000  # characters
HIDDEN = {"head", "script", "style", "template", "title"}
# Where mail programs put what is answered.
QUOTE = re.compile(r"\b(gmail_quote|gmail_attr|yahoo_quoted|moz-cite-prefix|protonmail_quote|divRplyFwdMsg)\b")
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
LINES = {"br", "div", "dd", "dt", "h1", "h2", "h3", "h4", "li", "ol", "p", "table", "td", "tr", "ul"}
ADDRESS = re.compile(r"(https?://[^\s<>\"]+[^\s<>\".,;:!?)\]»’'])")


def to_text(html: str) -> str:
    """What a person would read of it, without what is quoted."""
    reader = _Reader()
    try:
        reader.feed(html[:MOST])
        reader.close()
    except AssertionError:  # of html.parser, at some declarations that are none
        return unescape(re.sub("<[^>]*>", " ", html[:MOST]))
    lines = (" ".join(line.split()) for line in "".join(reader.said).split("\n"))
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects what is said; everything inside of a hidden element is passed over."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._hidden_by = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden_by:
            self._depth += tag == self._hidden_by
        elif tag not in EMPTY and (tag in HIDDEN or tag == "blockquote" or _is_quote(attrs)):
            self._hidden_by, self._depth = tag, 1
        elif tag in LINES:
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden_by:
            self._depth -= 1
            self._hidden_by = self._hidden_by if self._depth else ""
        elif not self._hidden_by and tag in LINES:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden_by:
            self.said.append(data.replace("\n", " "))


def _is_quote(attrs: list[tuple[str, str | None]]) -> bool:
    return any(name in ("class", "id") and QUOTE.search(value or "") for name, value in attrs)


def to_html(text: str) -> str:
    """The same words for a mail program that prefers HTML: paragraphs, and links that open."""
    paragraphs = [piece.split("\n") for piece in re.split(r"\n(?:[^\S\n]*\n)+", text.strip())]
    return "\n".join("<p>" + "<br>\n".join(map(_linked, lines)) + "</p>" for lines in paragraphs)


def _linked(line: str) -> str:
    pieces = [escape(piece) for piece in ADDRESS.split(line)]
    return "".join(f'<a href="{piece}">{piece}</a>' if place % 2 else piece for place, piece in enumerate(pieces))
