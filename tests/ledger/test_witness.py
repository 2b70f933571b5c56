"""A ledger taken back with all that speaks of it in the database is found by what the node itself kept."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.db import transaction

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Fault
from pehra.ledger import api
from tests.ledger.test_tampering import TABLES, cut_short, sql, superuser

pytestmark = pytest.mark.django_db(transaction=True)


@transaction.atomic
def record(some: list[api.Entry]) -> None:
    api.record_many(some)


@pytest.fixture
def newest(machine: Actor, at: datetime) -> Iterator[str]:
    """A ledger of two checkpoints, committed."""
    for size in (290, 300):
        entry = api.Entry(event="findings.opened", subject=f"f-{size}", by=machine, at=at)
        already = api.latest_checkpoint()
        record([entry] * (size - (already.size if already else 0)))
        made = api.place_entries(at=at)
    assert made is not None
    yield made.note
    for table in TABLES:  # as the tests' own ground has it: Django empties these tables afterwards
        sql(f"ALTER TABLE {table} DISABLE TRIGGER {table}_refuse_truncate")


def empty(_newest: str) -> None:
    sql(f"TRUNCATE {', '.join(TABLES)} CASCADE")


@pytest.mark.parametrize(("tamper", "left"), [(cut_short, 290), (empty, 0)])
def test_a_ledger_taken_back_is_found_and_not_continued(
    tamper, left: int, newest: str, machine: Actor, at: datetime, data_folder: Path
) -> None:
    assert api.verify().ok
    with superuser():
        tamper(newest)
    found = api.verify()
    assert found.first_bad is not None
    assert "covers 300 entries" in found.first_bad.problem
    assert found.first_bad.position == left

    record([api.Entry(event="findings.opened", subject="later", by=machine, at=at)] * 20)
    with pytest.raises(Fault, match="was taken back"):
        api.place_entries(at=at)
    assert api.waiting_count() == 20

    # Nothing else in the ledger is wrong: without the file it would be taken for whole, and go on.
    (data_folder / "keys" / "ledger.checkpoint").rename(data_folder / "aside")
    assert api.verify().ok
    assert api.place_entries(at=at) is not None
    (data_folder / "aside").rename(data_folder / "keys" / "ledger.checkpoint")
    found = api.verify()
    assert found.first_bad is not None
    assert "written anew" in found.first_bad.problem or "covers 300" in found.first_bad.problem


def test_what_is_kept_is_the_newest_and_is_its_owners_alone(newest: str, data_folder: Path) -> None:
    kept = data_folder / "keys" / "ledger.checkpoint"
    assert kept.read_text(encoding="utf-8") == newest
    assert kept.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in kept.parent.iterdir()} == {"ledger.key", "ledger.checkpoint"}


def test_a_spoilt_file_is_said_and_not_passed_over(newest: str, at: datetime, data_folder: Path) -> None:
    (data_folder / "keys" / "ledger.checkpoint").write_bytes(newest.encode().replace(b"300", b"200"))
    for asked in (api.verify, lambda: api.place_entries(at=at) or api.check_key()):
        with pytest.raises(Fault, match=r"ledger\.checkpoint"):
            asked()
