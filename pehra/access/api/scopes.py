"""The teams and organisations that a role can be held in, and who stands above whom.

The registry lies above this part and tells it, in the transaction in which it learnt a team or an organisation itself.
Refuses a role in a team or organisation nobody told of: a slip of the keyboard would else be a scope of its own.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api.second_wall import elevated
from pehra.access.models import KnownScope
from pehra.access.rules.roles import ScopeKind
from pehra.access.rules.wall import Scope
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid

BATCH = 5_000


@dataclass(frozen=True, kw_only=True)
class KnownTeam:
    """A team, and the team whose guidance it stands under."""

    code: str
    parent: str = ""


@dataclass(frozen=True, kw_only=True)
class KnownOrganisation:
    """An organisation, the team that leads it, and all teams that may see it."""

    code: str
    lead_team: str = ""
    teams: tuple[str, ...] = ()


@transaction.atomic
@elevated(part="access.scopes", only_people=True)
def learn_scopes(*, teams: Iterable[KnownTeam], organisations: Iterable[KnownOrganisation], at: datetime) -> None:
    """Write down teams and organisations as the registry tells them; what it does not name stays as it was."""
    rows = [
        *(KnownScope(kind=ScopeKind.TEAM.value, code=team.code, parent=team.parent, teams=[]) for team in teams),
        *(
            KnownScope(kind=ScopeKind.ORGANISATION.value, code=told.code, parent=told.lead_team, teams=list(told.teams))
            for told in organisations
        ),
    ]
    KnownScope.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["kind", "code"],
        update_fields=["parent", "teams"],
    )


def require_known(scope: Scope) -> None:
    """Refuse a team or organisation that the registry does not know, naming the nearest that it does."""
    if scope.kind in (ScopeKind.TEAM, ScopeKind.GUIDED):
        known = queries.team_parents()
        if scope.code not in known:
            raise Invalid(
                _("There is no team %(code)s.") % {"code": scope.code} + _near(scope.code, sorted(known)), field="team"
            )
    if scope.kind is ScopeKind.ORGANISATION and not queries.knows_organisation(scope.code):
        near = _near(scope.code, queries.organisations_like(scope.code))
        raise Invalid(_("There is no organisation %(code)s.") % {"code": scope.code} + near, field="organisation")


def require_known_team(code: str) -> None:
    """Refuse the code of a team that nobody knows, as a filter of a list: teams are a directory, open to all."""
    require_known(Scope(kind=ScopeKind.TEAM, code=code))


def require_known_organisation(code: str, *, field: str = "organisation", by: Actor) -> None:
    """Refuse the code of an organisation that the actor does not know, as the word of this field.

    One that is hidden is refused in the very words in which one that does not exist is.
    """
    if not queries.sees_organisation(code, by=by):
        raise no_organisation(code, field=field)


def no_organisation(code: str, *, field: str = "organisation") -> Invalid:
    """Return the refusal of an organisation that is not there, to whoever asks."""
    return Invalid(_("There is no organisation %(code)s.") % {"code": code}, field=field)


def _near(code: str, known: Sequence[str]) -> str:
    """Return the words that name the nearest known code, or nothing."""
    near = difflib.get_close_matches(code, known, n=1)
    return " " + _("Did you mean %(code)s?") % {"code": near[0]} if near else ""
