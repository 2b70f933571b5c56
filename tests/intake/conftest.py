"""What the tests of intake share: a small country that answers for addresses, and a way to report to it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from pehra.intake import api as intake
from pehra.intake.api import Channel, Receipt, Reporter, Said
from pehra.kernel.actors import Actor, system
from pehra.registry import api as registry

ORGANISATIONS = """organisation,name,sector,territory,classes
org-0001,North Telecom,telecom,punjab,cii-private;licensee
org-0002,River Bank,banking-finance,sindh,regulated-financial;private
org-0003,Works Department,government,punjab,public-body
"""
ASSETS = """type,value,organisation,relation
prefix,198.18.1.0/24,org-0001,occupied
prefix,198.18.2.0/24,org-0002,occupied
domain,bank.example,org-0002,developed
"""
CONTACTS = """organisation,role,name,email,language
pkcert,duty,National duty desk,duty@pkcert.example,en
punjab-cert,duty,Punjab duty desk,duty@punjab.example,ur
"""
Reported = Callable[..., Receipt]


def build_country(folder: Path) -> None:
    """Register the profile's teams, three organisations and what they hold. Nobody knows an address of `ntcert`."""
    machine, at = system("test"), datetime(2026, 1, 1, tzinfo=UTC)
    registry.load_profile(by=machine, at=at)
    for kind, text in (("organisations", ORGANISATIONS), ("assets", ASSETS), ("contacts", CONTACTS)):
        file = folder / f"{kind}.csv"
        file.write_text(text)
        assert not registry.import_csv(path=file, kind=kind, by=machine, at=at).rejected


@pytest.fixture(scope="module")
def _land(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        build_country(tmp_path_factory.mktemp("country"))
        with django_db_blocker.block():
            yield
        transaction.set_rollback(True)


@pytest.fixture
def country(_land: None, db: None) -> None:
    """The small country, built once a module in a transaction that every test of it nests in."""


@pytest.fixture
def committed_country(transactional_db: None, tmp_path: Path) -> None:
    """The same, committed: for tests whose workers are other processes."""
    build_country(tmp_path)


@pytest.fixture
def reported(at: datetime) -> Reported:
    """Report something as somebody without an account does, unless a test says otherwise."""

    def report(
        description: str = "the shop's page looks wrong",
        *,
        by: Actor | None = None,
        raw: bytes = b"",
        reporter: Reporter | None = None,
        on: datetime | None = None,
        channel: Channel = Channel.FORM,
        files: tuple[intake.Handed, ...] = (),
        **said: Any,
    ) -> Receipt:
        ways = {name: said.pop(name) for name in ("once", "source", "source_ref", "problem") if name in said}
        return intake.receive(
            channel=channel,
            raw=raw or repr((description, sorted(said.items()), at)).encode(),
            media_type="application/json",
            said=Said(description=description, **said),
            reporter=reporter or Reporter(anonymous=True),
            language="en",
            files=files,
            by=by or system("intake"),
            at=on or at,
            **ways,
        )

    return report
