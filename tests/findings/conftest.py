"""What the tests of findings share: sightings by hand, and a small country to tell of them.

Organisations: `org-0001` a telecom licensee with a security and an abuse contact; `org-0002` a bank whose contact reads
Urdu; `org-0003` a public body with no contact under `punjab-cert`, which has a desk; `org-0004` a shop nobody reaches;
`org-0005` critical infrastructure, whose contact's language is not known.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.db import transaction

from pehra.findings import api
from pehra.findings.rules.sightings import SCHEMA
from pehra.kernel.actors import Actor, system
from pehra.registry import api as registry

Sighting = dict[str, Any]
SightingMaker = Callable[..., Sighting]
Folder = Callable[..., api.FoldOutcome]

ORGANISATIONS = """organisation,name,name_local,sector,territory,classes
org-0001,North Telecom,نارتھ ٹیلی کام,telecom,punjab,licensee
org-0002,River Bank,دریا بینک,banking-finance,sindh,private
org-0003,Works Department,محکمہ تعمیرات,government,punjab,public-body
org-0004,Corner Shop,,commerce,kp,private
org-0005,Grid Company,,power,punjab,cii-public
"""
CONTACTS = """organisation,role,name,email,language
org-0001,abuse,Abuse desk,abuse@north.example,en
org-0001,security,Dania,security@north.example,en
org-0002,technical,خدیجہ,khadija@river.example,ur
org-0005,security,,soc@grid.example,
punjab-cert,duty,Punjab duty desk,duty@punjab.example,en
"""


@pytest.fixture(scope="module")
def country(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The small country, built once a module in a transaction that every test of it nests in."""
    folder = tmp_path_factory.mktemp("country")
    with django_db_blocker.unblock(), transaction.atomic():
        build_country(folder)
        with django_db_blocker.block():
            yield
        transaction.set_rollback(True)


def build_country(folder: Path) -> None:
    """Load the profile's teams and register the organisations and contacts."""
    machine, at = system("test"), datetime(2026, 1, 1, tzinfo=UTC)
    registry.load_profile(by=machine, at=at)
    for kind, text in (("organisations", ORGANISATIONS), ("contacts", CONTACTS)):
        file = folder / f"{kind}.csv"
        file.write_text(text)
        assert not registry.import_csv(path=file, kind=kind, by=machine, at=at).rejected


@pytest.fixture
def sighting(at: datetime) -> SightingMaker:
    """Make one sighting of that moment."""
    return maker(at)


def maker(at: datetime) -> SightingMaker:
    """Return what makes one sighting: by default an infected host of the telecom licensee."""

    def make(**differently: Any) -> Sighting:
        said: Sighting = {
            "subject": "198.18.0.7",
            "subject_type": "ipv4",
            "asset": "prefix:198.18.0.0/24",
            "organisation": "org-0001",
            "sector": "telecom",
            "territory": "punjab",
            "lead_team": "ntcert",
            "teams": ["ntcert", "pkcert"],
            "because": '[{"rule": "lead-telecom", "version": "1", "citation": "x", "status": "draft", "facts": {}}]',
            "classification_taxonomy": "malicious-code",
            "classification_type": "infected-system",
            "classification_identifier": "sinkhole",
            "malware_name": "andromeda",
            "port": 0,
            "protocol": "tcp",
            "times": 1,
            "first_seen": at,
            "last_seen": at,
            "feed_name": "Sinkhole events",
            "feed_code": "event4_sinkhole",
            "evidence": '{"source_ip": "198.18.0.7", "destination_port": 80}',
        }
        said |= differently
        parts = ("classification_type", "classification_identifier", "malware_name")
        said.setdefault("kind", "/".join(said[part] for part in parts if said[part]))
        return said

    return make


@pytest.fixture
def fold(machine: Actor, at: datetime) -> Folder:
    """Fold sightings, as the engine does."""

    def run(*sightings: Sighting, moment: datetime = at) -> api.FoldOutcome:
        return api.fold(sightings=frame(sightings), by=machine, at=moment)

    return run


def frame(sightings: Sequence[Sighting]) -> pl.DataFrame:
    """Return sightings as the columns that telemetry hands over."""
    return pl.DataFrame(list(sightings), schema=SCHEMA)
