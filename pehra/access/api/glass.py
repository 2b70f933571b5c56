"""Breaking the glass: a role taken in an emergency without asking, short, told to everybody, and looked at afterwards.

Only somebody whose own role says so (`access.break-glass`), and only in that role's team or one under its guidance:
help comes from inside or from above. A team below its guide, or beside it, is another constituency and stays shut.
The role is one that the profile names and carries no right to give roles. Refuses a glass broken by a broken glass:
what was taken in an emergency opens nothing further. Who broke it never judges it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api.granting import end_grant, policy, write_grant
from pehra.access.api.scopes import require_known
from pehra.access.api.second_wall import elevated
from pehra.access.models import BrokenGlass, Grant, Person
from pehra.access.rules import wall
from pehra.access.rules.roles import Permission, Role, ScopeKind
from pehra.access.rules.tree import above
from pehra.access.rules.wall import Granted, Scope
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

UNREVIEWED_MAX = 3  # of one person: who broke three unjudged glasses is first heard, then helped to a fourth
NOTE_CHARACTERS_MAX = 1_000
SHOWN_MAX = 200
VERDICTS = ("justified", "misused")


@dataclass(frozen=True, kw_only=True)
class GlassView:
    """A broken glass as pages and commands show it."""

    grant: UUID
    person: UUID
    person_name: str
    role: str
    team: str
    reason: str
    broken_at: datetime
    until: datetime
    active: bool
    verdict: str
    note: str
    reviewed_by: str
    reviewed_at: datetime | None
    may_review: bool


@transaction.atomic
@elevated(part="access.glass", only_people=True)
def break_glass(*, role: Role | str, team: str, reason: str, hours: int, by: Actor, at: datetime) -> UUID:
    """Take a role in a team for a few hours, now; everybody of the team is told, and a lead judges it afterwards."""
    rule = policy(at=at)
    if role not in rule.break_glass_roles or role not in set(Role):
        known = ", ".join(sorted(rule.break_glass_roles))
        raise Invalid(_("In an emergency only these roles can be taken: %(roles)s.") % {"roles": known}, field="role")
    longest = int(rule.break_glass_max / timedelta(hours=1))
    if not 1 <= hours <= longest:
        raise Invalid(_("at most %(hours)s hours") % {"hours": longest}, field="hours")
    if not reason.strip():
        raise Invalid(_("say what the emergency is"), field="reason")
    scope = Scope(kind=ScopeKind.TEAM, code=team)
    if not teams_to_break(by=by, at=at) & {team}:
        # Whether there is such a team is told only to who could have broken its glass.
        raise Forbidden(_("You may do this only in a team where your role allows it, or in one under its guidance."))
    require_known(scope)
    person = Person.objects.select_for_update().get(id=by.id)
    open_ones = BrokenGlass.objects.filter(grant__person=person, reviewed_at__isnull=True)
    held = open_ones.filter(grant__team=team, grant__role=role, grant__valid_until__gt=at).first()
    if held is not None:
        return held.grant_id
    if open_ones.count() >= UNREVIEWED_MAX:
        raise Forbidden(_("You broke the glass %(times)s times unjudged: a lead judges those first.") % {
            "times": UNREVIEWED_MAX
        })  # fmt: skip
    given = write_grant(
        person=person, role=Role(role), scope=scope, until=at + timedelta(hours=hours), reason=reason,
        granted_by=by.id, how="glass", event="access.glass.broken", by=by, at=at,
    )  # fmt: skip
    BrokenGlass.objects.create(grant_id=given, broken_at=at)
    return given


def teams_to_break(*, by: Actor, at: datetime) -> frozenset[str]:
    """Return the teams in which the actor could break the glass: their own, and those under their teams' guidance."""
    if by.kind is not ActorKind.PERSON:
        return frozenset()
    parents = queries.team_parents()
    rows = queries.valid_grants(at).filter(person_id=by.id, person__service=False).exclude(how="glass")
    granted = [Granted(role=Role(row.role), scope=queries.scope_of_row(row)) for row in rows]
    firm = wall.actor_of(id=by.id, kind=by.kind, name=by.name, granted=granted, parents=parents)
    right = Permission.ACCESS_BREAK_GLASS
    # Twice: what is held without a broken glass, and what the actor carries, which a token may have cut.
    own = {code for code in firm.teams if all(wall.allows(one, right, teams=[code]) for one in (firm, by))}
    return frozenset(code for code in parents if code in own or own & set(above(code, parents=parents)))


@transaction.atomic
@elevated(part="access.glass", only_people=True)
def review_glass(*, grant_id: UUID, verdict: str, note: str, by: Actor, at: datetime) -> None:
    """Say whether a broken glass was justified; misuse ends what still holds. Whoever broke it is not asked."""
    row = BrokenGlass.objects.select_for_update(of=("self",)).select_related("grant").filter(grant_id=grant_id).first()
    if row is None or not _readable(row, by=by):
        raise NotVisible(_("There is no such grant."))
    if by.id == str(row.grant.person_id):
        raise Forbidden(_("Who broke the glass does not judge it."))
    if not wall.allows(by, Permission.ACCESS_GRANT, teams=[row.grant.team]):
        raise Forbidden(_("The team's lead judges this."))
    if row.reviewed_at is not None:
        raise Invalid(_("This was judged already."), field="verdict")
    if verdict not in VERDICTS:
        raise Invalid(_("the verdict is justified or misused"), field="verdict")
    if not note.strip() or len(note) > NOTE_CHARACTERS_MAX:
        raise Invalid(_("say why, in at most a thousand characters"), field="note")
    BrokenGlass.objects.filter(grant_id=grant_id).update(
        reviewed_at=at, reviewed_by=by.id, verdict=verdict, note=note.strip()
    )
    facts = {"grant": str(grant_id), "verdict": verdict, "note": note.strip()}
    ledger.record(
        "access.glass.reviewed",
        subject=f"person:{row.grant.person_id}",
        by=by,
        at=at,
        teams=[row.grant.team],
        facts=facts,
    )
    if verdict == "misused" and row.grant.valid_until is not None and row.grant.valid_until > at:
        end_grant(row.grant, reason=note.strip(), by=by, at=at)


@elevated(part="access.glass", only_people=True)
def glasses(*, by: Actor, at: datetime, unreviewed: bool = False) -> list[GlassView]:
    """Return the glasses broken in the actor's teams, newest first: unjudged ones before all others."""
    rows = BrokenGlass.objects.select_related("grant__person").order_by("-broken_at")
    if not by.is_system:
        rows = rows.filter(grant__team__in=sorted(by.teams)) | rows.filter(grant__person_id=by.id)
    if unreviewed:
        rows = rows.filter(reviewed_at__isnull=True)
    shown = sorted(rows[:SHOWN_MAX], key=lambda row: row.reviewed_at is not None)
    names = queries.names_of({row.reviewed_by for row in shown})
    return [_view(row, names, by=by, at=at) for row in shown]


def active_glasses(*, by: Actor, at: datetime) -> list[GlassView]:
    """Return the glasses that stand broken now in the actor's teams: what the banner says on every page."""
    if not by.teams and not by.is_system:
        return []
    rows = BrokenGlass.objects.filter(grant__how="glass", grant__valid_until__gt=at, grant__valid_from__lte=at)
    if not by.is_system:
        rows = rows.filter(grant__team__in=sorted(by.teams))
    return [_view(row, {}, by=by, at=at) for row in rows.select_related("grant__person")[:SHOWN_MAX]]


def _readable(row: BrokenGlass, *, by: Actor) -> bool:
    return by.is_system or row.grant.team in by.teams or str(row.grant.person_id) == by.id


def _view(row: BrokenGlass, names: dict[str, str], *, by: Actor, at: datetime) -> GlassView:
    given: Grant = row.grant
    assert given.valid_until is not None
    return GlassView(
        grant=given.id,
        person=given.person_id,
        person_name=given.person.name,
        role=given.role,
        team=given.team,
        reason=given.reason,
        broken_at=row.broken_at,
        until=given.valid_until,
        active=given.valid_until > at,
        verdict=row.verdict,
        note=row.note,
        reviewed_by=names.get(row.reviewed_by, row.reviewed_by),
        reviewed_at=row.reviewed_at,
        may_review=row.reviewed_at is None
        and by.id != str(given.person_id)
        and wall.allows(by, Permission.ACCESS_GRANT, teams=[given.team]),
    )
