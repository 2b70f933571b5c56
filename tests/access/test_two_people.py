"""Four eyes, broken glass and review: what one alone may not do, take or keep."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from pehra.access import api
from pehra.access.models import Grant, OneTimeLink, PendingAct
from pehra.access.rules.roles import Permission
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.ledger import api as ledger

LEAD = {"role": "team-lead", "team": "pkcert"}


@pytest.fixture
def leads(acting):
    """Two leads of the national team, the second guiding those under it as well."""
    return acting("first", "team-lead", team="pkcert"), acting("second", "team-lead", team="pkcert", guided=True)


def events(person: UUID, machine) -> list[str]:
    return sorted(entry.event for entry in ledger.history(subject=f"person:{person}", by=machine))


def asked(someone, leads, at) -> tuple[UUID, UUID]:
    person = someone("taker")
    said = {"person_id": person, **LEAD, "reason": "the deputy", "by": leads[0], "at": at}
    with pytest.raises(api.NeedsSecondPerson):
        api.grant(**said)
    return person, api.ask_for_grant(**said)


def test_a_role_of_two_people_is_asked_for_and_given_by_the_second(someone, leads, machine, at):
    person, question = asked(someone, leads, at)
    assert not Grant.objects.filter(person_id=person).exists()
    (shown,) = api.pending(by=leads[1], at=at)
    assert (shown.id, shown.may_decide, shown.asked_by) == (question, True, "First")
    assert [row.may_decide for row in api.pending(by=leads[0], at=at)] == [False]
    api.decide(pending_id=question, agree=True, reason="I know her", by=leads[1], at=at)
    given = Grant.objects.get(person_id=person)
    assert (given.role, given.team, given.granted_by) == ("team-lead", "pkcert", leads[0].id)
    assert events(person, machine) == ["access.agreed", "access.asked", "access.granted", "access.person.added"]
    assert api.pending(by=leads[1], at=at) == []


def test_the_same_question_is_asked_once(someone, leads, at):
    person, question = asked(someone, leads, at)
    again = api.ask_for_grant(person_id=person, **LEAD, reason="the deputy", by=leads[0], at=at)
    assert again == question


def test_who_asked_does_not_decide_but_may_withdraw(someone, leads, at):
    person, question = asked(someone, leads, at)
    with pytest.raises(Forbidden):
        api.decide(pending_id=question, agree=True, reason="me again", by=leads[0], at=at)
    api.decide(pending_id=question, agree=False, reason="a mistake", by=leads[0], at=at)
    with pytest.raises(Invalid):
        api.decide(pending_id=question, agree=True, reason="late", by=leads[1], at=at)
    assert not Grant.objects.filter(person_id=person).exists()


def test_the_database_itself_refuses_one_person_as_two(someone, leads, at):
    _person, question = asked(someone, leads, at)
    with pytest.raises(IntegrityError), transaction.atomic():
        PendingAct.objects.filter(id=question).update(agreed=True, decided_by=leads[0].id, decided_at=at)


def test_nobody_decides_on_their_own_access(someone, leads, at):
    question = api.ask_for_grant(
        person_id=UUID(leads[1].id), role="auditor", team="pkcert", reason="also audits", by=leads[0], at=at
    )
    with pytest.raises(Forbidden):
        api.decide(pending_id=question, agree=True, reason="fine", by=leads[1], at=at)


@pytest.mark.parametrize(
    ("role", "scope", "refusal"),
    [
        ("team-lead", {"team": "ntcert"}, NotVisible),
        ("duty-officer", {"team": "pkcert"}, NotVisible),
        ("platform-operator", {"national": True}, NotVisible),
        ("team-lead", {"team": "pkcert"}, None),
    ],
)
def test_only_who_could_give_it_decides(someone, acting, leads, at, role, scope, refusal):
    _person, question = asked(someone, leads, at)
    third = acting("third", role, **scope)
    if refusal is None:
        api.decide(pending_id=question, agree=True, reason="yes", by=third, at=at)
        return
    with pytest.raises(refusal):
        api.decide(pending_id=question, agree=True, reason="yes", by=third, at=at)
    assert api.pending(by=third, at=at) == []


def test_the_machine_is_nobodys_second_person(someone, leads, machine, at):
    _person, question = asked(someone, leads, at)
    with pytest.raises(Forbidden):
        api.decide(pending_id=question, agree=True, reason="yes", by=machine, at=at)


@pytest.mark.parametrize(("days", "refused"), [(6, False), (7, True)])
def test_a_question_runs_out(someone, leads, machine, at, days, refused):
    person, question = asked(someone, leads, at)
    later = at + timedelta(days=days)
    if not refused:
        api.decide(pending_id=question, agree=True, reason="yes", by=leads[1], at=later)
        return
    with pytest.raises(Invalid):
        api.decide(pending_id=question, agree=True, reason="yes", by=leads[1], at=later)
    assert [api.sweep(by=machine, at=later).unanswered for _ in "ab"] == [1, 0]
    assert events(person, machine).count("access.unanswered") == 1


def test_rights_that_the_asker_lost_meanwhile_give_nothing(someone, leads, machine, at):
    person, question = asked(someone, leads, at)
    for grant in Grant.objects.filter(person_id=leads[0].id):
        api.revoke(grant_id=grant.id, reason="left", by=machine, at=at)
    with pytest.raises(Forbidden):
        api.decide(pending_id=question, agree=True, reason="yes", by=leads[1], at=at + timedelta(hours=1))
    assert not Grant.objects.filter(person_id=person).exists()
    assert PendingAct.objects.get().agreed is None


def test_a_closed_persons_question_gives_nothing(someone, leads, machine, at):
    person, question = asked(someone, leads, at)
    api.close_person(person_id=person, reason="left", by=machine, at=at)
    with pytest.raises(NotVisible):
        api.decide(pending_id=question, agree=True, reason="yes", by=leads[1], at=at)


@pytest.mark.parametrize(("issuer", "refused"), [(0, True), (None, False)])
def test_who_came_in_by_the_askers_link_is_not_a_second_person(someone, leads, at, issuer, refused):
    _person, question = asked(someone, leads, at)
    OneTimeLink.objects.create(
        token_sha256="0" * 64, person_id=leads[1].id, issued_by="" if issuer is None else leads[0].id,
        issued_at=at - timedelta(hours=2), expires_at=at + timedelta(hours=2), used_at=at - timedelta(hours=1),
    )  # fmt: skip
    if refused:
        with pytest.raises(Forbidden):
            api.decide(pending_id=question, agree=True, reason="yes", by=leads[1], at=at)
    else:
        api.decide(pending_id=question, agree=True, reason="yes", by=leads[1], at=at)


@pytest.mark.parametrize(("scope", "two"), [({"national": True}, True), ({"team": "pkcert"}, False)])
def test_a_registry_editor_of_the_nation_needs_two_people(someone, leads, at, scope, two):
    said = {"person_id": someone("taker"), "role": "registry-editor", **scope, "reason": "edits", "at": at}
    if two:
        with pytest.raises(api.NeedsSecondPerson):
            api.grant(by=leads[1], **said)
    else:
        api.grant(by=leads[1], **said)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_finds_it_decided(someone, acting, leads, at):
    person, question = asked(someone, leads, at)
    deciders = (leads[1], acting("third", "team-lead", team="pkcert"))

    def say(by) -> str:
        try:
            api.decide(pending_id=question, agree=True, reason="yes", by=by, at=at)
        except Refusal as refusal:
            return type(refusal).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(say, deciders)) == ["Invalid", "done"]
    assert Grant.objects.filter(person_id=person).count() == 1


GLASS = {"role": "duty-officer", "reason": "the duty officer cannot be reached", "hours": 2}


@pytest.mark.parametrize(
    ("role", "team", "where", "allowed"),
    [
        ("analyst", "pkcert", "pkcert", True),
        ("analyst", "pkcert", "punjab-cert", True),
        ("analyst", "pkcert", "city-cert", True),
        ("incident-handler", "punjab-cert", "city-cert", True),
        ("analyst", "punjab-cert", "pkcert", False),
        ("analyst", "punjab-cert", "ntcert", False),
        ("analyst", "punjab-cert", "nowhere", False),
        ("soc-analyst", "pkcert", "pkcert", False),
        ("auditor", "pkcert", "pkcert", False),
    ],
)
def test_who_may_break_the_glass_where(acting, at, role, team, where, allowed):
    by = acting("breaker", role, team=team)
    if not allowed:
        with pytest.raises(Forbidden):
            api.break_glass(team=where, by=by, at=at, **GLASS)
        return
    given = api.break_glass(team=where, by=by, at=at, **GLASS)
    after = api.actor_for(person_id=UUID(by.id), at=at)
    assert api.may(after, Permission.INCIDENTS_CLOSE, teams=[where])
    ended = api.actor_for(person_id=UUID(by.id), at=at + timedelta(hours=2))
    assert not api.may(ended, Permission.INCIDENTS_CLOSE, teams=[where])
    assert api.break_glass(team=where, by=after, at=at, **GLASS) == given


@pytest.mark.parametrize("wrong", [{"role": "team-lead"}, {"hours": 5}, {"hours": 0}, {"reason": " "}])
def test_a_glass_is_broken_for_little_and_with_a_reason(acting, at, wrong):
    with pytest.raises(Invalid):
        api.break_glass(**{"team": "pkcert", **GLASS, **wrong}, by=acting("breaker", "analyst", team="pkcert"), at=at)


def test_a_broken_glass_opens_no_further_one(acting, someone, machine, at):
    by = acting("breaker", "analyst", team="punjab-cert", until=at + timedelta(hours=1))
    api.break_glass(team="city-cert", by=by, at=at, **GLASS)
    later = at + timedelta(minutes=90)
    after = api.actor_for(person_id=UUID(by.id), at=later)
    assert api.may(after, Permission.ACCESS_BREAK_GLASS, teams=["city-cert"])
    with pytest.raises(Forbidden):
        api.break_glass(team="city-cert", by=after, at=later, **GLASS | {"role": "incident-handler"})


def test_a_glass_is_loud_and_judged_by_the_lead_not_by_who_broke_it(acting, leads, machine, at):
    by = acting("breaker", "duty-officer", team="pkcert")
    given = api.break_glass(team="pkcert", by=by, at=at, **GLASS | {"role": "incident-handler"})
    member = acting("member", "analyst", team="pkcert")
    assert [glass.grant for glass in api.active_glasses(by=member, at=at)] == [given]
    assert api.active_glasses(by=acting("else", "analyst", team="ntcert"), at=at) == []
    assert "access.glass.broken" in events(UUID(by.id), machine)
    for judge in (by, member):
        with pytest.raises(Forbidden):
            api.review_glass(grant_id=given, verdict="justified", note="it was", by=judge, at=at)
    with pytest.raises(NotVisible):
        api.review_glass(
            grant_id=given, verdict="justified", note="it was", by=acting("x", "team-lead", team="ntcert"), at=at
        )
    api.review_glass(grant_id=given, verdict="misused", note="curiosity", by=leads[0], at=at)
    after = api.actor_for(person_id=UUID(by.id), at=at)
    assert api.active_glasses(by=after, at=at) == []
    assert [glass.verdict for glass in api.glasses(by=leads[0], at=at)] == ["misused"]
    with pytest.raises(Invalid):
        api.review_glass(grant_id=given, verdict="justified", note="no", by=leads[1], at=at)


def test_a_lead_who_broke_the_glass_does_not_judge_it(leads, at):
    given = api.break_glass(team="pkcert", by=leads[0], at=at, **GLASS)
    with pytest.raises(Forbidden):
        api.review_glass(grant_id=given, verdict="justified", note="it was", by=leads[0], at=at)
    api.review_glass(grant_id=given, verdict="justified", note="it was", by=leads[1], at=at)


def test_unjudged_glasses_stop_the_next(acting, leads, at):
    by = acting("breaker", "analyst", team="pkcert")
    given = [api.break_glass(team=team, by=by, at=at, **GLASS) for team in ("pkcert", "ntcert", "city-cert")]
    with pytest.raises(Forbidden):
        api.break_glass(team="punjab-cert", by=by, at=at, **GLASS)
    api.review_glass(grant_id=given[0], verdict="justified", note="heard", by=leads[1], at=at)
    api.break_glass(team="punjab-cert", by=by, at=at, **GLASS)


def test_silence_ends_a_role_after_the_grace_and_once(someone, leads, machine, at):
    person = someone("taker")
    grant = api.grant(person_id=person, role="analyst", team="pkcert", reason="joins", by=leads[0], at=at)
    rule = api.policy(at=at)
    due = at + rule.review_every
    shown = {row.grant for row in api.due_for_review(by=leads[0], at=due)}
    assert grant in shown
    assert leads[0].id not in {str(row.person) for row in api.due_for_review(by=leads[0], at=due)}
    last = due + rule.review_grace
    assert api.sweep(by=machine, at=last - timedelta(seconds=1)).silent == 0
    assert api.actor_for(person_id=person, at=last - timedelta(seconds=1)).teams
    assert [api.sweep(by=machine, at=last).silent > 0 for _ in "ab"] == [True, False]
    assert not api.actor_for(person_id=person, at=last).teams
    assert events(person, machine).count("access.revoked") == 1
    assert "access.expired" not in events(person, machine)


@pytest.mark.parametrize("keep", [True, False])
def test_a_review_keeps_a_role_for_a_period_or_ends_it(someone, leads, machine, at, keep):
    person = someone("taker", "analyst", team="pkcert")
    grant = Grant.objects.get(person_id=person).id
    due = at + api.policy(at=at).review_every
    api.review(grant_id=grant, keep=keep, reason="asked her", by=leads[1], at=due)
    assert bool(api.actor_for(person_id=person, at=due).teams) is keep
    assert grant not in {row.grant for row in api.due_for_review(by=leads[1], at=due)}
    assert ("access.reviewed" if keep else "access.revoked") in events(person, machine)


def test_a_review_may_change_a_role_and_not_make_a_lead_of_anybody(someone, leads, at):
    person = someone("taker", "duty-officer", team="pkcert")
    grant = Grant.objects.get(person_id=person).id
    with pytest.raises(api.NeedsSecondPerson):
        api.change_grant(grant_id=grant, role="team-lead", reason="promoted", by=leads[0], at=at)
    api.change_grant(grant_id=grant, role="analyst", reason="no watches now", by=leads[0], at=at)
    after = api.actor_for(person_id=person, at=at)
    assert api.may(after, Permission.FINDINGS_CHANGE, teams=["pkcert"])
    assert not api.may(after, Permission.INCIDENTS_CLOSE, teams=["pkcert"])


def test_nobody_reviews_their_own_role_nor_another_teams(acting, leads, at):
    own = Grant.objects.get(person_id=leads[0].id).id
    with pytest.raises(Forbidden):
        api.review(grant_id=own, keep=True, reason="me", by=leads[0], at=at)
    with pytest.raises(NotVisible):
        api.review(grant_id=own, keep=True, reason="them", by=acting("x", "team-lead", team="ntcert"), at=at)
    api.review(grant_id=own, keep=True, reason="her", by=leads[1], at=at)


def test_an_end_is_written_down_once(someone, machine, at):
    person = someone("taker", "analyst", team="pkcert", until=at + timedelta(days=1))
    assert api.sweep(by=machine, at=at).expired == 0
    later = at + timedelta(days=1)
    assert [api.sweep(by=machine, at=later).expired for _ in "ab"] == [1, 0]
    assert events(person, machine).count("access.expired") == 1


def test_what_was_taken_away_is_not_told_again_as_an_end(someone, machine, at):
    person = someone("taker", "analyst", team="pkcert")
    api.revoke(grant_id=Grant.objects.get(person_id=person).id, reason="left", by=machine, at=at)
    assert api.sweep(by=machine, at=at + timedelta(days=1)).expired == 0


def test_the_job_sweeps(someone, machine, at, monkeypatch, clock):
    from pehra.access import jobs

    person = someone("taker", "analyst", team="pkcert", until=at + timedelta(days=1))
    monkeypatch.setattr("pehra.kernel.clock.now", lambda: at + timedelta(days=2))
    jobs.sweep.func(timestamp=0)
    assert events(person, machine).count("access.expired") == 1


def test_every_answer_has_its_reason(acting, someone, machine, at):
    by = acting("two", "analyst", team="ntcert")
    yes = api.why(by=by, permission=Permission.FINDINGS_READ, teams=["ntcert"], at=at)
    assert yes.allowed
    assert "team:ntcert" in yes.because[0]
    assert yes.grants
    elsewhere = api.why(by=by, permission=Permission.FINDINGS_READ, teams=["pkcert"], at=at)
    assert not elsewhere.allowed
    assert "does not reach pkcert" in elsewhere.because[0]
    never = api.why(by=by, permission=Permission.INCIDENTS_CLOSE, teams=["ntcert"], at=at)
    assert not never.allowed
    assert "duty-officer" in never.because[0]
    nobody = api.actor_for(person_id=someone("nobody"), at=at)
    assert not api.why(by=nobody, permission=Permission.LAW_READ, at=at).allowed
    assert api.why(by=machine, permission=Permission.LAW_READ, at=at).allowed


def test_every_role_says_who_may_hold_it(at, db):
    rows = api.roles(at=at)
    assert all(len(row.who_may_hold) > 60 and row.scopes and row.permissions for row in rows)
    assert {row.role for row in rows if row.second_person} >= {"team-lead", "platform-operator", "auditor"}
    assert {row.role for row in rows if row.break_glass} == {"duty-officer", "incident-handler"}
