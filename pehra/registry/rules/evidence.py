"""Files that people put beside an answer: what is taken, by its bytes and never by its name.

Such a file comes from outside and is opened by a reviewer. Taken are a PDF without a program in it, PNG and JPEG
pictures and plain text; refused are office documents, archives, pages and drawings, which can all carry programs. A
PDF may hide a program where only a reader of PDF would find it: this check is a fence, and no proof.
"""

import re
from dataclasses import dataclass

from pehra.kernel.refusals import Invalid

FILE_BYTES_MAX = 5 * 1024 * 1024
FILES_AN_ANSWER_MAX = 5
FILES_BYTES_MAX = 40 * 1024 * 1024  # of one assessment
NAME_CHARACTERS_MAX = 120
EMPTY = "this file is empty"
TOO_LARGE = "a file has at most 5 MB"
NOT_TAKEN = "only PDF, PNG, JPEG and plain text are taken; save it as a PDF"

_PDF_HEAD = re.compile(rb"\A%PDF-[12]\.[0-9]")
# Names in a PDF that run something, open something or hide a file. `#` writes a letter of a name as a number.
_PDF_ACTIVE = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/RichMedia", b"/XFA", b"/GoToR", b"/SubmitForm")
_PDF_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_PDF_NAME = re.compile(rb"/[^\x00\t\n\f\r ()<>\[\]{}/%]{1,127}")
# Text that some reader takes for something else: markup, or a PDF that begins a little later.
_OTHER = re.compile(r"\A[\s\ufeff]*<|\A(?:GIF8|BM|RIFF|ID3|\{\\rtf)|\A[\s\S]{0,1024}%PDF-")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A file that may be kept: its name made harmless, and what its bytes are."""

    name: str
    media_type: str
    content: bytes


def check(name: str, content: bytes) -> Checked:
    """Return a file as it may be kept; refuse one that is empty, too large or of a kind that is not taken."""
    if not content:
        raise Invalid(EMPTY, field="evidence")
    if len(content) > FILE_BYTES_MAX:
        raise Invalid(TOO_LARGE, field="evidence")
    media_type = sniffed(content)
    if media_type is None:
        raise Invalid(NOT_TAKEN, field="evidence")
    return Checked(name=plain_name(name), media_type=media_type, content=content)


def sniffed(content: bytes) -> str | None:
    """Return what some bytes are, of the kinds that are taken, or None."""
    if _PDF_HEAD.match(content):
        return None if _active(content) else "application/pdf"
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return "image/png"
    if content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\x00").endswith(b"\xff\xd9"):
        return "image/jpeg"
    return "text/plain" if _is_text(content) else None


def _active(content: bytes) -> bool:
    names = {_PDF_ESCAPE.sub(lambda at: bytes([int(at[1], 16)]), found) for found in _PDF_NAME.findall(content)}
    return any(name in names for name in _PDF_ACTIVE)


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(text) and not _OTHER.match(text)


ENDINGS = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "text/plain": ".txt"}
_ALSO = {"image/jpeg": (".jpeg",), "text/plain": (".csv", ".log")}


def given_name(name: str, media_type: str) -> str:
    """Return the name under which a file is given out: one that ends as its bytes do."""
    endings = (ENDINGS[media_type], *_ALSO.get(media_type, ()))
    return name if name.lower().endswith(endings) else f"{name}{endings[0]}"


def plain_name(name: str) -> str:
    """Return the last part of a file's name with nothing in it that a page, a header or a folder could misread."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(letter if letter.isprintable() and letter not in '<>:"|?*' else "_" for letter in last).strip(". ")
    if len(kept) > NAME_CHARACTERS_MAX:
        stem, dot, ending = kept.rpartition(".")
        kept = (
            kept[:NAME_CHARACTERS_MAX] if not dot or len(ending) > 8 else f"{stem[: NAME_CHARACTERS_MAX - 9]}.{ending}"
        )
    return kept or "evidence"
