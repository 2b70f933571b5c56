"""What the lines of one file say against each other and against what is known.

Lines come in, lines and rejects go out; the first of two that contradict each other is kept. Knows nothing of tables:
what exists is an argument.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pehra.registry.rules.lines import Reject
from pehra.registry.rules.rows import AssetRow, ContactRow, OrganisationRow, TeamRow, overlap
from pehra.registry.rules.vocabulary import AssetType

Keyed = TypeVar("Keyed", TeamRow, OrganisationRow, ContactRow)
Nested = TypeVar("Nested", TeamRow, OrganisationRow)


@dataclass(frozen=True, kw_only=True)
class Known:
    """The codes that lines may name."""

    sectors: Collection[str] = field(default_factory=frozenset)
    territories: Collection[str] = field(default_factory=frozenset)
    classes: Collection[str] = field(default_factory=frozenset)
    types: Collection[str] = field(default_factory=frozenset)
    teams: Collection[str] = field(default_factory=frozenset)
    organisations: Collection[str] = field(default_factory=frozenset)


def once(rows: Iterable[Keyed], rejects: list[Reject], *, of: str) -> list[Keyed]:
    """Keep the first line of each key."""
    first: dict[object, Keyed] = {}
    for row in rows:
        earlier = first.setdefault(row.key, row)
        if earlier is not row:
            rejects.append(Reject(line=row.line, field=of, message=f"line {earlier.line} has the same key"))
    return list(first.values())


def known_organisations(rows: Iterable[OrganisationRow], rejects: list[Reject], known: Known) -> list[OrganisationRow]:
    """Keep organisations whose sector, territory, classes and parents exist."""
    kept = []
    for row in rows:
        reject = (
            _unknown(row.line, "sector", [row.sector] if row.sector else [], known.sectors)
            or _unknown(row.line, "territory", [row.territory] if row.territory else [], known.territories)
            or _unknown(row.line, "classes", row.classes or (), known.classes)
        )
        kept += [] if reject else [row]
        rejects += [reject] if reject else []
    return kept


def known_teams(rows: Iterable[TeamRow], rejects: list[Reject], known: Known) -> list[TeamRow]:
    """Keep teams whose types, sectors and territories exist."""
    kept = []
    for row in rows:
        reject = (
            _unknown(row.line, "types", row.types, known.types)
            or _unknown(row.line, "sectors", row.sectors, known.sectors)
            or _unknown(row.line, "territories", row.territories, known.territories)
        )
        kept += [] if reject else [row]
        rejects += [reject] if reject else []
    return kept


def with_parents(rows: Sequence[Nested], rejects: list[Reject], held: dict[str, str]) -> list[Nested]:
    """Keep lines whose parents exist, in `held` (code to parent) or in the file, and lead to no circle."""
    kept = {row.code: row for row in rows}
    while missing := [row for row in kept.values() if row.parent and row.parent not in kept and row.parent not in held]:
        for row in missing:
            rejects.append(Reject(line=row.line, field="parent", message=f"there is no {row.parent!r}"))
            del kept[row.code]
    parents = held | {row.code: row.parent for row in kept.values()}
    for row in list(kept.values()):
        if _circular(row.code, parents):
            rejects.append(Reject(line=row.line, field="parent", message="its parents lead back to itself"))
            del kept[row.code]
            parents[row.code] = held.get(row.code, "")
    return with_parents(list(kept.values()), rejects, held) if len(kept) < len(rows) else list(kept.values())


def _circular(code: str, parents: dict[str, str]) -> bool:
    seen = set()
    while code := parents.get(code, ""):
        if code in seen:
            return True
        seen.add(code)
    return False


def one_holder(rows: Iterable[AssetRow], rejects: list[Reject], organisations: Collection[str]) -> Iterable[AssetRow]:
    """Yield assets of known organisations that no earlier line gives to somebody for a day of the same time."""
    seen: dict[tuple[str, str], list[AssetRow]] = {}
    for row in rows:
        if row.organisation and row.organisation not in organisations:
            rejects.append(_no_organisation(row.line, row.organisation))
            continue
        earlier = seen.setdefault(row.name, [])
        against = next((other for other in earlier if _contradict(other, row)), None) if earlier else None
        if against is None:
            earlier.append(row)
            yield row
        elif against.organisation == row.organisation:
            rejects.append(Reject(line=row.line, field="value", message=f"line {against.line} has the same key"))
        else:
            message = f"line {against.line} gives it to {against.organisation!r} at the same time"
            rejects.append(Reject(line=row.line, field="value", message=message))


def _contradict(left: AssetRow, right: AssetRow) -> bool:
    """Whether two holdings of one value cannot both be. The country's own space may have a holder within it."""
    if not overlap(left, right):
        return False
    if left.organisation == right.organisation:
        return True
    return bool(left.organisation and right.organisation) and left.type != AssetType.PRODUCT


def known_contacts(rows: Iterable[ContactRow], rejects: list[Reject], known: Known) -> list[ContactRow]:
    """Keep contacts of organisations and teams that exist."""
    kept = []
    for row in rows:
        if row.organisation in known.organisations or row.organisation in known.teams:
            kept.append(row)
        else:
            rejects.append(_no_organisation(row.line, row.organisation))
    return kept


def _no_organisation(line: int, code: str) -> Reject:
    return Reject(line=line, field="organisation", message=f"there is no organisation {code!r}; import it first")


def _unknown(line: int, field_name: str, codes: Iterable[str], known: Collection[str]) -> Reject | None:
    missing = [code for code in codes if code not in known]
    if not missing:
        return None
    offered = ", ".join(sorted(known)[:20])
    return Reject(line=line, field=field_name, message=f"there is no {missing[0]!r}; the profile has {offered}")
