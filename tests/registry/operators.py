"""The real operators of Pakistani address space as registry files, made of the shared prefix table.

The table says who announces a prefix, not what the law calls that body: for the tests every announcer is a telecom
licensee, and a prefix without one is the country's own space of no known holder.
"""

import csv
import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OperatorPrefix:
    """A row of the shared table; `organisation` is empty where no operator is named."""

    prefix: str
    organisation: str
    name: str


def operator_prefixes(shared_data: Path) -> list[OperatorPrefix]:
    """Read the shared prefix table."""
    with gzip.open(shared_data / "country/pk/ip/pk_prefixes.csv.gz", "rt", encoding="utf-8", newline="") as opened:
        return [
            OperatorPrefix(row["prefix"], operator_code(row["as_org"]), row["as_org"]) for row in csv.DictReader(opened)
        ]


def operator_code(name: str) -> str:
    """Return a code for an operator by its name alone."""
    return f"op-{hashlib.sha256(name.encode()).hexdigest()[:12]}" if name else ""


def write_registry(prefixes: list[OperatorPrefix], folder: Path) -> dict[str, Path]:
    """Write the import files; return the path of each kind, in the order to import them."""
    paths = {"organisations": folder / "organisations.csv", "assets": folder / "assets.csv"}
    named = {row.organisation: row.name for row in prefixes if row.organisation}
    with paths["organisations"].open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["organisation", "name", "sector", "classes"])
        writer.writerows([code, name, "telecom", "licensee;private"] for code, name in sorted(named.items()))
    with paths["assets"].open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["type", "value", "organisation"])
        writer.writerows(["prefix", row.prefix, row.organisation] for row in prefixes)
    return paths
