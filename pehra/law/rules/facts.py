"""The facts that law is asked about: an entity, a problem, and moments.

None is *unknown*, and different from empty: `classes=None` says that nobody has classed the entity, `frozenset()` that
somebody has and it is in no class. A list that is given is complete. Attributes may be known one by one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pehra.law.rules import truth
from pehra.law.rules.truth import Truth

UNKNOWN = "unknown"

# How a rule's words and the facts file of the command line name the same fact.
FACT_NAMES: Mapping[str, str] = {
    "sector": "entity.sector",
    "territory": "entity.territory",
    "classes": "entity.classes",
    "taxonomy": "incident.class",
    "type": "incident.type",
    "severity": "incident.severity",
    "attributes": "incident.attributes",
    "identifier": "finding.identifier",
    "malware": "finding.malware",
}


@dataclass(frozen=True, kw_only=True)
class EntityFacts:
    """Whose matter it is. `known=False`: the country's own space, of no known organisation."""

    sector: str | None = None
    territory: str | None = None
    classes: frozenset[str] | None = None
    organisation: str | None = None
    known: bool = True

    def without_name(self) -> "EntityFacts":
        """Return the same facts without the organisation's code: no rule asks for it."""
        return replace(self, organisation=None) if self.organisation is not None else self


@dataclass(frozen=True, kw_only=True)
class FindingFacts:
    """A problem on an asset, classed by RSIT; empty text is not stated."""

    taxonomy: str
    type: str = ""
    identifier: str = ""
    malware: str = ""


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """What is known of an incident's attributes: those it has, those it has not, and by neither what is not known yet.

    `is_complete`: somebody gave a whole list, so that what it does not name is absent.
    """

    present: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    is_complete: bool = False

    def __post_init__(self) -> None:
        """Refuse an attribute that is both: the law would answer by whichever it happened to ask first."""
        if self.present & self.absent:
            raise ValueError(f"both present and absent: {', '.join(sorted(self.present & self.absent))}")

    @classmethod
    def complete(cls, present: Iterable[str]) -> "Attributes":
        """Return what a whole list says."""
        return cls(present=frozenset(present), is_complete=True)

    @classmethod
    def known(cls, said: Mapping[str, bool | None]) -> "Attributes":
        """Return what is known one by one; what is not named, or None, is not known yet."""
        return cls(
            present=frozenset(code for code, holds in said.items() if holds is True),
            absent=frozenset(code for code, holds in said.items() if holds is False),
        )

    def as_json(self) -> list[str] | dict[str, bool]:
        """Return it as a facts file says it: a complete list, or each attribute that is known."""
        if self.is_complete:
            return sorted(self.present)
        return {code: code in self.present for code in sorted(self.present | self.absent)}

    def holds(self, code: str) -> Truth:
        """Say whether the incident has an attribute."""
        is_known = self.is_complete or code in self.present | self.absent
        return truth.of(code in self.present) if is_known else Truth.UNKNOWN


NO_ATTRIBUTES = Attributes.complete(())


@dataclass(frozen=True, kw_only=True)
class IncidentFacts:
    """An incident: RSIT class (`taxonomy`) and type, severity level, attributes, and measured impact."""

    taxonomy: str | None = None
    type: str | None = None
    severity: str | None = None
    attributes: Attributes | None = None
    impact: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Moments:
    """When things happened, by name; a name that is absent has not happened or is not known.

    Names: `occurrence`, `discovery`, `awareness`, `ransom_payment`, `handling_end`; `<stage>` or `<duty>/<stage>` for
    the moment a stage was submitted. Where the law leaves a clock open, a person may settle it: `<duty>/<stage>:start`
    and `<duty>/<stage>:due`.
    """

    at: Mapping[str, datetime] = field(default_factory=dict)

    def get(self, *names: str) -> datetime | None:
        """Return the moment of the first of these names that is known."""
        return next((self.at[name] for name in names if name in self.at), None)


Matter = IncidentFacts | FindingFacts


def stated(entity: EntityFacts, matter: Matter | None) -> dict[str, Any]:
    """Return the facts by the names that conditions use; what is absent is unknown."""
    known: dict[str, Any] = {"sector": entity.sector, "territory": entity.territory, "classes": entity.classes}
    if isinstance(matter, FindingFacts):
        known |= {
            "taxonomy": matter.taxonomy,
            "type": matter.type or None,
            "identifier": matter.identifier or None,
            "malware": matter.malware or None,
            # A finding is one problem on one asset: it has no attributes of an incident, and that is known.
            "attributes": NO_ATTRIBUTES,
        }
    elif matter is not None:
        known |= {
            "taxonomy": matter.taxonomy,
            "type": matter.type,
            "severity": matter.severity,
            "attributes": matter.attributes,
        }
        known |= {f"impact.{name}": value for name, value in matter.impact.items() if value is not None}
    return {name: value for name, value in known.items() if value is not None}


def public_name(name: str) -> str:
    """Return the name under which a person states this fact (`entity.sector`)."""
    return FACT_NAMES.get(name, f"incident.{name}")
