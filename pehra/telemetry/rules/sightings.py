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
_CARRIED = ("asset", *_OWNER, "classification_taxonomy", "malware_name", "feed_name", "feed_code")
_SAID = tuple(dict.fromkeys((*_CARRIED, *_EVIDENCE)))
_SAYS = "says."
_ALWAYS = ("subject", "owner")
_GROUPED = (*_ALWAYS, "classification_type", "classification_identifier", "malware", "port")

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
    """Return the sightings of one batch of complete events; their owners as words, their evidence as columns."""
    rows = _concerned(events, attributed, service)
    # What is the same in all rows cannot tell one problem from another, and grouping by it costs.
    varying = [name for name in _GROUPED if name in _ALWAYS or not _is_constant(rows[name])]
    groups = rows.group_by(varying).agg(
        pl.len().cast(pl.Int64).alias("times"),
        pl.col("time_source").min().alias("first_seen"),
        pl.col("time_source").max().alias("last_seen"),
        pl.col("place").min(),
    )
    constant = [name for name in _GROUPED if name not in varying]
    if constant:
        groups = groups.with_columns(pl.lit(rows[name].first(), rows[name].dtype).alias(name) for name in constant)
    said = events.select(_SAID).select(pl.all().gather(groups["place"]))
    kind = pl.concat_str(
        pl.col("classification_type").cast(pl.String),
        pl.col("classification_identifier").cast(pl.String),
        pl.when(pl.col("malware") != "").then("malware"),
        separator="/",
        ignore_nulls=True,
    )
    return groups.select(
        "subject",
        "port",
        "times",
        "first_seen",
        "last_seen",
        "classification_type",
        "classification_identifier",
        kind=kind,
    ).with_columns(
        *said.select(_CARRIED).get_columns(),
        *said.select(pl.col(_EVIDENCE).name.prefix(_SAYS)).get_columns(),
        said["protocol_transport"].alias("protocol"),
    )


def _concerned(events: pl.DataFrame, attributed: Attributed, service: pl.Series) -> pl.DataFrame:
    """Return the rows that show a problem of a registered side, with what tells one problem from another."""
    of_somebody = pl.Series(attributed.rows != NOBODY) & attributed.subjects.is_not_null()
    harmless = events["classification_taxonomy"].cast(pl.String).is_in(NO_PROBLEM).fill_null(True)
    port = pl.when("about_destination").then("destination_port").when("service").then("source_port")
    malware = pl.when(pl.col("classification_taxonomy") == "malicious-code").then("malware_name").fill_null("")
    return (
        events.select("time_source", *_CLASS, "malware_name", "source_port", "destination_port")
        .with_columns(
            attributed.subjects,
            service.alias("service"),
            pl.Series("owner", attributed.rows),
            pl.Series("about_destination", attributed.destination),
        )
        .with_row_index("place")
        .filter(of_somebody & ~harmless)
        .with_columns(port.fill_null(0).cast(pl.Int64).alias("port"), malware.alias("malware"))
    )


def _is_constant(column: pl.Series) -> bool:
    if column.null_count():
        return column.null_count() == len(column)
    return len(column) == 0 or bool((column == column[0]).all())


def _evidence(whole: pl.DataFrame) -> pl.Series:
    """Return what one event of each sighting says, as JSON: made last, since most batches show the same problems."""
    said = whole.select(pl.col(_SAYS + name).alias(name) for name in _EVIDENCE)
    moment = pl.col("time_source").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return extra.json_objects(said.with_columns(moment).select(pl.all().cast(pl.String))).alias("evidence")


def merged(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the sightings of all batches as one: the columns that `findings` folds, in their declared types."""
    if not parts:
        return pl.DataFrame(schema=COLUMNS)
    whole = pl.concat(parts)
    if len(parts) > 1:
        folded = (
            whole.select(*_KEY, "times", "first_seen", "last_seen")
            .with_row_index("place")
            .group_by(_KEY)
            .agg(
                pl.col("times").sum(),
                pl.col("first_seen").min(),
                pl.col("last_seen").max(),
                pl.col("place").min(),
            )
        )
        carried = [name for name in whole.columns if name not in (*_KEY, "times", "first_seen", "last_seen")]
        whole = folded.hstack(whole.select(carried).select(pl.all().gather(folded["place"])))
    whole = whole.with_columns(_evidence(whole))
    address = pl.when(pl.col("subject").str.contains(":", literal=True)).then(pl.lit("ipv6"))
    v4 = pl.col("subject").str.contains(r"^[0-9.]+$")
    subject_type = address.when(v4).then(pl.lit("ipv4")).otherwise(pl.lit("domain"))
    teams = pl.col("teams").cast(pl.String).fill_null("")
    made = {
        "subject_type": subject_type,
        "teams": pl.when(teams != "").then(teams.str.split(";")).otherwise(pl.lit([], dtype=pl.List(pl.String))),
    }
    texts = {name: pl.col(name).cast(pl.String).fill_null("") for name, dtype in COLUMNS.items() if dtype == pl.String}
    return whole.select(
        made.get(name, texts.get(name, pl.col(name).cast(dtype))).alias(name) for name, dtype in COLUMNS.items()
    ).sort(_KEY)
