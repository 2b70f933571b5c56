"""A synthetic nation: organisations, their assets and contacts, over a profile's sectors and territories.

The same seed gives the same nation. Nothing here reads a profile, a clock or a file: the shape is an argument.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from pehra.drill.rules import addresses, words

CRITICAL_SHARE = 0.06
CHILD_SHARE = 0.08
VALID_FROM = "2020-01-01"
PUBLIC_SECTORS = frozenset({"government", "defence"})


@dataclass(frozen=True, kw_only=True)
class Country:
    """What the law's profile says of the country's shape: the codes a nation is laid over."""

    sectors: tuple[str, ...]
    territories: tuple[str, ...]
    critical_class: str
    public_class: str
    licensee_class: str
    private_class: str


@dataclass(frozen=True, kw_only=True)
class OrganisationRow:
    """One line of `organisations.csv`."""

    organisation: str
    name: str
    name_local: str
    sector: str
    territory: str
    classes: str
    parent: str = ""
    valid_from: str = VALID_FROM
    valid_to: str = ""


@dataclass(frozen=True, kw_only=True)
class AssetRow:
    """One line of `assets.csv`. An empty organisation: the country's own space, owner not known."""

    type: str
    value: str
    organisation: str = ""
    relation: str = "deployed"
    valid_from: str = VALID_FROM
    valid_to: str = ""


@dataclass(frozen=True, kw_only=True)
class ContactRow:
    """One line of `contacts.csv`."""

    organisation: str
    role: str
    name: str
    email: str
    phone: str
    language: str
    hours: str


@dataclass(frozen=True, kw_only=True)
class Nation:
    """The whole registry of a synthetic nation."""

    organisations: tuple[OrganisationRow, ...]
    assets: tuple[AssetRow, ...]
    contacts: tuple[ContactRow, ...]


@dataclass
class _Namer:
    random: Random
    taken: dict[str, int] = field(default_factory=dict)

    def name(self, sector: str) -> tuple[str, str]:
        first = self.random.choice(words.FIRST_WORDS)
        noun = self.random.choice(words.SECTOR_NOUNS.get(sector, words.OTHER_NOUNS))
        name, local = f"{first[0]} {noun[0]}", f"{first[1]} {noun[1]}"
        again = self.taken[name] = self.taken.get(name, 0) + 1
        return (name, local) if again == 1 else (f"{name} {again}", f"{local} {again}")


def make_nation(country: Country, *, seed: int, organisations: int, assets: int | None = None) -> Nation:
    """Return a nation of that many organisations and, at least, the assets that each of them needs."""
    random = Random(seed)  # noqa: S311  a repeatable nation, not a secret
    rows = _organisations(country, random, organisations)
    dealt = _assets(rows, random, wanted=assets if assets is not None else organisations * 4)
    contacts = tuple(contact for row in rows for contact in _contacts(row, random))
    return Nation(organisations=tuple(rows), assets=tuple(dealt), contacts=contacts)


def slug(row: OrganisationRow) -> str:
    """Return an organisation's label in its domain names."""
    return row.name.lower().replace(" ", "-")


def _classes(country: Country, sector: str, random: Random) -> str:
    classes = [country.public_class if sector in PUBLIC_SECTORS else country.private_class]
    if sector == "telecom":
        classes.append(country.licensee_class)
    if random.random() < CRITICAL_SHARE:
        classes.append(country.critical_class)
    return ";".join(sorted(classes))


def _organisations(country: Country, random: Random, wanted: int) -> list[OrganisationRow]:
    namer = _Namer(random)
    rows: list[OrganisationRow] = []
    # Every sector is there even in a small nation; public bodies are a quarter, as in a real constituency.
    deal = list(country.sectors)
    weights = [3 if sector in PUBLIC_SECTORS else 1 for sector in deal]
    for number in range(wanted):
        sector = deal[number] if number < len(deal) else random.choices(deal, weights)[0]
        peers = [row for row in rows[-200:] if row.sector == sector and not row.parent]
        parent = random.choice(peers) if peers and random.random() < CHILD_SHARE else None
        name, local = namer.name(sector)
        rows.append(
            OrganisationRow(
                organisation=f"org-{number + 1:05d}",
                name=name,
                name_local=local,
                sector=sector,
                territory=parent.territory if parent else random.choice(country.territories),
                classes=parent.classes if parent else _classes(country, sector, random),
                parent=parent.organisation if parent else "",
            )
        )
    return rows


def _first_assets(row: OrganisationRow, number: int, deal: "_Deal") -> Iterator[AssetRow]:
    name = f"{slug(row)}.example"
    yield AssetRow(type="domain", value=name, organisation=row.organisation)
    if row.sector == "telecom" and (block := deal.operator_block()) is not None:
        yield AssetRow(type="prefix", value=block, organisation=row.organisation)
        yield AssetRow(type="asn", value=f"AS{addresses.PRIVATE_ASN_FIRST + number}", organisation=row.organisation)
    yield AssetRow(type="prefix", value=deal.block(), organisation=row.organisation)
    if row.sector in PUBLIC_SECTORS:
        yield AssetRow(
            type="service", value=f"https://services.{name}/", organisation=row.organisation, relation="developed"
        )


class _Deal:
    """Hands out each block once."""

    def __init__(self) -> None:
        self._v4 = addresses.organisation_blocks()
        self._v6 = addresses.organisation_blocks_v6()
        self._operators = iter(addresses.operator_blocks()[: addresses.OPERATORS_MAX])

    def block(self) -> str:
        return str(next(self._v4))

    def block_v6(self) -> str:
        return str(next(self._v6))

    def operator_block(self) -> str | None:
        found = next(self._operators, None)
        return None if found is None else str(found)


def _assets(rows: Sequence[OrganisationRow], random: Random, *, wanted: int) -> list[AssetRow]:
    deal = _Deal()
    dealt = [AssetRow(type="prefix", value=value) for value in addresses.NATIONAL_SPACE]
    for number, row in enumerate(rows):
        dealt.extend(_first_assets(row, number, deal))
    hosts = 0
    while len(dealt) < wanted:
        row = rows[random.randrange(len(rows))]
        kind = random.choices(("prefix", "prefix6", "host"), (3, 2, 2))[0]
        if kind == "host":
            hosts += 1
            value, kind = f"srv{hosts}.{slug(row)}.example", "host"
        else:
            value, kind = (deal.block() if kind == "prefix" else deal.block_v6()), "prefix"
        dealt.append(AssetRow(type=kind, value=value, organisation=row.organisation))
    return dealt


def _contacts(row: OrganisationRow, random: Random) -> Iterator[ContactRow]:
    if random.random() < 0.03:
        return  # some organisations have nobody to write to: the registry must say so
    language = random.choice(("en", "ur", "ur"))
    number = int(row.organisation.removeprefix("org-"))
    yield ContactRow(
        organisation=row.organisation,
        role="security",
        name=f"{row.name}, security desk",
        email=f"security@{slug(row)}.example",
        phone=f"+999 555 {number:06d}",
        language=language,
        hours="Mon-Fri 09:00-17:00",
    )
