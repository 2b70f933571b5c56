"""The one text in a packed file: unpacked to a named limit and never further, whatever the archive says of itself."""

import zlib
from io import BytesIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from pehra.kernel.refusals import Invalid

UNPACKED_BYTES_MAX = 16 * 1024 * 1024
ENTRIES_MAX = 16
CHUNK_BYTES = 64 * 1024
_ENCRYPTED = 0x1
ZIP = b"PK\x03\x04"
GZIP = b"\x1f\x8b"


class Packed(Invalid):
    """What is packed cannot be unpacked within the limits."""


def is_packed(content: bytes) -> bool:
    """Whether bytes are a zip or gzip file, by what they begin with and not by their name."""
    return content.startswith((ZIP, GZIP))


def unpacked(content: bytes, *, limit: int = UNPACKED_BYTES_MAX) -> bytes:
    """Return the first file of a zip, what a gzip holds, or the bytes themselves; refuse more than the limit."""
    if content.startswith(GZIP):
        return _gunzipped(content, limit)
    if content.startswith(ZIP):
        return _unzipped(content, limit)
    if len(content) > limit:
        raise Packed(f"more than {limit} bytes", field="file")
    return content


def _gunzipped(content: bytes, limit: int) -> bytes:
    reader = zlib.decompressobj(wbits=31)
    try:
        text = reader.decompress(content, limit + 1)
    except zlib.error as error:
        raise Packed(f"the gzip file is broken: {error}", field="file") from error
    if len(text) > limit:
        raise Packed(f"the gzip file unpacks to more than {limit} bytes", field="file")
    return text


def _unzipped(content: bytes, limit: int) -> bytes:
    try:
        with ZipFile(BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _require_sane(entries, limit)
            with archive.open(entries[0]) as source:
                text = source.read(limit + 1)
    except (BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise Packed(f"the zip file is broken or of a kind that is not read: {error}", field="file") from error
    if len(text) > limit:
        raise Packed(f"the zip file unpacks to more than {limit} bytes", field="file")
    return text


def _require_sane(entries: list[ZipInfo], limit: int) -> None:
    if not entries:
        raise Packed("the zip file is empty", field="file")
    if len(entries) > ENTRIES_MAX:
        raise Packed(f"the zip file holds more than {ENTRIES_MAX} files", field="file")
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise Packed("the zip file is encrypted", field="file")
    if entries[0].file_size > limit:
        raise Packed(f"the zip file unpacks to more than {limit} bytes", field="file")
