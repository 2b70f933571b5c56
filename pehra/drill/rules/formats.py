"""The same feed in the formats that Pehra's neighbours write.

Shadowserver CSV, IntelMQ JSON lines (field names of its harmonisation) and Suricata EVE JSON lines.
"""

import json
from collections.abc import Callable

import polars as pl

from pehra.drill.rules.feed import ReportKind


def shadowserver(rows: pl.DataFrame, kind: ReportKind) -> bytes:
    """Return the feed as a Shadowserver report: CSV, every text quoted."""
    return rows.write_csv(quote_style="always").encode()


def intelmq(rows: pl.DataFrame, kind: ReportKind) -> bytes:
    """Return the feed as IntelMQ events, one JSON object a line."""
    side = "src_" if kind.two_sided else ""
    moment = pl.col("timestamp").str.replace(" ", "T") + pl.lit("+00:00")
    fields = {
        "time.source": moment,
        "source.ip": pl.col(f"{side}ip"),
        "source.port": pl.col(f"{side}port").cast(pl.Int64, strict=False),
        "protocol.transport": pl.col("protocol"),
        "classification.type": pl.lit(kind.classification),
        "classification.identifier": pl.lit(kind.name),
        "malware.name": pl.col("infection") if kind.two_sided else None,
        "feed.name": pl.lit("Drill"),
        "feed.code": pl.lit(f"drill-{kind.name}"),
    }
    chosen = rows.select(**{name: column for name, column in fields.items() if column is not None})
    return chosen.write_ndjson().encode()


def eve(rows: pl.DataFrame, kind: ReportKind) -> bytes:
    """Return the feed as Suricata EVE alerts, one JSON object a line."""
    side = "src_" if kind.two_sided else ""
    alert = json.dumps({"signature": f"DRILL {kind.name}", "signature_id": 9_000_001, "severity": 2})
    chosen = rows.select(
        timestamp=pl.col("timestamp").str.replace(" ", "T") + pl.lit("+0000"),
        event_type=pl.lit("alert"),
        src_ip=pl.col(f"{side}ip"),
        src_port=pl.col(f"{side}port").cast(pl.Int64, strict=False),
        dest_ip=pl.col("dst_ip") if kind.two_sided else pl.lit("192.0.2.1"),
        proto=pl.col("protocol").str.to_uppercase(),
        alert=pl.lit(alert).str.json_decode(
            pl.Struct({"signature": pl.String, "signature_id": pl.Int64, "severity": pl.Int64})
        ),
    )
    return chosen.write_ndjson().encode()


WRITERS: dict[str, Callable[[pl.DataFrame, ReportKind], bytes]] = {
    "shadowserver": shadowserver,
    "intelmq": intelmq,
    "eve": eve,
}
