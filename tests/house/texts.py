"""Rules about all tracked files: nothing of others copied in, no host or machine named, templates without code."""

import re
from collections.abc import Iterator

from tests.house.tree import NOT_TEXT, Source

FOREIGN_ENDINGS = (
    *(".min.js", ".min.css", ".bundle.js", ".woff", ".woff2", ".ttf", ".otf", ".eot", ".jar", ".dll", ".so"),
    *(".whl", ".tar.gz", ".zip", ".pyc"),
)
WRITTEN_LINE_MAX = 500  # a script or style sheet written by people has no longer line; a minified one does
OUR_HOLDER = "Pehra"
LOCKS = re.compile(r"(^|/)(requirements[\w.]*\.lock|uv\.lock\.txt|package-lock\.json|node\.lock)$")
_OWN_PICTURE = re.compile(r"docs/images/[a-z-]+\.png")
_COPYRIGHT = re.compile(r"copyright\s*(?:\(c\)|©|[12]\d{3})", re.IGNORECASE)
_SPDX = re.compile(r"SPDX-License-Identifier:\s*(?!Apache-2\.0)\S+")
_TERMS = re.compile(
    r"permission is hereby granted, free|redistribution and use in source|mozilla public license, v"
    r"|gnu (?:lesser |affero )?general public license",
    re.IGNORECASE,
)
# A registry, mirror or index by address, in whatever file: where packages come from is the machine's own matter.
_REGISTRY = re.compile(
    r"https?://[^\s/\"'<>]*\b(?:pypi|pythonhosted|npmjs|npm|registry|artifactory|nexus|devpi|mirror|proxy\.golang)\b"
    r"|--(?:extra-)?index-url|\bindex-url\s*=|\bPIP_INDEX_URL\b|\bUV_INDEX\w*\b"
    r"|\"resolved\":\s*\"https?://",
    re.IGNORECASE,
)
_MACHINE = re.compile(r"(?<![\w.~-])/(?:work|root|home/[a-z]\w*|Users/[A-Za-z]\w*|tmp/bash\w*|tmp/plan)(?:/|\b)(?!\w)")
_INLINE = (
    (re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE), "an inline script"),
    (re.compile(r"<style\b", re.IGNORECASE), "an inline style sheet"),
    (re.compile(r"<[^>{]*\sstyle\s*=", re.IGNORECASE), "a style attribute"),
    (re.compile(r"<[^>{]*\son[a-z]+\s*=\s*[\"']", re.IGNORECASE), "an event handler"),
    (re.compile(r"javascript:", re.IGNORECASE), "a javascript: link"),
)


def foreign_files(source: Source) -> Iterator[str]:
    """Scripts, fonts and binaries come from packages at set-up; none is kept here but pictures of our own pages."""
    if source.path.lower().endswith(FOREIGN_ENDINGS):
        yield f"{source.path}: a file of a kind that comes from a package"
    if source.path.endswith((".js", ".css")) and any(len(line) > WRITTEN_LINE_MAX for line in source.text.split("\n")):
        yield f"{source.path}: looks minified"
    if NOT_TEXT in source.text and not _OWN_PICTURE.fullmatch(source.path):
        yield f"{source.path}: not text"


def foreign_notices(source: Source) -> Iterator[str]:
    """No file carries another's copyright notice or licence: it would have been copied in."""
    if source.path == "LICENSE":
        return
    for line in source.text.split("\n"):
        if (_COPYRIGHT.search(line) and OUR_HOLDER not in line) or _SPDX.search(line) or _TERMS.search(line):
            yield f"{source.path}: carries a foreign notice: {line.strip()[:80]}"


def named_places(source: Source) -> Iterator[str]:
    """No package registry and no path of a developer's machine is named."""
    for number, line in enumerate(source.text.split("\n"), 1):
        for what, pattern in (("a package registry", _REGISTRY), ("a path of one machine", _MACHINE)):
            if found := pattern.search(line):
                yield f"{source.path}: line {number} names {what}: {found.group(0)}"


def code_in_templates(source: Source) -> Iterator[str]:
    """Pages hold no inline script, style or handler: the content security policy would refuse them."""
    if source.path.endswith(".html") and "templates" in source.parts:
        for pattern, what in _INLINE:
            if pattern.search(source.text):
                yield f"{source.path}: has {what}"
