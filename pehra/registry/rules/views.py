"""What the registry says to people and programs: frozen records, never rows of a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pehra.registry.rules.vocabulary import Standing


@dataclass(frozen=True, kw_only=True)
class ContactView:
    """Whom to tell. `organisation` is whose contact it is: the asked one's, or a parent's or team's code."""

    organisation: str
    role: str
    name: str
    email: str
    phone: str
    language: str
    hours: str
    key: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the contact as plain JSON values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "key"}


@dataclass(frozen=True, kw_only=True)
class RoleView:
    """A team's part in a matter, and why."""

    team: str
    role: str
    because: Mapping[str, Any]
    team_name: str = ""
    team_name_local: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the role with the keys of the contract."""
        return {"team": self.team, "role": self.role, "because": dict(self.because)}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Who answers for one observable. `note` says in words what the standing means; `error`, why there is no answer."""

    observable: str
    standing: Standing
    type: str = ""
    value: str = ""
    asset: str = ""
    organisation: str = ""
    organisation_name: str = ""
    organisation_name_local: str = ""
    sector: str = ""
    territory: str = ""
    teams: tuple[RoleView, ...] = ()
    contacts: tuple[ContactView, ...] = ()
    note: str = ""
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the answer with the keys of the contract, then what explains it."""
        said: dict[str, Any] = {
            "observable": self.observable,
            "type": self.type or None,
            "asset": self.asset or None,
            "organisation": self.organisation or None,
            "sector": self.sector or None,
            "territory": self.territory or None,
            "teams": [role.as_json() for role in self.teams],
            "contacts": [contact.as_json() for contact in self.contacts],
            "value": self.value or None,
            "organisation_name": self.organisation_name or None,
            "standing": self.standing.value,
            "note": self.note,
        }
        return said | ({"error": self.error} if self.error else {})


@dataclass(frozen=True, kw_only=True)
class Named:
    """A code with its names in English and in the country's language."""

    code: str
    name: str
    name_local: str = ""


@dataclass(frozen=True, kw_only=True)
class AssetView:
    """Something an organisation holds."""

    type: str
    value: str
    relation: str
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, kw_only=True)
class OrganisationSummary:
    """One line of the list of organisations."""

    code: str
    name: str
    name_local: str
    sector: Named | None
    territory: Named | None
    classes: tuple[str, ...] | None
    lead_team: str
    teams: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None

    def as_json(self) -> dict[str, Any]:
        """Return the organisation as plain JSON values."""
        return {
            "organisation": self.code,
            "name": self.name,
            "name_local": self.name_local,
            "sector": self.sector.code if self.sector else None,
            "territory": self.territory.code if self.territory else None,
            "classes": None if self.classes is None else list(self.classes),
            "lead_team": self.lead_team or None,
            "teams": list(self.teams),
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
        }


@dataclass(frozen=True, kw_only=True)
class OrganisationPage:
    """A page of organisations; `after` is what to ask the next page with, empty on the last."""

    items: tuple[OrganisationSummary, ...]
    total: int
    after: str


@dataclass(frozen=True, kw_only=True)
class OrganisationView(OrganisationSummary):
    """All of one organisation. `assets_total` counts those that `assets`, a first part, leaves out too."""

    parent: Named | None
    children: tuple[Named, ...]
    roles: tuple[RoleView, ...]
    contacts: tuple[ContactView, ...]
    assets: tuple[AssetView, ...]
    assets_total: int
    designations: tuple["DesignationView", ...] = ()


@dataclass(frozen=True, kw_only=True)
class DesignationView:
    """By which act a team or organisation was named to something."""

    role: str
    title: str
    issuer: str
    number: str
    issued: date | None
    citation: str
    status: str


@dataclass(frozen=True, kw_only=True)
class TeamSummary:
    """One line of the list of teams. `state`: only an operating team acts; for others `fallback` does."""

    code: str
    name: str
    name_local: str
    types: tuple[str, ...]
    sectors: tuple[str, ...]
    territories: tuple[str, ...]
    parent: str
    state: str
    fallback: str
    organisations_led: int  # of those the asker may see

    def as_json(self) -> dict[str, Any]:
        """Return the team as plain JSON values."""
        return {
            "team": self.code,
            "name": self.name,
            "name_local": self.name_local,
            "types": list(self.types),
            "parent": self.parent or None,
            "sectors": list(self.sectors),
            "territories": list(self.territories),
            "state": self.state,
            "fallback": self.fallback or None,
            "organisations_led": self.organisations_led,
        }


@dataclass(frozen=True, kw_only=True)
class TeamView(TeamSummary):
    """All of one team."""

    parent_team: Named | None
    fallback_team: Named | None
    children: tuple[Named, ...]
    sector_names: tuple[Named, ...]
    territory_names: tuple[Named, ...]
    contacts: tuple[ContactView, ...]
    designations: tuple[DesignationView, ...] = field(default=())
