"""On what a record rests: its citation, its standing, its sources, and the days between which it holds.

Two records of one code are two versions of it in time; the day that is asked about picks one. A first day that nobody
found is said to be unknown, never filled in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar


class Status(StrEnum):
    """A rule's standing."""

    IN_FORCE = "in force"
    DRAFT = "draft"
    DISPUTED = "disputed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Basis:
    """On what a record rests, and when it holds (`valid_to` is the last day).

    `used_from` stands in for a first day that nobody found: this profile uses the record from then on, and the answer
    says that the true day is unknown.
    """

    citation: str
    status: Status
    sources: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None
    used_from: date | None = None
    note: str = ""

    @property
    def first(self) -> date:
        """The first day on which the record is used."""
        return self.valid_from or self.used_from or date.min

    @property
    def last(self) -> date:
        """The last day on which the record is used."""
        return self.valid_to or date.max

    def holds(self, on: date) -> bool:
        """Whether the record is used on that day."""
        return self.first <= on <= self.last

    @property
    def cited(self) -> str:
        """The citation with the keys of its sources."""
        return f"{self.citation} [{', '.join(self.sources)}]" if self.sources else self.citation


class Dated(Protocol):
    """A record with a code and the days on which it holds."""

    @property
    def code(self) -> str:
        """The record's name in the profile."""
        ...

    @property
    def basis(self) -> Basis:
        """On what it rests."""
        ...


AnyDated = TypeVar("AnyDated", bound=Dated)


def current(records: Iterable[AnyDated], on: date) -> tuple[AnyDated, ...]:
    """Return the records in use on that day, in the profile's order."""
    return tuple(record for record in records if record.basis.holds(on))


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a statement was read. Trust: A primary text or official, B press or law firm, C vendor or blog,
    M memory, not read again, N none: nothing was found."""

    key: str
    urls: tuple[str, ...]
    trust: str
    note: str = ""
