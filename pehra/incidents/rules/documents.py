"""An incident as others are told of it, in no format's own words.

Every format of exchange (IODEF, STIX) is one function to this and one from it, so that what is said of an incident
does not depend on how it is written down. Nothing here is of a database: a document that another team wrote, and one
of our own, are the same thing. What a format cannot say is refused before it is written, never softened: a mark that
a format does not know (AMBER+STRICT in IODEF) is no mark there.

Sources: RFC 7970 and 8727 (IODEF), OASIS STIX 2.1 with the incident core extension, FIRST TLP 2.0, RSIT.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import isfinite

from pehra.kernel.markings import Pap, Tlp
from pehra.kernel.observables import Observable, parse
from pehra.kernel.refusals import Invalid, Refusal

TITLE_LENGTH_MAX = 300
DESCRIPTION_LENGTH_MAX = 65_536
NAME_LENGTH_MAX = 300
OBSERVABLES_MAX = 5_000
PARTIES_MAX = 200
REFERENCES_MAX = 200
DOCUMENTS_MAX = 200  # incidents in one file
BYTES_MAX = 16 * 1024 * 1024
DEPTH_MAX = 64
LEFT_OUT_SHOWN_MAX = 20
GRAVITY_MAX = 100


class Format(StrEnum):
    """A format in which a document is written and read."""

    IODEF_XML = "iodef-xml"
    IODEF_JSON = "iodef-json"
    STIX = "stix"

    @property
    def label(self) -> str:
        """What the standard is called, in every language."""
        return _LABELS[self]


_LABELS: dict[Format, str] = {
    Format.IODEF_XML: "IODEF 2, XML (RFC 7970)",
    Format.IODEF_JSON: "IODEF 2, JSON (RFC 8727)",
    Format.STIX: "STIX 2.1",
}

MEDIA_TYPES: dict[Format, str] = {
    Format.IODEF_XML: "application/xml",
    Format.IODEF_JSON: "application/json",
    Format.STIX: "application/stix+json;version=2.1",
}
SUFFIXES: dict[Format, str] = {
    Format.IODEF_XML: "iodef.xml",
    Format.IODEF_JSON: "iodef.json",
    Format.STIX: "stix.json",
}
# RFC 7970, section 3.3.1, knows TLP 1: white, green, amber, red. Law: what a format cannot carry does not leave in it.
CARRIES: dict[Format, frozenset[Tlp]] = {
    Format.IODEF_XML: frozenset(Tlp) - {Tlp.AMBER_STRICT},
    Format.IODEF_JSON: frozenset(Tlp) - {Tlp.AMBER_STRICT},
    Format.STIX: frozenset(Tlp),
}


class MarkNotCarried(Refusal):
    """The format has no word for how this is marked."""


class Unreadable(Invalid):
    """A file is no document of a format that we read."""


class Side(StrEnum):
    """On which side of an incident something was seen."""

    SOURCE = "source"
    TARGET = "target"
    RELATED = "related"


class PartyRole(StrEnum):
    """What a person or an organisation is to an incident, in IODEF's words."""

    CREATOR = "creator"
    REPORTER = "reporter"
    VICTIM = "victim"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An observable of an incident."""

    observable: Observable
    side: Side = Side.RELATED


@dataclass(frozen=True, kw_only=True)
class Party:
    """A person or an organisation that has to do with an incident."""

    role: PartyRole
    name: str = ""
    is_person: bool = False
    email: str = ""
    phone: str = ""
    sector: str = ""
    territory: str = ""


@dataclass(frozen=True, kw_only=True)
class IncidentDocument:
    """What is said of one incident. An empty text, None and an absent key mean that it is not said.

    `attributes` are said to hold, `attributes_absent` not to; of the others nothing is said. `gravity` is the severity
    on a scale of 0 to 100, for those who do not know our levels. `moments` has the law's names (`occurrence`,
    `discovery`, `awareness`, `handling_end`) and `reported`. `left_out` names what stood in the file and has no place
    here: it is not lost, since the file is kept.
    """

    issuer: str
    reference: str
    written_at: datetime
    title: str
    tlp: Tlp | None = None
    pap: Pap | None = None
    description: str = ""
    language: str = "en"
    state: str = ""
    taxonomy: str = ""
    type: str = ""
    severity: str = ""
    gravity: int | None = None
    attributes: tuple[str, ...] | None = None
    attributes_absent: tuple[str, ...] = ()
    impact: Mapping[str, float] = field(default_factory=dict)
    moments: Mapping[str, datetime] = field(default_factory=dict)
    parties: tuple[Party, ...] = ()
    observables: tuple[Seen, ...] = ()
    references: tuple[str, ...] = ()
    exercise: bool = False
    left_out: tuple[str, ...] = ()


def require_carried(tlp: Tlp, format: Format) -> None:
    """Refuse to write something so marked in a format that cannot say so."""
    if tlp in CARRIES[format]:
        return
    able = ", ".join(other for other in Format if tlp in CARRIES[other])
    raise MarkNotCarried(
        f"{format} has no word for {tlp}: what it would say is less strict. Formats that have it: {able}",
        field="format",
    )


def parse_format(text: str) -> Format:
    """Read a format by its name; refuse another word."""
    try:
        return Format(text.strip().lower())
    except ValueError as error:
        names = ", ".join(Format)
        raise Invalid(f"{text!r} is not a format of exchange; one of: {names}", field="format") from error


def seen(text: str, side: Side = Side.RELATED) -> Seen | None:
    """Return an observable from a file, or None for text that is none that we know."""
    try:
        return Seen(observable=parse(text), side=side)
    except Invalid:
        return None


def each_once(found: Iterable[Seen]) -> tuple[Seen, ...]:
    """Return observables each once, at most so many; one that is said to be source or target is that."""
    best: dict[Observable, Seen] = {}
    for each in found:
        known = best.get(each.observable)
        if known is None and len(best) >= OBSERVABLES_MAX:
            continue
        if known is None or known.side is Side.RELATED:
            best[each.observable] = each
    return tuple(best.values())


def titled(texts: Iterable[str]) -> tuple[str, str]:
    """Return title and description from what a file says, in its order.

    A first text of one short line with more after it is the title; else the title is the first line of all.
    """
    said = [text.strip() for text in texts if text and text.strip()]
    if not said:
        return "", ""
    first = said[0]
    if "\n" not in first and len(first) <= TITLE_LENGTH_MAX:
        return first, "\n\n".join(said[1:])[:DESCRIPTION_LENGTH_MAX]
    return first.splitlines()[0].strip()[:TITLE_LENGTH_MAX], "\n\n".join(said)[:DESCRIPTION_LENGTH_MAX]


def gravity_of(level: str, levels: tuple[str, ...]) -> int | None:
    """Return where a level stands on a scale of 0 to 100; None when the scale does not know it."""
    if level not in levels:
        return None
    return round(GRAVITY_MAX * (levels.index(level) + 1) / len(levels))


def level_of(gravity: int | None, levels: tuple[str, ...]) -> str:
    """Return the level of a scale for what stands at 0 to 100 on another; empty when that is not said."""
    if gravity is None or not levels:
        return ""
    place = -(-gravity * len(levels) // GRAVITY_MAX)
    return levels[max(1, min(place, len(levels))) - 1]


def gravity_said(value: object) -> int | None:
    """Return a gravity that somebody wrote, or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= GRAVITY_MAX else None


def measured(value: object) -> float | None:
    """Return a measure that somebody wrote, or None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None
