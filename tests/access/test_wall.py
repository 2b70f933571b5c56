"""The wall refuses by default, and every refusal here differs from a success by one argument."""

import pytest

from pehra.access.rules.delegation import may_grant
from pehra.access.rules.roles import PERMISSIONS, SCOPES, Permission, Role, ScopeKind
from pehra.access.rules.wall import Granted, Scope, actor_of, allows, narrowed, scope_of
from pehra.kernel.actors import Actor, ActorKind, system
from pehra.kernel.refusals import Invalid


def person(*granted: Granted, parents: dict[str, str] | None = None) -> Actor:
    return actor_of(id="p", kind=ActorKind.PERSON, name="P", granted=granted, parents=parents)


def in_team(role: Role, team: str) -> Granted:
    return Granted(role=role, scope=Scope(kind=ScopeKind.TEAM, code=team))


def in_organisation(role: Role, organisation: str) -> Granted:
    return Granted(role=role, scope=Scope(kind=ScopeKind.ORGANISATION, code=organisation))


def national(role: Role) -> Granted:
    return Granted(role=role, scope=Scope(kind=ScopeKind.NATIONAL))


def test_every_role_has_permissions_and_a_scope():
    assert set(PERMISSIONS) == set(SCOPES) == set(Role)
    assert all(PERMISSIONS[role] and SCOPES[role] for role in Role)


def test_nobody_without_a_grant_may_do_anything():
    assert not any(allows(person(), permission) for permission in Permission)


def test_pehra_itself_may_do_everything():
    assert all(allows(system("test"), permission, teams=["pkcert"]) for permission in Permission)


@pytest.mark.parametrize(("team", "allowed"), [("pkcert", True), ("ntcert", False)])
def test_a_role_reaches_its_own_team_only(team, allowed):
    officer = person(in_team(Role.DUTY_OFFICER, "pkcert"))
    assert allows(officer, Permission.INCIDENTS_CLOSE, teams=[team]) is allowed


@pytest.mark.parametrize(
    ("permission", "allowed"), [(Permission.INCIDENTS_READ, True), (Permission.INCIDENTS_CLOSE, False)]
)
def test_a_role_gives_what_the_table_says_and_no_more(permission, allowed):
    analyst = person(in_team(Role.ANALYST, "pkcert"))
    assert allows(analyst, permission, teams=["pkcert"]) is allowed


@pytest.mark.parametrize(("team", "allowed"), [("pkcert", True), ("ntcert", False)])
def test_two_roles_do_not_leak_into_each_other(team, allowed):
    two = person(in_team(Role.DUTY_OFFICER, "pkcert"), in_team(Role.REGISTRY_EDITOR, "ntcert"))
    assert allows(two, Permission.FINDINGS_READ, teams=[team]) is allowed
    assert allows(two, Permission.FINDINGS_READ)
    assert allows(two, Permission.REGISTRY_READ, teams=[team])


def test_a_list_is_read_with_only_the_teams_where_it_may_be_read():
    two = person(in_team(Role.DUTY_OFFICER, "pkcert"), in_team(Role.REGISTRY_EDITOR, "ntcert"))
    assert narrowed(two, Permission.FINDINGS_READ).teams == {"pkcert"}
    assert narrowed(two, Permission.REGISTRY_READ).teams == {"pkcert", "ntcert"}


@pytest.mark.parametrize(("organisation", "allowed"), [("org-0001", True), ("org-0002", False)])
def test_a_contact_reaches_its_own_organisation_only(organisation, allowed):
    contact = person(in_organisation(Role.ORGANISATION_CONTACT, "org-0001"))
    assert allows(contact, Permission.FINDINGS_CHANGE, organisation=organisation) is allowed
    assert not allows(contact, Permission.FINDINGS_VERIFY, organisation=organisation)


@pytest.mark.parametrize(
    ("permission", "allowed"), [(Permission.INCIDENTS_READ, True), (Permission.INCIDENTS_CHANGE, False)]
)
def test_an_auditor_of_the_nation_reads_everything_and_changes_nothing(permission, allowed):
    auditor = person(national(Role.AUDITOR))
    assert allows(auditor, permission, teams=["any-team"], organisation="any") is allowed


def test_a_national_reader_with_a_role_in_a_team_keeps_both_apart():
    both = person(national(Role.AUDITOR), in_team(Role.DUTY_OFFICER, "pkcert"))
    assert allows(both, Permission.INCIDENTS_READ, teams=["ntcert"])
    assert allows(both, Permission.INCIDENTS_CLOSE, teams=["pkcert"])
    assert not allows(both, Permission.INCIDENTS_CLOSE, teams=["ntcert"])


@pytest.mark.parametrize(("teams", "allowed"), [(None, True), (["pkcert"], True), ([], False), ([""], False)])
def test_what_is_said_to_be_of_no_team_is_nobody_s(teams, allowed):
    officer = person(in_team(Role.DUTY_OFFICER, "pkcert"))
    assert allows(officer, Permission.INCIDENTS_CLOSE, teams=teams) is allowed
    assert allows(person(national(Role.AUDITOR)), Permission.INCIDENTS_READ, teams=teams)


def test_an_actor_made_by_hand_holds_its_bare_permissions_in_its_own_teams():
    by_hand = Actor(
        id="x", kind=ActorKind.PERSON, name="X", teams=frozenset({"a"}), permissions=frozenset({"incidents.close"})
    )
    assert allows(by_hand, Permission.INCIDENTS_CLOSE, teams=["a", "b"])
    assert not allows(by_hand, Permission.INCIDENTS_CLOSE, teams=["b"])


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        (Scope(kind=ScopeKind.TEAM, code="pkcert"), True),
        (Scope(kind=ScopeKind.TEAM, code="ntcert"), False),
        (Scope(kind=ScopeKind.NATIONAL), False),
    ],
)
def test_a_lead_gives_roles_within_their_team_only(scope, allowed):
    lead = person(in_team(Role.TEAM_LEAD, "pkcert"))
    assert may_grant(lead, role=Role.ANALYST, scope=scope) is allowed


@pytest.mark.parametrize(("role", "allowed"), [(Role.TEAM_LEAD, True), (Role.ANALYST, False)])
def test_who_may_not_grant_gives_nothing(role, allowed):
    somebody = person(in_team(role, "pkcert"))
    assert may_grant(somebody, role=Role.ANALYST, scope=Scope(kind=ScopeKind.TEAM, code="pkcert")) is allowed


def test_the_platform_operator_gives_access_and_has_none_to_matters():
    operator = person(national(Role.PLATFORM_OPERATOR))
    assert may_grant(operator, role=Role.PLATFORM_OPERATOR, scope=Scope(kind=ScopeKind.NATIONAL))
    assert may_grant(operator, role=Role.COUNCIL_MEMBER, scope=Scope(kind=ScopeKind.COUNCIL))
    assert not may_grant(operator, role=Role.AUDITOR, scope=Scope(kind=ScopeKind.NATIONAL))
    assert not operator.teams
    assert not allows(operator, Permission.INCIDENTS_READ, teams=["pkcert"])


def test_a_grant_names_exactly_one_scope_that_its_role_can_have():
    assert scope_of(role=Role.ANALYST, team="pkcert").kind is ScopeKind.TEAM
    for wrong in ({}, {"team": "pkcert", "national": True}, {"organisation": "org-0001"}, {"national": True}):
        with pytest.raises(Invalid) as refusal:
            scope_of(role=Role.ANALYST, **wrong)
        assert refusal.value.field == "scope"
