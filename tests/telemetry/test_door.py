"""The door of telemetry: an input becomes events once and whole, or not at all; SQL reads what the reader may see."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, connection, transaction

from pehra.kernel.actors import Actor, system
from pehra.kernel.refusals import Forbidden, Invalid, Refusal
from pehra.ledger import api as ledger
from pehra.telemetry import api
from pehra.telemetry.commands import query
from pehra.telemetry.models import LakeFile, LakeInput
from tests.telemetry.ground import NAME, registry, report, sets, telnet

pytestmark = pytest.mark.django_db


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """A report of ten rows, of which one is sent twice."""
    path = tmp_path / NAME
    path.write_bytes(report([telnet(number) for number in (*range(9), 0)]))
    return path


def taken_in(path: Path, *, by: Actor, at: datetime) -> api.Staged:
    """Ingest one input as the engine does."""
    with api.stage(path=path, attribution=registry(), match_sets=sets(), at=at) as staged, transaction.atomic():
        api.publish(staged, by=by, at=at)
    return staged


def lake_files() -> list[str]:
    """Every file in the lake's folder."""
    root = api.lake().root
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_an_input_becomes_events_once(feed: Path, machine: Actor, at: datetime) -> None:
    first = taken_in(feed, by=machine, at=at)
    assert (first.rows_read, first.rows_stored, first.rows_duplicate, first.rows_rejected) == (10, 9, 1, 0)
    again = taken_in(feed, by=machine, at=at)
    assert again.already_ingested
    assert (again.rows_read, again.rows_stored, again.rows_duplicate) == (10, 0, 10)
    assert api.query("select count(*) as n from events", by=machine) == [{"n": 9}]
    assert LakeInput.objects.count() == 1
    assert [entry.event for entry in ledger.history(subject=first.sha256, by=machine)] == ["telemetry.input.ingested"]


def test_what_is_staged_and_not_published_is_gone(feed: Path, machine: Actor, at: datetime) -> None:
    with api.stage(path=feed, attribution=registry(), match_sets=sets(), at=at) as staged:
        assert staged.rows_stored == 9
    assert lake_files() == ["seed"]
    assert api.query("select * from events", by=machine) == []


def test_what_is_rolled_back_leaves_no_file(feed: Path, machine: Actor, at: datetime) -> None:
    class Stop(Exception):
        pass

    def stopped() -> None:
        with api.stage(path=feed, attribution=registry(), match_sets=sets(), at=at) as staged, transaction.atomic():
            api.publish(staged, by=machine, at=at)
            assert len(lake_files()) > 1
            raise Stop

    with pytest.raises(Stop):
        stopped()
    assert lake_files() == ["seed"]
    assert not LakeFile.objects.exists()
    assert taken_in(feed, by=machine, at=at).rows_stored == 9


def test_leavings_of_a_killed_run_are_swept(feed: Path, machine: Actor, at: datetime) -> None:
    taken_in(feed, by=machine, at=at)
    kept = lake_files()
    dead = api.lake().root / "tmp" / "dead"
    dead.mkdir(parents=True)
    orphan = api.lake().root / "day=2026-11-23" / "dead-0.parquet"
    orphan.write_bytes(b"half")
    names = [name for name in kept if name.endswith(".parquet")]
    (dead / "plan.json").write_text(json.dumps(["day=2026-11-23/dead-0.parquet", names[0]]))
    (dead / "half.parquet").write_bytes(b"half")
    assert api.sweep() == ["day=2026-11-23/dead-0.parquet"]
    assert lake_files() == kept


@pytest.mark.django_db(transaction=True)
def test_publishing_needs_a_transaction_and_the_right(
    feed: Path, machine: Actor, foreign_peer: Actor, at: datetime
) -> None:
    with api.stage(path=feed, attribution=registry(), match_sets=sets(), at=at) as staged:
        with pytest.raises(RuntimeError):
            api.publish(staged, by=machine, at=at)
        with pytest.raises(Forbidden), transaction.atomic():
            api.publish(staged, by=foreign_peer, at=at)
    assert not LakeInput.objects.exists()


def test_sql_shows_each_constituency_its_own(
    tmp_path: Path, machine: Actor, analyst: Actor, sector_analyst: Actor, provincial_analyst: Actor, at: datetime
) -> None:
    path = tmp_path / NAME
    telco, hospital, foreign = telnet(1), telnet(2, ip="198.18.7.1"), telnet(3, ip="203.0.113.1")
    path.write_bytes(report([telco, hospital, foreign]))
    taken_in(path, by=machine, at=at)

    def seen(by: Actor) -> list[object]:
        return [row["source_ip"] for row in api.query("select source_ip from events order by source_ip", by=by)]

    assert seen(machine) == ["198.18.0.2", "198.18.7.1", "203.0.113.1"]
    assert seen(analyst) == ["198.18.0.2", "198.18.7.1"]
    assert seen(sector_analyst) == ["198.18.0.2"]
    assert seen(provincial_analyst) == ["198.18.7.1"]
    (file,) = (str(api.lake().path(name)) for name in LakeFile.objects.values_list("name", flat=True))
    for again in ("", "recursive"):
        # A table of one's own of the file's name: within itself the name would be the file, in front of the wall.
        own = f'with {again} "{file}" as (select * from "{file}" union select * from "{file}") select * from "{file}"'
        with pytest.raises(Refusal):
            api.query(own, by=provincial_analyst)


def test_sql_without_the_right_is_refused(foreign_peer: Actor) -> None:
    with pytest.raises(Forbidden):
        api.query("select 1", by=foreign_peer)
    assert api.recent_inputs(by=foreign_peer, limit=5) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_parquet('x.parquet')",
        "select * from 'x.parquet'",
        "select * from read_text('/etc/hostname')",
        "select * from duckdb_settings()",
        "select * from duckdb_views",
        "with duckdb_views as (select * from duckdb_views) select * from duckdb_views",
        "with recursive duckdb_views as (from duckdb_views union from duckdb_views) from duckdb_views",
        "with a as (select * from b), b as (select 1) select * from a",
        "select * from information_schema.tables",
        "with e as (select * from read_csv('/etc/hostname')) select * from e",
        "select (select content from read_text('/etc/hostname'))",
        "select * from query('select 1')",
        "create table t as select 1",
        "copy events to '/tmp/out.csv'",
        "attach '/tmp/x.db'",
        "set threads = 4",
        "pragma version",
        "install httpfs",
        "select 1; select 2",
        "drop view events",
        "insert into events values (1)",
        "nonsense",
        "",
    ],
)
def test_sql_that_does_more_than_read_events_is_refused(sql: str) -> None:
    with pytest.raises(Refusal):
        api.query(sql, by=system("test"))


def test_sql_may_use_all_that_reads(feed: Path, machine: Actor, at: datetime) -> None:
    taken_in(feed, by=machine, at=at)
    sql = """
        with hourly as (select date_trunc('hour', time_source) as hour, count(*) as n from events group by all)
        select h.hour, h.n, (select count(*) from events) as whole, u.x
        from hourly h join (select unnest([1, 2]) as x) u on true order by h.hour, u.x
    """
    rows = api.query(sql, by=machine)
    assert [(row["n"], row["whole"], row["x"]) for row in rows] == [(9, 9, 1), (9, 9, 2)]


def test_the_view_has_the_columns_of_the_contract(feed: Path, machine: Actor, at: datetime) -> None:
    contract = [
        "time_source",
        "source_ip",
        "source_port",
        "source_asn",
        "source_fqdn",
        "source_reverse_dns",
        "source_url",
        "destination_ip",
        "destination_port",
        "destination_asn",
        "destination_fqdn",
        "protocol_transport",
        "protocol_application",
        "classification_taxonomy",
        "classification_type",
        "classification_identifier",
        "malware_name",
        "feed_name",
        "feed_code",
        "extra",
        "concerns",
        "asset",
        "organisation",
        "sector",
        "territory",
        "lead_team",
        "because",
        "event_key",
        "raw_file",
        "raw_line",
        "ingested_at",
    ]
    assert set(contract) <= {column.name for column in api.columns()}
    (before,) = api.query("select count(*) as n from (select " + ", ".join(contract) + " from events)", by=machine)
    assert before == {"n": 0}
    taken_in(feed, by=machine, at=at)
    (row,) = api.query("select * from events where raw_line = 3", by=machine)
    assert list(row) == [column.name for column in api.columns()]
    assert row["source_ip"] == "198.18.0.2"
    assert row["asset"] == "prefix:198.18.0.0/16"
    assert (row["organisation"], row["lead_team"], row["concerns"]) == ("org-telco", "ntcert", "source")
    assert len(row["event_key"]) == 32
    assert row["time_source"] == datetime.fromisoformat("2026-11-23T00:00:01+00:00")


def test_a_query_that_nests_beyond_reading_is_refused_in_words(feed: Path, machine: Actor) -> None:
    with pytest.raises(Invalid, match="nested deeper than"):
        api.query("select " + "+".join(["1"] * 900), by=machine)
    assert api.query("select " + "+".join(["1"] * 150) + " as n", by=machine) == [{"n": 150}]


def test_a_query_has_its_time(feed: Path, machine: Actor) -> None:
    from pehra.telemetry.gateways import lake_sql

    with pytest.raises(Refusal, match="longer"):
        lake_sql.select("select count(*) from range(100000000) a, range(100000) b", [], visible="true", seconds=0.2)
    with pytest.raises(Refusal, match="more than"):
        lake_sql.select("select unnest(range(200000))", [], visible="true")


def fragmented(folder: Path, *, by: Actor, at: datetime, inputs: int) -> list[dict[str, object]]:
    """Ingest several inputs of the same day; return its events."""
    for number in range(inputs):
        path = folder / f"2026-11-24-scan_telnet-{number}.csv"
        path.write_bytes(report([telnet(number * 10 + row) for row in range(10)]))
        taken_in(path, by=by, at=at)
    return api.query("select * from events order by event_key", by=by)


def test_merging_a_day_changes_no_event(
    tmp_path: Path, machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "FILES_PER_DAY_MAX", 2)
    before = fragmented(tmp_path, by=machine, at=at, inputs=4)
    assert len(before) == 40
    assert api.compact(by=machine, at=at) == 3
    assert api.query("select * from events order by event_key", by=machine) == before
    assert LakeFile.objects.count() == 1
    day = [name for name in lake_files() if name.startswith("day=")]
    assert len(day) == 2
    assert {name.rsplit(".", 1)[1] for name in day} == {"parquet", "keys"}
    # What was seen is still known as seen.
    again = tmp_path / "2026-11-24-scan_telnet-again.csv"
    again.write_bytes(report([telnet(number) for number in range(39, -1, -1)]))
    assert taken_in(again, by=machine, at=at).rows_duplicate == 40
    assert api.compact(by=machine, at=at) == 0


def test_a_merge_that_is_stopped_leaves_the_lake_as_it_was(
    tmp_path: Path, machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "FILES_PER_DAY_MAX", 1)
    before = fragmented(tmp_path, by=machine, at=at, inputs=3)
    files = lake_files()

    with connection.cursor() as cursor:
        cursor.execute("alter table telemetry_lakefile add constraint stop check (rows <= 10)")
    with pytest.raises(IntegrityError):
        api.compact(by=machine, at=at)
    assert lake_files() == files
    assert api.query("select * from events order by event_key", by=machine) == before


def test_an_answer_is_plain_json(at: datetime) -> None:
    said = CliRunner().invoke(
        query, ["select 1.0 / 0 as a, [1.5, 'nan'::double] as b, map{date '2026-11-24': 1} as c", "--json"]
    )
    assert json.loads(said.stdout, parse_constant=pytest.fail) == [
        {"a": None, "b": [1.5, None], "c": {"2026-11-24": 1}}
    ]


@pytest.mark.parametrize(("sql", "why"), [("select 1 as a, 2 as a", "'a'"), (" ", "no query")])
def test_a_query_that_would_lose_something_is_refused(machine: Actor, sql: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        api.query(sql, by=machine)
