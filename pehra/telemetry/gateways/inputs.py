"""An input as it was received: hashed, archived, unpacked, and looked at once, in a single pass over its bytes.

Plain text, gzip, zip and zstd are known by their first bytes, not by their names. Unpacking has a ceiling, in bytes
and as a ratio, because a few kilobytes may unpack to a full disk. A container that ends too early gives what it held
until there, and says so. Refused: what is empty, encrypted, nested, or no text.
"""

import codecs
import hashlib
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import zstandard

from pehra.kernel.refusals import Invalid
from pehra.telemetry.rules.lines import LINE_BYTES_MAX

CHUNK_BYTES = 1 << 20
UNPACKED_BYTES_MAX = 16 << 30
UNPACKED_RATIO_MAX = 1_000
RATIO_FREE_BYTES = 64 << 20  # below this, no ratio is suspicious
MEMBERS_MAX = 1_000

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # orders to a terminal, and what is no UTF-8
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass
class TextLook:
    """What one pass over a text sees, chunk by chunk."""

    size: int = 0
    newlines: int = 0
    has_nul: bool = False
    has_separator: bool = False
    is_utf8: bool = True
    has_long_line: bool = False
    line_so_far: int = 0
    first: bytes = b""
    last: bytes = b""
    _decoder: codecs.IncrementalDecoder = field(default_factory=codecs.getincrementaldecoder("utf-8"))

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk."""
        if len(self.first) < CHUNK_BYTES:
            self.first += chunk[: CHUNK_BYTES - len(self.first)]
        end = chunk.find(b"\n")
        # Only a line that goes on over an end of a chunk can be too long, since a chunk is no longer than a line
        # may be.
        self.line_so_far += len(chunk) if end < 0 else end
        self.has_long_line |= self.line_so_far > LINE_BYTES_MAX
        if end >= 0:
            self.line_so_far = len(chunk) - chunk.rfind(b"\n") - 1
        self.newlines += chunk.count(b"\n")
        self.size += len(chunk)
        self.has_nul = self.has_nul or b"\0" in chunk
        self.has_separator = self.has_separator or b"\x1f" in chunk
        if self.is_utf8 and not (chunk.isascii() and not self._decoder.getstate()[0]):
            try:
                self._decoder.decode(chunk)
            except UnicodeDecodeError:
                self.is_utf8 = False
        self.last = chunk[-1:] or self.last

    @property
    def lines(self) -> int:
        """How many lines the text has."""
        return self.newlines + (self.size > 0 and self.last != b"\n")


@dataclass(frozen=True)
class Text:
    """A text of an input: where it lies, what it is called, and what was seen in it."""

    path: Path
    name: str
    look: TextLook
    cut: bool = False


@dataclass(frozen=True)
class Received:
    """An input: its digest and size, its archive, its texts, and what a person should know."""

    sha256: str
    size: int
    archive: Path
    texts: list[Text]
    alarms: list[str]


def receive(path: Path, folder: Path, *, known: Callable[[str], bool]) -> Received | str:
    """Take in a file; return only its digest when `known` says that it was taken in before."""
    if _UNSHOWN.search(str(path)):
        raise Invalid(f"{str(path)!r} has bytes in its name that are no letters; rename it", field="path")
    before = path.stat()
    if not path.is_file():
        raise Invalid(f"{path} is no file", field="path")
    if before.st_size == 0:
        raise Invalid(f"{path} is empty", field="path")
    look, archive = TextLook(), folder / "raw.zst"
    digest = hashlib.sha256()
    writer = zstandard.ZstdCompressor(level=1).compressobj(size=before.st_size)
    with path.open("rb") as source, archive.open("wb") as target:
        head = source.read(8)
        source.seek(0)
        packed = _packing(head)
        for chunk in iter(lambda: source.read(CHUNK_BYTES), b""):
            digest.update(chunk)
            target.write(writer.compress(chunk))
            if not packed:
                look.feed(chunk)
        target.write(writer.flush())
    _unchanged(path, before)
    sha256 = digest.hexdigest()
    if known(sha256):
        archive.unlink()
        return sha256
    alarms: list[str] = []
    texts = (
        [Text(path, path.name, look)] if not packed else list(_unpacked(path, packed, folder, before.st_size, alarms))
    )
    texts = [_in_utf8(text, folder, number, alarms) for number, text in enumerate(texts)]
    return Received(sha256, before.st_size, archive, texts, alarms)


def _unchanged(path: Path, before: object) -> None:
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):  # type: ignore[attr-defined]
        raise Invalid(f"{path} is still being written to; ingest it when it is complete", field="path")


def _packing(head: bytes) -> str:
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_ZSTD):
        return "zstd"
    return "zip" if head.startswith(_ZIP) else ""


def _unpacked(path: Path, packed: str, folder: Path, size: int, alarms: list[str]) -> Iterator[Text]:
    ceiling = min(UNPACKED_BYTES_MAX, max(RATIO_FREE_BYTES, size * UNPACKED_RATIO_MAX))
    if packed == "zip":
        yield from _members(path, folder, ceiling, alarms)
        return
    target = folder / "text-0"
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    with path.open("rb") as source:
        chunks = _gunzipped(source) if packed == "gzip" else _unzstd(source)
        yield _written(chunks, target, name, ceiling, alarms)


def _gunzipped(source: IO[bytes]) -> Iterator[bytes]:
    """Yield a gzip file's content, member after member.

    Unlike the library's reader, all of it up to where it breaks.
    """
    unpacker, rest, begun = zlib.decompressobj(wbits=31), b"", False
    while rest or (rest := source.read(CHUNK_BYTES)):
        begun = True
        yield unpacker.decompress(rest, CHUNK_BYTES)
        rest = unpacker.unconsumed_tail
        if unpacker.eof:
            # Zeros after the last member are padding.
            rest = unpacker.unused_data.lstrip(b"\0") or source.read(CHUNK_BYTES).lstrip(b"\0")
            unpacker, begun = zlib.decompressobj(wbits=31), False
    while begun and (left := unpacker.decompress(b"", CHUNK_BYTES)):
        yield left
    if begun and not unpacker.eof:
        raise EOFError("it ends too early")


def _unzstd(source: IO[bytes]) -> Iterator[bytes]:
    yield from _read(zstandard.ZstdDecompressor().stream_reader(source, read_across_frames=True))


def _read(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def _members(path: Path, folder: Path, ceiling: int, alarms: list[str]) -> Iterator[Text]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} is a broken zip file: {error}", field="path") from error
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MEMBERS_MAX:
            raise Invalid(f"{path} holds more than {MEMBERS_MAX} files", field="path")
        if not members:
            raise Invalid(f"{path} holds no file", field="path")
        if sum(member.file_size for member in members) > ceiling:
            raise Invalid(f"{path} would unpack to more than {ceiling} bytes", field="path")
        for number, member in enumerate(members):
            if member.flag_bits & 1:
                raise Invalid(f"{member.filename} in {path} is encrypted", field="path")
            try:
                stream = archive.open(member)
            except (zipfile.BadZipFile, NotImplementedError) as error:
                raise Invalid(f"{member.filename} in {path} cannot be unpacked: {error}", field="path") from error
            with stream:
                text = _written(_read(stream), folder / f"text-{number}", Path(member.filename).name, ceiling, alarms)
            ceiling -= text.look.size
            yield text


def _written(chunks: Iterator[bytes], target: Path, name: str, ceiling: int, alarms: list[str]) -> Text:
    """Write an unpacked text, as far as it goes."""
    look, cut = TextLook(), False
    with target.open("wb") as out:
        while True:
            try:
                chunk = next(chunks, None)
            except (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, zstandard.ZstdError) as error:
                cut = True
                alarms.append(f"{name}: the packed file is broken ({error}); what it held until there was kept")
                break
            if chunk is None:
                break
            look.feed(chunk)
            if look.size > ceiling:
                raise Invalid(f"{name} unpacks to more than {ceiling} bytes: this is no report", field="path")
            out.write(chunk)
    if _packing(look.first[:8]):
        raise Invalid(f"{name} is packed twice; unpack it once and ingest that", field="path")
    return Text(target, name, look, cut)


def _in_utf8(text: Text, folder: Path, number: int, alarms: list[str]) -> Text:
    """Return a text that is UTF-16 as UTF-8; any other as it is."""
    encoding = _wide(text.look.first[:4096])
    if not encoding:
        return text
    alarms.append(f"{text.name}: read as {encoding}, since it is not UTF-8")
    target, look = folder / f"utf8-{number}", TextLook()
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    with text.path.open("rb") as source, target.open("wb") as out:
        while chunk := source.read(CHUNK_BYTES):
            written = decoder.decode(chunk).removeprefix("\ufeff").encode("utf-8")
            look.feed(written)
            out.write(written)
    return Text(target, text.name, look, text.cut)


def _wide(head: bytes) -> str:
    """Return the UTF-16 that a text is in, by its mark or by the zeros in every second byte."""
    if head.startswith(_UTF16):
        return "utf-16-le" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    even, odd = head[0::2], head[1::2]
    if len(head) >= 16 and odd.count(0) > 0.9 * len(odd) and even.count(0) == 0:
        return "utf-16-le"
    if len(head) >= 16 and even.count(0) > 0.9 * len(even) and odd.count(0) == 0:
        return "utf-16-be"
    return ""


assert LINE_BYTES_MAX >= CHUNK_BYTES  # otherwise a line too long could hide within a chunk
