"""API tokens: never more than their holder, told once, ended at once."""

import re
from datetime import timedelta

import pytest
from click.testing import CliRunner

from pehra.access import api
from pehra.access.api import Permission
from pehra.access.commands import commands
from pehra.access.models import ApiToken
from pehra.access.rules import tokens as rules
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.registry import api as registry

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def known(machine, at):
    registry.load_profile(by=machine, at=at)


@pytest.fixture
def lead(known, machine, at):
    return somebody("lead", machine, at, role="team-lead", team="pkcert")


@pytest.fixture
def officer(known, machine, at):
    return somebody("officer", machine, at, role="duty-officer", team="pkcert")


def somebody(name, machine, at, **granted):
    person = api.add_person(email=f"{name}@cast.example", name=name.title(), by=machine, at=at)
    api.grant(person_id=person, reason="the cast", by=machine, at=at, **granted)
    return person


def acting(person, at):
    return api.actor_for(person_id=person, at=at)


def made(person, at, *permissions, valid=DAY, by=None):
    return api.issue_token(
        holder_id=person,
        name="reads findings",
        permissions=permissions or [Permission.FINDINGS_READ],
        valid=valid,
        by=by or acting(person, at),
        at=at,
    )


def test_a_token_is_found_by_scanners_and_a_typo_is_told_without_asking(officer, at, django_assert_num_queries):
    token = made(officer, at)
    assert re.fullmatch(r"pehra_[0-9A-Za-z]{49}", token)
    assert rules.is_written_well(token)
    for place in range(len(token)):
        typo = token[:place] + ("a" if token[place] != "a" else "b") + token[place + 1 :]
        assert not rules.is_written_well(typo)
    with django_assert_num_queries(0), pytest.raises(NotVisible):
        api.actor_for_token(token=typo, at=at)


def test_only_its_hash_is_kept(officer, at):
    token = made(officer, at)
    row = ApiToken.objects.get()
    assert row.token_sha256 == rules.digest(token)
    assert token not in " ".join(str(value) for value in vars(row).values())
    subjects = ledger.history(subject=f"person:{officer}", by=acting(officer, at))
    assert [entry.event for entry in subjects][-1] == "access.token.created"
    assert token not in str([entry.facts for entry in subjects])


def test_it_acts_as_its_holder_with_what_it_names(officer, at):
    actor = api.actor_for_token(token=made(officer, at), at=at)
    assert actor.id == str(officer)
    assert actor.teams == {"pkcert"}
    assert actor.permissions == {"findings.read"}
    assert api.may(actor, Permission.FINDINGS_READ, teams=["pkcert"])
    assert not api.may(actor, Permission.FINDINGS_CHANGE, teams=["pkcert"])


def test_it_reaches_no_further_than_each_role_of_its_holder(officer, machine, at):
    api.grant(person_id=officer, role="registry-editor", team="ntcert", reason="helps", by=machine, at=at)
    actor = api.actor_for_token(token=made(officer, at, "findings.read", "registry.import"), at=at)
    assert actor.permissions == {"findings.read@team:pkcert", "registry.import@team:ntcert"}
    assert not api.may(actor, Permission.FINDINGS_READ, teams=["ntcert"])
    assert not api.may(actor, Permission.REGISTRY_IMPORT, teams=["pkcert"])


def test_a_role_that_ends_is_gone_at_once(officer, machine, at):
    token = made(officer, at)
    (row,) = api.person(person_id=officer, by=machine, at=at).grants
    api.revoke(grant_id=row.id, reason="left", by=machine, at=at)
    assert api.actor_for_token(token=token, at=at).permissions == set()


def test_a_closed_persons_token_is_no_good(officer, machine, at):
    token = made(officer, at)
    api.close_person(person_id=officer, reason="left", by=machine, at=at)
    with pytest.raises(NotVisible):
        api.actor_for_token(token=token, at=at)


def test_it_expires(officer, at):
    token = made(officer, at)
    assert api.actor_for_token(token=token, at=at + DAY - timedelta(seconds=1))
    with pytest.raises(NotVisible):
        api.actor_for_token(token=token, at=at + DAY)


def test_its_holder_ends_it(officer, at):
    token = made(officer, at)
    by = acting(officer, at)
    (row,) = api.tokens(by=by, at=at)
    assert row.live
    api.revoke_token(token_id=row.id, by=by, at=at)
    api.revoke_token(token_id=row.id, by=by, at=at)
    with pytest.raises(NotVisible):
        api.actor_for_token(token=token, at=at)
    (row,) = api.tokens(by=by, at=at)
    assert not row.live
    events = [entry.event for entry in ledger.history(subject=f"person:{officer}", by=by)]
    assert events.count("access.token.revoked") == 1


def test_a_lead_ends_a_token_of_their_team_and_makes_none_in_anothers_name(officer, lead, at):
    made(officer, at)
    by = acting(lead, at)
    (row,) = api.tokens(holder_id=officer, by=by, at=at)
    with pytest.raises(Forbidden):
        made(officer, at, by=by)
    api.revoke_token(token_id=row.id, reason="nobody uses it", by=by, at=at)
    assert not api.tokens(holder_id=officer, by=by, at=at)[0].live


def test_a_lead_makes_one_for_a_service_account(lead, machine, at):
    by = acting(lead, at)
    service = api.add_service_account(name="Ticket system", email="tickets@node.example", by=by, at=at)
    api.grant(person_id=service, role="analyst", team="pkcert", reason="reads", by=machine, at=at)
    actor = api.actor_for_token(token=made(service, at, by=by), at=at)
    assert actor.id == str(service)
    assert actor.permissions == {"findings.read"}


def test_a_lead_sees_what_works_of_their_people_the_unused_first(officer, lead, machine, at):
    by = acting(lead, at)
    used, unused = made(officer, at), made(officer, at)
    api.actor_for_token(token=used, at=at)
    made(lead, at)
    other = somebody("other", machine, at, role="analyst", team="ntcert")
    made(other, at)
    shared = somebody("shared", machine, at, role="analyst", team="pkcert")
    api.grant(person_id=shared, role="team-lead", team="ntcert", reason="helps", by=machine, at=at)
    made(shared, at)
    rows = api.tokens(by=by, at=at, others=True)
    assert {row.holder for row in rows} == {officer}, "not one's own, not another team's, nobody who holds more"
    assert [row.last_used_at for row in rows] == [None, at]
    api.revoke_token(token_id=rows[0].id, by=by, at=at)
    assert [row.last_used_at for row in api.tokens(by=by, at=at, others=True)] == [at]
    with pytest.raises(NotVisible):
        api.actor_for_token(token=unused, at=at)
    with pytest.raises(Forbidden):
        api.tokens(by=acting(officer, at), at=at, others=True)


def test_nobody_elses_tokens_are_seen_or_ended(officer, at, machine):
    made(officer, at)
    (row,) = api.tokens(by=machine, at=at)
    other = acting(somebody("other", machine, at, role="team-lead", team="ntcert"), at)
    assert api.tokens(by=other, at=at) == []
    for act in (
        lambda: api.tokens(holder_id=officer, by=other, at=at),
        lambda: api.revoke_token(token_id=row.id, by=other, at=at),
    ):
        with pytest.raises(NotVisible):
            act()


@pytest.mark.parametrize(
    ("permissions", "valid", "field"),
    [
        (["findings.verify", "nonsense.do"], DAY, "permissions"),
        (["access.token"], DAY, "permissions"),
        (["access.grant"], DAY, "permissions"),
        (["access.services"], DAY, "permissions"),
        (["findings.read"], timedelta(days=366), "valid"),
        (["findings.read"], timedelta(0), "valid"),
        ([" "], DAY, "permissions"),
    ],
)
def test_what_a_token_may_not_be(officer, at, permissions, valid, field):
    with pytest.raises(Invalid) as refusal:
        made(officer, at, *permissions, valid=valid)
    assert refusal.value.field == field


def test_a_token_makes_no_token(officer, at):
    by = api.actor_for_token(token=made(officer, at), at=at)
    with pytest.raises(Forbidden):
        made(officer, at, by=by)


def test_use_is_noted_once_a_minute(officer, at, django_assert_num_queries):
    token = made(officer, at)
    used = lambda: ApiToken.objects.get().last_used_at  # noqa: E731
    api.actor_for_token(token=token, at=at)
    assert used() == at
    api.actor_for_token(token=token, at=at + timedelta(seconds=59))
    assert used() == at
    api.actor_for_token(token=token, at=at + timedelta(seconds=60))
    assert used() == at + timedelta(seconds=60)


def test_bad_tokens_of_one_address_are_counted_and_hold_up_nobody_else(officer, at):
    strange = rules.written(b"\0" * 32)
    assert not any(api.note_bad_token(token=strange, source="192.0.2.7", at=at) for _ in range(20))
    assert api.note_bad_token(token=strange, source="192.0.2.7", at=at)
    assert not api.note_bad_token(token=strange, source="192.0.2.8", at=at)
    assert not api.note_bad_token(token="pehra_mistyped", source="192.0.2.7", at=at)
    assert not api.note_bad_token(token=strange, source="192.0.2.7", at=at + timedelta(minutes=16))


def test_commands(officer, machine, at):
    run = CliRunner().invoke
    said = run(commands, ["token", "create", "officer@cast.example", "road", "--may", "findings.read", "--days", "3"])
    assert said.exit_code == 0, said.output
    assert rules.is_written_well(said.output.strip())
    listed = run(commands, ["token", "list"])
    assert "findings.read" in listed.output
    assert said.output.strip() not in listed.output
    (row,) = api.tokens(by=machine, at=at)
    assert run(commands, ["token", "revoke", str(row.id), "--reason", "no more"]).output == "ended\n"
    assert "\tended\t" in run(commands, ["token", "list", "--email", "officer@cast.example"]).output
