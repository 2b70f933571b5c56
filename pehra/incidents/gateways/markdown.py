"""Markdown of notes to safe HTML: markdown-it without raw HTML, then nh3 as a second wall.

No picture is fetched from anywhere, no link carries a referrer, and every block finds its own direction, so that Urdu
and English stand in one note. Headings start below the page's own.
"""

from functools import lru_cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

NOTE_BYTES_MAX = 64 * 1024
HEADING_FIRST = 3
BRACKETS_MAX, MARKS_MAX, LINES_MAX = 2_000, 16_000, 4_000
"""Beyond these a text is no note but a burden, with whose square the reader's time grows: shown as it was typed."""
RENDERED_KEPT = 256
_TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"),
}
_ATTRIBUTES = {"*": {"dir"}, "a": {"href"}, "ol": {"start"}}
_DIRECTED = {"paragraph_open", "heading_open", "blockquote_open", "list_item_open", "th_open", "td_open"}
_READER = MarkdownIt("js-default", {"linkify": False, "typographer": False}).disable("image")


@lru_cache(maxsize=RENDERED_KEPT)
def html_of(text: str) -> str:
    """Return a note's Markdown as HTML that a page may show."""
    if _is_burden(text):
        return f'<pre dir="auto">{escape(text)}</pre>'
    tokens = _READER.parse(text)
    for token in tokens:
        _adapt(token)
    shown = _READER.renderer.render(tokens, _READER.options, {})
    return nh3.clean(
        shown,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def _is_burden(text: str) -> bool:
    marks = sum(text.count(mark) for mark in "*_`<&~")
    return text.count("[") > BRACKETS_MAX or marks > MARKS_MAX or text.count("\n") > LINES_MAX


def _adapt(token: Token) -> None:
    if token.type in _DIRECTED:
        token.attrSet("dir", "auto")
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1:]) + HEADING_FIRST - 1)}"
