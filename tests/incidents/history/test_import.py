"""The past as VERIS records it: closed incidents with class, sector and timeline, each once, bad lines set aside."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from pehra.incidents import api
from pehra.incidents.api import State
from pehra.incidents.commands import commands
from pehra.incidents.models import Clock, Incident, TimelineEntry
from pehra.incidents.rules.history import veris, veris_words
from pehra.kernel import rsit
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
ZONE = ZoneInfo("Asia/Karachi")
RECORD: dict[str, Any] = {
    "incident_id": "0001-A",
    "summary": "A laptop was infected and records left.",
    "action": {"malware": {"variety": ["Ransomware"]}, "error": {"variety": ["Loss"]}},
    "actor": {"external": {}},
    "asset": {"assets": [{"variety": "U - Laptop"}]},
    "attribute": {"confidentiality": {}, "availability": {"duration": {"unit": "Days", "value": 2}}},
    "discovery_method": {"internal": {}},
    "impact": {"overall_rating": "Damaging"},
    "timeline": {
        "incident": {"year": 2014, "month": 8, "day": 27},
        "discovery": {"unit": "Months", "value": 5},
        "containment": {"unit": "Days", "value": 1},
        "compromise": {"unit": "Minutes"},
        "exfiltration": {"unit": "NA"},
    },
    "plus": {"timeline": {"notification": {"year": 2015, "month": 3, "day": 1}}},
    "victim": {"country": ["XX"], "industry": "622110", "victim_id": "Hill Clinic"},
    "campaign_id": "C-1",
    "reference": "https://news.example/1",
}


@pytest.fixture
def taken(tmp_path: Path, machine: Actor, at: datetime) -> Callable[..., api.HistorySummary]:
    """Take in some records, or raw lines."""

    def take(*records: Any, packed: bool = False) -> api.HistorySummary:
        lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in records]
        raw = b"\n".join(lines) + b"\n"
        file = tmp_path / "past.jsonl"
        file.write_bytes(gzip.compress(raw) if packed else raw)
        return api.import_history(path=file, by=machine, at=at)

    return take


@pytest.mark.parametrize("packed", [True, False])
def test_a_record_becomes_a_closed_incident(taken: Any, machine: Actor, packed: bool) -> None:
    summary = taken(RECORD, packed=packed)
    assert (summary.read, summary.added, summary.known, summary.set_aside) == (1, 1, 0, 0)
    row = Incident.objects.get(origin_rule="history")
    page = api.incident(row.reference, by=machine)
    assert page.incident.state is State.CLOSED
    assert (row.taxonomy, row.type, row.sector) == ("malicious-code", "infected-system", "health")
    assert (row.severity, row.tlp, row.attributes) == ("high", "TLP:CLEAR", ["campaign", "ransomware"])
    assert row.impact == {"downtime-hours": 48.0}
    assert row.reference == "PKH-2014-000001"
    assert row.title == "Infected system: Hill Clinic"
    moments = {moment.name: moment.moment.astimezone(ZONE).date().isoformat() for moment in page.moments}
    assert moments == {"occurrence": "2014-08-27", "discovery": "2015-01-26", "handling_end": "2015-01-27"}
    assert [side.name for side in page.sides] == ["Hill Clinic"]
    assert "U - Laptop" in row.summary


def test_its_timeline_is_kept_and_says_how_exactly_it_is_known(taken: Any) -> None:
    taken(RECORD)
    said = list(TimelineEntry.objects.order_by("number").values_list("text", flat=True))
    assert said == [
        "The incident began; known to the day.",
        "Compromise: minutes.",
        "Discovery after 5 months.",
        "Containment after 1 days.",
        "Those affected were told; known to the day.",
    ]


def test_nothing_runs_and_nobody_is_told(taken: Any, machine: Actor) -> None:
    taken(RECORD)
    assert not Clock.objects.exists()
    assert outbox.messages(by=machine) == []
    (entry,) = ledger.history(subject="PKH-2014-000001", by=machine)
    assert entry.event == "incidents.history.added"


def test_a_year_alone_is_no_first_of_january(taken: Any, machine: Actor) -> None:
    taken(RECORD | {"timeline": {"incident": {"year": 2009, "day": 5}}})
    row = Incident.objects.get(origin_rule="history")
    assert row.opened_at.astimezone(ZONE) == datetime(2009, 1, 1, tzinfo=ZONE), "a day of the country's"
    assert row.because[0]["facts"]["began is known to the"] == "year"
    assert "known to the year" in row.moments["occurrence"]["note"]


def test_the_same_again_changes_nothing_and_new_lines_are_added(taken: Any) -> None:
    taken(RECORD)
    again = taken(RECORD, RECORD | {"incident_id": "0002-B"})
    assert (again.added, again.known) == (1, 1)
    assert Incident.objects.filter(origin_rule="history").count() == 2
    assert list(Incident.objects.order_by("reference").values_list("reference", flat=True)) == [
        "PKH-2014-000001",
        "PKH-2014-000002",
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{not json", "record"),
        (b"[1]", "record"),
        (RECORD | {"incident_id": ""}, "incident_id"),
        (RECORD | {"incident_id": "x" * 200}, "incident_id"),
        (RECORD | {"action": {}}, "action"),
        (RECORD | {"action": ["malware"]}, "action"),
        (RECORD | {"victim": "Clinic"}, "victim"),
        (RECORD | {"timeline": {}}, "timeline.incident.year"),
        (RECORD | {"timeline": {"incident": {"year": 2099}}}, "timeline.incident.year"),
        (RECORD | {"timeline": {"incident": {"year": 2014, "month": 2, "day": 31}}}, "timeline.incident"),
        (RECORD | {"timeline": {"incident": {"year": 2026, "month": 12}}}, "timeline.incident"),
        (RECORD | {"timeline": {"incident": {"year": True}}}, "year"),
        (
            RECORD | {"timeline": {"incident": {"year": 2014}, "discovery": {"unit": "Years", "value": 10**9}}},
            "timeline",
        ),
        (
            RECORD | {"timeline": {"incident": {"year": 2014}, "discovery": {"unit": "Years", "value": 9_000}}},
            "timeline",
        ),
        (b'{"incident_id": "1", "incident_id": "2"}', "record"),
        (json.dumps(RECORD).replace("2014", "1e400").encode(), "record"),
        (json.dumps(RECORD).replace("2014", "NaN").encode(), "record"),
        (RECORD | {"timeline": {"incident": {"year": 2014, "month": 10**30}}}, "timeline.incident"),
        (RECORD | {"summary": "half \ud800"}, "record"),
        (RECORD | {"action": {"malware": {"variety": ["a\x00b"]}}}, "record"),
    ],
)
def test_a_bad_line_is_set_aside_with_its_reason_and_the_others_come_in(taken: Any, line: Any, why: str) -> None:
    summary = taken(RECORD | {"incident_id": "good-1"}, line, RECORD | {"incident_id": "good-2"})
    assert (summary.added, summary.set_aside) == (2, 1)
    (unread,) = summary.unread
    assert unread.line == 2
    assert unread.reason.startswith(f"{why}:")


@pytest.mark.parametrize(
    "odd",
    [
        {"timeline": RECORD["timeline"] | {"discovery": {"unit": ["Years"], "value": 9}}},
        {"plus": {"timeline": {"notification": {"year": 10**30, "month": 3}}}},
        {"plus": {"timeline": {"notification": {"year": 1, "month": 1}}}},
    ],
)
def test_what_is_beside_the_matter_and_makes_no_sense_is_left_out(taken: Any, odd: Any) -> None:
    assert taken(RECORD | odd).added == 1


@pytest.mark.parametrize(("raw", "why"), [(b"", "it is empty"), (b"{\n[1]\n", "line 1: record: ")])
def test_a_file_in_which_there_is_nothing_is_refused_and_leaves_no_trace(
    tmp_path: Path, machine: Actor, at: datetime, raw: bytes, why: str
) -> None:
    file = tmp_path / "past.jsonl"
    file.write_bytes(raw)
    with pytest.raises(Invalid, match="holds no incident") as refused:
        api.import_history(path=file, by=machine, at=at)
    assert refused.value.field == "file"
    assert why in refused.value.message
    assert not ledger.history(subject=sha256(raw).hexdigest(), by=machine)


def test_a_file_cut_in_the_middle_leaves_nothing(tmp_path: Path, machine: Actor, at: datetime) -> None:
    file = tmp_path / "cut.jsonl.gz"
    file.write_bytes(gzip.compress(json.dumps(RECORD).encode() + b"\n")[:-12])
    with pytest.raises(Invalid, match="cannot be read to its end"):
        api.import_history(path=file, by=machine, at=at)
    assert not Incident.objects.filter(origin_rule="history").exists()


def test_who_may_not_import_is_refused(tmp_path: Path, analyst: Actor, at: datetime) -> None:
    file = tmp_path / "past.jsonl"
    file.write_text(json.dumps(RECORD))
    with pytest.raises(Forbidden):
        api.import_history(path=file, by=replace(analyst, permissions=frozenset({"incidents.read"})), at=at)


def test_every_line_of_the_table_leads_to_a_type_of_rsit() -> None:
    assert {reading.type for reading in veris_words.READINGS} <= set(rsit.CLASS_OF)
    for reading in veris_words.READINGS:
        attributes = {reading.attribute} - {""}
        varieties = {reading.action: {reading.variety} - {""}}
        found = veris_words.type_of([reading.action], varieties, attributes)
        assert found in rsit.CLASS_OF, reading


@pytest.mark.parametrize(
    ("naics", "sector"),
    [
        ("622110", "health"),
        ("221122", "power"),
        ("928110", "defence"),
        ("921110", "government"),
        ("517110", "telecom"),
        ("481111", "civil-aviation"),
        ("484110", "transport"),
        ("522110", "banking-finance"),
        ("454111", "commerce"),
        ("813940", "community"),
        ("000000", ""),
        ("", ""),
    ],
)
def test_an_industry_is_read_as_a_sector(naics: str, sector: str) -> None:
    assert veris_words.sector_of(naics) == sector


def test_the_shared_history_loads_whole(shared_data: Path, machine: Actor, at: datetime) -> None:
    """Expected from the file itself: 3,549 records, counted here by hand-written rules and not by the code's."""
    path = shared_data / "incidents/vcdb.jsonl.gz"
    summary = api.import_history(path=path, by=machine, at=at)
    assert (summary.read, summary.added, summary.set_aside) == (3549, 3549, 0)
    rows = Incident.objects.filter(origin_rule="history")
    with gzip.open(path) as file:
        said = [json.loads(line) for line in file]
    ransomed = sum("Ransomware" in each["action"].get("malware", {}).get("variety", []) for each in said)
    assert rows.filter(attributes__contains=["ransomware"]).count() == ransomed == 73
    assert rows.filter(sector="health").count() == sum(each["victim"]["industry"][:2] == "62" for each in said)
    years = {each["timeline"]["incident"]["year"] for each in said}
    assert {moment.astimezone(ZONE).year for moment in rows.values_list("opened_at", flat=True)} == years
    assert rows.filter(type="undetermined").count() < 20
    assert api.import_history(path=path, by=machine, at=at).known == 3549


def test_the_command_says_what_came_of_it(tmp_path: Path) -> None:
    file = tmp_path / "past.jsonl"
    file.write_text(json.dumps(RECORD) + "\n{\n")
    ran = CliRunner().invoke(commands, ["import-history", str(file)])
    assert ran.exit_code == 0, ran.output
    assert "2 lines: 1 added, 0 known, 1 set aside" in ran.output
    assert "line 2: record" in ran.output


def test_a_step_counted_in_words_alone_is_no_moment(at: datetime) -> None:
    past = veris.read(RECORD | {"timeline": RECORD["timeline"] | {"discovery": {"unit": "Months"}}}, at=at)
    assert "discovery" not in past.moments
    assert any(told.text == "Discovery: months." for told in past.timeline)
