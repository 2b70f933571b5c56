"""What the tests of incidents share: a small country in the registry, and findings in it.

Organisations: `org-0001` a private critical telecom licensee, `org-0002` a bank, `org-0003` a public body of Punjab,
`org-0004` a shop, `org-0005` of unknown classes, `org-0006` a public critical licensee of Punjab, and thirty
`side-NN` over sectors and territories.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.db import transaction

from pehra.findings import api as findings_api
from pehra.findings.api import FindingView, FoldOutcome
from pehra.findings.rules.sightings import SCHEMA
from pehra.incidents import api
from pehra.kernel.actors import Actor, system
from pehra.kernel.identifiers import new_id
from pehra.registry import api as registry

FindingMaker = Callable[..., FindingView]
SightingMaker = Callable[..., dict[str, Any]]
Folder = Callable[[Sequence[dict[str, Any]]], FoldOutcome]

ORGANISATIONS = """organisation,name,sector,territory,classes
org-0001,North Telecom,telecom,punjab,cii-private;licensee
org-0002,River Bank,banking-finance,sindh,regulated-financial;private
org-0003,Works Department,government,punjab,public-body
org-0004,Corner Shop,commerce,kp,private
org-0005,Unclassed Works,power,sindh,
org-0006,Punjab Cables,telecom,punjab,cii-public;licensee
"""
CONTACTS = """organisation,role,name,email,language
pkcert,duty,National duty desk,duty@pkcert.example,en
punjab-cert,duty,Punjab duty desk,duty@punjab.example,ur
"""
SECTORS = ("telecom", "banking-finance", "power", "health", "academia", "commerce")
TERRITORIES = ("punjab", "sindh", "kp", "balochistan")
LEADS = {"telecom": "ntcert"}
SIDES = 30


def build_country(folder: Path) -> None:
    """Register the profile's teams and a few organisations. Nobody knows an address of `ntcert`."""
    machine, at = system("test"), datetime(2026, 1, 1, tzinfo=UTC)
    registry.load_profile(by=machine, at=at)
    sides = "".join(
        f"side-{number:02d},Side {number},{SECTORS[number % 6]},{TERRITORIES[number % 4]},private\n"
        for number in range(SIDES)
    )
    for kind, text in (("organisations", ORGANISATIONS + sides), ("contacts", CONTACTS)):
        file = folder / f"{kind}.csv"
        file.write_text(text)
        summary = registry.import_csv(path=file, kind=kind, by=machine, at=at)
        assert not summary.rejected


@pytest.fixture(scope="module")
def country(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The small country, built once a module in a transaction that every test of it nests in."""
    with django_db_blocker.unblock(), transaction.atomic():
        build_country(tmp_path_factory.mktemp("country"))
        with django_db_blocker.block():
            yield
        transaction.set_rollback(True)


@pytest.fixture
def committed_country(transactional_db: None, tmp_path: Path) -> None:
    """The same, committed: for tests whose workers are other processes."""
    build_country(tmp_path)


@pytest.fixture
def finding(at: datetime) -> FindingMaker:
    """Make a finding as the fold gives it: by default an infected host of the telecom operator."""

    def make(**differently: Any) -> FindingView:
        said: dict[str, Any] = {
            "id": new_id(at),
            "subject": "198.18.0.7",
            "asset": "prefix:198.18.0.0/24",
            "organisation": "org-0001",
            "sector": "telecom",
            "territory": "punjab",
            "lead_team": "ntcert",
            "teams": ("ntcert", "pkcert"),
            "taxonomy": "malicious-code",
            "type": "infected-system",
            "identifier": "sinkhole",
            "malware": "andromeda",
            "port": 0,
            "state": findings_api.State.OPEN,
            "first_seen": at - timedelta(hours=3),
            "last_seen": at - timedelta(hours=1),
            "times": 1,
            "because": [],
        }
        said |= differently
        said.setdefault("kind", "/".join(filter(None, (said["type"], said["identifier"], said["malware"]))))
        return FindingView(**said)

    return make


@pytest.fixture
def outcome() -> Callable[..., FoldOutcome]:
    """What a fold says of some findings."""

    def make(*new: FindingView, reopened: Sequence[FindingView] = ()) -> FoldOutcome:
        return FoldOutcome(new=list(new), reopened=list(reopened))

    return make


@pytest.fixture
def sighting(at: datetime) -> SightingMaker:
    """Make one sighting, each on another host."""
    hosts = count(1)

    def make(**differently: Any) -> dict[str, Any]:
        said: dict[str, Any] = {
            "subject": f"198.18.9.{next(hosts)}",
            "subject_type": "ipv4",
            "asset": "prefix:198.18.9.0/24",
            "organisation": "org-0004",
            "sector": "commerce",
            "territory": "kp",
            "lead_team": "pkcert",
            "teams": ["pkcert"],
            "because": "[]",
            "classification_taxonomy": "malicious-code",
            "classification_type": "infected-system",
            "classification_identifier": "sinkhole",
            "malware_name": "andromeda",
            "port": 0,
            "protocol": "tcp",
            "times": 1,
            "first_seen": at - timedelta(hours=3),
            "last_seen": at - timedelta(hours=1),
            "feed_name": "Feed",
            "feed_code": "feed",
            "evidence": "{}",
        } | differently
        said.setdefault(
            "kind",
            f"{said['classification_type']}/{said['classification_identifier']}/{said['malware_name']}",
        )
        return said

    return make


@pytest.fixture
def of_side(sighting: SightingMaker) -> Callable[..., dict[str, Any]]:
    """Make a sighting on one of the thirty sides."""

    def make(number: int, **differently: Any) -> dict[str, Any]:
        sector = SECTORS[number % 6]
        lead = LEADS.get(sector, "pkcert")
        return sighting(
            organisation=f"side-{number:02d}",
            sector=sector,
            territory=TERRITORIES[number % 4],
            lead_team=lead,
            teams=sorted({lead, "pkcert"}),
            **differently,
        )

    return make


@pytest.fixture
def fold(machine: Actor, at: datetime) -> Folder:
    """Fold sightings into findings, as the machine road does."""

    def run(sightings: Sequence[dict[str, Any]]) -> FoldOutcome:
        frame = pl.DataFrame(list(sightings), schema=SCHEMA)
        return findings_api.fold(sightings=frame, by=machine, at=at)

    return run


@pytest.fixture
def opened(finding: Any, outcome: Any, machine: Actor, at: datetime) -> api.IncidentView:
    """An incident of the private critical telecom operator, led by its sector's team; the national team supports it."""
    (view,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    return view
