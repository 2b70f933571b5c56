"""The door of `registry`: who exists, what they hold, and who answers for them by law."""

from pehra.registry.api.asking import who
from pehra.registry.api.attributing import attribution
from pehra.registry.api.importing import import_csv
from pehra.registry.api.profile import load_profile, refresh_responsibility
from pehra.registry.api.reading import (
    contacts,
    contacts_of,
    entity_facts,
    every_organisation,
    local_names,
    names,
    organisation,
    organisations,
    prefixes,
    sectors,
    team,
    team_contacts,
    teams,
    territories,
)
from pehra.registry.rules.addresses import parse_v4, parse_v6
from pehra.registry.rules.attribution import Attribution
from pehra.registry.rules.intervals import NOBODY, flatten_v4, flatten_v6
from pehra.registry.rules.lines import Reject
from pehra.registry.rules.suffixes import suffix_table
from pehra.registry.rules.summaries import ImportSummary
from pehra.registry.rules.views import (
    Answer,
    AssetView,
    ContactView,
    DesignationView,
    Named,
    OrganisationPage,
    OrganisationSummary,
    OrganisationView,
    RoleView,
    TeamSummary,
    TeamView,
)
from pehra.registry.rules.vocabulary import AssetType, Kind, Relation, Standing

__all__ = [
    "NOBODY",
    "Answer",
    "AssetType",
    "AssetView",
    "Attribution",
    "ContactView",
    "DesignationView",
    "ImportSummary",
    "Kind",
    "Named",
    "OrganisationPage",
    "OrganisationSummary",
    "OrganisationView",
    "Reject",
    "Relation",
    "RoleView",
    "Standing",
    "TeamSummary",
    "TeamView",
    "attribution",
    "contacts",
    "contacts_of",
    "entity_facts",
    "every_organisation",
    "flatten_v4",
    "flatten_v6",
    "import_csv",
    "load_profile",
    "local_names",
    "names",
    "organisation",
    "organisations",
    "parse_v4",
    "parse_v6",
    "prefixes",
    "refresh_responsibility",
    "sectors",
    "suffix_table",
    "team",
    "team_contacts",
    "teams",
    "territories",
    "who",
]
