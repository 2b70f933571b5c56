"""Identifiers: UUIDv7 for machines, short references for people.

UUIDv7 (RFC 9562, section 5.7) sorts by time of making. Made here and not in the database, because PostgreSQL has it
only from version 18 and ours may be 15.
"""

import os
import re
from datetime import datetime
from uuid import UUID

from pehra.kernel.refusals import Invalid

_REFERENCE = re.compile(r"^([A-Z]{2,8})-(\d{4})-(\d{6,9})$")


def new_id(at: datetime) -> UUID:
    """Return a UUIDv7 that carries the moment `at` in milliseconds and 74 random bits."""
    milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    randomness = int.from_bytes(os.urandom(10))
    value = milliseconds << 80 | 0x7 << 76 | (randomness >> 68 & 0xFFF) << 64 | 0b10 << 62 | randomness & ((1 << 62) - 1)
    return UUID(int=value)


def reference(*, prefix: str, year: int, number: int) -> str:
    """Return a human reference such as `PK-2026-000123`."""
    return f"{prefix}-{year:04d}-{number:06d}"


def parse_reference(text: str) -> str:
    """Return a human reference in its one spelling; refuse anything else."""
    match = _REFERENCE.match(text.strip().upper())
    if match is None:
        raise Invalid(f"{text!r} is not a reference such as PK-2026-000123", field="reference")
    return match.group(0)
