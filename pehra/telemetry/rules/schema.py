"""The one schema of an event: every column with its type, unit, meaning, and its name in OCSF and in IntelMQ.

The parsers fill it, the lake stores it, the `events` view shows it, the documentation prints it. A field that no
column stands for goes to `extra`; nothing a feed says is dropped. OCSF names follow its 2026 schema (`unmapped` where
a feed's own field stays its own); IntelMQ names its field dictionary. An empty name means that the other has no word
for it.
"""

from dataclasses import dataclass

import polars as pl

MOMENT = pl.Datetime("us", "UTC")
WORD = pl.Categorical()


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column. `hidden` ones are stored, but the view shows something made of them instead."""

    name: str
    dtype: pl.DataType
    meaning: str
    unit: str = ""
    ocsf: str = ""
    intelmq: str = ""
    hidden: bool = False


def _text(name: str, meaning: str, *, ocsf: str = "", intelmq: str = "") -> Column:
    return Column(name=name, dtype=pl.String(), meaning=meaning, ocsf=ocsf, intelmq=intelmq)


def _word(name: str, meaning: str, *, ocsf: str = "", intelmq: str = "", hidden: bool = False) -> Column:
    """Return a column of few distinct texts, which memory and Parquet keep once each."""
    return Column(name=name, dtype=WORD, meaning=meaning, ocsf=ocsf, intelmq=intelmq, hidden=hidden)


def _side(side: str, endpoint: str, who: str) -> tuple[Column, ...]:
    """Return the columns of one side of an event: what the standards call its endpoint."""
    dotted = f"{side}."
    return (
        _text(f"{side}_ip", f"address of {who}", ocsf=f"{endpoint}.ip", intelmq=dotted + "ip"),
        Column(
            name=f"{side}_port",
            dtype=pl.UInt16(),
            unit="port number, 1 to 65535",
            meaning=f"transport port of {who}",
            ocsf=f"{endpoint}.port",
            intelmq=dotted + "port",
        ),
        Column(
            name=f"{side}_asn",
            dtype=pl.UInt32(),
            unit="AS number",
            meaning=f"autonomous system of {who}, as the feed says",
            ocsf=f"{endpoint}.autonomous_system.number",
            intelmq=dotted + "asn",
        ),
        _text(f"{side}_fqdn", f"name by which {who} was addressed", ocsf=f"{endpoint}.domain", intelmq=dotted + "fqdn"),
        _text(
            f"{side}_reverse_dns",
            f"name that the DNS gives back for the address of {who}",
            ocsf=f"{endpoint}.hostname",
            intelmq=dotted + "reverse_dns",
        ),
        _text(
            f"{side}_url", f"URL at {who}", ocsf="url.url_string" if side == "source" else "", intelmq=dotted + "url"
        ),
        _text(f"{side}_network", f"network of {who}, as the feed says", intelmq=dotted + "network"),
        _text(
            f"{side}_cc",
            f"country of {who}, ISO 3166-1 alpha-2, as the feed says",
            ocsf=f"{endpoint}.location.country",
            intelmq=dotted + "geolocation.cc",
        ),
        _text(
            f"{side}_region",
            f"region of {who}, as the feed says",
            ocsf=f"{endpoint}.location.region",
            intelmq=dotted + "geolocation.region",
        ),
        _text(
            f"{side}_city",
            f"city of {who}, as the feed says",
            ocsf=f"{endpoint}.location.city",
            intelmq=dotted + "geolocation.city",
        ),
    )


COLUMNS: tuple[Column, ...] = (
    Column(
        name="time_source",
        dtype=MOMENT,
        unit="microseconds since 1970, UTC",
        meaning="when the event was seen by its source",
        ocsf="time",
        intelmq="time.source",
    ),
    *_side("source", "src_endpoint", "the side that acted or has the problem"),
    *_side("destination", "dst_endpoint", "the side acted upon"),
    _word(
        "protocol_transport",
        "transport protocol: tcp, udp, icmp",
        ocsf="connection_info.protocol_name",
        intelmq="protocol.transport",
    ),
    _word("protocol_application", "application protocol", ocsf="dst_endpoint.svc_name", intelmq="protocol.application"),
    _word("classification_taxonomy", "RSIT class", ocsf="finding_info.types", intelmq="classification.taxonomy"),
    _word("classification_type", "RSIT type", ocsf="finding_info.types", intelmq="classification.type"),
    _word(
        "classification_identifier",
        "the feed's own name of the problem; of Shadowserver its report type",
        ocsf="finding_info.title",
        intelmq="classification.identifier",
    ),
    _text(
        "malware_name",
        "malware, or the kind of attack where a feed puts that here",
        ocsf="malware.name",
        intelmq="malware.name",
    ),
    _text("malware_hash_md5", "MD5 digest of the malware", ocsf="malware.files.hashes", intelmq="malware.hash.md5"),
    _word("feed_name", "feed that said it", ocsf="metadata.log_provider", intelmq="feed.name"),
    _word("feed_code", "the feed's report", ocsf="metadata.log_name", intelmq="feed.code"),
    _text("extra", "JSON object of whatever else the feed says, by its own names", ocsf="unmapped", intelmq="extra"),
    _word("concerns", "side that the event is about: source or destination"),
    _word("asset", "registered asset that the concerned side belongs to"),
    _word(
        "organisation",
        "organisation that owns the asset; empty for the country's unowned space",
        ocsf="metadata.tenant_uid",
    ),
    _word("sector", "sector of the organisation"),
    _word("territory", "territory of the organisation"),
    _word("lead_team", "team that leads"),
    _word("teams", "teams that may see the event, separated by ;", hidden=True),
    _word("because", "JSON: why that team leads"),
    _text("indicator", "first indicator that the event matched"),
    Column(name="event_key_high", dtype=pl.UInt64(), meaning="content key, first half", hidden=True),
    Column(name="event_key_low", dtype=pl.UInt64(), meaning="content key, second half", hidden=True),
    _word("raw_file", "SHA-256 of the input as received", ocsf="metadata.original_event_uid"),
    Column(
        name="raw_line",
        dtype=pl.UInt64(),
        unit="line, the first is 1",
        meaning="line of the unpacked input on which the event begins",
        ocsf="metadata.sequence",
    ),
    Column(
        name="ingested_at",
        dtype=MOMENT,
        unit="microseconds since 1970, UTC",
        meaning="when this node read it",
        ocsf="metadata.processed_time",
        intelmq="time.observation",
    ),
)

EVENT_KEY = Column(
    name="event_key",
    dtype=pl.String(),
    unit="32 hexadecimal digits",
    meaning="key of the event's content: the same event, sent again in whatever file, has the same",
    ocsf="metadata.uid",
)

BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}
STORED: tuple[str, ...] = tuple(BY_NAME)
TYPES: dict[str, pl.DataType] = {column.name: column.dtype for column in COLUMNS}
BY_INTELMQ: dict[str, str] = {column.intelmq: column.name for column in COLUMNS if column.intelmq}


def shown() -> tuple[Column, ...]:
    """Return the columns of the `events` view, in its order."""
    columns: list[Column] = []
    for column in COLUMNS:
        if column.name == "event_key_high":
            columns.append(EVENT_KEY)
        if not column.hidden:
            columns.append(column)
    return tuple(columns)


def complete(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with every stored column, in order and in its declared type; what is missing is null."""
    present = frame.schema
    columns = [
        (pl.col(name) if present[name] == dtype else pl.col(name).cast(dtype))
        if name in present
        else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in TYPES.items()
    ]
    return frame.select(columns)
