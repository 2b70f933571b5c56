"""A feed that comes by mail: the files that the machine road reads, told by their content and not by their type.

Eleven of eleven Shadowserver reports come as `application/octet-stream`. Whether the sender is one whose feeds this
mailbox believes is the operator's word; anybody can write a table of other people's addresses.
"""

import zlib
from dataclasses import dataclass

from pehra.intake.rules.mail.letters import Letter, Part
from pehra.intake.rules.mail.packing import GZIP, Packed, is_packed, unpacked

LOOK_BYTES_MAX = 2 * 1024 * 1024
HEAD_BYTES = 64 * 1024
FEED_FILES_MAX = 20
# The column by which every Shadowserver report tells when, and fields of IntelMQ's vocabulary.
_COLUMNS = (b"timestamp", b'"timestamp"')
_FIELDS = (b'"source.ip"', b'"source.url"', b'"source.fqdn"', b'"time.source"', b'"classification.type"')


@dataclass(frozen=True, kw_only=True)
class FeedFile:
    """A file of a feed: in which form, and under which name its sender sent it."""

    form: str
    part: Part


def feed_files(letter: Letter) -> tuple[FeedFile, ...]:
    """Return the files of a letter that are feeds."""
    found = [FeedFile(form=form, part=part) for part in letter.files if (form := form_of(part.content))]
    return tuple(found[:FEED_FILES_MAX])


def form_of(content: bytes) -> str:
    """Return which feed some bytes are, packed or not: `shadowserver`, `intelmq`, or nothing."""
    try:
        head = _head(content).removeprefix(b"\xef\xbb\xbf").lstrip()
    except Packed:
        return ""
    first = head.split(b"\n", 1)[0]
    if head.startswith(b"{"):
        return "intelmq" if any(field in first for field in _FIELDS) else ""
    columns = [column.strip().lower() for column in first.split(b",")]
    return "shadowserver" if len(columns) > 1 and any(column in _COLUMNS for column in columns) else ""


def _head(content: bytes) -> bytes:
    """Return the beginning of what is packed: a feed of a hundred megabytes is known by its first line."""
    if content.startswith(GZIP):
        try:
            return zlib.decompressobj(wbits=31).decompress(content, HEAD_BYTES)
        except zlib.error as error:
            raise Packed("the gzip file is broken", field="file") from error
    if not is_packed(content):
        return content[:HEAD_BYTES]
    return unpacked(content, limit=LOOK_BYTES_MAX)[:HEAD_BYTES]
