"""Evidence: taken in whole, given out only sealed, each hand in a log that cannot be rewritten."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pyzipper
from click.testing import CliRunner
from django.db import DatabaseError, connection, transaction

from pehra.incidents import api
from pehra.incidents.api import EvidenceView, IncidentView
from pehra.incidents.commands import commands
from pehra.incidents.rules import custody
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.ledger import api as ledger
from pehra.vault import api as vault

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]

LOG = b"Nov 20 03:11:02 host sshd[1]: Accepted password for root from 192.0.2.7\n"
PROGRAM = b"MZ\x90\x00" + bytes(60) + b"PE\x00\x00" + bytes(200)
TOOL = Path(__file__).parents[2] / "tools/check_custody.py"
PASSWORD = "correct horse battery"


@pytest.fixture
def taken(opened: IncidentView, sector_analyst: Actor, at: datetime) -> EvidenceView:
    """A log file of it."""
    return take(opened, by=sector_analyst, at=at)


def take(incident: IncidentView, *, by: Actor, at: datetime, **differently: Any) -> EvidenceView:
    said: dict[str, Any] = {"name": "auth.log", "content": LOG, "source": "the operator's SOC, by phone"} | differently
    return api.add_evidence(ref=incident.reference, by=by, at=at, **said)


def whole(piece: EvidenceView, *, by: Actor) -> EvidenceView:
    return api.one_evidence(piece.incident, piece.number, by=by)


def test_what_is_taken_in_is_kept_hashed_and_written_down(taken: EvidenceView, sector_analyst: Actor) -> None:
    assert vault.read(taken.sha256) == LOG
    shown = whole(taken, by=sector_analyst)
    assert (shown.label, shown.media_type, shown.quarantined, shown.size) == ("E1", "text/plain", False, len(LOG))
    (line,) = shown.custody
    assert (line.act, line.by, line.by_name) == ("received", sector_analyst.id, sector_analyst.name)
    entry = ledger.history(subject=taken.incident, by=sector_analyst)[-1]
    assert entry.event == "incidents.evidence.received"
    assert entry.facts == {"evidence": "E1", "sha256": taken.sha256, "custody": line.digest}


def test_a_stream_is_taken_in_piece_by_piece_up_to_a_limit(
    opened: IncidentView, sector_analyst: Actor, at: datetime
) -> None:
    chunks = [b"GET / 200\n" * 5_000] * 10
    piece = take(opened, content=iter(chunks), by=sector_analyst, at=at)
    assert vault.read(piece.sha256) == b"".join(chunks)
    with pytest.raises(Invalid, match="more than 1000 bytes"):
        take(opened, content=iter([b"POST / 200\n" * 500]), limit=1_000, by=sector_analyst, at=at)


@pytest.mark.parametrize(
    ("head", "media_type", "hostile"),
    [
        (LOG, "text/plain", False),
        ("سرور کا ریکارڈ\n".encode(), "text/plain", False),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "image/png", False),
        (b"\xd4\xc3\xb2\xa1" + bytes(20), "application/vnd.tcpdump.pcap", False),
        (PROGRAM, "application/vnd.microsoft.portable-executable", True),
        (b"\x7fELF" + bytes(20), "application/x-elf", True),
        (b"%PDF-1.7\n", "application/pdf", True),
        (b"PK\x03\x04" + bytes(30), "application/zip", True),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(30), "application/x-ole-storage", True),
        (b"#!/bin/sh\nrm -rf /\n", "text/plain", True),
        (b"  <HTML><script>x</script>", "text/plain", True),
        (b"\xef\xbb\xbf<svg onload=x>", "text/plain", True),
        (bytes(range(256)), "application/octet-stream", True),
    ],
)
def test_what_can_do_harm_goes_into_quarantine_by_its_bytes(
    opened: IncidentView, sector_analyst: Actor, at: datetime, head: bytes, media_type: str, hostile: bool
) -> None:
    piece = take(opened, name="holiday.png", content=head, by=sector_analyst, at=at)
    assert (piece.media_type, piece.quarantined) == (media_type, hostile)


def test_a_file_leaves_only_as_a_zip_under_a_password_and_the_log_says_so(
    taken: EvidenceView, sector_analyst: Actor, at: datetime
) -> None:
    said = {"ref": taken.incident, "number": 1, "reason": "to look for the way in", "by": sector_analyst, "at": at}
    sealed = api.give_out_evidence(password=PASSWORD, **said)
    assert sealed.name == f"{taken.incident}-E1.zip"
    assert LOG not in sealed.content
    with pyzipper.AESZipFile(io.BytesIO(sealed.content)) as archive:
        with pytest.raises(RuntimeError, match="password"):
            archive.read("auth.log")
        archive.setpassword(PASSWORD.encode())
        assert archive.read("auth.log") == LOG
    line = whole(taken, by=sector_analyst).custody[-1]
    assert (line.act, line.to, line.reason) == ("given-out", sector_analyst.name, "to look for the way in")
    for wrong, field in (({"reason": " "}, "reason"), ({"password": "short"}, "password")):
        with pytest.raises(Invalid) as refused:
            api.give_out_evidence(**{"password": PASSWORD} | said | wrong)
        assert refused.value.field == field
    assert len(whole(taken, by=sector_analyst).custody) == 2


def test_what_is_too_large_for_the_place_is_not_given_out_there(
    taken: EvidenceView, sector_analyst: Actor, at: datetime
) -> None:
    said = {"ref": taken.incident, "number": 1, "password": PASSWORD, "reason": "analysis"}
    said |= {"by": sector_analyst, "at": at}
    with pytest.raises(Invalid, match="too large"):
        api.give_out_evidence(limit=len(LOG) - 1, **said)
    assert api.give_out_evidence(limit=len(LOG), **said).content
    assert [line.act for line in whole(taken, by=sector_analyst).custody] == ["received", "given-out"]


def test_what_is_in_quarantine_is_given_only_to_who_says_that_they_know(
    opened: IncidentView, sector_analyst: Actor, at: datetime
) -> None:
    take(opened, name="invoice.exe", content=PROGRAM, by=sector_analyst, at=at)
    said = {"ref": opened.reference, "number": 1, "password": PASSWORD, "reason": "analysis"}
    said |= {"by": sector_analyst, "at": at}
    with pytest.raises(Invalid) as refused:
        api.give_out_evidence(**said)
    assert refused.value.field == "hostile"
    sealed = api.give_out_evidence(**said, knows_hostile=True)
    with pyzipper.AESZipFile(io.BytesIO(sealed.content)) as archive:
        assert archive.namelist() == ["invoice.exe.hostile"]
    api.quarantine_evidence(
        ref=opened.reference, number=1, quarantined=False, reason="our own installer", by=sector_analyst, at=at
    )
    assert api.give_out_evidence(**said)
    acts = [line.act for line in api.one_evidence(opened.reference, 1, by=sector_analyst).custody]
    assert acts == ["received", "given-out", "released", "given-out"]


def test_what_goes_into_quarantine_while_it_is_packed_does_not_leave(
    taken: EvidenceView, sector_analyst: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: dict[str, Any] = {"ref": taken.incident, "number": 1, "by": sector_analyst, "at": at, "reason": "needed"}
    packed = vault.sealed

    def slowly(*given: Any, **more: Any) -> bytes:
        api.quarantine_evidence(quarantined=True, **said)
        return packed(*given, **more)

    monkeypatch.setattr(vault, "sealed", slowly)
    with pytest.raises(Invalid, match="may do harm"):
        api.give_out_evidence(password="a long enough password", **said)
    assert [line.act for line in whole(taken, by=sector_analyst).custody] == ["received", "quarantined"]


def test_the_same_bytes_have_one_log(
    opened: IncidentView, taken: EvidenceView, sector_analyst: Actor, at: datetime
) -> None:
    with pytest.raises(Invalid, match="already, as E1"):
        take(opened, name="again.log", by=sector_analyst, at=at)
    other = take(opened, name="other.log", content=LOG + b"more\n", by=sector_analyst, at=at)
    assert other.number == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"content": b""}, "file"),
        ({"source": "  "}, "source"),
        ({"name": "../.."}, "name"),
        ({"about": "x" * 2_001}, "about"),
        ({"collected_at": timedelta(hours=1)}, "collected_at"),
    ],
)
def test_what_is_not_said_rightly_is_refused_at_its_field(
    opened: IncidentView, sector_analyst: Actor, at: datetime, wrong: dict[str, Any], field: str
) -> None:
    if "collected_at" in wrong:
        wrong = {"collected_at": at + wrong["collected_at"]}
    with pytest.raises(Invalid) as refused:
        take(opened, by=sector_analyst, at=at, **wrong)
    assert refused.value.field == field


def test_names_lose_what_a_folder_or_a_page_could_misread(
    opened: IncidentView, sector_analyst: Actor, at: datetime
) -> None:
    piece = take(opened, name='C:\\Users\\x\\..\\a<b>"\u202egpj.exe', by=sector_analyst, at=at)
    assert piece.name == "a_b___gpj.exe"


# Who


def test_only_who_works_on_it_reads_or_changes_evidence(
    opened: IncidentView,
    taken: EvidenceView,
    sector_analyst: Actor,
    organisation_contact: Actor,
    stranger: Actor,
    at: datetime,
) -> None:
    owner = replace(organisation_contact, organisations=frozenset({"org-0001"}))
    assert api.incident(opened.reference, by=owner)
    for refused in (
        lambda: api.evidence(opened.reference, by=owner),
        lambda: whole(taken, by=owner),
        lambda: take(opened, content=b"mine\n", by=owner, at=at),
        lambda: take(
            opened, content=b"mine\n", by=replace(sector_analyst, permissions=frozenset({"incidents.read"})), at=at
        ),
    ):
        with pytest.raises(Forbidden):
            refused()
    for hidden in (lambda: api.evidence(opened.reference, by=stranger), lambda: whole(taken, by=stranger)):
        with pytest.raises(NotVisible):
            hidden()
    assert [piece.label for piece in api.evidence(opened.reference, by=sector_analyst)] == ["E1"]


def test_who_only_reads_takes_nothing_out(taken: EvidenceView, sector_analyst: Actor, at: datetime) -> None:
    reader = replace(sector_analyst, permissions=frozenset({"incidents.read"}))
    assert whole(taken, by=reader).sha256 == taken.sha256
    with pytest.raises(Forbidden):
        api.give_out_evidence(ref=taken.incident, number=1, password=PASSWORD, reason="curious", by=reader, at=at)


# The log


def test_the_log_that_leaves_can_be_checked_by_anybody(
    taken: EvidenceView, sector_analyst: Actor, at: datetime
) -> None:
    api.hand_over_evidence(
        ref=taken.incident, number=1, to="Forensic laboratory", reason="carrier 7", by=sector_analyst, at=at
    )
    assert api.check_evidence(ref=taken.incident, number=1, by=sector_analyst, at=at)
    document = json.loads(json.dumps(api.custody_export(taken.incident, 1, by=sector_analyst)))
    assert [entry["act"] for entry in document["entries"]] == ["received", "handed-over", "checked"]
    assert custody.first_wrong(document["entries"]) is None
    for place, change in ((1, {"to": "Somebody else"}), (0, {"at": "2020-01-01T00:00:00Z"}), (2, {"facts": {}})):
        entries = [dict(entry) for entry in document["entries"]]
        entries[place] |= change
        assert custody.first_wrong(entries) == place + 1
    assert custody.first_wrong(document["entries"][1:]) == 1
    assert custody.first_wrong([document["entries"][0], document["entries"][2]]) == 2


@pytest.mark.parametrize("statement", ["UPDATE {} SET reason = 'other'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_rewrite_the_log(taken: EvidenceView, statement: str) -> None:
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format("incidents_custodyentry"))


def test_the_database_itself_refuses_to_empty_the_log() -> None:
    with connection.cursor() as cursor:
        # The tests' own ground lets it be off, so that tables can be emptied between them.
        cursor.execute("ALTER TABLE incidents_custodyentry ENABLE TRIGGER incidents_custody_refuse_truncate")
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
            cursor.execute("TRUNCATE incidents_custodyentry")


def test_a_file_that_changed_on_the_disk_is_found_and_not_given_out(
    taken: EvidenceView, sector_analyst: Actor, at: datetime
) -> None:
    path = vault.path_of(taken.sha256)
    path.write_bytes(LOG.replace(b"root", b"toor"))
    try:
        assert not api.check_evidence(ref=taken.incident, number=1, by=sector_analyst, at=at)
        line = whole(taken, by=sector_analyst).custody[-1]
        assert (line.act, line.facts["whole"]) == ("checked", False)
        with pytest.raises(vault.Broken, match="was changed"):
            api.give_out_evidence(
                ref=taken.incident, number=1, password=PASSWORD, reason="analysis", by=sector_analyst, at=at
            )
    finally:
        path.unlink()


def test_how_long_it_is_kept_is_said_with_the_rule(taken: EvidenceView, sector_analyst: Actor, at: datetime) -> None:
    until = at.date() + timedelta(days=180)
    said = {"ref": taken.incident, "number": 1, "reason": "logs: 180 days", "by": sector_analyst, "at": at}
    assert api.keep_evidence_until(until=until, **said).keep_until == until
    assert api.keep_evidence_until(until=None, **said | {"reason": "the court's order"}).keep_until is None
    with pytest.raises(Invalid, match="past"):
        api.keep_evidence_until(until=at.date() - timedelta(days=1), **said)


def test_what_is_kept_past_its_day_is_listed_for_who_works_on_it(
    taken: EvidenceView, sector_analyst: Actor, stranger: Actor, at: datetime
) -> None:
    until = at.date() + timedelta(days=180)
    api.keep_evidence_until(ref=taken.incident, number=1, until=until, reason="180 days", by=sector_analyst, at=at)
    assert api.evidence_past_keeping(by=sector_analyst, on=until) == []
    later = until + timedelta(days=1)
    assert [piece.id for piece in api.evidence_past_keeping(by=sector_analyst, on=later)] == [taken.id]
    assert api.evidence_past_keeping(by=stranger, on=later) == []


def test_a_merged_incident_keeps_its_evidence_and_the_whole_shows_it(
    opened: IncidentView,
    taken: EvidenceView,
    finding: Any,
    outcome: Any,
    machine: Actor,
    sector_analyst: Actor,
    at: datetime,
) -> None:
    (other,) = api.open_from_findings(outcome=outcome(finding(malware="other")), by=machine, at=at)
    take(other, content=b"other log\n", by=sector_analyst, at=at)
    api.merge(ref=other.reference, into=taken.incident, reason="one matter", by=machine, at=at)
    shown = api.evidence(taken.incident, by=sector_analyst)
    assert [(piece.incident, piece.label) for piece in shown] == [(taken.incident, "E1"), (other.reference, "E1")]
    assert [piece.incident for piece in api.evidence(other.reference, by=sector_analyst)] == [other.reference]
    assert api.check_evidence(ref=other.reference, number=1, by=sector_analyst, at=at)
    handed = {"to": "the laboratory", "reason": "analysis", "by": sector_analyst, "at": at}
    api.hand_over_evidence(ref=other.reference, number=1, **handed)
    with pytest.raises(Refusal, match=taken.incident):
        take(other, content=b"more\n", by=sector_analyst, at=at)


def test_a_number_that_is_not_there_is_not_there(opened: IncidentView, sector_analyst: Actor, at: datetime) -> None:
    with pytest.raises(NotVisible):
        api.one_evidence(opened.reference, 9, by=sector_analyst)
    with pytest.raises(NotVisible):
        api.check_evidence(ref=opened.reference, number=9, by=sector_analyst, at=at)


def test_without_an_authority_none_is_asked(taken: EvidenceView, sector_analyst: Actor, at: datetime) -> None:
    assert taken.stamps == ()
    with pytest.raises(Invalid, match="authority"):
        api.ask_for_stamp(ref=taken.incident, number=1, by=sector_analyst, at=at)
    assert Path(vault.path_of(taken.sha256)).is_file()


def test_the_tool_checks_the_file_alone(
    taken: EvidenceView, sector_analyst: Actor, at: datetime, tmp_path: Path
) -> None:
    api.hand_over_evidence(
        ref=taken.incident, number=1, to="تجربہ گاہ", reason="carrier 7 😀", by=sector_analyst, at=at
    )
    document = api.custody_export(taken.incident, 1, by=sector_analyst)
    log, file = tmp_path / "custody.json", tmp_path / "auth.log"
    file.write_bytes(LOG)

    def checked(said: object, *more: str) -> tuple[int, str]:
        log.write_text(json.dumps(said))
        tool = [sys.executable, "-I", str(TOOL), str(log), *more]
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert checked(document, str(file)) == (
        0,
        f"2 entries, each following the one before; the last digest: {document['entries'][-1]['digest']}\n",
    )
    for place in (0, 1):
        entries = [dict(entry) for entry in document["entries"]]
        entries[place]["reason"] = "reworded"
        assert checked(document | {"entries": entries}) == (
            1,
            f"entry {place + 1} is not what was written, or does not follow the one before\n",
        )
    assert checked(document | {"sha256": "00" * 32})[0] == 1
    file.write_bytes(LOG + b"x")
    assert "is not the file" in checked(document, str(file))[1]
    assert checked(["no log"])[0] == 2


def test_commands_take_in_list_and_give_out(opened: IncidentView, tmp_path: Path) -> None:
    file, packed = tmp_path / "invoice.exe", tmp_path / "out.zip"
    file.write_bytes(PROGRAM)
    run = CliRunner().invoke
    added = run(commands, ["evidence", "add", opened.reference, str(file), "--source", "mail gateway"])
    assert added.output.startswith("E1  ")
    assert "quarantine" in run(commands, ["evidence", "list", opened.reference]).output
    get = ["evidence", "get", opened.reference, "1", str(packed), "--reason", "analysis", "--password", PASSWORD]
    assert isinstance(run(commands, get).exception, Invalid)
    assert run(commands, [*get, "--hostile"]).exit_code == 0
    with pyzipper.AESZipFile(packed) as archive:
        archive.setpassword(PASSWORD.encode())
        assert archive.read("invoice.exe.hostile") == PROGRAM
    printed = run(commands, ["evidence", "custody", opened.reference, "1"]).output
    assert [entry["act"] for entry in json.loads(printed)["entries"]] == ["received", "given-out"]
