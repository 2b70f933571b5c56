"""The three attacks of the sample day, chosen from a nation so that each meets a rule of the law.

Infected critical operators, each by another malware; a command-and-control server in public-sector space; one break-in
across many organisations.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network
from itertools import islice

from pehra.drill.rules.nation import PUBLIC_SECTORS, Country, Nation, OrganisationRow
from pehra.drill.rules.words import INFECTIONS
from pehra.kernel.refusals import Invalid

INFECTED_OPERATORS = 4
INFECTED_HOSTS = 9
BROKEN_INTO = 60


@dataclass(frozen=True, kw_only=True)
class Infection:
    """A critical operator, the malware in it, and the hosts that carry it."""

    operator: OrganisationRow
    malware: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Attacks:
    """Whom the sample day hits, and on which addresses."""

    infections: tuple[Infection, ...]
    public: OrganisationRow
    control_server: str
    broken_into: tuple[str, ...]


def stage_attacks(nation: Nation, country: Country) -> Attacks:
    """Choose the victims; the same nation gives the same ones."""
    blocks = _own_blocks(nation)
    rows = [row for row in nation.organisations if row.organisation in blocks]
    critical = _one_a_sector([row for row in rows if _is_critical(row, country) and row.sector not in PUBLIC_SECTORS])
    public = next((row for row in rows if row.sector == "government" and not _is_critical(row, country)), None)
    if not critical or public is None:
        raise Invalid(
            "the nation is too small for the sample's attacks: ask for more organisations", field="organisations"
        )
    others = (row for row in rows if row is not public and not _is_critical(row, country))
    return Attacks(
        infections=tuple(
            Infection(
                operator=row,
                malware=malware,
                hosts=tuple(str(host) for host in islice(blocks[row.organisation].hosts(), INFECTED_HOSTS - place * 2)),
            )
            for place, (row, malware) in enumerate(zip(critical, INFECTIONS, strict=False))
        ),
        public=public,
        control_server=str(blocks[public.organisation][5]),
        broken_into=tuple(str(blocks[row.organisation][2]) for row in islice(others, BROKEN_INTO)),
    )


def quiet_prefixes(nation: Nation, country: Country) -> list[str]:
    """Return the prefixes in which everyday trouble happens: all but the critical operators'."""
    critical = {row.organisation for row in nation.organisations if _is_critical(row, country)}
    return [
        row.value
        for row in nation.assets
        if row.type == "prefix" and ":" not in row.value and row.organisation not in critical
    ]


def control_server_events(attacks: Attacks, *, day: date) -> bytes:
    """Return what a partner's sensor saw of the command-and-control server: IntelMQ events, one a line."""
    events = (
        {
            "time.source": f"{day.isoformat()}T0{hour}:1{hour}:00+00:00",
            "source.ip": attacks.control_server,
            "source.port": 8443,
            "protocol.transport": "tcp",
            "classification.taxonomy": "malicious-code",
            "classification.type": "c2-server",
            "classification.identifier": "lanternrat",
            "malware.name": "lanternrat",
            "feed.name": "Partner sensors",
            "feed.code": "partner-sensors",
        }
        for hour in range(2, 6)
    )
    return "".join(json.dumps(event) + "\n" for event in events).encode()


def _is_critical(row: OrganisationRow, country: Country) -> bool:
    return country.critical_class in row.classes.split(";")


def _one_a_sector(rows: Sequence[OrganisationRow]) -> list[OrganisationRow]:
    first = {row.sector: row for row in reversed(rows)}
    return list(first.values())[::-1][:INFECTED_OPERATORS]


def _own_blocks(nation: Nation) -> dict[str, IPv4Network]:
    return dict(reversed(list(_v4_blocks(nation))))


def _v4_blocks(nation: Nation) -> Iterator[tuple[str, IPv4Network]]:
    for asset in nation.assets:
        if asset.type == "prefix" and asset.organisation and asset.value.startswith("198."):
            yield asset.organisation, IPv4Network(asset.value)
