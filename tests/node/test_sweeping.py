"""Files that no row names: found, removed only when asked, and never one that any table names."""

import ast
import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from django.apps import apps
from django.utils.module_loading import import_string

from pehra.access import api as access
from pehra.kernel import clock
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid
from pehra.ledger import api as ledger
from pehra.node import doctor, sweeping
from pehra.node.commands import commands
from pehra.vault import api as vault
from tests.web.furnished import GIVEN, Tenant, row_for

pytestmark = pytest.mark.django_db
OURS = Tenant(person=UUID(int=7), team="pkcert")
MADE: dict[str, Any] = {}  # the rows of one test, by table
PEHRA = Path(__file__).resolve().parents[2] / "pehra"
# Every column that names a file of the vault, and how one hash stands in it.
NAMING = {
    "incidents_evidence.sha256": lambda sha256: sha256,
    "intake_mail.sha256": lambda sha256: sha256,
    "intake_mailfeed.sha256": lambda sha256: sha256,
    "intake_reportfile.sha256": lambda sha256: sha256,
    "intake_submission.raw_sha256": lambda sha256: sha256,
    "outbox_message.seal": lambda sha256: {"sha256": sha256, "made_of": "0" * 64},
    "threads_reply.files": lambda sha256: [{"name": "a", "sha256": "1" * 64}, {"name": "b", "sha256": sha256}],
    "threads_reply.raw_sha256": lambda sha256: sha256,
}
# Every other column of a hash: what it is of. A new one stands here or above, or this test fails.
OTHER_HASHES = {
    "access_apitoken.token_sha256": "a secret",
    "access_keptanswer.key_sha256": "a key of a request",
    "access_keptanswer.request_sha256": "a request",
    "access_onetimelink.token_sha256": "a secret",
    "incidents_custodyentry.digest": "a line of a log",
    "incidents_playbook.sha256": "a document that lies in its own row",
    "incidents_playbookrun.sha256": "a document that lies in its own row",
    "intake_report.secret_sha256": "a secret",
    "intake_reportobservable.value_sha256": "a value that lies beside it",
    "intake_webhook.secret_sha256": "a secret",
    "ledger_leaf.leaf_hash": "an entry",
    "ledger_subtree.subtree_hash": "entries",
    "outbox_attachment.sha256": "bytes that lie in its own row",
    "registry_evidence.sha256": "bytes that lie in its own row",
    "telemetry_lakefile.sha256": "a file of the lake",
    "telemetry_lakeinput.sha256": "an input, which is not kept",
}
# Who puts a file into the vault, and the columns that name it then.
KEEPING = {
    "pehra/incidents/api/evidence.py": {"incidents_evidence.sha256"},
    "pehra/intake/api/mail/acting.py": {"threads_reply.files"},
    "pehra/intake/api/mail/choosing.py": {"intake_mailfeed.sha256"},
    "pehra/intake/api/mail/fetching.py": {"intake_mail.sha256", "threads_reply.raw_sha256"},
    "pehra/intake/api/mail/reading.py": {"intake_mailfeed.sha256"},
    "pehra/intake/api/receiving.py": {"intake_submission.raw_sha256", "intake_reportfile.sha256"},
    "pehra/outbox/gateways/wire.py": {"outbox_message.seal"},
}


def kept(content: bytes, *, at: datetime, ago: timedelta = timedelta(days=30)) -> str:
    """A file that was put into the vault some time before a moment."""
    sha256 = vault.keep(content, limit=1_000).sha256
    moment = (at - ago).timestamp()
    os.utime(vault.path_of(sha256), (moment, moment))
    return sha256


@pytest.fixture(autouse=True)
def nothing_made() -> None:
    """What one test made up is not another's."""
    MADE.clear()


def name(column: str, sha256: str, *, at: datetime) -> None:
    """Write a row that names a file in one column."""
    table, field = column.split(".")
    before = MADE.pop(table, None)
    next_one = {"number": before.number + 1} if hasattr(before, "number") else {}
    # Written in at once: what was received does not change afterwards.
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(GIVEN, table, GIVEN.get(table, {}) | next_one | {field: NAMING[column](sha256)})
        row_for(table, OURS, at=at, made=MADE, like={})


@pytest.mark.parametrize("column", sorted(NAMING))
def test_no_file_is_removed_that_a_table_names(column: str, machine: Actor, at: datetime) -> None:
    sha256, loose = kept(b"named", at=at), kept(b"loose", at=at)
    name(column, sha256, at=at)
    assert vault.named([sha256, loose]) == {sha256}
    assert sweeping.sweep(by=machine, at=at).removed == 1
    assert vault.read(sha256) == b"named"
    assert not vault.lies(loose)


def test_the_request_of_one_who_sees_nothing_still_names_every_file(at: datetime, stranger: Actor) -> None:
    """The second wall hides rows from people; a file is named by rows that they do not see."""
    named = {kept(column.encode(), at=at): column for column in NAMING}
    for sha256, column in named.items():
        name(column, sha256, at=at)
    with access.bound(actor=stranger):
        assert vault.named(list(named)) == set(named)


def test_every_column_of_a_hash_is_known() -> None:
    found = set()
    for model in apps.get_models():
        if model.__module__.startswith("pehra."):
            for field in model._meta.local_fields:
                if any(word in field.column for word in ("sha256", "digest", "hash")):
                    found.add(f"{model._meta.db_table}.{field.column}")
    assert found == set(OTHER_HASHES) | {column for column in NAMING if "sha256" in column}


def test_whoever_keeps_a_file_names_it_in_a_known_column() -> None:
    found = set()
    for path in PEHRA.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"keep", "keep_stream"}
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "vault"
            ):
                found.add(str(path.relative_to(PEHRA.parent)))
    assert found == set(KEEPING)
    assert set().union(*KEEPING.values()) == set(NAMING)


def test_every_part_that_is_asked_is_there(settings) -> None:
    asked = {import_string(path).__module__.split(".")[1] for path in settings.PEHRA_VAULT_NAMED_BY}
    assert asked == {column.partition("_")[0] for column in NAMING}


# Removing


def test_what_was_kept_within_a_day_stays(machine: Actor, at: datetime) -> None:
    name("intake_mail.sha256", kept(b"named", at=at), at=at)
    fresh, loose = kept(b"fresh", at=at, ago=timedelta(hours=23)), kept(b"loose", at=at, ago=timedelta(hours=25))
    found = sweeping.look(at=at)
    assert (found.files, found.named, found.fresh, found.unnamed, found.first) == (3, 1, 1, 1, [loose])
    assert sweeping.sweep(by=machine, at=at).removed == 1
    assert vault.read(fresh) == b"fresh"
    assert not vault.lies(loose)


def test_looking_removes_nothing(at: datetime) -> None:
    loose = kept(b"loose", at=at)
    assert sweeping.look(at=at).unnamed == 1
    assert vault.read(loose) == b"loose"


def test_a_vault_of_another_database_is_left_alone(machine: Actor, at: datetime) -> None:
    loose = kept(b"loose", at=at)
    with pytest.raises(Invalid, match="is this the database"):
        sweeping.sweep(by=machine, at=at)
    assert vault.read(loose) == b"loose"


def test_nobody_but_the_node_itself_sweeps(analyst: Actor, at: datetime) -> None:
    with pytest.raises(Forbidden):
        sweeping.sweep(by=analyst, at=at)


def test_what_goes_stands_in_the_ledger_before(machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    name("intake_mail.sha256", kept(b"named", at=at), at=at)
    loose = [kept(f"loose {number}".encode(), at=at) for number in range(3)]
    removed = vault.remove

    def remove(sha256: str, *, older_than: float) -> bool:
        (entry,) = ledger.history(subject="vault", by=machine)
        assert (entry.event, set(entry.facts["files"])) == ("vault.swept", set(loose))
        return removed(sha256, older_than=older_than)

    monkeypatch.setattr(vault, "remove", remove)
    monkeypatch.setattr(sweeping, "BATCH", 100)
    swept = sweeping.sweep(by=machine, at=at)
    # Files lie in folders by their first letters, so that one batch holds them all.
    assert (swept.removed, swept.unnamed_bytes) == (3, 21)


def test_more_files_than_one_batch(machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 4)
    name("intake_mail.sha256", kept(b"named", at=at), at=at)
    for number in range(10):
        kept(str(number).encode(), at=at)
    told: list[int] = []
    assert sweeping.sweep(by=machine, at=at, say=told.append).removed == 10
    assert told == [4, 8, 11]
    assert [lying.sha256 for lying in vault.lying()] == [hashlib.sha256(b"named").hexdigest()]


# The command and the doctor


def test_the_command_shows_first_and_removes_when_asked_twice(at: datetime) -> None:
    now = clock.now()
    named, loose = kept(b"named", at=now), kept(b"loose", at=now)
    name("intake_mail.sha256", named, at=now)
    run, sweep = CliRunner().invoke, commands.commands["sweep"]
    shown = run(sweep).output
    assert loose in shown
    assert "2 files: 1 named, 0 kept within a day, 1 that nothing names (5 bytes)" in shown
    assert run(sweep, ["--remove"], input="n\n").exit_code == 1
    assert vault.lies(loose)
    assert "1 files removed." in run(sweep, ["--remove"], input="y\n").output
    assert not vault.lies(loose)
    assert vault.read(named) == b"named"
    assert "0 that nothing names" in run(sweep, ["--remove", "--yes"]).output


def test_the_doctor_tells_and_removes_nothing(at: datetime) -> None:
    assert doctor._vault(at) == "0 files looked at; rows name all of them"
    loose = kept(b"loose", at=at)
    with pytest.raises(doctor._Unwell, match="no row names any"):
        doctor._vault(at)
    name("intake_mail.sha256", kept(b"named", at=at), at=at)
    assert doctor._vault(at) == "2 files looked at; nothing names 1 (5 bytes): `pehra sweep` shows them"
    assert vault.lies(loose)
    row = row_for("incidents_evidence", OURS, at=at, made=MADE, like={})
    type(row).objects.filter(pk=row.pk).update(sha256=loose, destroyed_at=at - timedelta(days=2))
    with pytest.raises(doctor._Unwell, match="1 pieces of evidence were destroyed"):
        doctor._vault(at)
