"""Compiles the translations at set-up (`python -m pehra.web.translations`), and says which strings have none.

The catalogue is written by hand and read as a lawyer would read it; nothing here writes into it. `--missing` prints the
messages that code and templates hold and the catalogue does not.
"""

import io
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PACKAGE = Path(__file__).resolve().parents[1]
LOCALE = Path(__file__).with_name("locale")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "Sentence": None,
}
Message = tuple[str, str]
"""A context, mostly empty, and the English text."""


def catalogue(language: str) -> Catalog:
    """Return a language's catalogue as written."""
    with (LOCALE / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file, locale=language, domain="django", abort_invalid=True)


def languages() -> list[str]:
    """Return the languages that have a catalogue."""
    return sorted(path.parents[1].name for path in LOCALE.glob("*/LC_MESSAGES/django.po"))


def compile_all() -> list[Path]:
    """Write each catalogue in the form that Django loads; return the files."""
    written = []
    for language in languages():
        target = LOCALE / language / "LC_MESSAGES" / "django.mo"
        buffer = io.BytesIO()
        write_mo(buffer, catalogue(language))
        if not target.is_file() or target.read_bytes() != buffer.getvalue():
            target.write_bytes(buffer.getvalue())
        written.append(target)
    return written


@cache
def messages() -> dict[Message, str]:
    """Return every message that code and templates hold, with the file that holds it."""
    found: dict[Message, str] = {}
    for path, source in _sources():
        for _line, text, _comments, context in extract(
            "python", io.BytesIO(source.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
        ):
            single = text[0] if isinstance(text, tuple | list) else text
            found.setdefault((context or "", single), path)
    return found


def missing(language: str) -> dict[Message, str]:
    """Return the messages that a language does not translate, with the file that holds each."""
    known = catalogue(language)
    return {message: path for message, path in messages().items() if not _translated(known, message)}


def unused(language: str) -> list[str]:
    """Return the messages a catalogue translates that nothing says any more."""
    said = {text for _context, text in messages()}
    return [_single(entry.id) for entry in catalogue(language) if entry.id and _single(entry.id) not in said]


def _translated(known: Catalog, message: Message) -> bool:
    context, text = message
    entry = known.get(text, context or None)
    if entry is None or entry.fuzzy:
        return False
    return all(entry.string) if isinstance(entry.string, tuple | list) else bool(entry.string)


def _single(identifier: str | tuple[str, ...] | list[str]) -> str:
    return identifier if isinstance(identifier, str) else identifier[0]


def _sources() -> Iterator[tuple[str, str]]:
    """Return every file that may hold messages, templates as the Python that Django makes of them."""
    from django.utils.translation.template import templatize

    for path in sorted(PACKAGE.rglob("*.py")):
        if "migrations" not in path.parts:
            yield str(path.relative_to(PACKAGE)), path.read_text()
    for path in sorted(PACKAGE.rglob("templates/**/*.html")):
        yield str(path.relative_to(PACKAGE)), templatize(path.read_text(), origin=str(path))


def main(arguments: list[str]) -> int:
    """Compile, or with `--missing` print what has no translation and say no."""
    if arguments == ["--missing"]:
        lacking = [(language, *entry) for language in languages() for entry in missing(language).items()]
        for language, (context, text), path in lacking:
            print(f"{language}\t{path}\t{context}\t{text!r}")  # noqa: T201
        return 1 if lacking else 0
    for made in compile_all():
        print(f"translations: {made.name} of {made.parents[1].name}", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pehra.node.settings")
    django.setup()
    raise SystemExit(main(sys.argv[1:]))
