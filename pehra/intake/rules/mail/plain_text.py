"""The text of a letter: what a person wrote, as characters. HTML becomes its words and the targets of its links.

The result is text and is shown as text; nothing of the HTML is kept, so that nothing of it can run, load or hide. Every
step passes over its input once: a megabyte of half open tags costs what a megabyte of prose does.
"""

import re
from html import unescape

TEXT_CHARACTERS_MAX = 200_000
HTML_CHARACTERS_MAX = 1_000_000
LINKS_MAX = 200
LINK_CHARACTERS_MAX = 2_000

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)
_DROPPED = ("script", "style", "template", "noscript", "svg", "math", "object", "iframe")
_TAG_NAME = re.compile(r"</?\s*([A-Za-z][A-Za-z0-9:-]{0,40})")
_TARGET = re.compile(
    r"""(?i)\b(?:href|src|action|data)\s{0,5}=\s{0,5}(?:"([^"]{0,4000})"|'([^']{0,4000})'|([^\s>"']{1,4000}))"""
)
_SPACES = re.compile(r"[ \t\u00a0]{2,}")
_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")
_TAG_CHARACTERS_MAX = 20_000
_NEVER = 1 << 62


def tidy(text: str) -> str:
    """Return a text with plain line ends, without controls and marks that turn its order, cut to the limit."""
    text = text[: 2 * TEXT_CHARACTERS_MAX].replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text).strip()[:TEXT_CHARACTERS_MAX]


def of_html(html: str) -> tuple[str, tuple[str, ...]]:
    """Return the words of some HTML, and where its links lead."""
    walk = _Walk(html[:HTML_CHARACTERS_MAX].replace("\0", ""))
    place, end = 0, len(walk.html)
    while place < end:
        start = walk.html.find("<", place)
        if start < 0:
            walk.out.append(walk.html[place:])
            break
        walk.out.append(walk.html[place:start])
        place = walk.past(start)
    text = _LINES.sub("\n\n", _SPACES.sub(" ", unescape("".join(walk.out))))
    return tidy(text), tuple(walk.links)[:LINKS_MAX]


class _Walk:
    """One walk over some HTML from left to right."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.small = html.lower() if len(html.lower()) == len(html) else html
        self.out: list[str] = []
        self.links: dict[str, None] = {}
        self._close = -1

    def past(self, start: int) -> int:
        """Take the tag or comment at a place; return where the text goes on. What is never closed ends the text."""
        if self.html.startswith("<!--", start):
            return self._after("-->", start + 4)
        close = self._closed(start)
        named = _TAG_NAME.match(self.html, start)
        if close < 0 or (named is None and not self.html.startswith(("<!", "<?", "</"), start)):
            self.out.append("<")
            return start + 1
        if named is None:
            return close + 1
        name, tag = named[1].lower(), self.html[start : min(close + 1, start + _TAG_CHARACTERS_MAX)]
        if name in _DROPPED and not tag.startswith("</") and self.html[close - 1] != "/":
            end = self._after(f"</{name}", close + 1)
            return self._closed(end) + 1 if self._closed(end) >= 0 else len(self.html)
        if name in _BREAKS:
            self.out.append("\n")
        elif name in ("td", "th"):
            self.out.append(" ")
        if "=" in tag and len(self.links) < LINKS_MAX:
            _note_links(tag, self.links)
        return close + 1

    def _closed(self, start: int) -> int:
        """Return where the next tag ends: looked for once, not once for every tag before it."""
        if self._close < start and self._close != _NEVER:
            found = self.html.find(">", start)
            self._close = found if found >= 0 else _NEVER
        return self._close if self._close != _NEVER else -1

    def _after(self, mark: str, place: int) -> int:
        found = self.small.find(mark, place)
        return len(self.html) if found < 0 else found + len(mark)


def _note_links(tag: str, links: dict[str, None]) -> None:
    for quoted, single, bare in _TARGET.findall(tag):
        target = _CONTROLS.sub("", unescape(quoted or single or bare)).strip()
        if target.lower().startswith(("http://", "https://", "ftp://", "hxxp", "//")):
            links[target[:LINK_CHARACTERS_MAX]] = None


def language_of(text: str) -> str:
    """Return `ur` for a text mostly in Arabic letters, `en` otherwise: in which of ours an answer is best read."""
    letters = [letter for letter in text[:5_000] if letter.isalpha()]
    arabic = sum("\u0600" <= letter <= "\u08ff" or "\ufb50" <= letter <= "\ufeff" for letter in letters)
    return "ur" if letters and arabic * 2 > len(letters) else "en"
