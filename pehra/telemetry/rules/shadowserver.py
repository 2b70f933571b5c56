"""Shadowserver's CSV reports as events.

A column's meaning comes from its header name, in whatever order; the class from the report's type (`families`). Names
that are not known are kept in `extra` under the name they came with, and so is a value that cannot be read as what its
header promises. What upstream names things in its own schema is not copied: the rules stand in the project's own notes
and are listed in docs/standards/shadowserver.md.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time

import numpy as np
import polars as pl

from pehra.telemetry.rules import extra, families
from pehra.telemetry.rules.addresses import Addresses, AddressReader, Mask, none, parsed, spelt
from pehra.telemetry.rules.event_time import moments
from pehra.telemetry.rules.families import Family, Side
from pehra.telemetry.rules.feeds import Examined, without_empty
from pehra.telemetry.rules.schema import WORD

FEED = "shadowserver"
TIME = "timestamp"

_TRANSPORTS = ("tcp", "udp", "icmp")
# Reports without a `protocol` header, whose name tells it.
_TRANSPORT_OF = {"rdp": "tcp", "vnc": "tcp", "smb": "tcp", "ipmi": "udp", "netis_router": "udp"}
_APPLICATIONS = {
    "ldap_tcp": "ldap",
    "isakmp": "ipsec",
    "ntpmonitor": "ntp",
    "nat_pmp": "natpmp",
    "dvr_dhcpdiscover": "dvrdhcpdiscover",
    "netbios": "netbios-nameservice",
    "smtp_vulnerable": "smtp",
    "mqtt_anon": "mqtt",
    "stun": "session traversal utilities for nat",
}
_NO_APPLICATION = frozenset({"ard", "netis_router", "rdpeudp", "ubiquiti", "ssh", "exchange"})
_ZERO_IS_ABSENT = ("naics", "sic", "src_naics", "src_sic", "dst_naics", "dst_sic")

Columns = dict[str, pl.Series | pl.Expr]


class ShadowserverParser:
    """The parser of one report type with one header."""

    feed = FEED

    def __init__(self, *, report: str, headers: Sequence[str]) -> None:
        self.report = report
        self.headers = tuple(headers)
        self._known = frozenset(headers)
        self.two_sided = "src_ip" in self._known
        self.history = families.history(report)
        self._consumed: set[str] = {TIME}

    @property
    def alarms(self) -> Sequence[str]:
        """Say that the report's type is unknown, if it is."""
        if self.history[0].known:
            return ()
        if self.report:
            return (
                f"the report type {self.report!r} is not in the table: its events are kept as other/undetermined until"
                " the table of families has a row for it",
            )
        return (
            "no report type is known for this file: its events are kept as other/undetermined."
            " Name it YYYY-MM-DD-TYPE-….csv or say --source TYPE, and pack it with gzip to have it read again",
        )

    @property
    def key_columns(self) -> Sequence[str]:
        """Every column as received."""
        return self.headers

    def examine(self, raw: pl.DataFrame, *, at: datetime, reader: AddressReader) -> Examined:
        """Say which rows have a moment and no broken address on the side they are about."""
        raw = without_empty(raw)
        blank = np.zeros(len(raw), np.bool_)
        seen = moments(raw[TIME], at=at)
        source = parsed(raw[self._source_ip], reader) if self._source_ip in self._known else none(len(raw))
        destination = parsed(raw["dst_ip"], reader) if "dst_ip" in self._known else none(len(raw))
        reasons = pl.repeat(None, len(raw), dtype=pl.String, eager=True).alias("reason")
        bad_times = seen.is_null().to_numpy()
        bad = np.flatnonzero(bad_times | self._concerned(source, destination).bad)
        if len(bad):
            broken = raw.select(pl.all().gather(bad))
            blank[bad] = broken.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
            reasons = reasons.scatter(bad, self._reasons(broken, bad_times[bad]))
        return Examined(raw=raw, moments=seen, source=source, destination=destination, reasons=reasons, blank=blank)

    def normalise(self, rows: Examined) -> pl.DataFrame:
        """Return the events of rows that can be."""
        raw = _zero_is_absent(rows.raw)
        columns: Columns = {"time_source": rows.moments}
        lost: dict[str, pl.Series] = {}
        self._addresses(raw, rows, columns, lost)
        for side, prefix in self._sides():
            self._endpoint(raw, side, prefix, columns, lost)
        self._names_and_urls(raw, columns, lost)
        self._protocols(raw, columns, lost)
        self._malware(raw, columns)
        columns |= self._classes(raw, rows.moments)
        events = raw.select(**columns) if raw.width else pl.DataFrame(columns)
        return events.with_columns(self._extra(raw, lost))

    # Which header is whose.

    @property
    def _source_ip(self) -> str:
        return "src_ip" if self.two_sided else "ip"

    def _sides(self) -> tuple[tuple[Side, str], ...]:
        return ((Side.SOURCE, "src_" if self.two_sided else ""), (Side.DESTINATION, "dst_"))

    @property
    def _far(self) -> Side:
        """The side that the report's host names and URLs belong to."""
        elsewhere = self.two_sided or self.report.startswith("sandbox_")
        return Side.DESTINATION if elsewhere else Side.SOURCE

    def _has(self, header: str) -> bool:
        return header in self._known

    def _concerned(self, source: Addresses, destination: Addresses) -> Addresses:
        return source if self.history[0].concerns is Side.SOURCE else destination

    def _reasons(self, broken: pl.DataFrame, bad_times: Mask) -> pl.Series:
        """Return why each of some broken rows is no event."""
        header = self._source_ip if self.history[0].concerns is Side.SOURCE else "dst_ip"
        address = pl.col(header).str.slice(0, 60) if self._has(header) else pl.lit("")
        moment = pl.col(TIME).str.slice(0, 60).fill_null("(empty)")
        wrong_time = pl.concat_str(pl.lit("timestamp is no moment that can be: "), moment)
        wrong_address = pl.concat_str(pl.lit(f"{header} is no address: "), address)
        return broken.select(
            pl.when(pl.lit(pl.Series(bad_times))).then(wrong_time).otherwise(wrong_address)
        ).to_series()

    # The columns.

    def _addresses(self, raw: pl.DataFrame, rows: Examined, columns: Columns, lost: dict[str, pl.Series]) -> None:
        for side, header, addresses in (
            (Side.SOURCE, self._source_ip, rows.source),
            (Side.DESTINATION, "dst_ip", rows.destination),
        ):
            if self._has(header):
                columns[f"{side}_ip"] = spelt(raw[header], addresses)
                if addresses.bad.any():
                    lost[header] = raw[header].zip_with(pl.Series(addresses.bad), pl.Series([None], dtype=pl.String))
                self._consumed.add(header)

    def _endpoint(
        self, raw: pl.DataFrame, side: Side, prefix: str, columns: Columns, lost: dict[str, pl.Series]
    ) -> None:
        for header, name, dtype in (("port", "port", pl.UInt16), ("asn", "asn", pl.UInt32)):
            if self._has(prefix + header):
                columns[f"{side}_{name}"] = self._number(raw[prefix + header], dtype, lost)
        for header, name in (("geo", "cc"), ("region", "region"), ("city", "city")):
            if self._has(prefix + header):
                columns[f"{side}_{name}"] = pl.col(prefix + header)
                self._consumed.add(prefix + header)
        if self._has(prefix + "hostname"):
            texts = raw[prefix + "hostname"]
            names, others = _split(texts, texts.str.contains(".", literal=True))
            columns[f"{side}_reverse_dns"] = names.str.to_lowercase().str.strip_suffix(".")
            self._keep(texts, others, lost)
        if side is Side.SOURCE and self._has("network"):
            columns["source_network"] = pl.col("network")
            self._consumed.add("network")

    def _number(self, texts: pl.Series, dtype: type[pl.DataType], lost: dict[str, pl.Series]) -> pl.Series:
        """Return a column of numbers; 0 is absent, and what is no such number stays in `extra`."""
        numbers = texts.cast(dtype, strict=False)
        unread = texts.filter(numbers.is_null() & texts.is_not_null())
        self._consumed.add(texts.name)
        if len(unread):
            lost[texts.name] = _split(texts, numbers.is_null())[0]
        if (numbers == 0).any():
            numbers = numbers.set(numbers == 0, None)
        return numbers

    def _keep(self, texts: pl.Series, others: pl.Series, lost: dict[str, pl.Series]) -> None:
        self._consumed.add(texts.name)
        if others.null_count() < len(others):
            lost[texts.name] = others

    def _names_and_urls(self, raw: pl.DataFrame, columns: Columns, lost: dict[str, pl.Series]) -> None:
        named = self.report == "phish_url" or self.report.startswith("sandbox_")
        host = next((name for name in ("http_host", "host") if self._has(name) and (name != "host" or named)), None)
        if host:
            # With its port, and an address instead of a name where the client asked for one.
            texts = raw[host].str.to_lowercase().str.replace(r":\d+$", "").str.strip_suffix(".")
            is_name = texts.str.contains(".", literal=True) & ~texts.str.contains(r"^[0-9.]+$|[:\[\]]")
            names, _ = _split(texts, is_name)
            columns[f"{self._far}_fqdn"] = names
            if raw[host].filter(names.is_null() & raw[host].is_not_null()).len():
                lost[host] = _split(raw[host], names.is_null())[0]
            self._consumed.add(host)
        link = next((name for name in ("url", "http_url") if self._has(name)), None)
        if link:
            texts = raw[link]
            asked = texts.str.replace(r"^(?:GET|POST|HEAD) ", "").str.replace(r" HTTP/\d(?:\.\d)?$", "")
            absolute = asked.str.contains(r"^[A-Za-z][A-Za-z0-9+.-]*://")
            urls = _split(asked, absolute)[0]
            if host:
                joined = pl.concat_str(pl.lit("http://"), pl.col("host"), pl.col("asked"))
                parts = pl.DataFrame({"host": raw[host], "asked": asked, "url": urls})
                relative = pl.col("url").is_null() & pl.col("asked").str.starts_with("/")
                urls = parts.select(pl.when(relative).then(joined).otherwise(pl.col("url"))).to_series()
            columns[f"{self._far}_url"] = urls
            self._keep(texts, _split(texts, urls.is_null())[0], lost)

    def _protocols(self, raw: pl.DataFrame, columns: Columns, lost: dict[str, pl.Series]) -> None:
        subject = self.report.removeprefix("scan6_").removeprefix("scan_") if self.report.startswith("scan") else ""
        if self._has("protocol"):
            texts = raw["protocol"].str.to_lowercase()
            known, _ = _split(texts, texts.is_in(_TRANSPORTS))
            columns["protocol_transport"] = known.cast(WORD)
            self._keep(raw["protocol"], _split(raw["protocol"], known.is_null())[0], lost)
        elif subject in _TRANSPORT_OF:
            columns["protocol_transport"] = pl.lit(_TRANSPORT_OF[subject], dtype=WORD)
        application = self._application(subject)
        if isinstance(application, pl.Expr):
            columns["protocol_application"] = application.str.to_lowercase().cast(WORD)
        elif application:
            columns["protocol_application"] = pl.lit(application, dtype=WORD)

    def _application(self, subject: str) -> str | pl.Expr:
        """Return what a report's name tells of the application protocol, or the column that tells it."""
        if self.report == "compromised_website" and self._has("application"):
            self._consumed.add("application")
            return pl.col("application")
        if subject == "socks" and self._has("tag"):
            return pl.col("tag")
        if self.report.endswith(("_sinkhole_http", "_http_scan")) or subject.startswith("http"):
            return "http"
        if self.report.endswith("_dns"):
            return "dns"
        if not subject or subject in _NO_APPLICATION:
            return ""
        if subject.startswith("ssl"):
            return "https"
        return _APPLICATIONS.get(subject, subject.replace("_", "-"))

    def _malware(self, raw: pl.DataFrame, columns: Columns) -> None:
        if self.report in ("compromised_website", "special"):
            said = [name for name in ("tag",) if self._has(name)]
        elif self.report.endswith("_ip_spoofer"):
            said = []
        else:
            said = [name for name in ("infection", "family") if self._has(name)]
        if said:
            columns["malware_name"] = pl.coalesce(said).str.to_lowercase()
            self._consumed.add(said[0])
        digest = next((name for name in ("md5", "md5hash") if self._has(name)), None)
        if digest:
            columns["malware_hash_md5"] = pl.col(digest).str.to_lowercase()
            self._consumed.add(digest)

    def _classes(self, raw: pl.DataFrame, seen: pl.Series) -> dict[str, pl.Expr]:
        """Return class, type, side and names; rows of the table that changed are chosen by the event's own date."""
        fields: dict[str, pl.Expr] = {
            "classification_taxonomy": self._dated(lambda family: family.taxonomy, seen),
            "classification_type": self._dated(lambda family: family.type, seen),
            "concerns": pl.lit(self.history[0].concerns.value, dtype=WORD),
            "classification_identifier": pl.lit(self.report or None, dtype=WORD),
            "feed_name": pl.lit(FEED, dtype=WORD),
            "feed_code": pl.lit(self.report or None, dtype=WORD),
            "otherwise": pl.lit(self.history[0].otherwise),
            # Of two sides, the near one speaks from a port of the moment; of one side, the port is a service.
            "service": pl.lit(not self.two_sided),
        }
        if self.report.startswith(("scan_exchange", "scan6_exchange")) and self._has("tag"):
            # A web shell on a mail server is no weakness any more: somebody is in.
            inside = pl.col("tag").str.contains("webshell", literal=True).fill_null(False)
            for name, word in (("taxonomy", "intrusions"), ("type", "system-compromise")):
                field = f"classification_{name}"
                fields[field] = pl.when(inside).then(pl.lit(word)).otherwise(fields[field].cast(pl.String)).cast(WORD)
        return fields

    def _dated(self, word: Callable[[Family], str], seen: pl.Series) -> pl.Expr:
        newest, *older = self.history
        if not older:
            return pl.lit(word(newest), dtype=WORD)
        chain = pl.lit(word(self.history[-1]))
        for family in reversed(self.history[:-1]):
            since = datetime.combine(family.valid_from, time.min, tzinfo=UTC)
            chain = pl.when(pl.lit(seen) >= pl.lit(since)).then(pl.lit(word(family))).otherwise(chain)
        return chain.cast(WORD)

    def _extra(self, raw: pl.DataFrame, lost: dict[str, pl.Series]) -> pl.Series:
        unnamed = [raw[name] for name in self.headers if name not in self._consumed]
        columns = [*unnamed, *(series.alias(name) for name, series in lost.items())]
        if not columns:
            return pl.repeat(None, len(raw), dtype=pl.String, eager=True).alias("extra")
        return extra.json_objects(pl.DataFrame(columns))


def _split(texts: pl.Series, mask: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the texts where a mask holds, and the texts where it does not; null elsewhere."""
    mask = mask.fill_null(False)
    nothing = pl.Series([None], dtype=pl.String)
    if mask.all():
        return texts, pl.repeat(None, len(texts), dtype=pl.String, eager=True).alias(texts.name)
    return texts.zip_with(mask, nothing), texts.zip_with(~mask, nothing)


def _zero_is_absent(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the rows without the zeros that stand for "no industry known"."""
    names = [name for name in _ZERO_IS_ABSENT if name in raw.columns]
    return (
        raw.with_columns(pl.when(pl.col(name) != "0").then(pl.col(name)).alias(name) for name in names)
        if names
        else raw
    )
