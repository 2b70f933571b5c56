"""The whole ingest against the bare read of the same file and the bare write of its result, with the same library.

Work: raw archive and digest, CSV, checks, content key, deduplication, attribution over 100,000 prefixes and 20,000
names, a million indicators, provenance, rejects, Parquet by day. Floor: `polars.read_csv` of the file with inferred
types, and `write_parquet` of the result in the same layout. Both alternate in one process; medians of CPU seconds of
all threads. Folding into findings and the commit are measured beside it, PostgreSQL's own CPU included, where a
server can be started.
"""

import argparse
import json
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pehra.node.settings")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import django
import numpy as np
import polars as pl

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
NAME = "2026-11-24-scan_telnet-country-geo.csv"
PREFIXES, SUFFIXES, INDICATORS = 100_000, 20_000, 1_000_000
V6_SHARE, REPEATED_SHARE, BAD_SHARE, KNOWN_BAD_SHARE = 0.07, 0.2, 0.0005, 0.001
ROWS_PER_SUBJECT = 20  # a finding is seen again and again: a million rows are some 50,000 findings
_BASE_V4 = 10 << 24  # drawn from one /8, so that 100,000 prefixes of /24 and longer nest in it


def main() -> None:
    """Measure, and print one JSON document or a table."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="pehra-bench-") as folder:
        if arguments.memory_of:
            print(json.dumps(_memory(Path(arguments.memory_of))))
            return
        result = _measured(arguments, Path(folder))
    if arguments.json:
        print(json.dumps(result))
        return
    for group in ("figures", "ratios"):
        for name, value in result[group].items():
            print(f"{name:32} {value}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-fold", action="store_true", help="leave folding and commit out")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    django.setup()
    files = {}
    for rows in (arguments.rows, arguments.rows // 10):
        files[rows] = folder / str(rows) / NAME
        files[rows].parent.mkdir()
        _write_feed(files[rows], rows)
    memory = _memory_in_its_own_process(files[arguments.rows])
    tools = _tools()
    _ingest(files[arguments.rows // 10], folder, tools)
    work, floor, small, reads, writes = [], [], [], [], []
    outcome = None
    for _ in range(arguments.rounds):
        spent, outcome, frames = _ingest(files[arguments.rows], folder, tools)
        work.append(spent)
        reads.append(_cpu(lambda: pl.read_csv(files[arguments.rows])))
        writes.append(_cpu(lambda frames=frames: _write(frames, folder)))
        floor.append(reads[-1] + writes[-1])
        del frames
        small.append(_ingest(files[arguments.rows // 10], folder, tools)[0])
    assert outcome is not None
    seconds, least = statistics.median(work), statistics.median(floor)
    figures = {
        "rows": arguments.rows,
        "rows_stored": outcome.rows_stored,
        "rows_duplicate": outcome.rows_duplicate,
        "rows_rejected": outcome.rows_rejected,
        "attributed": outcome.attributed,
        "matched": outcome.matched,
        "sightings": len(outcome.sightings),
        "bytes": files[arguments.rows].stat().st_size,
        "ingest_cpu_seconds": round(seconds, 3),
        "floor_cpu_seconds": round(least, 3),
        "floor_read_cpu_seconds": round(statistics.median(reads), 3),
        "floor_write_cpu_seconds": round(statistics.median(writes), 3),
        "rows_per_cpu_second": round(arguments.rows / seconds),
        "peak_memory_bytes": memory["peak_memory_bytes"],
        "memory_before_ingest_bytes": memory["memory_before_ingest_bytes"],
        "small_ingest_cpu_seconds": round(statistics.median(small), 3),
        "rounds": arguments.rounds,
    }
    ratios = {
        "over_floor": round(seconds / least, 3),
        "growth_exponent": round(math.log10(seconds / statistics.median(small)), 3),
    }
    if not arguments.no_fold:
        figures |= _folded(outcome, folder)
        if "fold_and_commit_cpu_seconds" in figures:
            ratios["over_floor_with_fold"] = round((seconds + figures["fold_and_commit_cpu_seconds"]) / least, 3)
    return {"name": "ingest", "figures": figures, "ratios": ratios}


def _cpu(work: Callable[[], Any]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _ingest(path: Path, folder: Path, tools: Any) -> tuple[float, Any, list[pl.DataFrame]]:
    """Ingest once into an empty lake; return CPU seconds, the outcome, and what was written."""
    from pehra.telemetry.gateways.folders import Lake, Run
    from pehra.telemetry.gateways.staging import stage_file

    root = folder / "lake"
    lake = Lake(root)
    run = Run(lake, "run")
    run.begin()
    before = time.process_time()
    outcome = stage_file(path, lake=lake, run=run, tools=tools, at=AT)
    run.move()
    spent = time.process_time() - before
    frames = [pl.read_parquet(lake.path(file.name)) for file in outcome.files]
    shutil.rmtree(root)
    return spent, outcome, frames


def _write(frames: list[pl.DataFrame], folder: Path) -> None:
    for number, frame in enumerate(frames):
        target = folder / f"floor-{number}.parquet"
        frame.write_parquet(target, compression="zstd", compression_level=1)
        target.unlink()


class _Empty:
    """A manifest that knows nothing: the first ingest of a lake."""

    def rows_of(self, sha256: str) -> int | None:
        return None

    def runs(self, day: object) -> list[Any]:
        return []

    def reports(self, feed: str, header: str) -> list[str]:
        return []


def _tools() -> Any:
    from pehra.registry.api import parse_v4, parse_v6
    from pehra.telemetry.gateways.staging import Tools
    from pehra.telemetry.rules.addresses import AddressReader

    return Tools(_registry(), _indicators(), AddressReader(v4=parse_v4, v6=parse_v6), _Empty(), b"bench")


def _registry() -> Any:
    """A registry of 100,000 nested prefixes, a tenth of them IPv6, and 20,000 names, of 2,000 organisations."""
    from pehra.registry.rules.answering import Answerable
    from pehra.registry.rules.attribution import ASSETS_SCHEMA, ORGANISATIONS_SCHEMA, attribute

    random = np.random.default_rng(7)
    why = {
        "rule": "sector-lead",
        "version": "1",
        "citation": "section 4 of a law with a long name",
        "status": "in force",
    }
    roles = [{"team": team, "role": role, **why} for team, role in (("ntcert", "lead"), ("pkcert", "coordinate"))]
    organisations = pl.DataFrame(
        {
            "organisation": [f"org-{number:04d}" for number in range(2_000)],
            "organisation_name": [f"Organisation {number}" for number in range(2_000)],
            "sector": ["telecom"] * 2_000,
            "territory": ["punjab"] * 2_000,
            "classes": [["licensee"]] * 2_000,
            "lead_team": ["ntcert"] * 2_000,
            "teams": [["ntcert", "pkcert"]] * 2_000,
            "because": [json.dumps(roles)] * 2_000,
        }
    ).cast(ORGANISATIONS_SCHEMA)
    lengths = random.integers(18, 25, PREFIXES * 9 // 10)
    starts = (random.integers(0, 1 << 24, len(lengths)) >> (32 - lengths)) << (32 - lengths)
    values = [
        f"{_dotted(_BASE_V4 + start)}/{length}" for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)
    ]
    values += [f"2001:db8:{number:x}::/48" for number in range(PREFIXES - len(values))]
    names = [f"isp{number}.example" for number in range(SUFFIXES)]
    assets = [("prefix", value, f"org-{number % 2_000:04d}") for number, value in enumerate(values)]
    assets += [("domain", name, f"org-{number % 2_000:04d}") for number, name in enumerate(names)]
    unowned = Answerable(lead_team="ntcert", teams=("ntcert",), roles=())
    return attribute(pl.DataFrame(assets, schema=ASSETS_SCHEMA, orient="row"), organisations, unowned=unowned)


def _indicators() -> Any:
    """A million indicators: addresses of the whole space, names and URLs; a few of them in the feed."""
    from pehra.intel.gateways import tables

    random = np.random.default_rng(8)
    addresses = random.choice(1 << 32, INDICATORS * 8 // 10, replace=False, shuffle=False)
    rows = [("ipv4", _dotted(value)) for value in addresses.tolist()]
    rows += [("ipv6", f"2001:db8:{number >> 16:x}::bad:{number & 0xFFFF:x}") for number in range(INDICATORS // 20)]
    rows += [("domain", f"evil{number}.example") for number in range(INDICATORS // 10)]
    rows += [("url", f"http://evil{number}.example/load") for number in range(INDICATORS - len(rows))]
    frame = pl.DataFrame(rows, schema={"type": pl.String, "value": pl.String}, orient="row")
    return tables.build(frame.with_row_index("id").with_columns(pl.col("id").cast(pl.String)))


def _dotted(value: int) -> str:
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


def _write_feed(path: Path, rows: int) -> None:
    """A day of `scan_telnet`: a fifth of it repeated, a few rows broken, some of known indicators' names."""
    random = np.random.default_rng(9)
    once = rows - int(rows * REPEATED_SHARE)
    seconds = random.integers(0, 86_400, once)
    subjects = max(1, rows // ROWS_PER_SUBJECT)
    v4 = [_dotted(_BASE_V4 + value) for value in random.integers(0, 1 << 24, subjects).tolist()]
    v6 = [f"2001:db8:{a:x}::{b:x}" for a, b in random.integers(0, 1 << 16, (subjects, 2)).tolist()]
    wide = random.random(subjects) < V6_SHARE
    named = random.integers(0, (10_000, 100, SUFFIXES), (subjects, 3)).tolist()
    names = [f"host-{a}.net{b}.isp{c}.example" for a, b, c in named]
    picks = random.integers(0, subjects, once).tolist()
    ours = [b if is_wide else a for a, b, is_wide in zip(v4, v6, wide.tolist(), strict=True)]
    bad = random.random(once) < BAD_SHARE
    evil = random.random(once) < KNOWN_BAD_SHARE
    frame = pl.DataFrame(
        {
            "timestamp": _times(seconds, bad),
            "ip": [ours[place] for place in picks],
            "protocol": ["tcp"] * once,
            "port": ["23"] * once,
            "hostname": [
                f"evil{place}.example" if is_evil else names[place]
                for place, is_evil in zip(picks, evil.tolist(), strict=True)
            ],
            "tag": ["telnet"] * once,
            "asn": (64_512 + random.integers(0, 500, once)).astype(str),
            "geo": ["PK"] * once,
            "region": random.choice(["PUNJAB", "SINDH", "ISLAMABAD"], once),
            "city": random.choice(["LAHORE", "KARACHI", "MULTAN"], once),
            "naics": ["517311"] * once,
            "sic": ["0"] * once,
            "banner": [f"login {a}|router {b}|" for a, b in random.integers(0, 10_000, (once, 2)).tolist()],
        }
    )
    frame = pl.concat([frame, frame.sample(rows - once, seed=1)]).sample(fraction=1.0, shuffle=True, seed=2)
    frame.write_csv(path, quote_style="non_numeric")


def _times(seconds: np.ndarray, bad: np.ndarray) -> list[str]:
    return [
        "no time" if is_bad else f"2026-11-23 {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        for second, is_bad in zip(seconds.tolist(), bad.tolist(), strict=True)
    ]


def _memory_in_its_own_process(path: Path) -> dict[str, int]:
    answer = subprocess.run(
        [sys.executable, __file__, "--memory-of", str(path)], check=True, capture_output=True, text=True
    )
    return json.loads(answer.stdout)


def _memory(path: Path) -> dict[str, int]:
    """Peak memory of a process that holds the registry and the indicators and ingests the file once."""
    django.setup()
    tools = _tools()
    before = _resident()
    # What building the tables needed for a moment is no part of an ingest.
    Path("/proc/self/clear_refs").write_text("5")
    with tempfile.TemporaryDirectory(prefix="pehra-bench-") as folder:
        from pehra.telemetry.gateways.folders import Lake, Run
        from pehra.telemetry.gateways.staging import stage_file

        run = Run(Lake(Path(folder)), "run")
        run.begin()
        stage_file(path, lake=run.lake, run=run, tools=tools, at=AT)
    return {"peak_memory_bytes": _peak(), "memory_before_ingest_bytes": before}


def _resident() -> int:
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0


def _folded(outcome: Any, folder: Path) -> dict[str, Any]:
    """CPU seconds of folding the sightings and of the commit, PostgreSQL's own included.

    All new, then all seen again.
    """
    from pehra.node.database import Database

    # The server's account must be able to reach its folder.
    folder.chmod(0o711)
    with Database(folder / "node") as url:
        _use(url)
        first = _commit(outcome, again=False)
        second = _commit(outcome, again=True)
    return {"fold_and_commit_cpu_seconds": first, "fold_again_cpu_seconds": second}


def _use(url: str) -> None:
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from pehra.node.settings import database

    settings.DATABASES["default"].update(database(url))
    connections["default"].settings_dict.update(database(url))
    call_command("migrate", verbosity=0)


def _commit(outcome: Any, *, again: bool) -> float:
    from django.db import connection, transaction

    from pehra.findings import api as findings
    from pehra.kernel.actors import system
    from pehra.ledger import api as ledger

    by = system("bench")
    connection.close()
    before, server = time.process_time(), _server_cpu()
    with transaction.atomic():
        findings.fold(sightings=outcome.sightings, by=by, at=AT)
        ledger.record("telemetry.input.ingested", subject=outcome.sha256, by=by, at=AT, facts={"again": again})
    # The backend's own time is known once it has ended.
    spent = time.process_time() - before
    connection.close()
    time.sleep(1)
    return round(spent + _server_cpu() - server, 3)


def _server_cpu() -> float:
    """CPU seconds of all PostgreSQL processes under this one's server, those that ended included."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().rsplit(") ", 1)
        except OSError:
            continue
        if "(postgres" in name and _ours(stat.parent):
            ticks += sum(int(value) for value in rest.split()[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _ours(process: Path) -> bool:
    try:
        return "pehra-bench-" in os.readlink(process / "cwd")
    except OSError:
        return False


if __name__ == "__main__":
    main()
