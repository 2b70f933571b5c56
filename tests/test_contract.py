"""The commands, keys and exit codes that scripts, operators and other nodes rely on.

One node, from `init` to a proof that is checked without Pehra; each command is a process of its own. A key that is
missing here is a broken promise: it changes only with a note in CHANGELOG.md.
"""

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.spring import Done, Spring

ROOT = Path(__file__).resolve().parents[1]
DAY = "2026-11-24"
BECAUSE = {"rule", "citation", "status", "facts"}
INGEST = {
    *("files", "rows_read", "rows_stored", "rows_duplicate", "rows_rejected", "attributed", "matched", "findings_new"),
    *("findings_seen_again", "incidents_opened", "notices_queued", "seconds", "rejects_file"),
}
EVENTS = {
    *("time_source", "source_ip", "source_port", "source_asn", "source_fqdn", "source_reverse_dns", "source_url"),
    *("destination_ip", "destination_port", "destination_asn", "destination_fqdn", "protocol_transport"),
    *("protocol_application", "classification_taxonomy", "classification_type", "classification_identifier"),
    *("malware_name", "feed_name", "feed_code", "extra", "concerns", "asset", "organisation", "sector", "territory"),
    *("lead_team", "because", "event_key", "raw_file", "raw_line", "ingested_at"),
}


class Shell:
    """A node of the test's own, asked as a shell would."""

    def __init__(self, folder: Path, spring: Spring, url: str) -> None:
        self.folder, self.spring, self.url = folder, spring, url

    def __call__(self, *words: object, stdin: str = "", code: int = 0, **environment: object) -> Done:
        said = {"DATABASE_URL": self.url, "PEHRA_DATA": self.folder / "data"} | environment
        done = self.spring.run("pehra", *words, stdin=stdin, **said)
        assert done.code == code, f"{words}: {done.code}\n{done.out[-500:]}\n{done.err[-2000:]}"
        return done

    def json(self, *words: object, stdin: str = "", code: int = 0) -> Any:
        return self(*words, "--json", stdin=stdin, code=code).json()


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    """A node with a small nation and one feed taken in."""
    from django.conf import settings

    folder = Path(tempfile.mkdtemp(prefix="pehra-contract-", dir="/tmp"))
    (folder / "said").mkdir()
    there, name = settings.DATABASES["default"], f"contract_{os.getpid()}"
    server = {"host": str(there["HOST"]), "user": str(there["USER"]), "dbname": "postgres", "autocommit": True}
    with psycopg.connect(**server) as connection:
        connection.execute(f'create database "{name}"')
    spring = Spring(folder / "said")
    made = Shell(folder, spring, f"postgresql://{there['USER']}@/{name}?host={there['HOST']}")
    made("init", "--profile", "pk")
    made("drill", "nation", "--seed", 3, "--organisations", 60, "--out", folder / "nation")
    for kind in ("organisations", "assets", "contacts"):
        made("registry", "import", folder / "nation" / f"{kind}.csv", "--kind", kind)
    feed = folder / f"{DAY}-event4_sinkhole-nation.csv"
    made("drill", "feed", "--seed", 3, "--rows", 800, "--format", "shadowserver", "--day", DAY, "--out", feed)
    made.first = made("telemetry", "ingest", feed, "--source", "shadowserver", "--json").json()  # type: ignore[attr-defined]
    made.feed = feed  # type: ignore[attr-defined]
    yield made
    spring.close()
    with psycopg.connect(**server) as connection:
        connection.execute(f'drop database "{name}" with (force)')
    shutil.rmtree(folder)


def test_init_again_keeps_what_is_there(shell):
    before = len(shell.json("findings", "list"))
    shell("init")
    assert len(shell.json("findings", "list")) == before
    assert shell("init", "--profile", "fr", code=2).out == ""


def test_doctor(shell):
    said = json.loads(
        shell.spring.run("pehra", "doctor", "--json", DATABASE_URL=shell.url, PEHRA_DATA=shell.folder / "data").out
    )
    assert {"ok", "checks"} <= said.keys()
    assert all({"name", "ok", "says", "todo"} <= check.keys() for check in said["checks"])
    assert {"database", "tables", "profile"} <= {check["name"] for check in said["checks"]}


def test_law_check(shell):
    said = shell.json("law", "check")
    assert {"profile", "version", "rules", "ok", "problems"} <= said.keys()
    assert said["ok"]
    assert said["problems"] == []


def test_law_check_names_a_mistake(shell):
    spoilt = shell.folder / "spoilt"
    shutil.copytree(ROOT / "profiles" / "pk", spoilt)
    first = next(path for path in sorted(spoilt.glob("*.toml")) if "[[" in path.read_text())
    first.write_text(first.read_text() + "\n[[nonsense]]\nwrong = 1\n")
    said = shell.json("law", "check", spoilt, code=1)
    assert not said["ok"]
    assert {"file", "line", "field", "message"} <= said["problems"][0].keys()


def test_law_duties(shell):
    facts = {
        "entity": {"sector": "telecom", "territory": "punjab", "classes": ["licensee", "cii"]},
        "incident": {"class": "malicious-code", "type": "infected-system", "severity": "high"},
        "moments": {"awareness": "2026-11-24T09:30:00Z", "occurrence": "2026-11-24T08:00:00Z"},
    }
    path = shell.folder / "facts.json"
    path.write_text(json.dumps(facts))
    said = shell.json("law", "duties", "--profile", "pk", "--on", DAY, "--facts", path)
    keys = {"duty", "stage", "owed_by", "owed_to", "copy_to", "starts", "due", "status", "because"}
    assert said
    assert all(keys <= duty.keys() and {*BECAUSE, "version"} - {"facts"} <= duty["because"].keys() for duty in said)
    path.write_text("{")
    assert shell("law", "duties", "--profile", "pk", "--on", DAY, "--facts", path, "--json", code=2).out == ""


def test_registry_import(shell):
    path = shell.folder / "nation" / "organisations.csv"
    said = shell.json("registry", "import", path, "--kind", "organisations")
    assert {"read", "created", "updated", "unchanged", "rejected"} <= said.keys()
    assert said["unchanged"] == said["read"] > 0

    wrong = shell.folder / "wrong.csv"
    header = "organisation,name,name_local,sector,territory,classes,parent,valid_from,valid_to"
    wrong.write_text(f"{header}\norg-bad,Bad,,no-such-sector,punjab,,,,\n")
    said = shell.json("registry", "import", wrong, "--kind", "organisations")  # the good lines are in: done
    assert {"line", "field", "message"} <= said["rejected"][0].keys()
    wrong.write_text("organisation,colour\norg-bad,red\n")
    assert shell("registry", "import", wrong, "--kind", "organisations", "--json", code=2).out == ""


def test_registry_who_and_its_alias(shell):
    with (shell.folder / "nation" / "assets.csv").open(newline="") as file:
        prefix = next(row["value"] for row in csv.DictReader(file) if row["type"] == "prefix" and row["organisation"])
    address = prefix.split("/")[0]
    said = shell.json("registry", "who", address, "8.8.8.8", "--on", DAY)
    keys = {"observable", "type", "asset", "organisation", "sector", "territory", "teams", "contacts"}
    assert [keys <= answer.keys() for answer in said] == [True, True]
    assert said[0]["organisation"]
    assert all(team["role"] in ("lead", "coordinate", "support", "inform") for team in said[0]["teams"])
    assert all(team["because"].keys() >= BECAUSE for team in said[0]["teams"])
    assert said[1]["asset"] is None
    assert shell.json("who", "-", stdin=f"{address}\n8.8.8.8\n") == shell.json("who", address, "8.8.8.8")


def test_telemetry_ingest(shell):
    assert shell.first.keys() >= INGEST
    assert shell.first["findings_new"] > 0
    again = shell.json("telemetry", "ingest", shell.feed)
    assert again.keys() >= INGEST
    assert (again["rows_stored"], again["rows_duplicate"]) == (0, shell.first["rows_read"])


def test_telemetry_ingest_says_what_failed(shell):
    broken = shell.folder / f"{DAY}-scan_rdp-broken.csv.gz"
    broken.write_bytes(gzip.compress(os.urandom(5000))[:100])
    assert shell.json("telemetry", "ingest", broken, code=2)["failed"]
    assert shell.json("telemetry", "ingest", broken, shell.feed, code=1)["failed"]
    assert shell("telemetry", "ingest", shell.folder / "nowhere", "--json", code=2).out == ""


def test_telemetry_query(shell):
    (row,) = shell.json("telemetry", "query", "select * from events limit 1")
    assert row.keys() >= EVENTS
    (total,) = shell.json("telemetry", "query", "select count(*) as n from events")
    assert total == {"n": shell.first["rows_stored"]}
    assert shell("telemetry", "query", "drop table events", "--json", code=2).out == ""


def test_findings_list(shell):
    said = shell.json("findings", "list", "--open")
    assert len(said) == shell.first["findings_new"]
    assert {
        "id",
        "subject",
        "asset",
        "organisation",
        "lead_team",
        "kind",
        "state",
        "first_seen",
        "last_seen",
        "times",
    } <= said[0].keys()
    organisation = next(one["organisation"] for one in said if one["organisation"])
    mine = shell.json("findings", "list", "--organisation", organisation)
    assert {one["organisation"] for one in mine} == {organisation}
    refused = shell("findings", "list", "--team", "no-such-team", "--json", code=2)
    assert refused.out == "", "an empty list would say that nothing is wrong there"


def test_outbox_list(shell):
    said = shell.json("outbox", "list")
    assert len(said) >= shell.first["notices_queued"] > 0
    assert {"state", "recipient", "attempts", "proof"} <= said[0].keys()


def test_incidents_list_and_show(shell):
    said = shell.json("incidents", "list")
    assert len(said) == shell.first["incidents_opened"] > 0
    keys = {"reference", "lead", "informed", "state", "severity", "tlp", "clocks"}
    assert keys <= said[0].keys()
    one = shell.json("incidents", "show", said[0]["reference"])
    assert keys <= one.keys()
    assert all({"duty", "stage", "due", "state", "because"} <= clock.keys() for clock in one["clocks"])
    assert shell("incidents", "show", "PK-1999-000001", "--json", code=2).out == ""


def test_ledger_verify_and_prove(shell):
    said = shell.json("ledger", "verify")
    assert {"entries", "root", "ok", "first_bad"} <= said.keys()
    assert said["ok"]
    assert said["entries"] > 0
    assert said["first_bad"] is None
    entry = shell.json("ledger", "list")[0]["id"]
    proof = shell.folder / "proof.json"
    shell("ledger", "prove", entry, "--out", proof)
    offline = [sys.executable, "-I", str(ROOT / "tools" / "verify_ledger.py"), str(proof)]
    checked = subprocess.run(offline, capture_output=True, text=True, check=False, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    spoilt = json.loads(proof.read_text())
    proof.write_text(json.dumps(spoilt).replace("pehra.cli", "pehra.clj"))
    checked = subprocess.run(offline, capture_output=True, text=True, check=False, timeout=60)
    assert checked.returncode == 1, checked.stdout + checked.stderr


def test_ledger_verify_says_no(shell):
    """The answer "no" is exit code 1: on a copy of the node whose history somebody changed."""
    with psycopg.connect(shell.url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        (number,) = connection.execute("select min(number) from ledger_entry").fetchone()
        connection.execute("update ledger_entry set canonical = canonical || ' '::bytea where number = %s", [number])
        try:
            said = shell.json("ledger", "verify", code=1)
            assert not said["ok"]
            assert said["first_bad"] is not None
        finally:
            mend = (
                "update ledger_entry set canonical = substring(canonical for length(canonical) - 1) where number = %s"
            )
            connection.execute(mend, [number])


@pytest.mark.parametrize(
    ("form", "name"), [("shadowserver", "x-event4_sinkhole.csv"), ("eve", "x.json"), ("intelmq", "x.jsonl.gz")]
)
def test_drill_feed(shell, form, name):
    said = shell("drill", "feed", "--seed", 1, "--rows", 50, "--format", form, "--out", shell.folder / name).json()
    assert isinstance(said, dict)
    assert said["rows"] == 50
    assert (shell.folder / name).stat().st_size > 0


def test_drill_nation(shell):
    shell("drill", "nation", "--seed", 1, "--organisations", 20, "--assets", 50, "--out", shell.folder / "small")
    assert {path.name for path in (shell.folder / "small").iterdir()} >= {
        "organisations.csv",
        "assets.csv",
        "contacts.csv",
    }


@pytest.mark.parametrize("words", [("up",), ("serve",), ("work",)])
def test_running_commands_are_there(shell, words):
    assert "Usage: pehra" in shell(*words, "--help").out
