"""Who holds an observable on a day, asked of the tables by value: a few index look-ups, however large the registry."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from pehra.registry.models import Organisation
from pehra.registry.queries.holdings import valid
from pehra.registry.rules.candidates import Candidates

_HELD = """
    SELECT type, value, organisation_id FROM registry_asset
    WHERE type = ANY(%(types)s) AND value = ANY(%(values)s)
      AND coalesce(valid_from, '-infinity') <= %(on)s AND coalesce(valid_to, 'infinity') >= %(on)s
    ORDER BY id"""
# The host of a service's URL, without credentials and port. A service on a bare address holds no address.
_SERVICES = r"""
    SELECT id, type, value, organisation_id, host FROM (
        SELECT id, type, value, organisation_id, valid_from, valid_to,
               substring(value from '^[a-z][a-z0-9+.-]*://(?:[^/@]*@)?([^/:?#]+)') AS host
        FROM registry_asset WHERE type = 'service') AS services
    WHERE host = ANY(%(hosts)s)
      AND coalesce(valid_from, '-infinity') <= %(on)s AND coalesce(valid_to, 'infinity') >= %(on)s
    ORDER BY id"""
_INSIDE = """
    SELECT count(*) FROM registry_asset
    WHERE type = 'prefix' AND value::inet << %(prefix)s::inet
      AND coalesce(valid_from, '-infinity') <= %(on)s AND coalesce(valid_to, 'infinity') >= %(on)s"""


@dataclass(frozen=True)
class Holding:
    """An asset and the code of who holds it on the day; an empty code is no known holder."""

    type: str
    value: str
    organisation: str


def holdings_of(wanted: Sequence[Candidates], *, on: date, urls: Sequence[str] = ()) -> list[Holding | None]:
    """Return, for each of some observables, the most specific asset that holds it. `urls`: as far as they are URLs."""
    found = _by_value(wanted, on)
    services = _services({candidate.service_host for candidate in wanted if candidate.service_host}, on)
    existing = _existing(found.values(), services.values(), on=on)
    addresses = list(urls) or [""] * len(wanted)
    return [
        _first(candidate, found, services[candidate.service_host], existing, url)
        for candidate, url in zip(wanted, addresses, strict=True)
    ]


def _by_value(wanted: Iterable[Candidates], on: date) -> dict[tuple[str, str], list[Holding]]:
    asked = {(kind.value, value) for candidate in wanted for level in candidate.levels for kind, value in level}
    held: dict[tuple[str, str], list[Holding]] = defaultdict(list)
    if asked:
        types, values = ({pair[place] for pair in asked} for place in (0, 1))
        with connection.cursor() as cursor:
            # One question for all kinds: what has another kind's value besides is passed over below.
            cursor.execute(_HELD, {"types": sorted(types), "values": sorted(values), "on": on})
            for kind, value, organisation in cursor.fetchall():
                held[kind, value].append(Holding(kind, value, organisation or ""))
    return held


def _services(hosts: set[str], on: date) -> dict[str, list[Holding]]:
    found: dict[str, list[Holding]] = defaultdict(list)
    if hosts:
        with connection.cursor() as cursor:
            cursor.execute(_SERVICES, {"hosts": sorted(hosts), "on": on})
            for _, kind, value, organisation, host in cursor.fetchall():
                found[host].append(Holding(kind, value, organisation or ""))
    return found


def _existing(*groups: Iterable[list[Holding]], on: date) -> frozenset[str]:
    """Return which holders exist on the day: what an ended organisation held is of no known holder."""
    codes = {holding.organisation for group in groups for holdings in group for holding in holdings} - {""}
    if not codes:
        return frozenset()
    return frozenset(Organisation.objects.filter(valid(on), code__in=codes).values_list("code", flat=True))


def _first(
    candidate: Candidates,
    found: dict[tuple[str, str], list[Holding]],
    services: list[Holding],
    existing: frozenset[str],
    url: str,
) -> Holding | None:
    for number, level in enumerate(candidate.levels):
        here = [holding for kind, value in level for holding in found.get((kind.value, value), ())]
        if number == 0:
            # Of several services on one host, the one whose URL the observable lies under goes first.
            here += sorted(services, key=lambda service: -len(service.value) if _under(url, service.value) else 0)
        held = [h if h.organisation in existing else Holding(h.type, h.value, "") for h in here]
        if held:
            return min(held, key=lambda holding: not holding.organisation)
    return None


def _under(url: str, service: str) -> bool:
    base = service.rstrip("/")
    return url == service or url.startswith((f"{base}/", f"{base}?", f"{base}#"))


def prefixes_inside(prefix: str, *, on: date) -> int:
    """Count the registered prefixes that lie inside one: who asks for more than anybody holds is told so."""
    with connection.cursor() as cursor:
        cursor.execute(_INSIDE, {"prefix": prefix, "on": on})
        (number,) = cursor.fetchone()
    return int(number)
