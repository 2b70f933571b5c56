"""Feeds about a synthetic nation, as columns, with known duplicates and known bad rows.

What a reader must find in a feed is counted from the very rows that are written, never estimated.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from ipaddress import IPv4Network

import numpy as np
import polars as pl

from pehra.drill.rules.addresses import ABROAD, DOCUMENTATION_ASN
from pehra.kernel.refusals import Invalid

ROWS_MAX = 20_000_000
DUPLICATE_SHARE = 0.2
BAD_SHARE = 0.005
ABROAD_SHARE = 0.02
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class ReportKind:
    """One sort of report: its name at the source and what its rows say."""

    name: str
    two_sided: bool
    port: int
    protocol: str
    tags: tuple[str, ...]
    classification: str


REPORTS: dict[str, ReportKind] = {
    kind.name: kind
    for kind in (
        ReportKind(
            name="event4_sinkhole",
            two_sided=True,
            port=4455,
            protocol="tcp",
            tags=("drillbot", "saffronloader"),
            classification="infected-system",
        ),
        ReportKind(
            name="scan_rdp",
            two_sided=False,
            port=3389,
            protocol="tcp",
            tags=("rdp",),
            classification="vulnerable-system",
        ),
        ReportKind(
            name="scan_smb",
            two_sided=False,
            port=445,
            protocol="tcp",
            tags=("smb",),
            classification="vulnerable-system",
        ),
        ReportKind(
            name="scan_ldap_tcp",
            two_sided=False,
            port=389,
            protocol="tcp",
            tags=("ldap",),
            classification="vulnerable-system",
        ),
        ReportKind(
            name="compromised_website",
            two_sided=False,
            port=443,
            protocol="tcp",
            tags=("drill-webshell",),
            classification="system-compromise",
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a right reader counts in a feed."""

    report: str
    rows: int
    distinct: int
    duplicates: int
    bad: int
    ours: int
    abroad: int

    def as_json(self) -> dict[str, str | int]:
        """Return the counts as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Feed:
    """The rows of a feed, text in every column, and what to expect of them."""

    rows: pl.DataFrame
    expected: Expected


def make_feed(*, kind: ReportKind, prefixes: Sequence[str], seed: int, rows: int, day: date) -> Feed:
    """Return a feed of that many rows about addresses inside the prefixes, spread over the day."""
    if not 1 <= rows <= ROWS_MAX:
        raise Invalid(f"a feed has between 1 and {ROWS_MAX:,} rows, not {rows:,}", field="rows")
    networks = [IPv4Network(prefix) for prefix in prefixes if ":" not in prefix]
    if not networks:
        raise Invalid("no IPv4 prefix is registered: import a nation first", field="prefixes")
    random = np.random.default_rng(seed)
    bad = int(rows * BAD_SHARE)
    duplicates = int(rows * DUPLICATE_SHARE)
    fresh = rows - bad - duplicates
    good = _columns(kind, networks, random, fresh, day)
    repeats = good[random.integers(0, fresh, duplicates)] if fresh else good.clear()
    spoilt = _spoil(_columns(kind, networks, random, bad, day))
    mixed = pl.concat([good, repeats, spoilt])
    mixed = mixed[random.permutation(mixed.height)]
    valid = mixed.filter(pl.col("spoilt") == 0).drop("spoilt")
    once = valid.unique()
    ours = once.filter(pl.col("abroad") == 0).height
    expected = Expected(
        report=kind.name,
        rows=mixed.height,
        distinct=once.height,
        duplicates=valid.height - once.height,
        bad=bad,
        ours=ours,
        abroad=once.height - ours,
    )
    return Feed(rows=mixed.drop("spoilt", "abroad"), expected=expected)


def attack_rows(*, kind: ReportKind, addresses: Sequence[str], tag: str, day: date, seed: int) -> pl.DataFrame:
    """Return one row an address for a staged attack, in the columns of `make_feed`."""
    random = np.random.default_rng(seed)
    count = len(addresses)
    frame = pl.DataFrame(
        {
            "timestamp": _moments(random, count, day),
            "address": pl.Series(addresses, dtype=pl.String),
            "tag": [tag] * count,
            "abroad": np.zeros(count, np.int8),
        }
    )
    return _dress(frame, kind, random).drop("spoilt", "abroad")


def _columns(
    kind: ReportKind, networks: Sequence[IPv4Network], random: np.random.Generator, count: int, day: date
) -> pl.DataFrame:
    starts = np.array([int(network.network_address) for network in networks], dtype=np.int64)
    sizes = np.array([network.num_addresses for network in networks], dtype=np.int64)
    chosen = random.integers(0, len(networks), count)
    # Fewer hosts than a block holds are troubled, and the same ones day after day: hence the bound of 64.
    address = starts[chosen] + random.integers(0, np.minimum(sizes[chosen], 64))
    abroad = random.random(count) < ABROAD_SHARE
    foreign = np.array([int(network.network_address) for network in ABROAD], dtype=np.int64)
    address = np.where(
        abroad, foreign[random.integers(0, len(foreign), count)] + random.integers(1, 255, count), address
    )
    tags = np.array(kind.tags)[random.integers(0, len(kind.tags), count)]
    frame = pl.DataFrame(
        {
            "timestamp": _moments(random, count, day),
            "address": _dotted(address),
            "tag": pl.Series(tags.tolist(), dtype=pl.String),
            "abroad": abroad.astype(np.int8),
        }
    )
    return _dress(frame, kind, random)


def _moments(random: np.random.Generator, count: int, day: date) -> pl.Series:
    midnight = pl.lit(datetime.combine(day, time.min))
    passed = pl.Series(random.integers(0, SECONDS_A_DAY, count) * 1_000_000).cast(pl.Duration("us"))
    moments = pl.DataFrame({"passed": passed}).select((midnight + pl.col("passed")).dt.strftime("%Y-%m-%d %H:%M:%S"))
    return moments.to_series()


def _dotted(address: np.ndarray) -> pl.Series:
    octets = pl.DataFrame({f"o{shift}": (address >> shift) & 255 for shift in (24, 16, 8, 0)})
    return octets.select(pl.concat_str(pl.all(), separator=".").alias("address")).to_series()


def _dress(frame: pl.DataFrame, kind: ReportKind, random: np.random.Generator) -> pl.DataFrame:
    count = frame.height
    side = "src_" if kind.two_sided else ""
    port = random.integers(1024, 65535, count) if kind.two_sided else np.full(count, kind.port)
    dressed = frame.select(
        "timestamp",
        pl.lit("high" if kind.two_sided else "medium").alias("severity"),
        pl.lit(kind.protocol).alias("protocol"),
        pl.col("address").alias(f"{side}ip"),
        pl.Series(f"{side}port", port).cast(pl.String),
        pl.lit(str(DOCUMENTATION_ASN)).alias(f"{side}asn"),
        pl.lit("ZZ").alias(f"{side}geo"),
        pl.lit("").alias(f"{side}hostname"),
        "tag",
        "abroad",
        pl.lit(0, pl.Int8).alias("spoilt"),
    )
    if not kind.two_sided:
        return dressed
    sinkhole = _dotted(int(ABROAD[0].network_address) + random.integers(1, 9, count))
    return dressed.with_columns(
        sinkhole.alias("dst_ip"), pl.lit(str(kind.port)).alias("dst_port"), pl.col("tag").alias("infection")
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    """Make every row unusable: its address or its time says nothing. No two spoilt rows are alike."""
    address = "src_ip" if "src_ip" in frame.columns else "ip"
    number = pl.int_range(pl.len()).cast(pl.String)
    odd = pl.int_range(pl.len()) % 2 == 1
    return frame.with_columns(
        pl.when(odd).then(pl.lit("no-address-") + number).otherwise(pl.col(address)).alias(address),
        pl.when(odd).then(pl.col("timestamp")).otherwise(pl.lit("no-time-") + number).alias("timestamp"),
        pl.lit(1, pl.Int8).alias("spoilt"),
    )
