"""Coming back in and another e-mail address: who may let whom, what it ends, and who is told."""

from datetime import timedelta
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from pehra.access import api
from pehra.access.api import telling
from pehra.access.models import ApiToken, OneTimeLink, PendingAct, Person, RelyingService, ServiceUse
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox

WHY = "lost the key in the flood"


@pytest.fixture
def leads(acting):
    """Two leads of the national team, the second guiding those under it as well."""
    return acting("first", "team-lead", team="pkcert"), acting("second", "team-lead", team="pkcert", guided=True)


def equip(person: UUID) -> None:
    """Give somebody a password, a passkey and codes, as they are kept."""
    row = Person.objects.get(id=person)
    row.set_password("correct horse battery staple")
    row.save()
    for kind in ("webauthn", "totp", "recovery_codes"):
        Authenticator.objects.create(user=row, type=kind, data={})


def facts(person: UUID, event: str, machine) -> list[dict[str, object]]:
    return [entry.facts for entry in ledger.history(subject=f"person:{person}", by=machine) if entry.event == event]


def test_a_lead_alone_recovers_who_holds_no_role_of_two_people(someone, leads, machine, at):
    person = someone("watcher", "analyst", team="pkcert")
    equip(person)
    assert api.recovery_of(person_id=person, by=leads[0], at=at) == api.RecoveryView(
        credentials=("passkey", "password", "recovery-codes", "totp"), second_person=False, agreed=False
    )
    other = api.issue_link(person_id=person, by=leads[0], at=at)
    token = api.recover(person_id=person, reason=WHY, by=leads[0], at=at)
    link = OneTimeLink.objects.get(recovery=True)
    assert (link.issued_by, link.used_at) == (leads[0].id, None)
    assert Authenticator.objects.count() == 3, "making the link ends nothing"
    UserSession.objects.create(
        user_id=person,
        session_key="k",
        ip="192.0.2.1",
        user_agent="",
        data={"sid": "sid-1"},
        created_at=at,
        last_seen_at=at,
    )
    service = RelyingService.objects.create(client_id="c", name="Tickets", created_by="x", created_at=at)
    ServiceUse.objects.create(id=person, service=service, person_id=person, sid="older", first_at=at, last_at=at)
    hashed = Person.objects.get(id=person).get_session_auth_hash()
    assert api.redeem_link(token=token, at=at).id == person
    assert not Authenticator.objects.exists()
    after = Person.objects.get(id=person)
    assert not after.has_usable_password()
    assert after.get_session_auth_hash() != hashed, "a session that nobody listed ends too"
    with pytest.raises(Forbidden):
        api.redeem_link(token=other, at=at)
    (told,) = facts(person, "access.recovered", machine)
    assert told["issued_by"] == leads[0].id
    changes = facts(person, "access.credential.changed", machine)
    assert {(one["change"], one["kind"]) for one in changes} == {
        ("delete", kind) for kind in ("passkey", "password", "recovery-codes", "totp")
    }
    (ended,) = facts(person, "access.session.ended", machine)
    assert (ended["which"], ended["why"], ended["sids"]) == ("all", "recovery", ["sid-1"])
    assert not UserSession.objects.exists()
    assert ServiceUse.objects.get().ended_at == at


def test_it_ends_the_tokens_of_the_person(someone, leads, machine, at):
    person = someone("watcher", "analyst", team="pkcert")
    own = api.actor_for(person_id=person, at=at)
    token = api.issue_token(
        holder_id=person, name="script", permissions=["findings.read"], valid=timedelta(days=1), by=own, at=at
    )
    api.redeem_link(token=api.recover(person_id=person, reason=WHY, by=leads[0], at=at), at=at)
    assert ApiToken.objects.get().revoked_at == at
    with pytest.raises(NotVisible):
        api.actor_for_token(token=token, at=at)


def test_a_role_of_two_people_is_recovered_by_two(someone, leads, machine, at):
    person = someone("minister", "team-lead", team="pkcert")
    equip(person)
    said = {"person_id": person, "reason": WHY, "by": leads[0], "at": at}
    for alone in (api.recover, lambda **said: api.issue_link(person_id=person, by=leads[0], at=at)):
        with pytest.raises(api.NeedsSecondPerson):
            alone(**said)
    question = api.ask_for_recovery(**said)
    (shown,) = api.pending(by=leads[1], at=at)
    assert (shown.act, shown.may_decide, shown.person) == ("recovery", True, person)
    with pytest.raises(api.NeedsSecondPerson):
        api.recover(**said)
    api.decide(pending_id=question, agree=True, reason="I know her voice", by=leads[1], at=at)
    with pytest.raises(api.NeedsSecondPerson):
        api.recover(**said | {"by": leads[1]})
    assert api.recovery_of(person_id=person, by=leads[0], at=at).agreed
    token = api.recover(**said)
    with pytest.raises(api.NeedsSecondPerson):
        api.recover(**said)  # one agreement, one link
    issued = facts(person, "access.link.issued", machine)
    assert issued[-1]["decided_by"] == leads[1].id
    assert api.redeem_link(token=token, at=at).id == person


def test_a_link_to_begin_with_needs_no_second_person(someone, leads, at):
    person = someone("minister", "team-lead", team="pkcert")
    assert api.redeem_link(token=api.issue_link(person_id=person, by=leads[0], at=at), at=at).id == person


@pytest.mark.parametrize("days", [2, 8])
def test_what_was_agreed_runs_out(someone, leads, at, days):
    person = someone("minister", "team-lead", team="pkcert")
    question = api.ask_for_recovery(person_id=person, reason=WHY, by=leads[0], at=at)
    api.decide(pending_id=question, agree=True, reason="yes", by=leads[1], at=at)
    later = at + timedelta(days=days)
    if days > 7:
        with pytest.raises(api.NeedsSecondPerson):
            api.recover(person_id=person, reason=WHY, by=leads[0], at=later)
    else:
        assert api.recover(person_id=person, reason=WHY, by=leads[0], at=later)


def test_neither_the_person_nor_who_asked_is_the_second(someone, leads, at):
    person = someone("minister", "team-lead", team="pkcert")
    question = api.ask_for_recovery(person_id=person, reason=WHY, by=leads[0], at=at)
    for who in (leads[0], api.actor_for(person_id=person, at=at)):
        with pytest.raises((Forbidden, NotVisible)):
            api.decide(pending_id=question, agree=True, reason="yes", by=who, at=at)


@pytest.mark.parametrize("road", ["link", "role", "link the other way", "link of last month"])
def test_two_accounts_of_which_one_opened_the_other_are_not_two_people(someone, acting, leads, machine, at, road):
    person = someone("minister", "team-lead", team="pkcert")
    third = acting("third", "team-lead", team="pkcert")
    if road == "role":
        given = api.ask_for_grant(
            person_id=UUID(third.id), role="auditor", team="pkcert", reason="too", by=leads[0], at=at
        )
        api.decide(pending_id=given, agree=True, reason="yes", by=leads[1], at=at)
    else:
        maker, made = (third, leads[0]) if road == "link the other way" else (leads[0], third)
        when = at - timedelta(days=30) if road == "link of last month" else at
        api.redeem_link(token=api.issue_link(person_id=UUID(made.id), by=maker, at=when), at=when)
    question = api.ask_for_recovery(person_id=person, reason=WHY, by=leads[0], at=at)
    if road == "link of last month":
        api.decide(pending_id=question, agree=True, reason="yes", by=third, at=at)
        return
    with pytest.raises(Forbidden):
        api.decide(pending_id=question, agree=True, reason="yes", by=third, at=at)
    api.decide(pending_id=question, agree=True, reason="yes", by=leads[1], at=at)


def test_rights_that_the_asker_lost_open_nothing(someone, leads, machine, at):
    person = someone("minister", "team-lead", team="pkcert")
    question = api.ask_for_recovery(person_id=person, reason=WHY, by=leads[0], at=at)
    for grant in api.person(person_id=UUID(leads[0].id), by=machine, at=at).grants:
        api.revoke(grant_id=grant.id, reason="left", by=machine, at=at)
    with pytest.raises(Forbidden):
        api.decide(pending_id=question, agree=True, reason="yes", by=leads[1], at=at)


@pytest.mark.parametrize(
    ("role", "scope", "refusal"),
    [
        ("team-lead", {"team": "pkcert"}, None),
        ("team-lead", {"team": "ntcert"}, NotVisible),
        ("duty-officer", {"team": "pkcert"}, Forbidden),
        ("auditor", {"team": "pkcert"}, Forbidden),
        ("platform-operator", {"national": True}, Forbidden),
    ],
)
@pytest.mark.parametrize("act", ["recover", "email"])
def test_who_may(someone, acting, at, role, scope, refusal, act):
    person = someone("watcher", "analyst", team="pkcert")
    by = acting("other", role, **scope)

    def do() -> object:
        if act == "recover":
            return api.recover(person_id=person, reason=WHY, by=by, at=at)
        return api.change_email(person_id=person, email="new@cast.example", reason=WHY, by=by, at=at)

    if refusal is None:
        do()
        return
    with pytest.raises(refusal):
        do()


def test_nobody_does_it_for_themselves(leads, at):
    own = {"person_id": UUID(leads[0].id), "reason": WHY, "by": leads[0], "at": at}
    for act in (api.recover, api.ask_for_recovery):
        with pytest.raises(Forbidden):
            act(**own)
    for act in (api.change_email, api.ask_for_email_change):
        with pytest.raises(Forbidden):
            act(email="x@cast.example", **own)


@pytest.mark.parametrize("email", ["none", "watcher@cast.example", "FIRST@cast.example", "a@b.example\n"])
def test_an_address_that_cannot_be_used_is_refused(someone, leads, at, email):
    person = someone("watcher", "analyst", team="pkcert")
    if email.endswith("\n"):
        api.change_email(person_id=person, email=email, reason=WHY, by=leads[0], at=at)
        assert Person.objects.get(id=person).email == "a@b.example"
        return
    with pytest.raises(Invalid):
        api.change_email(person_id=person, email=email, reason=WHY, by=leads[0], at=at)


def test_an_address_is_changed_and_the_old_one_is_told(someone, leads, machine, at):
    person = someone("watcher", "analyst", team="pkcert")
    link = api.issue_link(person_id=person, by=leads[0], at=at)
    api.change_email(person_id=person, email="New@Cast.example", reason=WHY, by=leads[0], at=at)
    assert Person.objects.get(id=person).email == "new@cast.example"
    with pytest.raises(Forbidden):
        api.redeem_link(token=link, at=at)
    rows = outbox.messages(by=machine)
    assert {row.recipient_email for row in rows} == {
        "watcher@cast.example", "new@cast.example", "first@cast.example", "second@cast.example",
    }  # fmt: skip
    (told,) = facts(person, "access.email.changed", machine)
    assert "@" not in str(told), "an address would stand in the ledger for ever"


def test_another_address_of_a_role_of_two_people_takes_two(someone, leads, machine, at):
    person = someone("minister", "team-lead", team="pkcert")
    said = {"person_id": person, "email": "new@cast.example", "reason": WHY, "by": leads[0], "at": at}
    with pytest.raises(api.NeedsSecondPerson):
        api.change_email(**said)
    question = api.ask_for_email_change(**said)
    (shown,) = api.pending(by=leads[1], at=at)
    assert (shown.act, shown.detail) == ("email-change", "new@cast.example")
    assert "@" not in str(facts(person, "access.asked", machine))
    api.decide(pending_id=question, agree=True, reason="yes", by=leads[1], at=at)
    assert Person.objects.get(id=person).email == "new@cast.example"
    assert PendingAct.objects.get().agreed


def test_who_recovers_is_told_to_the_leads_and_the_address_in_their_language(someone, leads, machine, at):
    person = someone("watcher", "analyst", team="pkcert")
    Person.objects.filter(id=person).update(language="ur")
    api.redeem_link(token=api.recover(person_id=person, reason=WHY, by=leads[0], at=at), at=at)
    rows = {row.recipient_email: row for row in outbox.messages(by=machine)}
    assert set(rows) == {"watcher@cast.example", "first@cast.example", "second@cast.example"}
    assert rows["watcher@cast.example"].language == "ur"
    assert rows["watcher@cast.example"].subject != rows["first@cast.example"].subject
    for row in rows.values():
        assert row.teams == ("pkcert",)


def test_the_machine_recovers_alone_and_the_ledger_says_so(someone, machine, at):
    person = someone("minister", "team-lead", team="pkcert")
    equip(person)
    api.issue_link(person_id=person, by=machine, at=at)
    api.recover(person_id=person, reason=WHY, by=machine, at=at)
    assert facts(person, "access.link.issued", machine)[-1]["alone"]


def test_a_recovery_link_is_short(someone, leads, at):
    person = someone("watcher", "analyst", team="pkcert")
    with pytest.raises(Invalid):
        api.recover(
            person_id=person, reason=WHY, by=leads[0], at=at, valid=api.RECOVERY_VALID_MAX + timedelta(seconds=1)
        )
    token = api.recover(person_id=person, reason=WHY, by=leads[0], at=at)
    with pytest.raises(Forbidden):
        api.redeem_link(token=token, at=at + api.RECOVERY_VALID_DEFAULT)


def test_the_same_teller_is_asked_once():
    before = list(telling._tellers)
    api.tell_through(before[0])
    assert telling._tellers == before
