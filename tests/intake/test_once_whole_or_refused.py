"""What came is received once and whole, or refused in words, whatever dies meanwhile. Nothing here is pretended.

A database that is killed and starts anew under load, a web process that is killed, workers killed in the middle of
receiving, a disk that is really full. What counts at the end are rows, files and the ledger, not what a sender
believes: every accepted thing is there once, with its bytes, and what was refused is not there at all.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
)
from django.test import Client

from pehra.intake import api as intake
from pehra.intake import jobs
from pehra.intake.api import Channel, Reporter, Said
from pehra.intake.gateways.imap import ImapServer
from pehra.intake.models import Report, Submission
from pehra.intake.rules.mail.mailboxes import Mailbox
from pehra.kernel.actors import system
from pehra.kernel.clock import now
from pehra.kernel.refusals import Fault
from pehra.ledger.models import LedgerEntry
from pehra.node.database.cluster import NAME
from pehra.vault import api as vault
from pehra.web import refused
from tests.node.test_up import ROOT, Node, node, until

__all__ = ["node"]
SENDERS = 4
SENT = 160
PATIENCE_SECONDS = 120
KEYS = 150
KILLS = 12
STATEMENTS_MIN = 15  # of one post, far fewer than there are
PLACE = ("host", "port", "user", "password", "dbname")
# Within a command's own session, as an operator's script would: makes a webhook, or counts what is there.
SCRIPT = """
import json, sys
from pehra.node.session import node_session
with node_session():
    from pehra.intake import api
    from pehra.intake.models import Report, Submission
    from pehra.kernel import clock
    from pehra.kernel.actors import system
    from pehra.ledger.models import LedgerEntry
    from pehra.vault import api as vault
    if sys.argv[1] == "make":
        words = {"name": "sensor", "team": "pkcert", "mapping": {"title": ["/t"]}}
        made = api.add_webhook(**words, by=system("test"), at=clock.now())
        print(json.dumps([str(made.webhook.id), made.secret]))
    else:
        rows = Submission.objects.select_related("report")
        whole = [
            (row.report.reference, row.report.title, len(vault.read(row.raw_sha256)) == row.raw_size) for row in rows
        ]
        received = LedgerEntry.objects.filter(event="intake.received").values_list("subject", flat=True)
        print(json.dumps({"whole": whole, "reports": Report.objects.count(), "received": list(received)}))
"""

FULL_DISK = """
import json, subprocess, sys
from pathlib import Path
import django
django.setup()
from django.conf import settings
from pehra.intake import api
from pehra.intake.models import Submission
from pehra.kernel.actors import system
from pehra.kernel.clock import now
from pehra.vault import api as vault

place = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)], check=True)
(place / "filler").write_bytes(bytes(3_840 * 1024))
settings.PEHRA_VAULT = place

def receive(key):
    api.receive(
        channel=api.Channel.OFFLINE, raw=(key + "x" * 30_000).encode(), media_type="text/plain",
        said=api.Said(title=key), reporter=api.Reporter(anonymous=True), language="en", once=key,
        by=system("intake"), at=now(),
    )
    return key

taken, refused = [], []
for number in range(20):
    key = f"{number:02d}"
    try:
        taken.append(receive(key))
    except vault.Full as full:
        assert "nothing was taken in" in str(full)
        refused.append(key)
rows = Submission.objects.select_related("report").order_by("report__title")
there = [row.report.title for row in rows]
whole = all(len(vault.read(row.raw_sha256)) == row.raw_size for row in rows)
halves = [str(part) for part in place.glob("*.part")]
(place / "filler").unlink()
again = [receive(key) for key in refused]
said = {"taken": taken, "refused": refused, "there": there, "whole": whole, "halves": halves, "again": again}
print(json.dumps(said))
"""


def scripted(node: Node, word: str) -> Any:
    """What the script says in the node's own environment."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, word],
        cwd=ROOT,
        env=node.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Sender:
    """Posts under a key until it is taken in; writes down every answer that was not a yes."""

    def __init__(self, place: str, secret: str) -> None:
        self.place, self.secret = place, secret
        self.answers: Counter[str] = Counter()

    def send(self, key: str) -> str:
        body = json.dumps({"t": key}).encode()
        headers = {"X-Webhook-Secret": self.secret, "Idempotency-Key": key, "Content-Type": "application/json"}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                asked = urllib.request.Request(self.place, body, headers)
                with urllib.request.urlopen(asked, timeout=20) as answer:
                    self.answers[str(answer.status)] += 1
                    return str(json.load(answer)["reference"])
            except urllib.error.HTTPError as refused:
                self.answers[str(refused.code)] += 1
                refused.close()
            except OSError as error:
                self.answers[type(error).__name__] += 1
            time.sleep(0.3)
        raise AssertionError(f"{key} was never taken in: {self.answers}")


@pytest.mark.enable_socket
def test_while_the_database_and_the_web_are_killed_and_start_anew(node: Node) -> None:
    node.environment["PEHRA_REQUESTS_PER_MINUTE_ADDRESS"] = "1000000"
    running = node.up()
    hook, secret = scripted(node, "make")
    sender = Sender(f"{node.address}/intake/hooks/{hook}/", secret)
    keys = [f"key-{number}" for number in range(SENT)]
    with ThreadPoolExecutor(SENDERS) as senders:
        sent = [senders.submit(sender.send, key) for key in keys]
        for share, kill in ((0.1, _kill_database), (0.4, _kill_web), (0.6, _kill_database)):
            until(lambda share=share: sum(one.done() for one in sent) >= share * SENT, PATIENCE_SECONDS, node.said)
            kill(node)
        references = [one.result(timeout=2 * PATIENCE_SECONDS) for one in sent]
    found = scripted(node, "count")
    running.send_signal(signal.SIGTERM)
    running.wait(60)

    # Something was really refused on the way, and each refusal was one that says "send it again".
    assert set(sender.answers) - {"200", "201"}
    assert "500" not in sender.answers, sender.answers
    assert {title for _reference, title, _whole in found["whole"]} == set(keys)
    assert len(found["whole"]) == found["reports"] == SENT
    assert all(whole for _reference, _title, whole in found["whole"])
    assert {reference for reference, _title, _whole in found["whole"]} == set(references)
    assert Counter(found["received"]) == Counter(references)


def _kill_database(node: Node) -> None:
    """The server dies as by a crash: all its processes at once, nothing written in order."""
    postmaster = int((next(node.data.rglob("postmaster.pid"))).read_text().split()[0])
    os.kill(postmaster, signal.SIGQUIT)
    time.sleep(0.5)


def _kill_web(node: Node) -> None:
    web = next(number for number, words in node.processes().items() if " serve " in words)
    os.kill(web, signal.SIGKILL)


class Killer:
    """Ends the session that a request uses, really and in the server, just before one of its statements."""

    def __init__(self, statement: int) -> None:
        self.left = statement

    def __call__(self, execute: Any, *words: Any) -> Any:
        if self.left == 0:
            own = connection.connection.info.backend_pid
            with psycopg.connect(**_apart(), autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [own])
        self.left -= 1
        return execute(*words)


def _apart() -> dict[str, Any]:
    return {name: value for name, value in connection.get_connection_params().items() if name in PLACE}


@pytest.mark.django_db(transaction=True)
def test_at_whichever_statement_the_database_dies(committed_country: None, settings: Any) -> None:
    """Of one post all statements in turn, those of the limits, of the walls and of the middlewares as well."""
    settings.PEHRA_REQUESTS_PER_MINUTE_ADDRESS = 1  # counted in the database at once, not in steps
    words: dict[str, Any] = {"name": "sensor", "team": "pkcert", "mapping": {"title": ["/t"]}}
    hook = intake.add_webhook(**words, by=system("test"), at=now())
    client = Client(raise_request_exception=False)
    answers, statement = [503], 0
    while answers[-1] == 503:
        killer = Killer(statement)
        with connection.execute_wrapper(killer):
            answer = client.post(
                f"/intake/hooks/{hook.webhook.id}/",
                json.dumps({"t": "one"}),
                content_type="application/json",
                headers={"X-Webhook-Secret": hook.secret, "Idempotency-Key": "one"},
                REMOTE_ADDR=f"192.0.2.{statement}",
            )
        connection.close()  # as the server does between two requests, and the client of the tests does not
        answers.append(answer.status_code)
        statement += 1
        if answers[-1] == 503:
            assert answer.headers["Retry-After"]
            assert not Report.objects.exists()
    assert answers[-1] == 201, (statement, answer.content)
    assert killer.left >= 0  # it was past the last statement
    assert statement > STATEMENTS_MIN
    assert Report.objects.count() == Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("error", "cause", "away"),
    [
        (OperationalError("x"), psycopg.errors.AdminShutdown("x"), True),
        (InterfaceError("x"), psycopg.InterfaceError("x"), True),
        (DatabaseError("x"), psycopg.DatabaseError("server closed the connection unexpectedly"), True),
        (InternalError("x"), psycopg.InternalError("got no result from the query"), True),
        (DatabaseError("Save with update_fields did not affect any rows."), None, False),
        (ProgrammingError("x"), psycopg.ProgrammingError("x"), False),
        (InternalError("x"), psycopg.errors.InFailedSqlTransaction("x"), False),
        (ValueError("x"), None, False),
    ],
)
def test_what_says_that_the_database_is_away(error: Exception, cause: Exception | None, away: bool) -> None:
    error.__cause__ = cause
    assert refused.is_away(error) is away


class TestWorkersAreKilled:
    """Processes that receive under keys and die by SIGKILL in whatever they are doing; others begin again."""

    @pytest.mark.django_db(transaction=True)
    def test_each_key_is_one_whole_report(self, committed_country: None) -> None:
        chance, child = random.Random(11), self._start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 0.4))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            child = self._start()
        _pid, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        rows = list(Submission.objects.select_related("report"))
        assert sorted(row.report.title for row in rows) == sorted(f"key-{number}" for number in range(KEYS))
        assert Report.objects.count() == KEYS
        for row in rows:
            assert vault.read(row.raw_sha256) == row.report.title.encode()
            assert row.report.observables.count() == 1
        entries = LedgerEntry.objects.filter(event="intake.received").values_list("subject", flat=True)
        assert Counter(entries) == Counter(row.report.reference for row in rows)

    def _start(self) -> int:
        connections.close_all()  # a child must not share its parent's socket
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            for number in range(KEYS):
                _receive(f"key-{number}")
            code = 0
        except BaseException as error:
            os.write(2, f"a worker failed: {error!r}\n".encode())
        finally:
            os._exit(code)


def _receive(key: str) -> intake.Receipt:
    return intake.receive(
        channel=Channel.OFFLINE,
        raw=key.encode(),
        media_type="text/plain",
        said=Said(title=key, description="seen at 198.18.2.9"),
        reporter=Reporter(anonymous=True),
        language="en",
        once=key,
        by=system("intake"),
        at=now(),
    )


@pytest.mark.django_db(transaction=True)
def test_while_the_disk_is_full(committed_country: None, tmp_path: Path) -> None:
    """A vault on a file system with a quarter of a megabyte left, in a name space of its own; then there is room."""
    # As root the mounts alone are apart: within a name space of users it would be nobody to the database.
    apart = ["unshare", "-m" if os.geteuid() == 0 else "-Urm"]
    if shutil.which("unshare") is None or subprocess.run([*apart, "true"], check=False).returncode:
        pytest.skip("no name spaces for mounts here: a full disk cannot be had")
    place = tmp_path / "vault"
    place.mkdir()
    settled = connections["default"].settings_dict
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "pehra.node.settings",
        "DATABASE_URL": os.environ["DATABASE_URL"].replace(f"/{NAME}?", f"/{settled['NAME']}?"),
        "PEHRA_DATA": str(tmp_path / "data"),
    }
    done = subprocess.run(
        [*apart, sys.executable, "-c", FULL_DISK, str(place)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert len(said["taken"]) >= 3
    assert len(said["refused"]) >= 3
    assert said["there"] == said["taken"]
    assert said["whole"]
    assert said["halves"] == []
    assert said["again"] == said["refused"]  # each was taken in once there was room
    assert sorted(Report.objects.values_list("title", flat=True)) == sorted([*said["taken"], *said["refused"]])
    assert Submission.objects.count() == len(said["taken"]) + len(said["refused"])


def test_halves_of_dead_writers_are_swept_and_those_of_living_ones_are_not(data_folder: Path) -> None:
    kept = vault.keep(b"whole", limit=10)
    young, old = (data_folder / "vault" / name for name in ("young.part", "old.part"))
    for half in (young, old):
        half.write_bytes(b"half")
    long_ago = time.time() - 2 * jobs.LEFT_FOR_DEAD.total_seconds()
    for file in (old, vault.path_of(kept.sha256)):
        os.utime(file, (long_ago, long_ago))
    jobs.sweep_vault.func(timestamp=0)
    assert (young.exists(), old.exists(), vault.read(kept.sha256)) == (True, False, b"whole")


def test_a_line_that_breaks_is_not_taken_for_a_full_disk(data_folder: Path) -> None:
    def cut(*_words: str) -> None:
        raise TimeoutError("timed out")

    box: Any = SimpleNamespace(client=SimpleNamespace(uid=cut))
    server = ImapServer(
        box, Mailbox(name="r", host="imap.example", user="r", team="pkcert", addresses=("r@cert.example",), port=993)
    )
    with pytest.raises(Fault, match=r"imap\.example failed: timed out"):
        vault.keep_stream(server.pieces("1", limit=10), limit=10)
    assert not list((data_folder / "vault").glob("*.part"))
