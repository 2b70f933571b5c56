"""Incidents of the past, as others recorded them: what one record says, before it is anything of ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Told:
    """Something that happened, on an incident's timeline; `precision` is what is known of the moment, in words."""

    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Past:
    """One incident that is over. `sector` and `severity` are words that a profile may not know; `exactly` says how
    exactly its beginning is known."""

    key: str
    title: str
    summary: str
    taxonomy: str
    type: str
    year: int
    began_at: datetime
    exactly: str
    ended_at: datetime
    organisation_name: str = ""
    sector: str = ""
    country: str = ""
    severity: str = ""
    attributes: tuple[str, ...] = ()
    impact: Mapping[str, float] = field(default_factory=dict)
    moments: Mapping[str, datetime] = field(default_factory=dict)
    timeline: tuple[Told, ...] = ()
