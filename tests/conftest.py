"""What every part's tests share: one database server, a cast of fixed people, a fixed moment.

The server is started once a test session in a short folder of its own and is gone afterwards; `DATABASE_URL` names
another one instead. Each test has a data folder of its own and never sees a person's.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pehra.access.rules.roles import PERMISSIONS, Role, ScopeKind
from pehra.access.rules.wall import Granted, Scope, permissions_of
from pehra.kernel.actors import Actor, ActorKind, system
from pehra.kernel.clock import VirtualClock
from pehra.node.database import Database

SHARED_DATA = Path(os.environ.get("PEHRA_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
_FOLDER_PREFIX = "pehra-test-"
_LEFT_BEHIND_SECONDS = 2 * 3600
_server: Database | None = None
_folder: Path | None = None
_number = count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once; workers of pytest-xdist find it by the environment of the one that started them."""
    global _server, _folder
    _folder = Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX, dir="/tmp"))
    _folder.chmod(0o711)
    _use_folder(_folder / "session")
    if hasattr(config, "workerinput") or os.environ.get("DATABASE_URL"):
        return
    _sweep_left_behind()
    _server = Database(_folder / "node", fast=True)
    _server.start()
    os.environ["DATABASE_URL"] = _server.url
    _use_database(_server.url)


def pytest_unconfigure() -> None:
    """Stop the server and leave nothing behind."""
    global _server
    if _server is not None:
        _server.stop()
        _server = None
        os.environ.pop("DATABASE_URL", None)
    if _folder is not None:
        shutil.rmtree(_folder, ignore_errors=True)


def _use_folder(folder: Path) -> None:
    """Point the settings, which were read before this file, at a folder of the tests."""
    from django.conf import settings

    for name, value in _folders(folder).items():
        setattr(settings, name, value)


def _folders(folder: Path) -> dict[str, object]:
    # As a sample node: a link is enough to come in. Who tests two factors asks for them.
    return {
        "PEHRA_MFA_REQUIRED": False,
        "PEHRA_DATA": folder,
        "PEHRA_LAKE": folder / "lake",
        "PEHRA_VAULT": folder / "vault",
        "PEHRA_OUTBOX_URL": f"maildir://{folder / 'maildir'}",
    }


def _use_database(url: str) -> None:
    """Point the settings, which were read before this file, at the tests' server."""
    from django.conf import settings
    from django.db import connections

    from pehra.node.settings import database

    settings.DATABASES["default"].update(database(url))
    connections["default"].settings_dict.update(database(url))


def _sweep_left_behind() -> None:
    """Remove servers of earlier sessions that were killed and could not clean up; those in use hold a lock."""
    for folder in Path("/tmp").glob(f"{_FOLDER_PREFIX}*"):
        seen = folder.stat()
        if seen.st_uid == os.geteuid() and time.time() - seen.st_mtime > _LEFT_BEHIND_SECONDS:
            Database(folder / "node", fast=True).stop_if_unused()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def data_folder() -> Iterator[Path]:
    """A data folder of the test's own: lake, mail directory and keys of one test never meet another's."""
    from django.test import override_settings

    assert _folder is not None
    folder = _folder / str(next(_number))
    folder.mkdir(mode=0o755)
    many = 10**9  # of requests a minute: tests send more than people
    names = ("REQUESTS_PER_MINUTE_ADDRESS", "REQUESTS_PER_MINUTE_ACCOUNT", "REPORTS_PER_DAY_ADDRESS")
    limits = {f"PEHRA_{name}": many for name in names}
    with override_settings(**_folders(folder), **limits):
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _empty_tables(_test: object) -> None:
    """Empty the tables after a test that committed, as Django does, but only those whose file is not empty already.

    To truncate all hundred, and to write again what Django itself keeps of models and permissions, takes half a second.
    """
    from django.db import connection, transaction

    tables = {*connection.introspection.django_table_names(only_existing=True, include_views=False)}
    names = [connection.ops.quote_name(table) for table in tables - {"auth_permission", "django_content_type"}]
    with transaction.atomic(), connection.cursor() as cursor:
        asked = "SELECT oid::regclass::text FROM pg_class WHERE oid = ANY(%s::regclass[]) AND pg_relation_size(oid) > 0"
        cursor.execute(asked, [names])
        if written := [name for (name,) in cursor.fetchall()]:
            cursor.execute(f"TRUNCATE {', '.join(written)} CASCADE")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Lay the second wall, as `pehra init` does; and let the tables be emptied between tests.

    The ledger's tables and the custody log refuse TRUNCATE, to everybody.
    """
    from django.db import connection
    from django.test import TransactionTestCase

    from pehra.access import api as access

    TransactionTestCase._fixture_teardown = _empty_tables

    with django_db_blocker.unblock():
        assert not access.lay_second_wall()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in ("ledger_entry", "ledger_waiting", "ledger_leaf", "ledger_subtree", "ledger_checkpoint"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_refuse_truncate")
            cursor.execute(f"GRANT TRUNCATE ON {table} TO CURRENT_USER")
        cursor.execute("ALTER TABLE incidents_custodyentry DISABLE TRIGGER incidents_custody_refuse_truncate")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real inputs kept beside the checkout; a test that reads them is skipped where they are absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no shared data at {SHARED_DATA}; set PEHRA_SHARED_DATA to run this test")
    return SHARED_DATA


@pytest.fixture
def at() -> datetime:
    """The moment at which everything happens, unless a test says otherwise: a Tuesday morning."""
    return datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def clock(at: datetime) -> VirtualClock:
    """A clock at that moment which moves only when told to."""
    return VirtualClock(at)


_WATCH = frozenset(
    permission.value
    for role in (Role.DUTY_OFFICER, Role.ANALYST, Role.REGISTRY_EDITOR)
    for permission in PERMISSIONS[role]
)


def _member(number: int, name: str, *teams: str, permissions: frozenset[str] = _WATCH) -> Actor:
    return Actor(
        id=f"00000000-0000-7000-8000-{number:012d}",
        kind=ActorKind.PERSON,
        name=name,
        teams=frozenset(teams),
        permissions=permissions,
    )


@pytest.fixture
def machine() -> Actor:
    """Pehra itself."""
    return system("test")


@pytest.fixture
def analyst() -> Actor:
    """The duty officer of the national CERT."""
    return _member(1, "Ayesha, duty officer", "pkcert")


@pytest.fixture
def sector_analyst() -> Actor:
    """An analyst of the telecom sector's CERT."""
    return _member(2, "Bilal, telecom analyst", "ntcert")


@pytest.fixture
def provincial_analyst() -> Actor:
    """An analyst of a province's CERT."""
    return _member(3, "Chiragh, Punjab analyst", "punjab-cert")


@pytest.fixture
def organisation_contact() -> Actor:
    """The security contact of one organisation: sees what concerns it, decides nothing."""
    return Actor(
        id="00000000-0000-7000-8000-000000000004",
        kind=ActorKind.PERSON,
        name="Dania, contact",
        organisations=frozenset({"org-0001"}),
        permissions=frozenset(permission.value for permission in PERMISSIONS[Role.ORGANISATION_CONTACT]),
    )


@pytest.fixture
def council_member() -> Actor:
    """A member of the council: reads the law; opens nobody's matters and changes nothing."""
    seat = Granted(role=Role.COUNCIL_MEMBER, scope=Scope(kind=ScopeKind.COUNCIL))
    return _member(5, "Ehsan, council member", permissions=permissions_of([seat]))


@pytest.fixture
def foreign_peer() -> Actor:
    """Another country's team, a service: sees only what was shared with it, which is nothing yet."""
    return Actor(
        id="peer-example", kind=ActorKind.SERVICE, name="CERT of a neighbour", teams=frozenset({"peer-example"})
    )


@pytest.fixture
def stranger() -> Actor:
    """Somebody signed in who has no team, no organisation and no permission: must see nothing."""
    return _member(7, "Gul, stranger", permissions=frozenset())
