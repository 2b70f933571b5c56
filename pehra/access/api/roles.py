"""The roles in words: who may hold each, where, and what it opens. The table itself is `rules/roles.py`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from pehra.access import queries
from pehra.access.api.granting import may_grant, needs_second_person, policy
from pehra.access.api.scopes import require_known, require_known_organisation
from pehra.access.rules.roles import PERMISSIONS, SCOPES, Permission, Role, ScopeKind
from pehra.access.rules.tree import under
from pehra.access.rules.wall import Scope
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid

WHO_MAY_HOLD = {
    Role.ANALYST: _(
        "Somebody employed or seconded by the team who works on its findings and feeds. Needs an undertaking of "
        "confidentiality. Opens no incident and closes none."
    ),
    Role.SOC_ANALYST: _(
        "Somebody who watches the sensors of a security operations centre for the team. Promotes what they see to "
        "an incident and leaves its handling to the team."
    ),
    Role.INCIDENT_HANDLER: _(
        "A trained member of the team who leads the work on an incident, and checks what is said to be mended."
    ),
    Role.DUTY_OFFICER: _(
        "Whoever has the watch: a handler of the team named in its rota, who may also close incidents and send "
        "notices. Held for as long as the person stands watches."
    ),
    Role.TEAM_LEAD: _(
        "The person whom the team's parent body named to lead it, and one deputy. Gives and takes the team's roles, "
        "reviews them, and judges a broken glass. Never a contractor; at least two people hold it, so that each is "
        "the other's second."
    ),
    Role.REGISTRY_EDITOR: _(
        "Somebody who keeps the directory of organisations and their assets, in the team or in the body that "
        "registers them. Sees no finding and no incident."
    ),
    Role.ORGANISATION_CONTACT: _(
        "A person named by an organisation to receive notices, to answer for its assets and to fill in its "
        "self-assessment. Sees only what concerns that organisation."
    ),
    Role.ORGANISATION_ADMIN: _(
        "The information security officer of an organisation, or the person they name in writing. Gives the "
        "organisation's own people their access and answers its self-assessment."
    ),
    Role.COUNCIL_MEMBER: _(
        "A member of the national council by the rules that founded it, for the length of the seat. Reads the law; "
        "a seat opens nobody's matters."
    ),
    Role.COUNCIL_SECRETARY: _(
        "The officer who keeps the council's papers, named by its chair. Reads what a member reads."
    ),
    Role.AUDITOR: _(
        "Somebody independent of those audited, named in writing for one audit, with an end. Reads everything in "
        "scope and changes nothing."
    ),
    Role.PLATFORM_OPERATOR: _(
        "A system administrator of the body that runs this node, with security clearance. Keeps people, services and "
        "signals running and sees nobody's matters; gives only the roles that lie within this one."
    ),
    Role.PEER_LIAISON: _(
        "A member of the team named to speak with teams abroad. Reads what the team may share and changes nothing."
    ),
    Role.SIGNAL_RECEIVER: _(
        "The account of a service that relies on this sign-in. Is told what becomes of the accounts of people who "
        "signed in there, and of nobody else. Never held by a person."
    ),
}


@dataclass(frozen=True, kw_only=True)
class RoleView:
    """A role as the page and the command show it."""

    role: str
    who_may_hold: str
    scopes: tuple[str, ...]
    permissions: tuple[str, ...]
    second_person: bool
    second_person_national: bool
    break_glass: bool


def roles(*, at: datetime) -> list[RoleView]:
    """Return every role with who may hold it, in the order of the table."""
    rule = policy(at=at)
    return [
        RoleView(
            role=role.value,
            who_may_hold=str(WHO_MAY_HOLD[role]),
            scopes=tuple(kind.value for kind in sorted(SCOPES[role])),
            permissions=tuple(permission.value for permission in Permission if permission in PERMISSIONS[role]),
            second_person=role.value in rule.four_eyes,
            second_person_national=role.value in rule.four_eyes_national,
            break_glass=role.value in rule.break_glass_roles,
        )
        for role in Role
    ]


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a grant would open, before it is given."""

    role: str
    scope: str
    who_may_hold: str
    permissions: tuple[str, ...]
    teams: tuple[str, ...]
    organisation: str
    second_person: bool
    within: bool
    review_every: timedelta


def what_it_opens(*, role: str, kind: str, code: str, by: Actor, at: datetime) -> Opening:
    """Return what a role in a scope would open, whether it needs two people, and whether the actor may give it."""
    if role not in set(Role):
        raise Invalid(str(_("Choose a role.")), field="role")
    if kind not in SCOPES[Role(role)]:
        raise Invalid(str(_("This role is not held in such a scope.")), field="kind")
    wide = kind in (ScopeKind.NATIONAL, ScopeKind.COUNCIL)
    if not wide and not code:
        raise Invalid(str(_("Say of which team or organisation.")), field="code")
    scope = Scope(kind=ScopeKind(kind), code="" if wide else code)
    within = may_grant(by, role=Role(role), scope=scope)
    if scope.kind is ScopeKind.ORGANISATION and not within:
        require_known_organisation(code, by=by)
    require_known(scope)
    teams = frozenset({code}) if kind == ScopeKind.TEAM else frozenset()
    if kind == ScopeKind.GUIDED:
        teams = under(code, parents=queries.team_parents())
    return Opening(
        role=role,
        scope=str(scope),
        who_may_hold=str(WHO_MAY_HOLD[Role(role)]),
        permissions=tuple(permission.value for permission in Permission if permission in PERMISSIONS[Role(role)]),
        teams=tuple(sorted(teams)),
        organisation=code if scope.kind is ScopeKind.ORGANISATION else "",
        second_person=needs_second_person(role=Role(role), scope=scope, at=at),
        within=within,
        review_every=policy(at=at).review_every,
    )


def codes_to_give_in(*, by: Actor) -> tuple[list[str], list[str]]:
    """Return the teams and organisations in which the actor gives roles: what the form offers."""
    return queries.codes_granted_in(by)
