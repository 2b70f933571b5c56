"""The door of `registry`: who exists, what they hold, and who answers for them by law."""

from pehra.registry.api.attributing import attribution
from pehra.registry.api.importing import import_csv
from pehra.registry.api.profile import load_profile, refresh_responsibility
from pehra.registry.rules.addresses import parse_v4, parse_v6
from pehra.registry.rules.attribution import Attribution
from pehra.registry.rules.lines import Reject
from pehra.registry.rules.summaries import ImportSummary

__all__ = [
    "Attribution",
    "ImportSummary",
    "Reject",
    "attribution",
    "import_csv",
    "load_profile",
    "parse_v4",
    "parse_v6",
    "refresh_responsibility",
]
