"""What a file is by its bytes, whether it may do harm, and under which name it is given out.

A name and a declared type are a stranger's word. Everything is given out sealed; what can run, open something or hide
something is in quarantine besides, until a person says otherwise with a reason. Sources: file signatures; ISO/IEC 27037
for what is written down when evidence is taken.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

import filetype

from pehra.kernel.refusals import Invalid

EVIDENCE_BYTES_MAX = 512 * 1024 * 1024  # by the command; a page takes as much as a request holds
GIVEN_OUT_BYTES_MAX = 64 * 1024 * 1024  # by a page, which packs it in memory
EVIDENCE_AN_INCIDENT_MAX = 500
NAME_CHARACTERS_MAX = 150
WORDS_CHARACTERS_MAX = 2_000
HEAD_BYTES = 8 * 1024
PASSWORD_CHARACTERS_MIN = 16
PASSWORD_CHARACTERS_MAX = 200
STAMP_AGAIN_AFTER = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
STAMP_ATTEMPTS_MAX = 12
HOSTILE_ENDING = ".hostile"  # a double click on what came out of the zip opens nothing
NEEDS_NAME = "a piece of evidence needs a file name"

_HARMLESS = ("image/", "audio/", "video/", "font/")
_RUNS = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:#!|<\?php|<script|<html|<!doctype|<svg|<hta|@echo|powershell)", re.IGNORECASE
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_CAPTURES = {
    b"\xd4\xc3\xb2\xa1": "application/vnd.tcpdump.pcap",
    b"\xa1\xb2\xc3\xd4": "application/vnd.tcpdump.pcap",
    b"\x0a\x0d\x0d\x0a": "application/x-pcapng",
    b"MZ": "application/vnd.microsoft.portable-executable",
    b"\x7fELF": "application/x-elf",
    b"%PDF-": "application/pdf",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "application/x-ole-storage",
    b"L\x00\x00\x00\x01\x14\x02\x00": "application/x-ms-shortcut",
}
_CAPTURE_TYPES = frozenset({"application/vnd.tcpdump.pcap", "application/x-pcapng"})


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What some bytes are, and why they are kept apart, if they are: a code that pages say in words."""

    media_type: str
    hostile: bool
    why: str = ""


def kind_of(head: bytes) -> Kind:
    """Return what a file is by its first bytes; what is not known is taken for hostile."""
    for signature, media_type in _CAPTURES.items():
        if head.startswith(signature):
            return _kind(media_type)
    found = filetype.guess_mime(head[:HEAD_BYTES]) if head else None
    if found:
        return _kind(found)
    if _RUNS.match(head):
        return Kind(media_type="text/plain", hostile=True, why="hostile-text")
    if head and _is_text(head):
        return Kind(media_type="text/plain", hostile=False)
    return Kind(media_type="application/octet-stream", hostile=True, why="hostile-unknown")


def _kind(media_type: str) -> Kind:
    if media_type.startswith(_HARMLESS) or media_type in _CAPTURE_TYPES:
        return Kind(media_type=media_type, hostile=False)
    return Kind(media_type=media_type, hostile=True, why="hostile-kind")


def _is_text(head: bytes) -> bool:
    if _CONTROL.search(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The last letter may be cut in two where the head ends.
        return error.start >= len(head) - 3 and len(head) >= HEAD_BYTES
    return True


def plain_name(name: str) -> str:
    """Return the last part of a file's name with nothing in it that a page, a header or a folder could misread."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(letter if letter.isprintable() and letter not in '<>:"|?*' else "_" for letter in last).strip(". ")
    if not kept:
        raise Invalid(NEEDS_NAME, field="name")
    if len(kept) <= NAME_CHARACTERS_MAX:
        return kept
    stem, dot, ending = kept.rpartition(".")
    if not dot or len(ending) > 8:
        return kept[:NAME_CHARACTERS_MAX]
    return f"{stem[: NAME_CHARACTERS_MAX - len(ending) - 1]}.{ending}"


def sealed_name(name: str, *, hostile: bool) -> str:
    """Return what the file is called inside its zip."""
    return f"{name}{HOSTILE_ENDING}" if hostile else name


def words(text: str, *, field: str, needed: bool, message: str) -> str:
    """Return what a person wrote, stripped; refuse too much, and nothing where something is needed."""
    kept = text.strip()
    if needed and not kept:
        raise Invalid(message, field=field)
    if len(kept) > WORDS_CHARACTERS_MAX:
        raise Invalid(f"at most {WORDS_CHARACTERS_MAX} characters", field=field)
    if "\x00" in kept:
        raise Invalid("a text without control characters", field=field)
    return kept


def stamp_again_after(attempts: int) -> timedelta | None:
    """Return how long to wait for the next attempt at a stamp; None when enough were made."""
    if attempts >= STAMP_ATTEMPTS_MAX:
        return None
    return STAMP_AGAIN_AFTER[min(attempts, len(STAMP_AGAIN_AFTER)) - 1]
