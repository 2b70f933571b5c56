"""One line of an import file into one row: each value checked and in its one spelling.

What is not stated is unknown, never guessed: an empty sector is no sector that anybody knows, empty classes are not "no
class". What the line alone cannot show (does the sector exist? does another hold the asset?) is asked elsewhere.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from socket import AF_INET, inet_pton
from typing import TypeAlias

from pehra.kernel.observables import ASN_MAX, ObservableType, normalise_domain, parse
from pehra.kernel.refusals import Invalid
from pehra.registry.rules.vocabulary import AssetType, Kind, Relation

CODE_LENGTH_MAX = 64
NAME_LENGTH_MAX = 200
VALUE_LENGTH_MAX = 1_000
LIST_LENGTH_MAX = 100
KEY_LENGTH_MAX = 4_096

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_PHONE = re.compile(r"[0-9+() ./x-]{3,60}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGITS = re.compile(r"(?:AS|ASN)? ?([0-9]{1,10})", re.IGNORECASE)
_MAPPED = IPv6Network("::ffff:0:0/96")

COLUMNS: dict[Kind, tuple[str, ...]] = {
    Kind.TEAMS: ("team", "name", "name_local", "types", "parent", "sectors", "territories", "valid_from", "valid_to"),
    Kind.ORGANISATIONS: (
        "organisation",
        "name",
        "name_local",
        "sector",
        "territory",
        "classes",
        "parent",
        "valid_from",
        "valid_to",
    ),
    Kind.ASSETS: ("type", "value", "organisation", "relation", "valid_from", "valid_to"),
    Kind.CONTACTS: ("organisation", "role", "name", "email", "phone", "language", "hours", "key"),
}
NEEDED: dict[Kind, tuple[str, ...]] = {
    Kind.TEAMS: ("team",),
    Kind.ORGANISATIONS: ("organisation",),
    Kind.ASSETS: ("type", "value"),
    Kind.CONTACTS: ("organisation", "role"),
}


@dataclass(frozen=True, kw_only=True)
class TeamRow:
    """One line of a teams file."""

    line: int = field(compare=False)
    code: str
    name: str
    name_local: str
    types: tuple[str, ...]
    parent: str
    sectors: tuple[str, ...]
    territories: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None

    @property
    def key(self) -> str:
        """What makes two lines the same team."""
        return self.code


@dataclass(frozen=True, kw_only=True)
class OrganisationRow:
    """One line of an organisations file. `classes=None`: nobody has said."""

    line: int = field(compare=False)
    code: str
    name: str
    name_local: str
    sector: str
    territory: str
    classes: tuple[str, ...] | None
    parent: str
    valid_from: date | None
    valid_to: date | None

    @property
    def key(self) -> str:
        """What makes two lines the same organisation."""
        return self.code


@dataclass(frozen=True, kw_only=True)
class ContactRow:
    """One line of a contacts file; `organisation` may also be a team's code."""

    line: int = field(compare=False)
    organisation: str
    role: str
    name: str
    email: str
    phone: str
    language: str
    hours: str
    key_material: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two lines the same contact."""
        return self.organisation, self.role, self.email


@dataclass(frozen=True, slots=True)
class AssetRow:
    """One line of an assets file; made a million times, hence small."""

    line: int
    type: str
    value: str
    organisation: str
    relation: str
    valid_from: date | None
    valid_to: date | None

    @property
    def name(self) -> tuple[str, str]:
        """What is held, by whomever."""
        return self.type, self.value


Row: TypeAlias = TeamRow | OrganisationRow | AssetRow | ContactRow


def team_row(line: int, values: Sequence[str]) -> TeamRow:
    """Read a team."""
    code, name, name_local, types, parent, sectors, territories, first, last = values
    valid_from, valid_to = _validity(first, last)
    return TeamRow(
        line=line,
        code=_code(code, "team"),
        name=_text(name, "name") or code,
        name_local=_text(name_local, "name_local"),
        types=_codes(types, "types"),
        parent=_code(parent, "parent", empty=True),
        sectors=_codes(sectors, "sectors"),
        territories=_codes(territories, "territories"),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def organisation_row(line: int, values: Sequence[str]) -> OrganisationRow:
    """Read an organisation."""
    code, name, name_local, sector, territory, classes, parent, first, last = values
    valid_from, valid_to = _validity(first, last)
    if parent and parent == code:
        raise Invalid("an organisation is not its own parent", field="parent")
    return OrganisationRow(
        line=line,
        code=_code(code, "organisation"),
        name=_text(name, "name") or code,
        name_local=_text(name_local, "name_local"),
        sector=_code(sector, "sector", empty=True),
        territory=_code(territory, "territory", empty=True),
        classes=_codes(classes, "classes") or None,
        parent=_code(parent, "parent", empty=True),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def asset_row(line: int, values: Sequence[str]) -> AssetRow:
    """Read an asset."""
    kind, value, organisation, relation, first, last = values
    if kind not in _ASSET_VALUES:
        raise Invalid(f"{kind[:40]!r} is not one of {', '.join(_ASSET_VALUES)}", field="type")
    if relation and relation not in _RELATIONS:
        raise Invalid(f"{relation[:40]!r} is not one of {', '.join(_RELATIONS)}", field="relation")
    if not value:
        raise Invalid("an asset needs a value", field="value")
    try:
        spelled = _ASSET_VALUES[kind](value)
    except Invalid as error:
        raise Invalid(error.message, field="value") from error
    if len(spelled) > VALUE_LENGTH_MAX:
        raise Invalid(f"longer than {VALUE_LENGTH_MAX} characters", field="value")
    owner = _code(organisation, "organisation", empty=True)
    if kind == AssetType.DOMAIN and owner and "." not in spelled:
        # A top-level domain is the country's own space; given to one organisation it would take everybody's names.
        raise Invalid("a top-level domain belongs to no single organisation; leave `organisation` empty", field="value")
    valid_from, valid_to = _validity(first, last)
    return AssetRow(line, kind, spelled, owner, relation, valid_from, valid_to)


def contact_row(line: int, values: Sequence[str]) -> ContactRow:
    """Read a contact; one that cannot be reached is refused."""
    organisation, role, name, email, phone, language, hours, key = values
    if not email and not phone:
        raise Invalid("a contact needs an e-mail address or a telephone number", field="email")
    if phone and not _PHONE.fullmatch(phone):
        raise Invalid(f"{phone[:60]!r} is no telephone number", field="phone")
    if language and not _LANGUAGE.fullmatch(language):
        raise Invalid(f"{language[:40]!r} is no language tag such as `en` or `ur`", field="language")
    if len(hours) > 120:
        raise Invalid("longer than 120 characters", field="hours")
    return ContactRow(
        line=line,
        organisation=_code(organisation, "organisation"),
        role=_code(role, "role"),
        name=_text(name, "name"),
        email=_email(email),
        phone=phone,
        language=language.lower(),
        hours=hours,
        key_material=key,
    )


READERS: dict[Kind, Callable[[int, Sequence[str]], Row]] = {
    Kind.TEAMS: team_row,
    Kind.ORGANISATIONS: organisation_row,
    Kind.ASSETS: asset_row,
    Kind.CONTACTS: contact_row,
}


def prefix(text: str) -> str:
    """Return a prefix in its one spelling; refuse host bits, everything (`/0`) and IPv4 in IPv6 clothes."""
    address, _, length = text.partition("/")
    if ":" not in address and length.isdigit() and len(length) <= 2:
        # The common case without an object: what inet_pton takes is in normal form already.
        try:
            number = int.from_bytes(inet_pton(AF_INET, address))
        except OSError:
            number = -1
        bits = int(length)
        if number >= 0 and 1 <= bits <= 32 and not number & ((1 << (32 - bits)) - 1) and length[0] != "0":
            return text
    return str(_network(text))


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        if "host bits" in str(error):
            raise Invalid(f"{text!r} has host bits set; the prefix is {ip_network(text, strict=False)}") from error
        raise Invalid(f"{text[:80]!r} is no prefix such as 198.18.0.0/16 or 2001:db8::/32") from error
    if network.prefixlen == 0:
        raise Invalid("a prefix of length 0 would be every address there is")
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        raise Invalid(f"{text!r} is IPv4 written as IPv6; write it as IPv4")
    return network


def asn(text: str) -> str:
    """Return an AS number as `AS64500`."""
    match = _DIGITS.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= ASN_MAX:
        raise Invalid(f"{text[:80]!r} is no AS number such as AS64500")
    return f"AS{int(match[1])}"


def host(text: str) -> str:
    """Return a host's name or address."""
    found = parse(text)
    if found.type in (ObservableType.IPV4, ObservableType.IPV6, ObservableType.DOMAIN):
        return found.value
    raise Invalid(f"{text[:80]!r} is no host name or address")


def service(text: str) -> str:
    """Return a service's URL or host name."""
    found = parse(text)
    if found.type in (ObservableType.URL, ObservableType.DOMAIN):
        return found.value
    raise Invalid(f"{text[:80]!r} is no URL or host name of a service")


def product(text: str) -> str:
    """Return a product's name: vendor, product, version, as the register writes it."""
    return _text(text, "value")


_ASSET_VALUES: dict[str, Callable[[str], str]] = {
    AssetType.PREFIX.value: prefix,
    AssetType.ASN.value: asn,
    AssetType.DOMAIN.value: normalise_domain,
    AssetType.HOST.value: host,
    AssetType.SERVICE.value: service,
    AssetType.PRODUCT.value: product,
}
_RELATIONS = tuple(relation.value for relation in Relation)


def _code(text: str, field_name: str, *, empty: bool = False) -> str:
    if empty and not text:
        return ""
    if not _CODE.fullmatch(text):
        said = f"{text[:80]!r} is no code" if text else "is empty"
        raise Invalid(f"{said}; a code is 1 to 64 Latin letters, digits, dots, hyphens", field=field_name)
    return text


def _codes(text: str, field_name: str) -> tuple[str, ...]:
    """Read a `;` list; its order and doubles mean nothing."""
    parts = {part.strip() for part in text.split(";") if part.strip()}
    if len(parts) > LIST_LENGTH_MAX:
        raise Invalid(f"more than {LIST_LENGTH_MAX} codes", field=field_name)
    return tuple(sorted(_code(part, field_name) for part in parts))


def _text(text: str, field_name: str) -> str:
    if len(text) > NAME_LENGTH_MAX:
        raise Invalid(f"longer than {NAME_LENGTH_MAX} characters", field=field_name)
    return text


def _email(text: str) -> str:
    if not text:
        return ""
    if not _EMAIL.fullmatch(text) or len(text) > 254:
        raise Invalid(f"{text[:80]!r} is no e-mail address", field="email")
    local, _, domain = text.rpartition("@")
    try:
        return f"{local}@{normalise_domain(domain)}"
    except Invalid as error:
        raise Invalid(error.message, field="email") from error


@lru_cache(maxsize=4_096)
def _date(text: str, field_name: str) -> date | None:
    if not text:
        return None
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{text[:40]!r} is no day such as 2026-11-24", field=field_name) from error


def _validity(first: str, last: str) -> tuple[date | None, date | None]:
    valid_from, valid_to = _date(first, "valid_from"), _date(last, "valid_to")
    if valid_from and valid_to and valid_to < valid_from:
        raise Invalid(f"ends on {valid_to}, before it starts on {valid_from}", field="valid_to")
    return valid_from, valid_to


def overlap(left: AssetRow, right: AssetRow) -> bool:
    """Whether two holdings share a day; an absent day is without end."""
    starts_before_end = left.valid_from is None or right.valid_to is None or left.valid_from <= right.valid_to
    ends_after_start = left.valid_to is None or right.valid_from is None or right.valid_from <= left.valid_to
    return starts_before_end and ends_after_start
