"""Whom to tell: contacts of organisations and teams, read for many at once."""

from collections import defaultdict
from collections.abc import Iterable

from pehra.kernel.actors import Actor
from pehra.registry.models import Contact, Organisation
from pehra.registry.rules.views import ContactView

ANCESTORS_MAX = 20
KEYS_MAX = 50


def of_organisations(codes: Iterable[str], *, role: str = "") -> dict[str, list[ContactView]]:
    """Return each organisation's own contacts, of one role or of all; one without contacts is absent."""
    rows = Contact.objects.filter(organisation__in=list(codes)).order_by("role", "email", "id")
    found: dict[str, list[ContactView]] = defaultdict(list)
    for row in rows.filter(role=role) if role else rows:
        found[row.organisation_id or ""].append(_view(row, row.organisation_id or ""))
    return dict(found)


def reaching(codes: Iterable[str], *, role: str = "", by: Actor | None = None) -> dict[str, list[ContactView]]:
    """Return who reaches each organisation: its own contacts or else those of the nearest parent that has some.

    With `by`, a parent that the actor may not see reaches nobody.
    """
    parents_seen = Organisation.objects.all().visible_to(by) if by else Organisation.objects.all()
    asked = {code: code for code in codes}
    found: dict[str, list[ContactView]] = {}
    for _ in range(ANCESTORS_MAX):
        held = of_organisations(asked.values(), role=role)
        found |= {code: held[ancestor] for code, ancestor in asked.items() if ancestor in held}
        asked = {code: ancestor for code, ancestor in asked.items() if code not in found}
        if not asked:
            break
        children = Organisation.objects.filter(code__in=asked.values(), parent__in=parents_seen)
        parents = dict(children.values_list("code", "parent_id"))
        asked = {code: parents[ancestor] or "" for code, ancestor in asked.items() if ancestor in parents}
    return found


def of_teams(codes: Iterable[str]) -> dict[str, list[ContactView]]:
    """Return each team's contacts."""
    found: dict[str, list[ContactView]] = defaultdict(list)
    for row in Contact.objects.filter(team__in=list(codes)).order_by("role", "email", "id"):
        found[row.team_id or ""].append(_view(row, row.team_id or ""))
    return dict(found)


def keys_of(*, email: str, of_teams: bool = False) -> list[str]:
    """Return the keys of every contact with this address, or of those of teams alone."""
    rows = Contact.objects.filter(email__iexact=email).exclude(key="").order_by("id")
    if of_teams:
        rows = rows.filter(team__isnull=False)
    return list(dict.fromkeys(rows.values_list("key", flat=True)[:KEYS_MAX]))


def _view(row: Contact, holder: str) -> ContactView:
    return ContactView(
        organisation=holder,
        role=row.role,
        name=row.name,
        email=row.email,
        phone=row.phone,
        language=row.language,
        hours=row.hours,
        key=row.key,
    )
