"""The machine road is whole or not at all: the same rows change nothing, and no kill loses or doubles any."""

import csv
import gzip
import json
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path

import psycopg
import pytest

from tests.spring import Running, Spring

ROAD = Path(__file__).with_name("road.py")
KILLS = 20


@dataclass(frozen=True)
class Ground:
    """A laid-out node as a template (database, data folder, feeds), and the spring that starts processes."""

    folder: Path
    host: str
    user: str
    template: str
    spring: Spring

    def node(self, name: str) -> "Node":
        """A fresh copy of it."""
        database = f"{self.template}_{name}"
        self.server(f'create database "{database}" template "{self.template}"')
        shutil.copytree(self.folder / "data", self.folder / name)
        return Node(self, database, self.folder / name)

    def server(self, *statements: str) -> None:
        with psycopg.connect(host=self.host, user=self.user, dbname="postgres", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def url(self, database: str) -> str:
        return f"postgresql://{self.user}@/{database}?host={self.host}"

    @property
    def feeds(self) -> list[Path]:
        return sorted((self.folder / "feeds").iterdir())


@dataclass(frozen=True)
class Node:
    """One node with a database and a data folder of its own."""

    ground: Ground
    database: str
    data: Path

    def start(self, *words: object) -> Running:
        there = self.ground.url(self.database)
        return self.ground.spring.start(ROAD, *words, DATABASE_URL=there, PEHRA_DATA=self.data)

    def run(self, *words: object) -> dict:
        done = self.start(*words).done()
        assert done.code == 0, done.err
        return json.loads(done.out.splitlines()[-1]) if done.out else {}

    def ingest(self, *paths: Path) -> dict:
        return self.run("ingest", *paths)

    def contents(self) -> dict:
        return self.run("contents")


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    from django.conf import settings

    folder = Path(tempfile.mkdtemp(prefix="pehra-road-", dir="/tmp"))
    there = settings.DATABASES["default"]
    template = f"road_{os.getpid()}"
    (folder / "said").mkdir()
    spring = Spring(folder / "said")
    made = Ground(folder, str(there["HOST"]), str(there["USER"]), template, spring)
    made.server(f'create database "{template}"')
    (folder / "data").mkdir()
    Node(made, template, folder / "data").run("lay", folder)
    yield made
    spring.close()
    with psycopg.connect(host=made.host, user=made.user, dbname="postgres", autocommit=True) as server:
        names = server.execute("select datname from pg_database where datname like %s", [f"{template}%"]).fetchall()
        for (name,) in names:
            server.execute(f'drop database "{name}" with (force)')
    shutil.rmtree(folder)


def differences(before: dict, after: dict) -> list[str]:
    """What one node holds and the other does not, a row or two a table: of a pair only the fields that differ."""
    assert before.keys() == after.keys()
    told = []
    for table, rows in before.items():
        lost = sorted((Counter(rows) - Counter(after[table])).elements())
        found = sorted((Counter(after[table]) - Counter(rows)).elements())
        if lost or found:
            told.append(f"{table}: {len(lost)} lost, {len(found)} found")
        for one, other in list(zip_longest(lost, found, fillvalue="{}"))[:2]:
            had, has = json.loads(one), json.loads(other)
            names = [name for name in had | has if had.get(name) != has.get(name)]
            told += [f"{table}.{name}: {had.get(name)!r:.600} / {has.get(name)!r:.600}" for name in names[:6]]
    return told


def same(before: dict, after: dict, *, seed: int = 0) -> None:
    """Fail, with the differences, unless two nodes hold the same."""
    told = differences(before, after)
    if told:
        pytest.fail(f"seed {seed}\n" + "\n".join(told), pytrace=False)


@pytest.fixture(scope="module")
def undisturbed(ground) -> tuple[Node, dict, dict]:
    """One ingest of every feed that nobody disturbed: the node, what it said, what it holds."""
    node = ground.node("undisturbed")
    said = node.ingest(*ground.feeds)
    assert said["failed"] == []
    return node, said, node.contents()


def test_a_feed_becomes_findings_incidents_and_notices(undisturbed):
    _node, said, held = undisturbed
    assert said["rows_read"] == said["rows_stored"] + said["rows_duplicate"] + said["rows_rejected"]
    assert said["rows_rejected"] > 0
    assert said["rejects_file"]
    assert said["findings_new"] == len(held["findings_finding"]) > 0
    assert said["incidents_opened"] == len(held["incidents_incident"]) > 0
    assert said["notices_queued"] > 0
    assert said["rows_stored"] == len(held["lake"])


def test_the_same_rows_again_change_nothing(undisturbed, ground):
    """The same bytes; then the same rows under another name, in another order and compression."""
    node, said, held = undisturbed
    again = node.ingest(*ground.feeds)
    assert again["rows_stored"] == 0
    assert again["rows_duplicate"] == said["rows_read"]
    same(held, node.contents())

    disguised = ground.folder / "disguised"
    disguised.mkdir()
    for feed in ground.feeds:
        lines = feed.read_bytes().splitlines(keepends=True)
        body = lines[1:]
        random.Random(3).shuffle(body)
        name = feed.name.replace("-nation.csv", "-somewhere-else.csv.gz")
        with gzip.open(disguised / name, "wb") as file:
            file.writelines([lines[0], *body])
    other = node.ingest(disguised)
    assert other["failed"] == []
    assert {name: other[name] for name in ("rows_stored", "findings_new", "findings_seen_again")} == {
        "rows_stored": 0,
        "findings_new": 0,
        "findings_seen_again": 0,
    }
    assert other["incidents_opened"] == other["notices_queued"] == 0
    after = node.contents()
    kept = ("lake", "findings_finding", "incidents_incident", "outbox_message")
    same({name: held[name] for name in kept}, {name: after[name] for name in kept})


def test_killed_at_twenty_moments_it_ends_as_if_undisturbed(undisturbed, ground):
    """Each kill is followed by a run of the same command, which is killed in turn; the last is left alone."""
    _node, said, held = undisturbed
    seed = random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    node, nodes = ground.node("killed0"), 1
    longest, kills = said["seconds"] * 1.2, 0
    while kills < KILLS:
        running = node.start("ingest", *ground.feeds)
        assert running.until(partial(_begun, running), 60), running.err()
        if not running.until(running.ended, chance.uniform(0, longest)):
            running.kill()
            kills += 1
        else:
            # All is in: look, and begin anew, so that the kills that are left meet work to be done.
            assert running.done().code == 0, running.err()
            same(held, node.contents(), seed=seed)
            node, nodes = ground.node(f"killed{nodes}"), nodes + 1
    node.ingest(*ground.feeds)
    same(held, node.contents(), seed=seed)
    there = {path.name for path in (node.data / "lake").rglob("*.parquet")}
    assert there == {Path(name).name for name in _lake_names(node)}, f"seed {seed}"


def _begun(running: Running) -> bool:
    return running.out().startswith("begin") or running.ended()


def _lake_names(node: Node) -> list[str]:
    with psycopg.connect(node.ground.url(node.database)) as connection:
        return [name for (name,) in connection.execute("select name from telemetry_lakefile").fetchall()]


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(ground):
    node = ground.node("mixed")
    folder = ground.folder / "mixed-feeds"
    folder.mkdir()
    shutil.copy(ground.feeds[0], folder / ground.feeds[0].name)
    (folder / "2026-11-24-scan_rdp-empty.csv").write_bytes(b"")
    (folder / "2026-11-24-scan_rdp-broken.csv.gz").write_bytes(gzip.compress(b"x" * 1000)[:40])
    (folder / ".hidden.csv").write_bytes(b"never looked at")
    said = node.ingest(folder)
    assert said["files"] >= 1
    assert said["rows_stored"] > 0
    assert "2026-11-24-scan_rdp-broken.csv.gz" in [Path(one["file"]).name for one in said["failed"]]
    assert not any("hidden" in one["file"] for one in said["failed"])


def test_a_path_that_is_not_there_is_refused_before_anything_is_done(ground):
    node = ground.node("missing")
    done = node.start("ingest", ground.feeds[0], ground.folder / "nowhere.csv").done()
    assert done.code == 1
    assert "there is no file" in done.err
    assert node.contents()["lake"] == []


def test_feeds_are_csv_with_a_header(ground):
    """The ground itself: four feeds, each with rows enough to be killed in."""
    for feed in ground.feeds:
        with feed.open(newline="") as file:
            assert len(next(csv.reader(file))) > 5
