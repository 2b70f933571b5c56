"""What the telemetry tests stand on: a small registry and a few indicators, built without a database."""

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pehra.intel.gateways import tables
from pehra.intel.rules.match_sets import MatchSets
from pehra.registry.api import Attribution, parse_v4, parse_v6
from pehra.registry.rules.answering import Answerable
from pehra.registry.rules.attribution import ASSETS_SCHEMA, ORGANISATIONS_SCHEMA, attribute
from pehra.telemetry.gateways.folders import Lake, Run
from pehra.telemetry.gateways.parquet import read_keys
from pehra.telemetry.gateways.staging import Outcome, Tools, stage_file
from pehra.telemetry.rules.addresses import AddressReader

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
READER = AddressReader(v4=parse_v4, v6=parse_v6)
WHY = '[{"rule":"telecom-leads"}]'


def registry(assets: Sequence[tuple[str, str, str]] | None = None) -> Attribution:
    """An operator with a large block, a hospital inside it with a name, a bank with IPv6 and an AS."""
    held = assets or [
        ("prefix", "198.18.0.0/16", "org-telco"),
        ("prefix", "198.18.7.0/24", "org-hospital"),
        ("prefix", "198.19.0.0/16", ""),
        ("prefix", "2001:db8::/32", "org-bank"),
        ("domain", "hospital.example", "org-hospital"),
        ("domain", "bank.example", "org-bank"),
        ("asn", "AS64500", "org-bank"),
    ]
    organisations = [
        (code, code.title(), sector, territory, [], team, ["pkcert", team], WHY)
        for code, sector, territory, team in (
            ("org-telco", "telecom", "punjab", "ntcert"),
            ("org-hospital", "health", "punjab", "punjab-cert"),
            ("org-bank", "banking-finance", "sindh", "fincert"),
        )
    ]
    return attribute(
        pl.DataFrame(held, schema=ASSETS_SCHEMA, orient="row"),
        pl.DataFrame(
            organisations, schema={name: ORGANISATIONS_SCHEMA[name] for name in _ORGANISATION}, orient="row"
        ).select(*ORGANISATIONS_SCHEMA),
        unowned=Answerable(
            lead_team="ntcert",
            teams=("ntcert", "pkcert"),
            roles=({"team": "ntcert", "role": "lead", "because": {"rule": "unowned-space"}},),
        ),
    )


_ORGANISATION = (
    "organisation",
    "organisation_name",
    "sector",
    "territory",
    "classes",
    "lead_team",
    "teams",
    "because",
)


def sets(*values: tuple[str, str]) -> MatchSets:
    """Match sets of some values, each an indicator `i-0`, `i-1`, …"""
    rows = [(kind, value, f"i-{number}") for number, (kind, value) in enumerate(values)]
    return tables.build(
        pl.DataFrame(rows, schema={"type": pl.String, "value": pl.String, "id": pl.String}, orient="row")
    )


BOOK = registry()
NOTHING_KNOWN = sets()


class Node:
    """A lake with its manifest in memory: what `api` keeps in PostgreSQL, for tests of the road itself."""

    def __init__(
        self,
        folder: Path,
        *,
        book: Attribution | None = None,
        match_sets: MatchSets | None = None,
        seed: bytes = b"node",
    ) -> None:
        self.lake = Lake(folder)
        self.book = book or BOOK
        self.sets = match_sets or NOTHING_KNOWN
        self.seed = seed
        self.outcomes: list[Outcome] = []

    def rows_of(self, sha256: str) -> int | None:
        return next((one.rows_read for one in self.outcomes if one.sha256 == sha256), None)

    def runs(self, day: date) -> list[Any]:
        names = [file.keys_name for one in self.outcomes for file in one.files if file.day == day]
        return [read_keys(self.lake.path(name)) for name in names]

    def reports(self, feed: str, header: str) -> list[str]:
        texts = [text for one in self.outcomes for text in one.texts]
        return sorted({text.report for text in texts if (text.feed, text.header) == (feed, header)})

    def ingest(self, path: Path, *, at: datetime = AT, source: str = "", form: str = "") -> Outcome:
        """Stage an input and make it part of the lake."""
        run = Run(self.lake, f"run-{len(self.outcomes)}")
        run.begin()
        tools = Tools(self.book, self.sets, READER, self, self.seed)
        try:
            outcome = stage_file(path, lake=self.lake, run=run, tools=tools, at=at, source=source, form=form)
        except BaseException:
            shutil.rmtree(run.folder)
            raise
        if not outcome.already_ingested:
            run.move()
            self.outcomes.append(outcome)
        shutil.rmtree(run.folder)
        return outcome

    def events(self) -> pl.DataFrame:
        """Every event of the lake."""
        files = [self.lake.path(file.name) for one in self.outcomes for file in one.files]
        frames = [pl.read_parquet(file).with_columns(pl.col(pl.Categorical).cast(pl.String)) for file in files]
        return pl.concat(frames) if frames else pl.DataFrame()

    def rejects(self, outcome: Outcome) -> list[dict[str, Any]]:
        """The rejects of an input."""
        if outcome.rejects_name is None:
            return []
        return pl.read_ndjson(self.lake.path(outcome.rejects_name)).to_dicts()


def report(rows: Sequence[Mapping[str, object]], *, headers: Sequence[str] | None = None) -> bytes:
    """A Shadowserver report of some rows."""
    names = list(headers or dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def telnet(number: int, **more: object) -> dict[str, object]:
    """A row of `scan_telnet`, each number another."""
    return {
        "timestamp": f"2026-11-23 {number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}",
        "ip": f"198.18.{number // 250 % 250}.{number % 250 + 1}",
        "protocol": "tcp",
        "port": 23,
        "hostname": f"host-{number}.isp.example",
        "tag": "telnet",
        "asn": 64496,
        "geo": "PK",
        "region": "PUNJAB",
        "city": "LAHORE",
        "naics": 0,
        "sic": 0,
        "banner": f"login {number}",
        **more,
    }


NAME = "2026-11-24-scan_telnet-pakistan-geo.csv"
