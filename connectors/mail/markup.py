"""HTML as text, and text as HTML: the two faces of one mail."""

import re
from html import escape, unescape

MOST = 400_000  # characters
HIDDEN = {"head", "script", "style", "template", "title", "blockquote"}
# Where mail programs put what is answered.
QUOTE = re.compile(
    r"\b(?:class|id)\s*=\s*[\"']?[^\"'>]{0,80}"
    r"\b(?:gmail_quote|gmail_attr|yahoo_quoted|moz-cite-prefix|protonmail_quote|divRplyFwdMsg)\b",
    re.IGNORECASE,
)
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
LINES = {"br", "div", "dd", "dt", "h1", "h2", "h3", "h4", "li", "ol", "p", "table", "td", "tr", "ul"}
ADDRESS = re.compile(r"(https?://[^\s<>\"]+[^\s<>\".,;:!?)\]»’'])")
# Not html.parser, which took 17 s for 400,000 letters of "<div": here none is looked at more than twice.
TOKEN = re.compile(
    r"(?P<open><!--)|(?P<close>-->)|<(?P<end>/?)(?P<tag>[a-z][\w:-]{0,30})(?P<attrs>(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>"
    r"|<![^<>]*>|(?P<text>[^<-]+|[<-])",
    re.IGNORECASE,
)


def to_text(html: str) -> str:
    """What a person would read of it, without what is quoted."""
    reader = _Reader()
    for token in TOKEN.finditer(html[:MOST]):
        reader.take(token)
    lines = (" ".join(line.split()) for line in unescape("".join(reader.said)).split("\n"))
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader:
    """Collects what is said; a comment, and everything inside of a hidden element, is passed over."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._in_comment = False
        self._hidden_by = ""
        self._depth = 0

    def take(self, token: re.Match[str]) -> None:
        if token["open"] or token["close"]:
            self._in_comment = bool(token["open"])
        elif self._in_comment:
            return
        elif token["tag"]:
            self._tag(token["tag"].lower(), bool(token["end"]), token["attrs"])
        elif token["text"] and not self._hidden_by:
            self.said.append(token["text"].replace("\n", " "))

    def _tag(self, tag: str, ends: bool, attrs: str) -> None:
        if self._hidden_by:
            self._depth += (-1 if ends else 1) if tag == self._hidden_by else 0
            self._hidden_by = self._hidden_by if self._depth > 0 else ""
        elif not ends and tag not in EMPTY and (tag in HIDDEN or QUOTE.search(attrs)):
            self._hidden_by, self._depth = tag, 1
        elif tag in LINES:
            self.said.append("\n")


def to_html(text: str) -> str:
    """The same words for a mail program that prefers HTML: paragraphs, and links that open."""
    paragraphs = [piece.split("\n") for piece in re.split(r"\n(?:[^\S\n]*\n)+", text.strip())]
    return "\n".join("<p>" + "<br>\n".join(map(_linked, lines)) + "</p>" for lines in paragraphs)


def _linked(line: str) -> str:
    pieces = [escape(piece) for piece in ADDRESS.split(line)]
    return "".join(f'<a href="{piece}">{piece}</a>' if place % 2 else piece for place, piece in enumerate(pieces))
