"""People, grants and one-time links at the door: what is kept, what is told, and what is refused."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, transaction

from pehra.access import api
from pehra.access.commands import commands
from pehra.access.models import FailedAttempt, Grant, OneTimeLink, Person
from pehra.access.rules.roles import Permission, Role
from pehra.kernel.clock import format_time
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

pytestmark = pytest.mark.django_db


@pytest.fixture
def ayesha(machine, at):
    return api.add_person(email="Ayesha@pkcert.example", name="Ayesha", language="ur", by=machine, at=at)


def test_a_person_is_added_once_and_has_no_usable_password(machine, at, ayesha):
    again = api.add_person(email="ayesha@pkcert.example ", name="Another name", by=machine, at=at)
    assert again == ayesha
    person = Person.objects.get()
    assert (person.email, person.name, person.language) == ("ayesha@pkcert.example", "Ayesha", "ur")
    assert not person.has_usable_password()
    assert [entry.event for entry in ledger.history(subject=f"person:{ayesha}", by=machine)] == ["access.person.added"]


@pytest.mark.parametrize(("email", "name", "field"), [("no address", "A", "email"), ("a@b.example", " ", "name")])
def test_a_person_without_address_or_name_is_refused(machine, at, email, name, field):
    with pytest.raises(Invalid) as refusal:
        api.add_person(email=email, name=name, by=machine, at=at)
    assert refusal.value.field == field
    assert not Person.objects.exists()


def test_a_person_without_a_grant_sees_nothing_and_may_nothing(ayesha, at):
    actor = api.actor_for(person_id=ayesha, at=at)
    assert (actor.teams, actor.organisations, actor.permissions) == (frozenset(), frozenset(), frozenset())
    assert not any(api.may(actor, permission) for permission in Permission)


@pytest.mark.parametrize(("days", "holds"), [(0, True), (-1, False), (6, True), (7, False)])
def test_a_grant_holds_from_its_start_until_its_end(machine, at, ayesha, days, holds):
    until = at + timedelta(days=7)
    api.grant(person_id=ayesha, role="analyst", team="pkcert", until=until, reason="joins", by=machine, at=at)
    actor = api.actor_for(person_id=ayesha, at=at + timedelta(days=days))
    assert api.may(actor, Permission.FINDINGS_READ, teams=["pkcert"]) is holds


def test_a_grant_is_given_once_and_ends_when_revoked(machine, at, ayesha):
    given = [
        api.grant(person_id=ayesha, role="analyst", team="pkcert", reason="joins", by=machine, at=at) for _ in "ab"
    ]
    assert given[0] == given[1]
    later = at + timedelta(hours=1)
    api.revoke(grant_id=given[0], reason="left", by=machine, at=later)
    assert not api.actor_for(person_id=ayesha, at=later).permissions
    assert api.actor_for(person_id=ayesha, at=at).permissions
    events = [entry.event for entry in ledger.history(subject=f"person:{ayesha}", by=machine)]
    assert sorted(events) == ["access.granted", "access.person.added", "access.revoked"]


@pytest.mark.parametrize("wrong", [{"role": "emperor"}, {"reason": " "}, {"team": ""}, {"until": timedelta(0)}])
def test_a_grant_that_says_too_little_is_refused(machine, at, ayesha, wrong):
    said = {"role": "analyst", "team": "pkcert", "reason": "joins"} | wrong
    if "until" in said:
        said["until"] = at + said["until"]
    with pytest.raises(Invalid):
        api.grant(person_id=ayesha, **said, by=machine, at=at)
    assert not Grant.objects.exists()


@pytest.mark.parametrize(("team", "refused"), [("pkcert", False), ("ntcert", True)])
def test_a_lead_grants_within_their_own_team_only(machine, at, ayesha, team, refused):
    lead_id = api.add_person(email="lead@pkcert.example", name="Lead", by=machine, at=at)
    api.grant(person_id=lead_id, role=Role.TEAM_LEAD, team="pkcert", reason="leads", by=machine, at=at)
    lead = api.actor_for(person_id=lead_id, at=at)
    if refused:
        with pytest.raises(Forbidden):
            api.grant(person_id=ayesha, role="analyst", team=team, reason="joins", by=lead, at=at)
    else:
        api.grant(person_id=ayesha, role="analyst", team=team, reason="joins", by=lead, at=at)
        assert {row.email for row in api.people(by=lead, at=at)} == {"lead@pkcert.example", "ayesha@pkcert.example"}


def test_people_of_another_team_are_not_there(machine, at, ayesha):
    api.grant(person_id=ayesha, role=Role.TEAM_LEAD, team="ntcert", reason="leads", by=machine, at=at)
    other = api.add_person(email="b@pkcert.example", name="B", by=machine, at=at)
    api.grant(person_id=other, role="analyst", team="pkcert", reason="joins", by=machine, at=at)
    by = api.actor_for(person_id=ayesha, at=at)
    assert [row.email for row in api.people(by=by, at=at)] == ["ayesha@pkcert.example"]
    with pytest.raises(NotVisible):
        api.issue_link(person_id=other, by=by, at=at)
    with pytest.raises(NotVisible):
        api.close_person(person_id=other, reason="left", by=by, at=at)


def test_what_somebody_holds_in_another_team_is_not_there(machine, at, ayesha):
    api.learn_scopes(teams=[], organisations=[api.KnownOrganisation(code="org-1", lead_team="ntcert")], at=at)
    for scope in ({"team": "pkcert"}, {"team": "ntcert"}, {"organisation": "org-1"}):
        role = Role.ORGANISATION_CONTACT if "organisation" in scope else Role.ANALYST
        api.grant(person_id=ayesha, role=role, **scope, reason="told in confidence", by=machine, at=at)
    lead_id = api.add_person(email="lead@pkcert.example", name="Lead", by=machine, at=at)
    api.grant(person_id=lead_id, role=Role.TEAM_LEAD, team="pkcert", reason="leads", by=machine, at=at)
    lead = api.actor_for(person_id=lead_id, at=at)
    seen = {row.email: [grant.scope for grant in row.grants] for row in api.people(by=lead, at=at)}
    assert seen == {"ayesha@pkcert.example": ["team:pkcert"], "lead@pkcert.example": ["team:pkcert"]}
    assert [len(row.grants) for row in api.people(by=machine, at=at)] == [3, 1]


def test_nobody_reaches_further_by_the_account_of_somebody_in_their_team(machine, at, ayesha):
    api.grant(person_id=ayesha, role=Role.TEAM_LEAD, team="pkcert", reason="leads", by=machine, at=at)
    lead = api.actor_for(person_id=ayesha, at=at)
    operator = api.add_person(email="op@node.example", name="Op", by=machine, at=at)
    wider = api.grant(
        person_id=operator, role=Role.PLATFORM_OPERATOR, national=True, reason="runs it", by=machine, at=at
    )
    known = api.add_person(email="op@node.example", name="Op", by=lead, at=at)
    api.grant(person_id=known, role="analyst", team="pkcert", reason="helps", by=lead, at=at)
    for act in (
        lambda: api.issue_link(person_id=operator, by=lead, at=at),
        lambda: api.close_person(person_id=operator, reason="mine now", by=lead, at=at),
    ):
        with pytest.raises(Forbidden):
            act()
    api.revoke(grant_id=wider, reason="runs it no more", by=machine, at=at)
    assert api.redeem_link(token=api.issue_link(person_id=operator, by=lead, at=at), at=at).id == operator


def test_a_link_lets_its_person_in_once(machine, at, ayesha):
    token = api.issue_link(person_id=ayesha, by=machine, at=at)
    assert api.redeem_link(token=token, at=at).id == ayesha
    with pytest.raises(Forbidden):
        api.redeem_link(token=token, at=at)


def test_only_the_hash_of_a_link_is_kept(machine, at, ayesha):
    token = api.issue_link(person_id=ayesha, by=machine, at=at)
    kept = [str(value) for row in OneTimeLink.objects.values() for value in row.values()]
    told = [str(entry) for entry in ledger.history(subject=f"person:{ayesha}", by=machine)]
    assert not [text for text in kept + told if token in text]


def test_an_expired_an_unknown_and_an_inactive_ones_link_are_one_refusal(machine, at, ayesha):
    expired = api.issue_link(person_id=ayesha, by=machine, at=at, valid=timedelta(hours=1))
    closed = api.issue_link(person_id=ayesha, by=machine, at=at)
    messages = set()
    for token, when in ((expired, at + timedelta(hours=1)), ("never given", at), (closed, at + timedelta(hours=2))):
        if token == closed:
            api.close_person(person_id=ayesha, reason="left", by=machine, at=at)
        with pytest.raises(Forbidden) as refusal:
            api.redeem_link(token=token, at=when)
        messages.add(refusal.value.message)
    assert len(messages) == 1
    with pytest.raises(NotVisible):
        api.actor_for(person_id=ayesha, at=at)


@pytest.mark.parametrize(("source", "told"), [("198.51.100.7", "Too many"), ("198.51.100.8", "does not work")])
def test_many_failures_from_one_address_are_told_to_wait_and_a_good_link_lets_in(machine, at, ayesha, source, told):
    token = api.issue_link(person_id=ayesha, by=machine, at=at)
    for number in range(api.FAILED_ATTEMPTS_MAX):
        with pytest.raises(Forbidden):
            api.redeem_link(token=f"guess {number}", at=at, source="198.51.100.7")
    kept = FailedAttempt.objects.count()
    with pytest.raises(Forbidden, match=told):
        api.redeem_link(token="one more", at=at, source=source)
    assert FailedAttempt.objects.count() == kept + (told != "Too many")
    assert api.redeem_link(token=token, at=at, source=source).id == ayesha


def test_a_link_lives_for_two_weeks_at_most(machine, at, ayesha):
    with pytest.raises(Invalid):
        api.issue_link(person_id=ayesha, by=machine, at=at, valid=api.LINK_VALID_MAX + timedelta(seconds=1))
    api.issue_link(person_id=ayesha, by=machine, at=at, valid=api.LINK_VALID_MAX)


def test_an_analyst_adds_nobody(analyst, at):
    with pytest.raises(Forbidden):
        api.add_person(email="x@y.example", name="X", by=analyst, at=at)


def test_the_nation_is_every_team_of_the_profile(machine, at, ayesha):
    api.grant(person_id=ayesha, role=Role.AUDITOR, national=True, reason="audit of the year", by=machine, at=at)
    actor = api.actor_for(person_id=ayesha, at=at)
    assert {"pkcert", "ntcert"} <= actor.teams
    assert api.may(actor, Permission.LEDGER_READ, teams=["ntcert"])
    assert not api.may(actor, Permission.INCIDENTS_CHANGE, teams=["ntcert"])


@pytest.mark.parametrize("wrong", [{"team": "a", "organisation": "b"}, {}, {"team": "a", "reason": ""}])
def test_the_database_holds_a_grant_to_one_scope_and_a_reason(machine, at, ayesha, wrong):
    from pehra.kernel.identifiers import new_id

    row = {"id": new_id(at), "person_id": ayesha, "role": "analyst", "valid_from": at, "reason": "r", "granted_by": "x"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(**row | wrong)


def test_commands_speak_rfc_3339_and_give_no_link_elsewhere(ayesha, machine, at):
    api.grant(person_id=ayesha, role="auditor", national=True, reason="for this test", by=machine, at=at)
    said = CliRunner().invoke(commands, ["people", "--json"])
    ((grant,),) = [one["grants"] for one in json.loads(said.stdout)]
    assert grant["valid_from"] == format_time(at)
    refused = CliRunner().invoke(commands, ["link", "ayesha@pkcert.example", "--site", "javascript:alert(1)"])
    assert isinstance(refused.exception, Invalid)
