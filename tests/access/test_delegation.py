"""Roles go down the tree of guidance and nowhere else: every refusal differs from a success by one argument."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pehra.access import api
from pehra.access.models import Grant
from pehra.access.rules.roles import PERMISSIONS, SCOPES, Permission, Role, ScopeKind
from pehra.access.rules.tree import DEPTH_MAX, above, top, under
from pehra.access.rules.wall import Granted, Scope, actor_of, allows, narrowed
from pehra.kernel.actors import ActorKind
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

NATIONAL = ("team-lead", {"team": "pkcert", "guided": True})
PROVINCE = ("team-lead", {"team": "punjab-cert"})
PROVINCE_GUIDED = ("team-lead", {"team": "punjab-cert", "guided": True})
ADMIN = ("organisation-admin", {"organisation": "org-city"})
OPERATOR = ("platform-operator", {"national": True})
# Who gives, what, where, and whether it lies within their own.
MATRIX = [
    (NATIONAL, "analyst", {"team": "pkcert"}, True),
    (NATIONAL, "analyst", {"team": "punjab-cert"}, True),
    (NATIONAL, "duty-officer", {"team": "city-cert"}, True),
    (NATIONAL, "analyst", {"team": "punjab-cert", "guided": True}, True),
    (NATIONAL, "organisation-admin", {"organisation": "org-city"}, True),
    (PROVINCE, "analyst", {"team": "punjab-cert"}, True),
    (PROVINCE, "analyst", {"team": "punjab-cert", "guided": True}, False),
    (PROVINCE, "analyst", {"team": "city-cert"}, False),
    (PROVINCE, "analyst", {"team": "pkcert"}, False),
    (PROVINCE, "analyst", {"team": "ntcert"}, False),
    (PROVINCE, "organisation-admin", {"organisation": "org-punjab"}, True),
    (PROVINCE, "organisation-contact", {"organisation": "org-punjab"}, True),
    (PROVINCE, "organisation-contact", {"organisation": "org-city"}, False),
    (PROVINCE, "organisation-contact", {"organisation": "org-telecom"}, False),
    (PROVINCE, "council-member", {"council": True}, False),
    (PROVINCE_GUIDED, "analyst", {"team": "city-cert"}, True),
    (PROVINCE_GUIDED, "analyst", {"team": "pkcert"}, False),
    (PROVINCE_GUIDED, "organisation-contact", {"organisation": "org-city"}, True),
    (ADMIN, "organisation-contact", {"organisation": "org-city"}, True),
    (ADMIN, "organisation-admin", {"organisation": "org-city"}, True),
    (ADMIN, "organisation-contact", {"organisation": "org-punjab"}, False),
    (ADMIN, "analyst", {"team": "city-cert"}, False),
    (OPERATOR, "council-member", {"council": True}, True),
    (OPERATOR, "analyst", {"team": "pkcert"}, False),
    (OPERATOR, "organisation-contact", {"organisation": "org-city"}, False),
    (("auditor", {"national": True}), "analyst", {"team": "pkcert"}, False),
    (("duty-officer", {"team": "pkcert"}), "analyst", {"team": "pkcert"}, False),
]


@pytest.mark.parametrize(("giver", "role", "scope", "within"), MATRIX)
def test_who_gives_what_where(acting, someone, at, giver, role, scope, within):
    by, person = acting("giver", giver[0], **giver[1]), someone("taker")
    if within:
        api.grant(person_id=person, role=role, reason="joins", by=by, at=at, **scope)
        assert Grant.objects.filter(person_id=person, granted_by=by.id).exists()
    else:
        with pytest.raises(Forbidden):
            api.grant(person_id=person, role=role, reason="joins", by=by, at=at, **scope)
        assert not Grant.objects.filter(person_id=person).exists()


def test_nobody_gives_a_role_to_themselves(acting, someone, at):
    by = acting("lead", "team-lead", team="pkcert")
    with pytest.raises(Forbidden):
        api.grant(person_id=by.id, role="analyst", team="pkcert", reason="me too", by=by, at=at)
    api.grant(person_id=someone("other"), role="analyst", team="pkcert", reason="them", by=by, at=at)


@pytest.mark.parametrize(
    ("scope", "field", "near"),
    [
        ({"team": "punjab-crt"}, "team", "punjab-cert"),
        ({"organisation": "org-ctiy"}, "organisation", "org-city"),
        ({"team": "zzz"}, "team", ""),
    ],
)
def test_a_scope_nobody_told_of_is_refused_and_the_nearest_is_named(someone, machine, at, scope, field, near):
    role = "organisation-contact" if field == "organisation" else "analyst"
    with pytest.raises(Invalid) as refusal:
        api.grant(person_id=someone("taker"), role=role, reason="slip", by=machine, at=at, **scope)
    assert refusal.value.field == field
    assert near in refusal.value.message
    assert ("Did you mean" in refusal.value.message) is bool(near)


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        (NATIONAL, {"city", "contact-city", "punjab", "telecom", "reader"}),
        (PROVINCE_GUIDED, {"city", "contact-city", "punjab", "reader"}),
        (PROVINCE, {"punjab", "reader"}),
        (ADMIN, {"contact-city", "reader"}),
        (("analyst", {"team": "pkcert"}), set()),
    ],
)
def test_people_are_seen_down_the_same_tree(acting, someone, at, reader, seen):
    someone("city", "analyst", team="city-cert")
    someone("punjab", "analyst", team="punjab-cert")
    someone("telecom", "analyst", team="ntcert")
    someone("contact-city", "organisation-contact", organisation="org-city")
    someone("council", "council-member", council=True)
    by = acting("reader", reader[0], **reader[1])
    assert {row.email.partition("@")[0] for row in api.people(by=by, at=at)} == seen


def test_a_role_in_a_guided_scope_reaches_down_and_not_up(acting):
    by = acting("officer", "duty-officer", team="punjab-cert", guided=True)
    assert by.teams == {"punjab-cert", "city-cert"}
    for team, allowed in (("city-cert", True), ("punjab-cert", True), ("pkcert", False), ("ntcert", False)):
        assert api.may(by, Permission.INCIDENTS_CLOSE, teams=[team]) is allowed


def test_two_roles_do_not_leak_across_a_guided_scope(acting, someone, machine, at):
    person = someone("two", "analyst", team="ntcert")
    api.grant(
        person_id=person, role="registry-editor", team="punjab-cert", guided=True, reason="edits", by=machine, at=at
    )
    by = api.actor_for(person_id=person, at=at)
    assert by.teams == {"ntcert", "punjab-cert", "city-cert"}
    for team, reads, edits in (("ntcert", True, False), ("city-cert", False, True), ("punjab-cert", False, True)):
        assert api.may(by, Permission.FINDINGS_READ, teams=[team]) is reads
        assert api.may(by, Permission.REGISTRY_IMPORT, teams=[team]) is edits
    assert api.narrowed(by, Permission.FINDINGS_READ).teams == {"ntcert"}


def test_a_team_that_moves_takes_its_rights_with_it(acting, someone, at):
    by = acting("lead", *NATIONAL[:1], **NATIONAL[1])
    assert "city-cert" in by.teams
    api.learn_scopes(teams=[api.KnownTeam(code="city-cert", parent="")], organisations=[], at=at)
    again = api.actor_for(person_id=by.id, at=at)
    assert "city-cert" not in again.teams


def test_a_circle_in_the_tree_ends_and_gives_nobody_more():
    circle = {"a": "c", "b": "a", "c": "b", "d": "d", "e": ""}
    assert under("a", parents=circle) == {"a", "b", "c"}
    assert above("a", parents=circle) == ("c", "b")
    assert (under("d", parents=circle), above("d", parents=circle)) == ({"d"}, ())
    assert top(parents=circle) == ""
    assert top(parents={"a": "", "b": "a"}) == "a"
    chain = {str(number): str(number - 1) if number else "" for number in range(DEPTH_MAX + 5)}
    assert len(under("0", parents=chain)) == DEPTH_MAX + 1


def test_what_a_person_is_given_is_in_the_ledger_of_the_team_that_answers(someone, acting, machine, at):
    lead = acting("lead", "team-lead", team="city-cert")
    contact = someone("contact", "organisation-contact", organisation="org-city")
    told = [entry.facts for entry in ledger.history(subject=f"person:{contact}", by=lead) if "granted" in entry.event]
    assert told[0]["scope"] == "organisation:org-city"
    assert told[0]["alone"]


def test_a_service_account_holds_roles_and_never_signs_in(machine, at, tree):
    account = api.add_service_account(name="Ticket system", email="tickets@node.example", by=machine, at=at)
    api.grant(person_id=account, role="analyst", team="ntcert", reason="reads", by=machine, at=at)
    assert api.actor_for(person_id=account, at=at).kind is ActorKind.SERVICE
    with pytest.raises(Invalid):
        api.issue_link(person_id=account, by=machine, at=at)
    with pytest.raises(Invalid) as refusal:
        api.grant(person_id=account, role="team-lead", team="ntcert", reason="leads", by=machine, at=at)
    assert refusal.value.field == "role"
    with pytest.raises(Invalid):
        api.add_person(email="tickets@node.example", name="Me", by=machine, at=at)


def test_a_closed_person_is_opened_only_by_who_could_give_what_they_hold(acting, someone, machine, at):
    lead, other = acting("lead", "team-lead", team="pkcert"), acting("other", "team-lead", team="ntcert")
    person = someone("back", "analyst", team="pkcert")
    api.close_person(person_id=person, reason="left", by=lead, at=at)
    with pytest.raises(NotVisible):
        api.open_person(person_id=person, reason="returns", by=other, at=at)
    api.open_person(person_id=person, reason="returns", by=lead, at=at)
    assert api.actor_for(person_id=person, at=at).teams == {"pkcert"}


@pytest.mark.parametrize(("language", "refused"), [("ur", False), ("zz", True)])
def test_a_language_of_no_page_is_refused(machine, at, db, language, refused):
    said = {"email": "a@b.example", "name": "A", "language": language, "by": machine, "at": at}
    if not refused:
        assert api.add_person(**said)
        return
    with pytest.raises(Invalid) as refusal:
        api.add_person(**said)
    assert refusal.value.field == "language"


TEAMS = [f"t{number}" for number in range(6)]
CODES = {ScopeKind.TEAM: TEAMS, ScopeKind.GUIDED: TEAMS, ScopeKind.ORGANISATION: ["o1", "o2"]}


@st.composite
def grants(draw) -> Granted:
    role = draw(st.sampled_from(list(Role)))
    kind = draw(st.sampled_from(sorted(SCOPES[role])))
    return Granted(role=role, scope=Scope(kind=kind, code=draw(st.sampled_from(CODES.get(kind, [""])))))


PARENTS = st.fixed_dictionaries({code: st.sampled_from([*TEAMS, ""]) for code in TEAMS})
PLACES = [{"teams": [code]} for code in TEAMS] + [{"organisation": code} for code in ("o1", "o2", "o3")] + [{}]


def rights(granted: list[Granted], parents: dict[str, str]) -> set[tuple[str, str]]:
    by = actor_of(id="p", kind=ActorKind.PERSON, name="P", granted=granted, parents=parents)
    return {(p.value, str(place)) for p in Permission for place in PLACES if allows(by, p, **place)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(grants(), max_size=6), grants(), PARENTS)
def test_a_grant_more_takes_no_right_and_adds_only_its_own(held, more, parents):
    before, after = rights(held, parents), rights([*held, more], parents)
    assert before <= after
    assert after == before | rights([more], parents)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(grants(), min_size=1, max_size=6), PARENTS)
def test_no_right_lies_outside_the_scopes_granted(held, parents):
    by = actor_of(id="p", kind=ActorKind.PERSON, name="P", granted=held, parents=parents)
    for code in TEAMS:
        reaching = {
            permission
            for grant in held
            for permission in PERMISSIONS[grant.role]
            if grant.scope.kind is ScopeKind.NATIONAL
            or (grant.scope.kind is ScopeKind.TEAM and grant.scope.code == code)
            or (grant.scope.kind is ScopeKind.GUIDED and code in under(grant.scope.code, parents=parents))
        }
        assert {p for p in Permission if allows(by, p, teams=[code])} == reaching
        for permission in Permission:
            listed = code in narrowed(by, permission).teams
            assert not listed or permission in reaching
