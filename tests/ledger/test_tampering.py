"""Tampering: what the database refuses, and what verification finds when a superuser does it all the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Fault, Invalid
from pehra.ledger import api
from pehra.ledger.rules.notes import SigningKey

pytestmark = pytest.mark.django_db

TABLES = ("ledger_entry", "ledger_leaf", "ledger_subtree", "ledger_checkpoint", "ledger_waiting")
COLUMN = dict(zip(TABLES, ("event", "position", "level", "note", "entry_id"), strict=True))
SIZE = 300  # above 256, so that a stored subtree is among what can be broken


def sql(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)


@contextmanager
def superuser() -> Iterator[None]:
    """What the owner of the server can do: switch every trigger off."""
    for table in TABLES:
        sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        sql(f"GRANT ALL ON {table} TO CURRENT_USER")
    yield
    for table in TABLES:
        sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        sql(f"REVOKE UPDATE{', DELETE' * (table != 'ledger_waiting')} ON {table} FROM CURRENT_USER")


@pytest.fixture
def ledger(machine: Actor, at: datetime) -> str:
    """A ledger with entries under two checkpoints; returns the newest, as somebody outside kept it."""
    for first, until in ((0, 290), (290, SIZE)):
        api.record_many(
            [
                api.Entry(event="findings.opened", subject=f"f-{number}", by=machine, at=at, facts={"n": number})
                for number in range(first, until)
            ]
        )
        made = api.place_entries(at=at + timedelta(seconds=first))
    assert made is not None
    assert made.size == SIZE
    return made.note


def test_an_untouched_ledger_holds(ledger: str) -> None:
    for known in (None, ledger):
        found = api.verify(known=known)
        assert found.ok
        assert (found.entries, found.checkpoints, found.waiting) == (SIZE, 2, 0)
        latest = api.latest_checkpoint()
        assert latest is not None
        assert found.root == latest.root
        assert found.as_json().keys() >= {"entries", "root", "ok", "first_bad"}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("act", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_the_database_refuses_change_and_removal(
    table: str, act: str, ledger: str, machine: Actor, at: datetime
) -> None:
    sql(f"ALTER TABLE {table} ENABLE TRIGGER {table}_refuse_truncate")  # the tests' own ground lets it be off
    sql(f"GRANT ALL ON {table} TO CURRENT_USER")
    api.record("findings.opened", subject="f-new", by=machine, at=at)
    with pytest.raises(DatabaseError, match="the ledger"), transaction.atomic():
        sql(act.format(table, COLUMN[table]))


@pytest.mark.parametrize("table", TABLES[:4])
@pytest.mark.parametrize("act", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_an_ordinary_account_has_no_right_to_change(table: str, act: str, ledger: str) -> None:
    sql("CREATE ROLE ledger_clerk")
    sql(f"GRANT SELECT, INSERT ON {table} TO ledger_clerk")
    sql("SET LOCAL ROLE ledger_clerk")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        sql(act.format(table, COLUMN[table]))


@pytest.mark.parametrize("table", TABLES[:4])
def test_the_owner_has_given_the_rights_away(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT privilege_type FROM information_schema.role_table_grants WHERE table_name = %s", [table])
        rights = {right for (right,) in cursor.fetchall()}
    assert rights >= {"SELECT", "INSERT"}
    assert not rights & {"UPDATE", "DELETE"}


TAMPERINGS: dict[str, tuple[str, int | None, str]] = {
    "a flipped byte": (
        "UPDATE ledger_entry SET canonical = set_byte(canonical, 9, get_byte(canonical, 9) # 1) WHERE subject = 'f-7'",
        7,
        "bytes do not have the hash",
    ),
    "a flipped byte with its hash": (
        "UPDATE ledger_entry SET canonical = replace(convert_from(canonical, 'UTF8'), '\"n\":7}', '\"n\":8}')::bytea"
        " WHERE subject = 'f-7';"
        "UPDATE ledger_leaf SET leaf_hash = sha256('\\x00'::bytea || canonical) FROM ledger_entry"
        " WHERE number = entry_id AND position = 7",
        255,
        "stored hash of entries 0 to 255",
    ),
    "bytes that are no entry, with their hash": (
        "UPDATE ledger_entry SET canonical = '[]'::bytea WHERE subject = 'f-7';"
        "UPDATE ledger_leaf SET leaf_hash = sha256('\\x005b5d'::bytea) WHERE position = 7",
        7,
        "columns do not say what its bytes say: canonical",
    ),
    "another subject in the column": ("UPDATE ledger_entry SET subject = 'g' WHERE subject = 'f-7'", 7, "columns"),
    "another team in the column": ("UPDATE ledger_entry SET teams = '{x}' WHERE subject = 'f-7'", 7, "columns"),
    "another actor in the column": ("UPDATE ledger_entry SET by = 'x' WHERE subject = 'f-7'", 7, "columns"),
    "another moment in the column": ("UPDATE ledger_entry SET at = at + '1 s' WHERE subject = 'f-7'", 7, "columns"),
    "a removed entry": ("DELETE FROM ledger_entry WHERE subject = 'f-7'", 7, "the entry is gone"),
    "a removed leaf": ("DELETE FROM ledger_leaf WHERE position = 7", 7, "position 7 is missing"),
    "a removed entry, the rest moved up": (
        "DELETE FROM ledger_entry WHERE subject = 'f-295'; DELETE FROM ledger_leaf WHERE position = 295;"
        "UPDATE ledger_leaf SET position = position - 1 WHERE position > 295",
        299,
        "covers entries that are gone: 299 are left",
    ),
    "two entries in each other's place": (
        "UPDATE ledger_leaf SET position = 9999 WHERE position = 296; UPDATE ledger_leaf SET position = 296 WHERE"
        " position = 297; UPDATE ledger_leaf SET position = 297 WHERE position = 9999",
        299,
        "has another root",
    ),
    "the end cut off": (
        "DELETE FROM ledger_entry WHERE subject IN ('f-298', 'f-299'); DELETE FROM ledger_leaf WHERE position > 297",
        298,
        "covers entries that are gone: 298 are left",
    ),
    "an entry slipped in without a checkpoint": (
        "INSERT INTO ledger_leaf (position, entry_id, leaf_hash)"
        " SELECT 300, number, sha256('\\x00'::bytea || canonical) FROM ledger_entry WHERE subject = 'f-late'",
        300,
        "no checkpoint covers",
    ),
    "an entry taken out of the queue": ("DELETE FROM ledger_waiting", None, "do not wait"),
    "an entry put in the queue again": (
        "INSERT INTO ledger_waiting SELECT entry_id FROM ledger_leaf WHERE position = 7",
        None,
        "wait for another",
    ),
    "a stored subtree": ("UPDATE ledger_subtree SET subtree_hash = sha256('x')", 255, "stored hash"),
    "a removed subtree": ("DELETE FROM ledger_subtree", 255, "stored hash"),
    "a root": ("UPDATE ledger_checkpoint SET root = sha256('x') WHERE size = 300", 299, "columns"),
    "a frontier": ("UPDATE ledger_checkpoint SET frontier = sha256('x') WHERE size = 300", 299, "columns"),
    "a signing moment": ("UPDATE ledger_checkpoint SET signed_at = now() WHERE size = 300", 299, "columns"),
    "a note": ("UPDATE ledger_checkpoint SET note = replace(note, E'\\n300', E'\\n299')", 299, "signature"),
    "no note": ("UPDATE ledger_checkpoint SET note = 'x' WHERE size = 290", 289, "not a signed note"),
    "an older note under a newer size": (
        "UPDATE ledger_checkpoint SET note = (SELECT note FROM ledger_checkpoint WHERE size = 290) WHERE size = 300",
        299,
        "columns",
    ),
    "the last checkpoint removed": ("DELETE FROM ledger_checkpoint WHERE size = 300", 290, "no checkpoint covers"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_verification_finds(name: str, ledger: str, machine: Actor, at: datetime) -> None:
    statements, position, problem = TAMPERINGS[name]
    api.record("findings.opened", subject="f-late", by=machine, at=at)
    assert api.verify().ok
    with superuser():
        for statement in statements.split(";"):
            with connection.cursor() as cursor:
                cursor.execute(statement)
                assert cursor.rowcount > 0
    found = api.verify()
    assert not found.ok
    assert found.first_bad is not None
    assert problem in found.first_bad.problem
    assert found.first_bad.position == position


def cut_short(ledger: str) -> None:
    """Remove the end with everything that speaks of it: only somebody outside can know."""
    sql("DELETE FROM ledger_entry WHERE number IN (SELECT entry_id FROM ledger_leaf WHERE position >= 290)")
    sql("DELETE FROM ledger_leaf WHERE position >= 290")
    sql("DELETE FROM ledger_checkpoint WHERE size > 290")


def test_a_ledger_cut_short_is_found_by_a_checkpoint_kept_outside(ledger: str) -> None:
    with superuser():
        cut_short(ledger)
    assert api.verify().ok
    found = api.verify(known=ledger)
    assert found.first_bad is not None
    assert "kept outside covers 300 entries" in found.first_bad.problem
    assert found.first_bad.position == 290


def test_a_ledger_written_anew_is_found_by_a_checkpoint_kept_outside(ledger: str, machine: Actor, at: datetime) -> None:
    with superuser():
        cut_short(ledger)
    api.record_many([api.Entry(event="findings.opened", subject=f"g-{n}", by=machine, at=at) for n in range(20)])
    api.place_entries(at=at)
    assert api.verify().ok
    found = api.verify(known=ledger)
    assert found.first_bad is not None
    assert "written anew" in found.first_bad.problem
    assert found.first_bad.position == 299


def test_the_sequencer_does_not_continue_what_was_tampered_with(ledger: str, machine: Actor, at: datetime) -> None:
    api.record("findings.opened", subject="f-late", by=machine, at=at)
    with superuser():
        sql("UPDATE ledger_checkpoint SET frontier = set_byte(frontier, 0, get_byte(frontier, 0) # 1)")
    with pytest.raises(Fault, match="ledger verify"):
        api.place_entries(at=at)
    assert api.waiting_count() == 1


def test_the_sequencer_says_what_stops_it(ledger: str, at: datetime) -> None:
    sql("INSERT INTO ledger_waiting SELECT entry_id FROM ledger_leaf WHERE position = 7")
    with pytest.raises(Fault, match="ledger verify"), transaction.atomic():
        api.place_entries(at=at)


def test_another_key_does_not_continue_the_ledger(ledger: str, machine: Actor, at: datetime, data_folder: Path) -> None:
    api.record("findings.opened", subject="f-late", by=machine, at=at)
    key = data_folder / "keys" / "ledger.key"
    kept = key.rename(data_folder / "kept.key")
    for asked in (lambda: api.place_entries(at=at), api.verify, api.check_key):
        with pytest.raises(Fault, match=r"ledger\.key is gone"):
            asked()
    assert not key.exists()
    key.write_bytes(b"\x84")
    key.chmod(0o600)
    with pytest.raises(Fault, match="holds no key"):
        api.verify()
    key.write_text(SigningKey("pehra/other/1", bytes(32)).encoded())
    for asked in (lambda: api.place_entries(at=at), api.check_key):
        with pytest.raises(Fault, match=r"put the ledger's own keys/ledger\.key back"):
            asked()
    assert not api.verify().ok
    with pytest.raises(Invalid):
        api.verify(known=ledger)
    kept.replace(key)
    assert api.place_entries(at=at) is not None
    assert api.verify(known=ledger).ok


def test_the_key_is_its_owners_alone(ledger: str, data_folder: Path, at: datetime) -> None:
    key = data_folder / "keys" / "ledger.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in key.parent.iterdir()] == ["ledger.key"]
    key.chmod(0o640)
    with pytest.raises(Fault, match="chmod 600"):
        api.verifier()


def test_a_proof_does_not_hide_missing_hashes(ledger: str, machine: Actor) -> None:
    (seen,) = api.history(subject="f-290", by=machine)
    with superuser():
        sql("DELETE FROM ledger_subtree")
    with pytest.raises(Fault, match="ledger verify"):
        api.prove(seen.id, by=machine)
