"""A country's real prefix table as registry files, and reports rewritten into its space.

The shared feed samples carry anonymised addresses; whether a row finds its operator can only be tried in real space.
Both come from the shared data beside the checkout and are never stored in the repository.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

ADDRESS_COLUMNS = ("src_ip", "ip")
TARGET_COLUMNS = ("dst_ip",)  # a report of targets is about those who are attacked


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One line of the shared prefix table that names an operator."""

    prefix: str
    asn: str
    name: str

    @property
    def code(self) -> str:
        """The code under which the operator is registered."""
        return f"as{self.asn}"

    @property
    def an_address(self) -> str:
        """One address inside the prefix: not its first, which may be another prefix's last."""
        network = ip_network(self.prefix)
        return str(network[1] if network.num_addresses > 1 else network[0])


def operators(shared_data: Path) -> list[Operator]:
    """Return every prefix of the shared table that has an operator."""
    table = shared_data / "country" / "pk" / "ip" / "pk_prefixes.csv.gz"
    with gzip.open(table, "rt", encoding="utf-8", newline="") as lines:
        return [
            Operator(prefix=row["prefix"], asn=row["asn"], name=row["as_org"])
            for row in csv.DictReader(lines)
            if row["asn"]
        ]


def write_registry(found: list[Operator], folder: Path) -> tuple[Path, Path]:
    """Write organisations and assets files for operators of the telecom sector."""
    organisations, assets = folder / "organisations.csv", folder / "assets.csv"
    names = {operator.code: operator.name for operator in found}
    with organisations.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["organisation", "name", "sector", "territory", "classes"])
        writer.writerows([code, name, "telecom", "federal", "licensee"] for code, name in names.items())
    with assets.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["type", "value", "organisation", "relation"])
        writer.writerows(["prefix", operator.prefix, operator.code, "deployed"] for operator in found)
    return organisations, assets


def rewritten(report: Path, addresses: Iterator[str]) -> tuple[bytes, list[str]]:
    """Return a report with the address of the side it is about replaced in each row, and those addresses in order."""
    with report.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    if not rows:
        return b"", []
    header = rows[0]
    about = TARGET_COLUMNS if "ddos_target" in report.name else ADDRESS_COLUMNS
    column = next((header.index(name) for name in about if name in header), None)
    if column is None:
        return b"", []
    used = []
    for row in rows[1:]:
        if len(row) > column:
            row[column] = next(addresses)
            used.append(row[column])
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue().encode(), used
