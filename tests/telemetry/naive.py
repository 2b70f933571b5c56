"""A Shadowserver report read the plain way: a loop over rows with Python's own tools.

The other engine of the tests: what the columns say of a file, this must say too. It knows one report, `scan_telnet`,
and is slow and short on purpose.
"""

import csv
import io
import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pehra.registry.api import Attribution

HEADERS = ("timestamp", "ip", "protocol", "port", "hostname", "tag", "asn", "geo", "region", "city", "banner")
_EXTRA = ("tag", "banner")


@dataclass
class Naive:
    """What a lake would hold, row by row."""

    book: Attribution
    at: datetime
    events: dict[tuple[str, ...], dict[str, object]] = field(default_factory=dict)
    read: int = 0
    duplicate: int = 0
    rejected: int = 0

    def take(self, text: str) -> None:
        """Take in a report."""
        header, *rows = list(csv.reader(io.StringIO(text, newline="")))
        for row in rows:
            if not any(row):
                continue
            self.read += 1
            said = {name: value for name, value in zip(header, row, strict=False) if value}
            event = self._event(said)
            if event is None:
                self.rejected += 1
                continue
            key = tuple(said.get(name, "") for name in sorted(header))
            if key in self.events:
                self.duplicate += 1
            else:
                self.events[key] = event

    def _event(self, said: dict[str, str]) -> dict[str, object] | None:
        try:
            moment = datetime.strptime(said.get("timestamp", ""), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            address = ipaddress.ip_address(said["ip"]) if "ip" in said else None
        except ValueError:
            return None
        if moment > self.at + timedelta(days=2) or moment.year < 1990:
            return None
        extra = {name: said[name] for name in _EXTRA if name in said}
        event: dict[str, object] = {
            "time_source": moment,
            "source_ip": str(address) if address else None,
            "source_port": self._number(said, "port", 65_535, extra),
            "source_asn": self._number(said, "asn", 2**32 - 1, extra),
            "source_cc": said.get("geo"),
            "source_region": said.get("region"),
            "source_city": said.get("city"),
            "source_reverse_dns": None,
            "protocol_transport": None,
        }
        if "hostname" in said:
            if "." in said["hostname"]:
                event["source_reverse_dns"] = said["hostname"].lower().removesuffix(".")
            else:
                extra["hostname"] = said["hostname"]
        if "protocol" in said:
            if said["protocol"].lower() in ("tcp", "udp", "icmp"):
                event["protocol_transport"] = said["protocol"].lower()
            else:
                extra["protocol"] = said["protocol"]
        event["extra"] = json.dumps(extra, sort_keys=True) if extra else None
        event["asset"] = self._asset(address, event)
        return event

    @staticmethod
    def _number(said: dict[str, str], name: str, most: int, extra: dict[str, str]) -> int | None:
        text = said.get(name)
        if text is None:
            return None
        if text.isascii() and text.isdigit() and int(text) <= most:
            return int(text) or None
        extra[name] = text
        return None

    def _asset(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, event: dict[str, object]) -> object:
        """The longest prefix; where that names no organisation, the owner of the reverse name; then the AS."""
        owners = self.book.owners.to_dicts()
        covering = [
            (ipaddress.ip_network(owner["asset"].removeprefix("prefix:")).prefixlen, owner)
            for owner in owners
            if owner["asset"].startswith("prefix:")
            and address is not None
            and address in ipaddress.ip_network(owner["asset"].removeprefix("prefix:"))
        ]
        best = max(covering, key=lambda pair: pair[0], default=(0, None))[1]
        if best is not None and best["organisation"]:
            return best["asset"]
        name = str(event["source_reverse_dns"] or "")
        named = [
            owner
            for owner in owners
            if owner["asset"].startswith("domain:")
            and f".{name}".endswith("." + owner["asset"].removeprefix("domain:"))
        ]
        if name and named:
            return max(named, key=lambda owner: len(owner["asset"]))["asset"]
        if best is not None:
            return best["asset"]
        numbered = (owner for owner in owners if owner["asset"] == f"asn:AS{event['source_asn']}")
        return next((owner["asset"] for owner in numbered), None)


def rows_of(events: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    """Events in an order that does not depend on where they were read."""
    return sorted(events, key=lambda event: json.dumps(event, default=str, sort_keys=True))
