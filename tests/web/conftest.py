"""A small country with everything in it, and its people signed in."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.utils import translation

from pehra.access import api as access
from pehra.drill import api as drill
from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.kernel import clock
from pehra.kernel.actors import Actor, system
from pehra.ledger import api as ledger
from pehra.node import engine
from pehra.outbox import api as outbox
from pehra.registry import api as registry
from pehra.web import translations
from tests.web.furnished import furnish
from tests.web.programs import Program

FILES = {
    "organisations": """organisation,name,name_local,sector,territory,classes,parent,valid_from,valid_to
org-0001,Meadow Hospital,میڈو ہسپتال,health,punjab,cii;private,,,
org-0002,River Telecom,ریور ٹیلی کام,telecom,sindh,licensee;private,,,
org-0003,Registry of Deeds,رجسٹری آف ڈیڈز,government,punjab,public-body,,,
""",
    "assets": """type,value,organisation,relation,valid_from,valid_to
prefix,198.18.1.0/24,org-0001,occupied,,
prefix,198.18.2.0/24,org-0002,occupied,,
prefix,198.18.3.0/24,org-0003,deployed,,
domain,deeds.example,org-0003,developed,,
""",
    "contacts": """organisation,role,name,email,phone,language,hours
org-0001,security,Desk of Meadow,security@meadow.example,+92 000,ur,always
org-0002,security,Desk of River,security@river.example,,en,
org-0003,security,Desk of Deeds,security@deeds.example,,en,
""",
}
CAST = {
    "national": {"role": "duty-officer", "team": "pkcert"},
    "telecom": {"role": "duty-officer", "team": "ntcert"},
    "punjab": {"role": "incident-handler", "team": "punjab-cert"},
    "hospital": {"role": "organisation-contact", "organisation": "org-0001"},
    "council": {"role": "council-member", "council": True},
    "operator": {"role": "platform-operator", "national": True},
    "lead": {"role": "team-lead", "team": "pkcert"},
    "nobody": {},
}

ANSWERED_SECONDS = 10


@dataclass(frozen=True)
class Country:
    """What is in the small country, and who works there."""

    people: dict[str, UUID]
    by: Actor

    def actor(self, who: str) -> Actor:
        """Somebody of the cast as an actor, now."""
        return access.actor_for(person_id=self.people[who], at=clock.now())


@pytest.fixture(scope="session", autouse=True)
def _translated() -> None:
    """Urdu as it is written now."""
    translations.compile_all()


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """A page in Urdu leaves its language with the thread: the next test starts in English."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _answered_first(request: pytest.FixtureRequest) -> Iterator[None]:
    """No table is emptied under a request that a closed browser left behind: a deadlock, for which the next test pays.

    A browser keeps its connections open while it lives, and a thread of the server ends with its connection.
    """
    yield
    if {"browser", "live_server"} <= set(request.fixturenames):
        until = time.monotonic() + ANSWERED_SECONDS
        while time.monotonic() < until and any("process_request_thread" in each.name for each in threading.enumerate()):
            time.sleep(0.01)


@pytest.fixture(autouse=True)
def _static_from_source(settings, tmp_path) -> None:
    """Files as they lie, whatever was built before."""
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.WHITENOISE_USE_FINDERS = True
    settings.STATIC_ROOT = tmp_path
    settings.ALLOWED_HOSTS = ["*"]


@pytest.fixture(scope="module")
def laid_out(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[tuple[Country, Path]]:
    """The small country, laid out once a module in a transaction that is undone; each test then undoes its own part."""
    folder = tmp_path_factory.mktemp("country")
    ground = transaction.atomic()
    ground._from_testcase = True  # as Django marks its own: a durable transaction may stand on it
    with django_db_blocker.unblock(), ground:
        with override_settings(
            PEHRA_DATA=folder,
            PEHRA_LAKE=folder / "lake",
            PEHRA_VAULT=folder / "vault",
            PEHRA_OUTBOX_URL=f"maildir://{folder}/mail",
        ):
            country = lay_out(system("test"), folder)
        yield country, folder
        transaction.set_rollback(True)


@pytest.fixture
def country(laid_out: tuple[Country, Path], data_folder: Path, settings, db) -> Country:
    """Three organisations of three constituencies, a day's feeds about them, what follows, and the cast."""
    country, folder = laid_out
    settings.PEHRA_DATA = folder
    return country


@pytest.fixture(scope="module")
def _furnished(laid_out: tuple[Country, Path], django_db_blocker) -> None:
    with django_db_blocker.unblock():
        furnish(laid_out[0].people, by=laid_out[0].by, at=clock.now())


@pytest.fixture
def furnished(_furnished: None, country: Country) -> Country:
    """The small country with a row of every walled table for each tenant, and with more people."""
    return country


@pytest.fixture
def lay_out_here(machine: Actor, tmp_path: Path) -> Callable[[], Country]:
    """The same, for tests whose database is emptied afterwards."""
    return lambda: lay_out(machine, tmp_path)


def lay_out(machine: Actor, folder: Path) -> Country:
    """Fill the database through the doors of the parts."""
    at = clock.now()
    registry.load_profile(by=machine, at=at)
    for kind, text in FILES.items():
        path = folder / f"{kind}.csv"
        path.write_text(text)
        summary = registry.import_csv(path=path, kind=kind, by=machine, at=at)
        assert not summary.rejected, summary.rejected
    feeds = folder / "feeds"
    feeds.mkdir()
    for report in ("event4_sinkhole", "scan_rdp"):
        day = at.date()
        path = feeds / f"{day}-{report}-nation.csv"
        drill.write_feed(seed=3, rows=40, form="shadowserver", report=report, day=day, path=path)
    engine.ingest([feeds], source="drill", format=None, by=machine, at=at)
    people = {who: _person(who, granted, machine, at) for who, granted in CAST.items()}
    outbox.send_due(at=at, limit=50)
    ledger.place_entries(at=at)
    return Country(people=people, by=machine)


def _person(who: str, granted: dict[str, object], by: Actor, at: datetime) -> UUID:
    person = access.add_person(email=f"{who}@cast.example", name=who.title(), by=by, at=at)
    if granted:
        access.grant(person_id=person, reason="the cast", by=by, at=at, **granted)
    return person


def sign_in(client: Client, person: UUID, by: Actor) -> Client:
    """Sign a browser in the way people do."""
    token = access.issue_link(person_id=person, by=by, at=clock.now())
    assert client.post(f"/access/link/{token}").status_code == 302
    return client


@pytest.fixture
def signed_in(country: Country) -> Callable[[str], Client]:
    """A browser signed in as somebody of the cast."""
    return lambda who: sign_in(Client(), country.people[who], country.by)


@pytest.fixture
def incident(country: Country) -> incidents.IncidentView:
    """The incident that the feeds opened at the hospital."""
    rows = incidents.incidents(by=country.by).rows
    assert rows, "the feeds opened no incident"
    return next(row for row in rows if row.organisation == "org-0001")


@pytest.fixture
def finding(country: Country) -> findings.FindingView:
    """A finding at the telecom operator."""
    filters = findings.Filters(organisation="org-0002")
    return findings.findings(by=country.by, filters=filters)[0]


@pytest.fixture
def program(country: Country) -> Callable[..., Program]:
    """A program of somebody of the cast, with all that a token of theirs may carry, or with what is named."""

    def made(who: str, *permissions: str) -> Program:
        wanted = permissions or access.token_permissions(by=country.actor(who))
        token = access.issue_token(
            holder_id=country.people[who],
            name="a program",
            permissions=wanted,
            valid=timedelta(days=1),
            by=country.by,
            at=clock.now(),
        )
        return Program(token)

    return made
