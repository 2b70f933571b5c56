"""Reading a leak: addresses and where they leaked, in the forms in which leaks come, row by row.

JSON lines; CSV with a header; lines of addresses alone; `address:secret` and `URL:address:secret` lines. What is wrong
with a row is said by line and field and never by its text, since the text may be the secret. A column that is not
known is not kept, and nobody is told its name: in a file without a header that name is somebody's password.
"""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from pehra.kernel import json_text
from pehra.kernel.markings import Pap, Tlp, parse_pap, parse_tlp
from pehra.kernel.observables import EMAIL_LOCAL_LENGTH_MAX, normalise_domain
from pehra.kernel.refusals import Invalid
from pehra.signals.rules.leak_secrets import Secret

TAXONOMY, TYPE = "information-content-security", "data-leak"  # RSIT 1003
IDENTIFIER = "credential-leak"
LINE_BYTES_MAX = 16_384
CELLS_MAX = 64
SET_ASIDE_KEPT_MAX = 1_000
SECRET_CHARACTERS_MAX = 1_024
ADDRESS_CHARACTERS_MAX = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets
SOURCE_CHARACTERS_MAX = 80
SERVICE_CHARACTERS_MAX = 200
FUTURE_MAX = timedelta(days=1)  # clocks differ; what is further ahead is no moment of a leak
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
OVER = "more rows than {rows} at once; send the rest apart"


class SecretKind(StrEnum):
    """What a leak held beside an address."""

    NONE = ""
    PASSWORD = "password"  # noqa: S105 - a kind, and no password
    HASH = "hash"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one intake may hold. A request is answered while somebody waits; a file on the machine is not."""

    bytes: int
    rows: int
    secrets: int


OF_A_FILE = Limits(bytes=64 * 1024 * 1024, rows=200_000, secrets=200_000)
# A hundred secrets with three earlier ones each are some twenty seconds of one core: less than a request may take.
OF_A_REQUEST = Limits(bytes=2 * 1024 * 1024, rows=5_000, secrets=100)


@dataclass(frozen=True, kw_only=True)
class LeakedRow:
    """One row: somebody's address, the service where it leaked (URL or host), when, and the secret on its way."""

    line: int
    address: str
    domain: str
    service: str = ""
    host: str = ""
    leaked_at: datetime | None = None
    first_seen: datetime | None = None
    secret: Secret | None = field(default=None, repr=False)
    kind: SecretKind = SecretKind.NONE


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """A row that is no leaked address: where it stands and what is wrong. Never what it says."""

    line: int
    field: str
    reason: str


@dataclass(kw_only=True)
class Reading:
    """What was read of a leak."""

    rows: list[LeakedRow] = field(default_factory=list)
    rows_read: int = 0
    duplicates: int = 0
    set_aside_count: int = 0
    set_aside: list[SetAside] = field(default_factory=list)

    def put_aside(self, line: int, field: str, reason: str) -> None:
        """Set a row aside; the first `SET_ASIDE_KEPT_MAX` are named, all are counted."""
        self.set_aside_count += 1
        if len(self.set_aside) < SET_ASIDE_KEPT_MAX:
            self.set_aside.append(SetAside(line=line, field=field, reason=reason))


class _Bad(Exception):
    """A row that is none: its field, and why, in words that are ours."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


_NAMES: dict[str, tuple[str, ...]] = {
    "address": ("address", "email", "e-mail", "mail", "email_address", "username", "user", "login", "account"),
    "password": ("password", "pass", "passwd", "pwd", "plaintext", "cleartext", "secret", "passphrase"),
    "hash": ("hash", "password_hash", "passwordhash", "hashed_password", "digest"),
    "service": ("service", "url", "website", "site", "domain", "host", "origin"),
    "leaked_at": ("leaked_at", "leaked", "breach_date", "breached_at", "date", "timestamp", "time"),
    "first_seen": ("first_seen", "seen", "found_at", "published_at"),
}
_FIELD_OF = {name: field for field, names in _NAMES.items() for name in names}
_DELIMITERS = (",", ";", "\t", "|")
_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+")
_PAIR = re.compile(r"(?P<address>[^\s:;|,]+@[^\s:;|,]+)(?:[:;|,\t](?P<secret>.*))?")
_TRIPLE = re.compile(
    r"(?P<service>[a-z][a-z0-9+.-]{1,20}://[^\s|;,]{1,2000}?)[:;|,\t](?P<address>[^\s:;|,/]+@[^\s:;|,/]+)"
    r"(?:[:;|,\t](?P<secret>.*))?",
    re.IGNORECASE,
)
_APPS = frozenset({"android", "ios"})  # their hosts are names of packages, which read backwards
_TOP_LABEL = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

_SURROGATES = re.compile("[\ud800-\udfff]")  # halves of characters: JSON can spell them, and nothing can store them

Cells = dict[str, str]
Reader = Callable[[str], Cells]


def settled_source(text: str) -> str:
    """Return the name of a leak's source on one line; refuse none, and one that is no name."""
    name = " ".join(text.split())
    if not name or len(name) > SOURCE_CHARACTERS_MAX or _CONTROLS.search(name):
        raise Invalid(f"name where the leak comes from, in at most {SOURCE_CHARACTERS_MAX} characters", field="source")
    if "@" in name:
        raise Invalid("a source is named by a word, and not by an address", field="source")
    return name


def settled_marks(tlp: str, pap: str) -> tuple[Tlp, Pap]:
    """Return the marks of a leak; what is none is refused without repeating it, since columns slip."""
    try:
        marking = parse_tlp(tlp)
    except Invalid:
        raise Invalid("this is no label of TLP 2.0, such as TLP:AMBER", field="tlp") from None
    try:
        return marking, parse_pap(pap)
    except Invalid:
        raise Invalid("this is no label of PAP, such as PAP:AMBER", field="pap") from None


def code_of(source: str) -> str:
    """Return a source's name as the last part of a finding's kind: `Combo list 7` is `combo-list-7`."""
    return re.sub(r"[^\w]+", "-", source.lower()).strip("-") or "unnamed"


def kind_of(source: str) -> str:
    """Return the kind of the findings that a source's leaks make: one problem a source, however often it is told."""
    return f"{TYPE}/{IDENTIFIER}/{code_of(source)}"


def read(lines: Iterable[bytes], *, at: datetime, limits: Limits) -> Reading:
    """Read a leak's lines, each with its end; `at` is now. Refuse what is no leak or is more than the limits allow."""
    reading = Reading()
    seen: set[tuple[object, ...]] = set()
    reader: Reader | None = None
    secrets = 0
    for number, line in enumerate(lines, start=1):
        text = _decoded(line, number)
        if text is not None and not text.strip():
            continue
        if reader is None and text is not None:
            reader, was_header = _reader(text)
            if was_header:
                continue
        reading.rows_read += 1
        if reading.rows_read > limits.rows:
            raise Invalid(OVER.format(rows=limits.rows), field="file")
        try:
            row = _row(_cells(line, text, reader), number, at=at)
        except _Bad as bad:
            reading.put_aside(number, bad.field, bad.reason)
            continue
        mark = (row.address, row.service, row.leaked_at, row.secret)
        if mark in seen:
            reading.duplicates += 1
            continue
        seen.add(mark)
        secrets += row.secret is not None
        if secrets > limits.secrets:
            raise Invalid(f"more than {limits.secrets} secrets at once; use the command, or send fewer", field="file")
        reading.rows.append(row)
    if not reading.rows_read:
        raise Invalid("there is no row in it", field="file")
    return reading


def _decoded(line: bytes, number: int) -> str | None:
    """Return a line as text, or nothing when it is none; a file that is no text at all is refused."""
    if number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd")):
        raise Invalid("it is compressed or UTF-16; send plain UTF-8 text", field="file")
    if len(line) > LINE_BYTES_MAX or b"\x00" in line:
        return None
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return None


def _cells(line: bytes, text: str | None, reader: Reader | None) -> Cells:
    if text is None or reader is None:
        if len(line) > LINE_BYTES_MAX:
            raise _Bad("line", f"is longer than {LINE_BYTES_MAX} bytes")
        raise _Bad("line", "is no UTF-8 text")
    return reader(text)


def _reader(first: str) -> tuple[Reader, bool]:
    """Return what reads the rows of a leak that begins with this line, and whether the line was its header."""
    if first.lstrip().startswith("{"):
        return _of_json, False
    if "@" in first:
        return _of_line, False
    for delimiter in _DELIMITERS:
        header = _csv_cells(first, delimiter)
        if header is None:
            continue
        fields = [_FIELD_OF.get(name.strip().strip("\ufeff").lower().replace(" ", "_"), "") for name in header]
        if "address" in fields:
            named = [name for name in fields if name]
            if len(named) > len(set(named)):
                raise Invalid("two of its columns say the same", field="file")
            if len(fields) > CELLS_MAX:
                raise Invalid(f"more than {CELLS_MAX} columns", field="file")
            return _of_csv(fields, delimiter), True
    raise Invalid(
        "it is no leak: it begins with neither a header that names a column of addresses, nor an address, nor a JSON "
        "object",
        field="file",
    )


def _csv_cells(text: str, delimiter: str) -> list[str] | None:
    """Return one line's cells; a line is one record, so that an open quote swallows no other row."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), None)
    except csv.Error:
        return None


def _of_csv(fields: Sequence[str], delimiter: str) -> Reader:
    def cells(text: str) -> Cells:
        found = _csv_cells(text, delimiter)
        if found is None:
            raise _Bad("line", "has a quote that is not closed")
        if len(found) != len(fields):
            raise _Bad("line", f"has {len(found)} cells where the header has {len(fields)}")
        return {name: value.strip() for name, value in zip(fields, found, strict=True) if name}

    return cells


def _of_json(text: str) -> Cells:
    try:
        said = json_text.read_object(text, any_text=True)
    except json_text.NotJson:
        # The refusal names what stands there, which may be a secret, so it goes no further.
        raise _Bad("line", "is no JSON object with each key once") from None
    cells: Cells = {}
    for name, value in said.items():
        field = _FIELD_OF.get(str(name).strip().lower().replace(" ", "_"), "")
        if not field or value is None:
            continue
        if not isinstance(value, str) or _SURROGATES.search(value):
            raise _Bad(field, "is no text")
        if field in cells:
            raise _Bad(field, "is said twice")
        cells[field] = value.strip()
    return cells


def _of_line(text: str) -> Cells:
    match = _PAIR.fullmatch(text.strip()) or _TRIPLE.fullmatch(text.strip())
    if match is None:
        raise _Bad("address", "does not stand at the beginning of the line")
    found = match.groupdict()
    return {
        "address": found["address"],
        "password": found.get("secret") or "",
        "service": found.get("service") or "",
    }


def _row(cells: Cells, line: int, *, at: datetime) -> LeakedRow:
    address, domain = _address(cells.get("address", ""))
    service, host = _service(cells.get("service", ""))
    kind = SecretKind.PASSWORD if cells.get("password") else SecretKind.HASH if cells.get("hash") else SecretKind.NONE
    secret = cells.get("password") or cells.get("hash") or ""
    if len(secret) > SECRET_CHARACTERS_MAX:
        raise _Bad("password", f"is longer than {SECRET_CHARACTERS_MAX} characters")
    return LeakedRow(
        line=line,
        address=address,
        domain=domain,
        service=service,
        host=host,
        leaked_at=_moment("leaked_at", cells.get("leaked_at", ""), at=at),
        first_seen=_moment("first_seen", cells.get("first_seen", ""), at=at),
        secret=Secret(secret) if secret else None,
        kind=kind,
    )


def _address(text: str) -> tuple[str, str]:
    """Return an address in its normal form and its domain; what is none is refused without a word of it."""
    local, mark, name = text.strip().removeprefix("mailto:").rpartition("@")
    if not mark or not _LOCAL.fullmatch(local) or _CONTROLS.search(local) or len(local) > EMAIL_LOCAL_LENGTH_MAX:
        raise _Bad("address", "is no e-mail address")
    try:
        domain = normalise_domain(name)
    except Invalid:
        raise _Bad("address", "is no e-mail address") from None
    if not _is_public(domain) or len(local) + 1 + len(domain) > ADDRESS_CHARACTERS_MAX:
        raise _Bad("address", "is no e-mail address")
    return f"{local.lower()}@{domain}", domain


def _service(text: str) -> tuple[str, str]:
    """Return scheme and host of where it leaked, and the host; what names no host is not kept.

    Path, query, fragment and user information of a URL may hold secrets, so that they are left out.
    """
    text = text.strip()
    if not text:
        return "", ""
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host = normalise_domain(parts.hostname or "")
    except (Invalid, ValueError):
        return "", ""
    scheme = parts.scheme.lower()
    if scheme in _APPS or not _is_public(host):
        return "", ""
    return (f"{scheme}://{host}" if scheme in ("http", "https") else host)[:SERVICE_CHARACTERS_MAX], host


def _is_public(name: str) -> bool:
    """Whether a name has a top-level label of letters: `secret` alone, and `pass.123`, are no names of hosts."""
    labels = name.split(".")
    return len(labels) > 1 and _TOP_LABEL.fullmatch(labels[-1]) is not None


def _moment(field: str, text: str, *, at: datetime) -> datetime | None:
    """Read a day or a moment by ISO 8601, in UTC where it names no zone."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Bad(field, "is no date such as 2026-11-24 or 2026-11-24T09:30:00Z") from None
    if not EARLIEST <= moment <= at + FUTURE_MAX:
        raise _Bad(field, "is before 1990 or in the future")
    return moment


def masked(address: str) -> str:
    """Return an address for whoever may not read it whole: `d…@deeds.example`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
