"""Import files into the registry: the good lines are kept, each bad one is named, and the act is in the ledger.

One import is one transaction under the registry's lock. The same file again changes nothing. A person imports only into
the constituency where they hold the permission: a line about another's is refused like a line about nobody.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.registry.gateways import files, staging
from pehra.registry.gateways.staging import Upsert
from pehra.registry.models import Contact, Organisation, Sector, Team, Territory
from pehra.registry.queries import responsibility, telling, versions
from pehra.registry.rules import checking
from pehra.registry.rules.answering import Answerable
from pehra.registry.rules.lines import Record, Reject, records
from pehra.registry.rules.rows import (
    COLUMNS,
    NEEDED,
    READERS,
    AssetRow,
    ContactRow,
    OrganisationRow,
    Row,
    TeamRow,
)
from pehra.registry.rules.summaries import ImportSummary
from pehra.registry.rules.vocabulary import Kind

LEDGER_REJECTS_MAX = 20  # the ledger keeps how many and the first few; the answer has them all
AnyRow = TypeVar("AnyRow", bound=Row)


@dataclass
class _Import:
    """One file on its way in."""

    by: Actor
    on: date
    answer: Callable[[responsibility.Facts | None], Answerable]
    read: int = 0
    rejects: list[Reject] = field(default_factory=list)
    concerned: set[tuple[str, ...]] = field(default_factory=set)  # whose constituencies the lines are about

    def rows(self, lines: files.ImportFile, kind: Kind) -> Iterator[Row]:
        """Yield each line that can be read alone."""
        reader = READERS[kind]
        for record in records(lines, columns=COLUMNS[kind], needed=NEEDED[kind]):
            self.read += 1
            if not isinstance(record, Record):
                self.rejects.append(record)
                continue
            try:
                yield reader(record.line, record.values)
            except Invalid as error:
                self.rejects.append(Reject(line=record.line, field=error.field, message=error.message))

    def permitted(self, row: AnyRow, *constituencies: tuple[str, ...], field_name: str) -> bool:
        """Whether the person may change what all these teams answer for; a line that they may not is refused."""
        self.concerned.update(constituencies)
        allowed = self.by.is_system or all(
            teams and access.may(self.by, Permission.REGISTRY_IMPORT, teams=teams) for teams in constituencies
        )
        if not allowed:
            message = _("this is not in a constituency for which you may change the registry")
            self.rejects.append(Reject(line=row.line, field=field_name, message=message))
        return allowed


@transaction.atomic
@access.elevated(part="registry.import")
def import_csv(*, path: Path | str, kind: Kind | str, by: Actor, at: datetime) -> ImportSummary:
    """Bring the registry up to a file: `teams`, `organisations`, `assets` or `contacts`."""
    access.require(by, Permission.REGISTRY_IMPORT)
    if kind not in set(Kind):
        raise Invalid(f"{kind!r} is not one of {', '.join(Kind)}", field="kind")
    version = versions.advance()
    if not Sector.objects.exists():
        raise Invalid("the registry has no sectors yet: load the profile first, with `pehra init`", field="profile")
    today = law.day_of(law.load(settings.PEHRA_PROFILE), at)
    doing = _Import(by=by, on=today, answer=responsibility.judge(today))
    with files.import_file(Path(path)) as lines:
        done = _IMPORTS[Kind(kind)](doing, lines)
        sha256 = lines.sha256
    if kind == Kind.ORGANISATIONS:
        responsibility.refresh(today)
    if kind in (Kind.TEAMS, Kind.ORGANISATIONS):
        telling.tell_access(at=at)
    rejected = tuple(sorted(doing.rejects, key=lambda reject: reject.line))
    summary = ImportSummary(
        read=doing.read,
        created=done.created,
        updated=done.updated,
        unchanged=done.unchanged,
        rejected=rejected,
        sha256=sha256,
    )
    ledger.record(
        f"registry.{Kind(kind).value}.imported",
        subject=f"registry:{Kind(kind).value}",
        by=by,
        at=at,
        teams=sorted({team for teams in doing.concerned for team in teams} | by.teams),
        facts=summary.as_json()
        | {
            "rejected": len(rejected),
            "first_rejected": [reject.line for reject in rejected[:LEDGER_REJECTS_MAX]],
            "file": Path(path).name,
            "sha256": sha256,
            "version": version,
        },
    )
    return summary


def _import_teams(doing: _Import, lines: files.ImportFile) -> Upsert:
    profile = law.load(settings.PEHRA_PROFILE)
    known = checking.Known(
        sectors=_codes(Sector), territories=_codes(Territory), types={kind.code for kind in profile.team_types}
    )
    read: list[TeamRow] = [row for row in doing.rows(lines, Kind.TEAMS) if isinstance(row, TeamRow)]
    rows = checking.once(read, doing.rejects, of="team")
    rows = checking.known_teams(rows, doing.rejects, known)
    rows = [row for row in rows if doing.permitted(row, (row.code,), field_name="team")]
    held = {code: parent or "" for code, parent in Team.objects.values_list("code", "parent_id")}
    rows = checking.with_parents(rows, doing.rejects, held)
    return staging.upsert(
        "registry_team",
        columns=(
            "code",
            "name",
            "name_local",
            "types",
            "parent_id",
            "sectors",
            "territories",
            "valid_from",
            "valid_to",
        ),
        fixed=(("state", "'operating'"), ("fallback", "''")),
        key=("code",),
        rows=(
            (
                row.code,
                row.name,
                row.name_local,
                list(row.types),
                row.parent or None,
                list(row.sectors),
                list(row.territories),
                row.valid_from,
                row.valid_to,
            )
            for row in rows
        ),
    )


def _import_organisations(doing: _Import, lines: files.ImportFile) -> Upsert:
    profile = law.load(settings.PEHRA_PROFILE)
    known = checking.Known(
        sectors=_codes(Sector),
        territories=_codes(Territory),
        classes={entity_class.code for entity_class in profile.entity_classes},
    )
    read = [row for row in doing.rows(lines, Kind.ORGANISATIONS) if isinstance(row, OrganisationRow)]
    rows = checking.once(read, doing.rejects, of="organisation")
    rows = checking.known_organisations(rows, doing.rejects, known)
    held = {code: (parent or "", tuple(teams)) for code, parent, teams in _held_organisations()}
    rows = [
        row
        for row in rows
        if doing.permitted(
            row,
            doing.answer((row.sector or None, row.territory or None, row.classes)).teams,
            *([held[row.code][1]] if row.code in held else []),
            field_name="organisation",
        )
    ]
    rows = checking.with_parents(rows, doing.rejects, {code: parent for code, (parent, _) in held.items()})
    return staging.upsert(
        "registry_organisation",
        columns=(
            "code",
            "name",
            "name_local",
            "sector_id",
            "territory_id",
            "classes",
            "parent_id",
            "valid_from",
            "valid_to",
        ),
        fixed=(("lead_team", "''"), ("teams", "'{}'::text[]"), ("roles", "'[]'::jsonb")),
        key=("code",),
        rows=(
            (
                row.code,
                row.name,
                row.name_local,
                row.sector or None,
                row.territory or None,
                None if row.classes is None else list(row.classes),
                row.parent or None,
                row.valid_from,
                row.valid_to,
            )
            for row in rows
        ),
    )


def _import_assets(doing: _Import, lines: files.ImportFile) -> Upsert:
    teams = {code: tuple(teams) for code, _parent, teams in _held_organisations()}
    unowned = doing.answer(None).teams
    read = (row for row in doing.rows(lines, Kind.ASSETS) if isinstance(row, AssetRow))
    known = checking.one_holder(read, doing.rejects, teams)
    permitted = (
        row
        for row in known
        if doing.permitted(row, teams[row.organisation] if row.organisation else unowned, field_name="organisation")
    )
    staged = staging.AssetStaging(permitted)
    for conflict in staged.settle():
        doing.rejects.append(_conflict(conflict, visible=doing.by.is_system, teams=teams))
    return staged.apply()


def _conflict(conflict: staging.Conflict, *, visible: bool, teams: dict[str, tuple[str, ...]]) -> Reject:
    if not conflict.holder:
        message = _("covers two holdings that the registry has; end one of them first")
        return Reject(line=conflict.line, field="valid_from", message=message)
    holder = repr(conflict.holder) if visible else _("another organisation")
    until = f" until {conflict.valid_to}" if conflict.valid_to else ""
    message = _("held by %(holder)s%(until)s at the same time") % {"holder": holder, "until": until}
    return Reject(line=conflict.line, field="value", message=message)


def _import_contacts(doing: _Import, lines: files.ImportFile) -> Upsert:
    organisations = {code: tuple(teams) for code, _parent, teams in _held_organisations()}
    teams = _codes(Team)
    known = checking.Known(organisations=organisations, teams=teams)
    read = [row for row in doing.rows(lines, Kind.CONTACTS) if isinstance(row, ContactRow)]
    rows = checking.once(read, doing.rejects, of="email")
    rows = checking.known_contacts(rows, doing.rejects, known)
    rows = [
        row
        for row in rows
        if doing.permitted(row, organisations.get(row.organisation, (row.organisation,)), field_name="organisation")
    ]
    # A key that somebody set is not lost because a list of addresses does not repeat it.
    held = _held_keys()
    return staging.upsert(
        Contact._meta.db_table,
        columns=(
            "organisation_id",
            "team_id",
            "role",
            "name",
            "email",
            "phone",
            "language",
            "hours",
            "key",
        ),
        key=("organisation_id", "team_id", "role", "email"),
        rows=(
            (
                row.organisation if row.organisation in organisations else None,
                None if row.organisation in organisations else row.organisation,
                row.role,
                row.name,
                row.email,
                row.phone,
                row.language,
                row.hours,
                row.key_material or held.get((row.organisation, row.role, row.email), ""),
            )
            for row in rows
        ),
    )


def _codes(model: type[Sector] | type[Territory] | type[Team]) -> frozenset[str]:
    return frozenset(model.objects.values_list("code", flat=True))


def _held_keys() -> dict[tuple[str, str, str], str]:
    """Return the keys that contacts have, by organisation or team, role and address."""
    rows = Contact.objects.exclude(key="").values_list("organisation", "team", "role", "email", "key")
    return {(organisation or team or "", role, email): key for organisation, team, role, email, key in rows}


def _held_organisations() -> list[tuple[str, str | None, list[str]]]:
    return list(Organisation.objects.values_list("code", "parent_id", "teams"))


_IMPORTS: dict[Kind, Callable[[_Import, files.ImportFile], Upsert]] = {
    Kind.TEAMS: _import_teams,
    Kind.ORGANISATIONS: _import_organisations,
    Kind.ASSETS: _import_assets,
    Kind.CONTACTS: _import_contacts,
}
