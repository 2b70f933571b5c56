"""Identifiers: UUIDv7 for machines, short references for people.

UUIDv7 (RFC 9562, section 5.7) sorts by time of making. Made here and not in the database, because PostgreSQL has it
only from version 18 and ours may be 15.
"""

import re
import secrets
import unicodedata
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pehra.kernel.refusals import Invalid

_REFERENCE = re.compile(r"([A-Z]{2,8})-([0-9]{4})-([0-9]{6,9})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(at: datetime) -> UUID:
    """Return a UUIDv7 that carries the moment `at` in milliseconds and 74 random bits."""
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)  # whole numbers: a float would lose the last one
    if not 0 <= milliseconds < 1 << 48:
        raise ValueError(f"{at!r} is outside the years that a UUIDv7 can carry")
    high, low = secrets.randbits(12), secrets.randbits(62)
    return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low)


def moment_of(identifier: UUID) -> datetime:
    """Return the moment, to the millisecond, that a UUIDv7 carries."""
    if identifier.version != 7:
        raise Invalid(f"{identifier} is not a UUIDv7", field="id")
    return _EPOCH + timedelta(milliseconds=identifier.int >> 80)


def parse_id(text: str) -> UUID:
    """Read an identifier as people paste it; refuse anything else."""
    try:
        return UUID(text.strip())
    except ValueError as error:
        raise Invalid(
            f"{text!r} is not an identifier such as 01932f3a-7c1e-7b52-9a41-0c5f1e2d3a4b", field="id"
        ) from error


def reference(*, prefix: str, year: int, number: int) -> str:
    """Return a human reference such as `PK-2026-000123`."""
    return parse_reference(f"{prefix}-{year:04d}-{number:06d}")


def parse_reference(text: str) -> str:
    """Return a human reference in its one spelling, digits of any script read; refuse anything else."""
    digits = "".join(str(unicodedata.decimal(character, character)) for character in text)
    match = _REFERENCE.fullmatch(digits.strip().upper())
    if match is None:
        raise Invalid(f"{text!r} is not a reference such as PK-2026-000123", field="reference")
    return f"{match[1]}-{match[2]}-{int(match[3]):06d}"
