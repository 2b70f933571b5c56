"""Take the country's teams, sectors, territories and designations from the law's profile into the registry.

The profile decides; what it no longer names stays in the tables as long as an organisation refers to it. Loading the
same profile again changes nothing. The country's own top-level domains become space of no known holder.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from django.conf import settings
from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.observables import normalise_domain
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.registry.gateways import staging
from pehra.registry.models import Asset, Designation, Version
from pehra.registry.queries import responsibility, telling, versions
from pehra.registry.rules.vocabulary import AssetType


class _Dated(Protocol):
    @property
    def code(self) -> str: ...

    @property
    def basis(self) -> Any: ...


AnyDated = TypeVar("AnyDated", bound=_Dated)


@transaction.atomic
def load_profile(*, by: Actor, at: datetime) -> None:
    """Bring teams, sectors, territories and designations up to the profile, and ask law again who answers for whom."""
    access.require(by, Permission.REGISTRY_IMPORT)
    version = versions.advance()
    profile = law.load(settings.PEHRA_PROFILE)
    today = law.day_of(profile, at)
    named = f"{profile.name} {profile.version}"
    changed = {
        "sectors": _load_sectors(_of_day(profile.sectors, today)),
        "territories": _load_territories(_of_day(profile.territories, today)),
        "teams": _load_teams(_of_day(profile.teams, today)),
    }
    _load_designations(profile)
    _load_top_level_domains(profile)
    organisations = responsibility.refresh(today)
    telling.tell_access(at=at)
    Version.objects.filter(id=1).update(profile=named)
    ledger.record(
        "registry.profile.loaded",
        subject=f"profile:{profile.name}",
        by=by,
        at=at,
        teams=sorted({team.code for team in profile.teams}),
        facts={"profile": named, "version": version, "changed": changed, "organisations": organisations},
    )


@transaction.atomic
def refresh_responsibility(*, by: Actor, at: datetime) -> int:
    """Ask law again who answers for each organisation, as rules start and end; return how many answers changed."""
    access.require(by, Permission.REGISTRY_IMPORT)
    changed = responsibility.refresh(law.day_of(law.load(settings.PEHRA_PROFILE), at))
    if changed:
        telling.tell_access(at=at)
        version = versions.advance()
        facts = {"organisations": changed, "version": version}
        ledger.record("registry.responsibility.changed", subject="registry:organisations", by=by, at=at, facts=facts)
    return changed


def _of_day(records: Iterable[AnyDated], on: date) -> list[AnyDated]:
    """Return one record a code: the one in use on that day, or else the latest."""
    chosen: dict[str, AnyDated] = {}
    for record in sorted(records, key=lambda record: (record.basis.holds(on), record.basis.first)):
        chosen[record.code] = record
    return list(chosen.values())


def _load_sectors(sectors: Sequence[Any]) -> int:
    return _changed(
        "registry_sector",
        ("code", "name", "name_local", "parent"),
        [(sector.code, sector.name, sector.name_local, sector.parent) for sector in sectors],
    )


def _load_territories(territories: Sequence[Any]) -> int:
    return _changed(
        "registry_territory",
        ("code", "name", "name_local"),
        [(territory.code, territory.name, territory.name_local) for territory in territories],
    )


def _load_teams(teams: Sequence[law.Team]) -> int:
    columns = (
        "code",
        "name",
        "name_local",
        "types",
        "parent_id",
        "sectors",
        "territories",
        "state",
        "fallback",
        "valid_from",
        "valid_to",
    )
    rows = [
        (
            team.code,
            team.name,
            team.name_local,
            sorted(team.types),
            team.parent or None,
            sorted(team.sectors),
            sorted(team.territories),
            str(team.state),
            team.fallback,
            team.basis.valid_from,
            team.basis.valid_to,
        )
        for team in teams
    ]
    return _changed("registry_team", columns, rows)


def _changed(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    done = staging.upsert(table, columns=columns, key=("code",), rows=rows)
    return done.created + done.updated


def _load_designations(profile: law.Profile) -> None:
    """Write designations anew: one row for each instrument, since several issuers may name one body."""
    instruments = {instrument.code: instrument for instrument in profile.instruments}
    rows = []
    for designation in profile.designations:
        for code in designation.instruments or ("",):
            instrument = instruments.get(code)
            rows.append(
                Designation(
                    code=designation.code,
                    subject=designation.subject,
                    subject_kind=designation.subject_kind,
                    role=designation.role,
                    instrument=code,
                    title=instrument.title if instrument else "",
                    issuer=instrument.issuer if instrument else "",
                    number=instrument.number if instrument else "",
                    issued=instrument.issued if instrument else None,
                    citation=designation.basis.cited,
                    status=designation.basis.status.value,
                    valid_from=designation.basis.valid_from,
                    valid_to=designation.basis.valid_to,
                )
            )
    Designation.objects.all().delete()
    Designation.objects.bulk_create(rows)


def _load_top_level_domains(profile: law.Profile) -> None:
    names = [normalise_domain(name) for name in profile.identity.tlds]
    held = set(
        Asset.objects.filter(type=AssetType.DOMAIN, value__in=names, organisation=None).values_list("value", flat=True)
    )
    Asset.objects.bulk_create(
        Asset(type=AssetType.DOMAIN, value=name, organisation=None, relation="") for name in names if name not in held
    )
