"""Events folded to sightings of problems: one row a problem, however many events show it.

A problem is a subject (address or name) of an asset, a kind, and a port where the port is part of the problem. Only
what concerns a registered side, ours or the country's, is a sighting; `other` and `test` are facts to keep and
nobody's problem.
"""

import polars as pl

from pehra.telemetry.rules import extra
from pehra.telemetry.rules.attribution import NOBODY, Attributed

NO_PROBLEM = ("other", "test")
_KEY = ("subject", "asset", "kind", "port")
_OWNER = ("organisation", "sector", "territory", "lead_team", "teams", "because")
_CLASS = ("classification_taxonomy", "classification_type", "classification_identifier")
_EVIDENCE = (
    "time_source",
    "source_ip",
    "source_port",
    "source_fqdn",
    "source_url",
    "destination_ip",
    "destination_port",
    "destination_fqdn",
    "protocol_transport",
    "classification_identifier",
    "malware_name",
    "raw_file",
    "raw_line",
)
_SAID = tuple(dict.fromkeys((*_OWNER, "classification_taxonomy", "malware_name", "feed_name", "feed_code", *_EVIDENCE)))

COLUMNS: dict[str, pl.DataType] = {
    "subject": pl.String(),
    "subject_type": pl.String(),
    "asset": pl.String(),
    "organisation": pl.String(),
    "sector": pl.String(),
    "territory": pl.String(),
    "lead_team": pl.String(),
    "teams": pl.List(pl.String()),
    "because": pl.String(),
    "kind": pl.String(),
    "classification_taxonomy": pl.String(),
    "classification_type": pl.String(),
    "classification_identifier": pl.String(),
    "malware_name": pl.String(),
    "port": pl.Int64(),
    "protocol": pl.String(),
    "times": pl.Int64(),
    "first_seen": pl.Datetime("us", "UTC"),
    "last_seen": pl.Datetime("us", "UTC"),
    "feed_name": pl.String(),
    "feed_code": pl.String(),
    "evidence": pl.String(),
}


def of_batch(events: pl.DataFrame, attributed: Attributed, service: pl.Series) -> pl.DataFrame:
    """Return the sightings of one batch of complete events; their owners as words, their evidence as JSON."""
    taxonomy = events["classification_taxonomy"]
    concerned = (
        pl.Series(attributed.rows != NOBODY)
        & attributed.subjects.is_not_null()
        & ~taxonomy.cast(pl.String).is_in(NO_PROBLEM).fill_null(True)
    )
    about_destination = pl.Series("about_destination", attributed.destination)
    rows = (
        events.select("time_source", "asset", *_CLASS, "malware_name", "source_port", "destination_port")
        .with_columns(attributed.subjects, about_destination, service.alias("service"))
        .with_row_index("place")
        .filter(concerned)
    )
    port = pl.when("about_destination").then("destination_port").when("service").then("source_port")
    malware = pl.when(pl.col("classification_taxonomy") == "malicious-code").then("malware_name").fill_null("")
    groups = (
        rows.with_columns(port.fill_null(0).cast(pl.Int64).alias("port"), malware.alias("malware"))
        .group_by(
            "subject",
            "asset",
            "classification_type",
            "classification_identifier",
            "malware",
            "port",
            maintain_order=True,
        )
        .agg(
            pl.len().cast(pl.Int64).alias("times"),
            pl.col("time_source").min().alias("first_seen"),
            pl.col("time_source").max().alias("last_seen"),
            pl.col("place").first(),
        )
    )
    said = events.select(_SAID).select(pl.all().gather(groups["place"]))
    kind = pl.concat_str(
        pl.col("classification_type").cast(pl.String),
        pl.col("classification_identifier").cast(pl.String),
        separator="/",
        ignore_nulls=True,
    )
    with_malware = (
        pl.when(pl.col("malware") != "").then(pl.concat_str(kind, pl.lit("/"), pl.col("malware"))).otherwise(kind)
    )
    return groups.with_columns(
        kind=with_malware, evidence=_evidence(said, groups), protocol=said["protocol_transport"]
    ).hstack(said.select(*_OWNER, "classification_taxonomy", "malware_name", "feed_name", "feed_code"))


def _evidence(said: pl.DataFrame, groups: pl.DataFrame) -> pl.Series:
    moment = pl.col("time_source").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return extra.json_objects(said.select(_EVIDENCE).with_columns(moment).select(pl.all().cast(pl.String)))


def merged(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the sightings of all batches as one: the columns that `findings` folds, in their declared types."""
    if not parts:
        return pl.DataFrame(schema=COLUMNS)
    whole = pl.concat(parts)
    kept = [name for name in COLUMNS if name not in (*_KEY, "times", "first_seen", "last_seen", "subject_type")]
    if len(parts) > 1:
        whole = whole.group_by(_KEY, maintain_order=True).agg(
            pl.col("times").sum(),
            pl.col("first_seen").min(),
            pl.col("last_seen").max(),
            *(pl.col(name).first() for name in kept),
        )
    address = pl.when(pl.col("subject").str.contains(":", literal=True)).then(pl.lit("ipv6"))
    subject_type = (
        address.when(pl.col("subject").str.contains(r"^[0-9.]+$")).then(pl.lit("ipv4")).otherwise(pl.lit("domain"))
    )
    teams = pl.col("teams").cast(pl.String).fill_null("")
    return whole.select(
        (
            subject_type.alias(name)
            if name == "subject_type"
            else pl.when(teams != "")
            .then(teams.str.split(";"))
            .otherwise(pl.lit([], dtype=pl.List(pl.String)))
            .alias(name)
            if name == "teams"
            else pl.col(name).cast(dtype).fill_null("")
            if dtype == pl.String
            else pl.col(name).cast(dtype)
        )
        for name, dtype in COLUMNS.items()
    )
