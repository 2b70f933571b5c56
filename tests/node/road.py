"""A node's machine road as a process of its own that may be killed at any moment. Run by `test_engine.py`.

    road.py lay FOLDER              tables, profile, a small nation, feeds (into FOLDER)
    road.py ingest PATH…            says `begin`, takes the inputs, prints the summary
    road.py contents                prints all that the node holds, without identifiers and times

The database is in DATABASE_URL, the data folder in PEHRA_DATA; the moment is fixed.
"""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ORGANISATIONS = 60
FEEDS = (("event4_sinkhole", 1_500), ("scan_rdp", 1_500), ("compromised_website", 1_000), ("scan_smb", 1_000))
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DIGEST = re.compile(r"\b[0-9a-f]{32,128}\b")
_REFERENCE = re.compile(r"\b[A-Z]{2,8}-\d{4}-\d{6,9}(?!\d)")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?")
_NUMBERED = ("number",)  # of a sequence: a transaction that was rolled back leaves a gap, and only a gap
# The ledger's tree is sealed when the sequencer comes by; what it seals, the entries, must be the same.
_FOREIGN = (
    "django_",
    "procrastinate_",
    "auth_",
    "access_",
    "ledger_checkpoint",
    "ledger_leaf",
    "ledger_subtree",
    "ledger_waiting",
)


def lay(folder: Path) -> None:
    from pehra.drill import api as drill
    from pehra.kernel.actors import system
    from pehra.node import initialise, settings
    from pehra.registry import api as registry

    by = system("test")
    initialise.make_secrets(Path(settings.PEHRA_DATA))
    initialise.lay_out(
        data=Path(settings.PEHRA_DATA), profile="pk", sample=False, seed=1, by=by, at=AT, say=lambda text: None
    )
    written = drill.write_nation(seed=5, organisations=ORGANISATIONS, assets=None, folder=folder / "nation")
    for kind in ("organisations", "assets", "contacts"):
        summary = registry.import_csv(path=written[kind].path, kind=kind, by=by, at=AT)
        assert not summary.rejected, summary.rejected[:3]
    for number, (report, rows) in enumerate(FEEDS):
        path = folder / "feeds" / f"{AT.date()}-{report}-nation.csv"
        drill.write_feed(seed=number, rows=rows, form="shadowserver", report=report, day=AT.date(), path=path)


def ingest(paths: list[Path]) -> None:
    from pehra.kernel.actors import system
    from pehra.node import engine

    print("begin", flush=True)
    summary = engine.ingest(paths, source="", format=None, by=system("test"), at=AT)
    print(json.dumps(summary.as_json()), flush=True)


def contents() -> dict[str, list[str]]:
    """Every row of every table of ours and of the lake, as text without identifiers and times, sorted."""
    from django.db import connection

    from pehra.kernel.actors import system
    from pehra.telemetry import api as telemetry

    held = {}
    with connection.cursor() as cursor:
        cursor.execute("select table_name from information_schema.tables where table_schema = 'public' order by 1")
        tables = [name for (name,) in cursor.fetchall() if not name.startswith(_FOREIGN)]
        for table in tables:
            cursor.execute(f'select to_jsonb(t) from "{table}" t')
            held[table] = sorted(_plain(row) for (row,) in cursor.fetchall())
    held["lake"] = sorted(
        _plain(row) for row in telemetry.query("select * exclude (event_key) from events", by=system("test"))
    )
    return held


def _plain(row: object) -> str:
    value = json.loads(row if isinstance(row, str) else json.dumps(row, default=str))
    kept = {
        name: _readable(one)
        for name, one in value.items()
        if name not in ("id", *_NUMBERED) and not (name.endswith("_id") and isinstance(one, int))
    }
    text = json.dumps(kept, sort_keys=True, ensure_ascii=False)
    for pattern, word in ((_UUID, "(id)"), (_DIGEST, "(digest)"), (_REFERENCE, "(reference)"), (_TIME, "(time)")):
        text = pattern.sub(word, text)
    return text


def _readable(value: object) -> object:
    """Bytes as the text that they are, so that identifiers and times within can be left out too."""
    if not isinstance(value, str) or not value.startswith("\\x"):
        return value
    try:
        return bytes.fromhex(value[2:]).decode()
    except ValueError:
        return "(bytes)"


def main(words: list[str]) -> None:
    from pehra.node.session import node_session

    with node_session(laid_out=words[0] != "lay"):
        if words[0] == "lay":
            lay(Path(words[1]))
        elif words[0] == "ingest":
            ingest([Path(word) for word in words[1:]])
        else:
            print(json.dumps(contents()))


if __name__ == "__main__":
    main(sys.argv[1:])
