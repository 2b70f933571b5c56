"""What intake takes: reports that come at a fixed rate while handlers work on the queue, against a node as it runs.

`pehra up` on a folder of its own, with its embedded PostgreSQL as it ships (every commit on the disk). Reports come in
open loop: each has its moment, and its time counts from there, so that a stall is seen and not slept over. Half post to
a webhook, half to the interface with a key. Handlers read the queue, open a report, give it to themselves, dismiss it
and take that back, with a pause as people make. At the end every key that was answered must be one report, with its
submission, and no other may be there. The client is one process on the same cores.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS_MAX = 180
PAUSE_SECONDS = 2.0
CONNECTIONS = 64
IDLE_SECONDS_MAX = 5.0
PREPARE = """
import json, sys
from datetime import timedelta
from pehra.node.session import node_session
with node_session():
    from django.db import transaction
    from pehra.access import api as access
    from pehra.intake import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system
    by, at = system("bench"), clock.now()
    tokens = []
    for number in range(int(sys.argv[1])):
        person = access.add_person(email=f"handler-{number}@bench.example", name=f"Handler {number}", by=by, at=at)
        access.grant(person_id=person, role="duty-officer", team="pkcert", reason="bench", by=by, at=at)
        actor = access.actor_for(person_id=person, at=at)
        rights = [name for name in access.token_permissions(by=actor) if name.split(".")[0] in ("intake", "incidents")]
        words = {"name": "bench", "permissions": rights, "valid": timedelta(days=1)}
        tokens.append(access.issue_token(holder_id=person, by=actor, at=at, **words))
    mapping = {"title": ["/t"], "description": ["/d"], "observables": ["/ip"]}
    hook = api.add_webhook(name="bench", team="pkcert", mapping=mapping, by=by, at=at)
    for number in range(int(sys.argv[2])):
        api.receive(
            channel=api.Channel.FORM, raw=f"old {number}".encode(), media_type="text/plain",
            said=api.Said(title=f"old {number}", description=f"seen at 198.18.{number % 250}.{number % 200}"),
            reporter=api.Reporter(anonymous=True), language="en", by=by, at=clock.now(),
        )
    print(json.dumps({"tokens": tokens, "hook": str(hook.webhook.id), "secret": hook.secret}))
"""
COUNT = """
import json
from pehra.node.session import node_session
with node_session():
    from pehra.intake.models import Report, Submission
    from pehra.ledger.models import LedgerEntry
    new = Report.objects.filter(title__startswith="key-")
    print(json.dumps({
        "titles": list(new.values_list("title", flat=True)),
        "submissions": Submission.objects.filter(report__in=new).count(),
        "entries": LedgerEntry.objects.filter(event="intake.received").count(),
        "reports": Report.objects.count(),
    }))
"""


@dataclass
class Measured:
    """What was asked and how long it took, in seconds, by what it was."""

    took: dict[str, list[float]] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    accepted: list[str] = field(default_factory=list)

    def note(self, what: str, seconds: float, status: int) -> None:
        """Write down one answer."""
        self.took.setdefault(what, []).append(seconds)
        self.answers[f"{what} {status}"] += 1


class Line:
    """Connections to the node that are kept and used in turn, as a proxy does; as little of HTTP as that takes."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.idle: deque[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        self.places = asyncio.Semaphore(CONNECTIONS)

    async def ask(self, method: str, path: str, said: object = None, **headers: str) -> tuple[int, bytes]:
        """Ask once and return status and body."""
        body = b"" if said is None else json.dumps(said).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}", f"Content-Length: {len(body)}"]
        lines += ["Content-Type: application/json"] if body else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        async with self.places:
            reader, writer = await self._connected()
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status = int(head.split(" ", 2)[1])
            length = int(head.split("content-length: ")[1].split("\r\n")[0]) if "content-length: " in head else 0
            answer = await reader.readexactly(length)
            # What says not how long it is (a refusal at the door) ends with its connection: nobody reads on behind it.
            if "connection: close" in head or "content-length: " not in head:
                writer.close()
            else:
                self.idle.append((time.monotonic(), reader, writer))
        return status, answer

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the connection that rested longest, unless the node is about to close it for that."""
        while self.idle:
            since, reader, writer = self.idle.popleft()
            if time.monotonic() - since < IDLE_SECONDS_MAX and not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self.host, self.port)


def main() -> None:
    """Measure, and print one JSON document or a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--reports", type=int, default=50, help="reports a second")
    parser.add_argument("--handlers", type=int, default=50)
    parser.add_argument("--old", type=int, default=1_000, help="reports that wait before it begins")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pehra-bench-", ignore_cleanup_errors=True) as folder:
        result = _measured(Path(folder), arguments)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:28} {value}")
    if result["lost"] or result["double"] or result["half"]:
        raise SystemExit(1)


def _measured(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    folder.chmod(0o711)
    many = {"PEHRA_REQUESTS_PER_MINUTE_ADDRESS": "100000000", "PEHRA_REQUESTS_PER_MINUTE_ACCOUNT": "100000000"}
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment = {**kept, **many, "PEHRA_DATA": str(folder / "data")}
    log = folder / "up.log"
    with log.open("wb") as written:
        node = subprocess.Popen(
            [sys.executable, "-m", "pehra", "up", "--port", "0", "--empty"],
            cwd=ROOT, env=environment, stdout=written, stderr=written, start_new_session=True,
        )  # fmt: skip
    try:
        port = _port(log, node)
        ready = _script(PREPARE, environment, str(arguments.handlers), str(arguments.old))
        before = _cpu_seconds(environment["PEHRA_DATA"])
        measured = asyncio.run(_load(port, ready, arguments))
        cpu = round(_cpu_seconds(environment["PEHRA_DATA"]) - before, 1)
        found = _script(COUNT, environment)
    finally:
        node.send_signal(signal.SIGTERM)
        node.wait(60)
    return _result(measured, found, arguments) | {"server_cpu_seconds": cpu}


def _port(log: Path, node: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + START_SECONDS_MAX
    while "Pehra is watching: " not in log.read_text(errors="replace"):
        if node.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(log.read_text(errors="replace"))
        time.sleep(0.2)
    return int(log.read_text().split("Pehra is watching: ")[1].split()[0].rstrip("/").rsplit(":", 1)[1])


def _script(text: str, environment: dict[str, str], *words: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", text, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


async def _load(port: int, ready: dict[str, Any], arguments: argparse.Namespace) -> Measured:
    measured, line = Measured(), Line("localhost", port)
    end = time.monotonic() + arguments.seconds
    handlers = [
        asyncio.create_task(_at_the_queue(line, token, measured, end, number))
        for number, token in enumerate(ready["tokens"])
    ]
    coming = []
    begin, number = time.monotonic(), 0
    while (due := begin + number / arguments.reports) < end:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        coming.append(asyncio.create_task(_report(line, ready, measured, number, due)))
        number += 1
    await asyncio.gather(*coming, *handlers)
    return measured


async def _report(line: Line, ready: dict[str, Any], measured: Measured, number: int, due: float) -> None:
    """One report at its moment; asked again under its key where it was refused for the time being."""
    key = f"key-{number}"
    said = f"a mail from hxxp://site-{number % 997}[.]example/login asks for passwords, seen at 198.18.7.{number % 200}"
    for _attempt in range(5):
        if number % 2:
            posted = {"t": key, "d": said, "ip": f"198.18.9.{number % 200}"}
            place = f"/intake/hooks/{ready['hook']}/"
            status, _body = await line.ask("POST", place, posted, X_Webhook_Secret=ready["secret"], Idempotency_Key=key)
        else:
            token = ready["tokens"][number // 2 % len(ready["tokens"])]
            status, _body = await line.ask(
                "POST", "/api/v1/intake/reports", {"title": key, "description": said},
                Authorization=f"Bearer {token}", Idempotency_Key=key,
            )  # fmt: skip
        measured.note("report", time.monotonic() - due, status)
        if status in (200, 201):
            measured.accepted.append(key)
            return
        await asyncio.sleep(1)


async def _at_the_queue(line: Line, token: str, measured: Measured, end: float, number: int) -> None:
    """Somebody at the queue: reads it, looks at a report, takes it, decides, and sometimes takes that back."""
    chance, bearer = random.Random(number), {"Authorization": f"Bearer {token}"}

    async def ask(what: str, method: str, path: str, said: object = None) -> Any:
        await asyncio.sleep(chance.uniform(0.5, 1.5) * PAUSE_SECONDS)
        began = time.monotonic()
        status, body = await line.ask(method, f"/api/v1/intake{path}", said, **bearer)
        measured.note(what, time.monotonic() - began, status)
        return json.loads(body) if status == 200 else None

    while time.monotonic() < end:
        page = await ask("list", "GET", "/reports?limit=50")
        if not page or not page["items"]:
            continue
        reference = chance.choice(page["items"])["reference"]
        if await ask("one", "GET", f"/reports/{reference}") is None:
            continue
        reports = {"references": [reference]}
        me = {"reports": reports, "assignee": ""}
        await ask("assign", "POST", "/triage/assign", me)
        done = await ask("dismiss", "POST", "/triage/dismiss", {"reports": reports, "reason": "bench"})
        if done and chance.random() < 0.5:
            await ask("undo", "POST", f"/triage/{done['token']}/undo", {})


def _cpu_seconds(data: str) -> float:
    """Return the processor time of the node's living processes so far."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            ours = f"PEHRA_DATA={data}\0".encode() in (entry / "environ").read_bytes()
            ours = ours or f"{data}/".encode() in (entry / "cmdline").read_bytes()
            if ours:
                ticks += sum(int(text) for text in (entry / "stat").read_text().rsplit(")", 1)[1].split()[11:13])
        except OSError:
            continue
    return round(ticks / os.sysconf("SC_CLK_TCK"), 1)


def _result(measured: Measured, found: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    times = Counter(found["titles"])
    return {
        "seconds": arguments.seconds,
        "reports_a_second": arguments.reports,
        "handlers": arguments.handlers,
        "accepted": len(measured.accepted),
        "lost": sorted(set(measured.accepted) - set(times))[:20],
        "double": sorted(title for title, count in times.items() if count > 1)[:20],
        "half": found["submissions"] - len(found["titles"]) or found["entries"] - found["reports"],
        "answers": dict(sorted(measured.answers.items())),
        **{f"{what}_ms": _percentiles(took) for what, took in sorted(measured.took.items())},
        "load_average": os.getloadavg()[0],
    }


def _percentiles(took: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(took, n=100) if len(took) > 1 else took * 99
    return {"p50": round(1e3 * cuts[49], 1), "p95": round(1e3 * cuts[94], 1), "p99": round(1e3 * cuts[98], 1)}


if __name__ == "__main__":
    main()
