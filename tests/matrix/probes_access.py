"""How the use cases of `access` are tried: on the people, roles, tokens and questions of one place."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pehra.access import api as access
from pehra.access.rules.directory import Email, User
from pehra.access.rules.roles import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid
from tests.matrix.probes import WHY, Probe, acts, sees
from tests.matrix.world import AT, Place

_SCOPES: dict[str, dict[str, Any]] = {
    "analyst": {"guided": True},
    "team-lead": {},
    "organisation-contact": {},
}


def _scope(place: Place, role: str) -> dict[str, Any]:
    where = {"organisation": place.organisation} if role.startswith("organisation") else {"team": place.team}
    return where | _SCOPES[role]


def _give(place: Place, by: Actor, role: str) -> Any:
    return access.grant(person_id=place.person, role=role, by=by, **_scope(place, role), **WHY)


def _ask(place: Place, by: Actor) -> Any:
    return access.ask_for_grant(person_id=place.service, role="auditor", team=place.team, by=by, **WHY)


def _token(by: Actor, holder: UUID | None) -> Any:
    return access.issue_token(
        holder_id=holder, name="tried", permissions=["law.read"], valid=timedelta(days=1), by=by, at=AT
    )


def _directory(place: Place, by: Actor, kind: str) -> Any:
    return access.directory_for(kind=kind, code=place.team if kind == "team" else place.organisation, by=by, at=AT)


def _provide(place: Place, by: Actor, kind: str) -> Any:
    address = f"new@{place.name}.example"
    said = User(user_name=address, emails=[Email(value=address, primary=True)])
    return access.add_user(directory=_directory(place, by, kind), said=said, by=by, at=AT)


def _knows(place: Place, by: Actor) -> bool:
    try:
        access.require_known_organisation(place.organisation, by=by)
    except Invalid:
        return False
    return True


def _opens_organisation(place: Place, by: Actor) -> bool:
    try:
        access.what_it_opens(role="organisation-contact", kind="organisation", code=place.organisation, by=by, at=AT)
    except Invalid:
        return False
    return True


def _claim(by: Actor) -> Any:
    return access.claim_answer(key="tried", request_sha256="0" * 64, by=by, at=AT)


def _named(place: Place, by: Actor, permission: Permission) -> bool:
    return access.may(by, permission, teams=[place.team], organisation=place.organisation)


PROBES: dict[str, Probe] = {
    # who there is
    "access.people": sees(lambda p, by: p.person in {row.id for row in access.people(by=by, at=AT)}),
    "access.find_people": sees(
        lambda p, by: (
            p.person
            in {row.id for row in access.find_people(filters=access.PeopleFilters(), limit=200, by=by, at=AT)[0]}
        )
    ),
    "access.person": acts(lambda p, by: access.person(person_id=p.person, by=by, at=AT)),
    "access.person_by_email": acts(lambda p, by: access.person_by_email(email=p.email, by=by)),
    "access.names": sees(lambda p, by: str(p.person) in access.names(ids=[str(p.person)], by=by)),
    "access.within": sees(lambda p, by: access.within(p.person, by=by, at=AT)),
    "access.add_person": acts(
        lambda p, by: access.add_person(email="new@person.example", name="New", by=by, at=AT), anywhere=True
    ),
    "access.add_service_account": acts(
        lambda p, by: access.add_service_account(name="New", email="new@feed.example", by=by, at=AT), anywhere=True
    ),
    "access.close_person": acts(lambda p, by: access.close_person(person_id=p.person, by=by, **WHY)),
    "access.open_person": acts(lambda p, by: access.open_person(person_id=p.person, by=by, **WHY)),
    "access.issue_link": acts(lambda p, by: access.issue_link(person_id=p.person, by=by, at=AT)),
    "access.ask_for_recovery": acts(lambda p, by: access.ask_for_recovery(person_id=p.contact, by=by, **WHY)),
    "access.recover (contact of the organisation)": acts(
        lambda p, by: access.recover(person_id=p.contact, by=by, **WHY)
    ),
    "access.recovery_of": acts(lambda p, by: access.recovery_of(person_id=p.contact, by=by, at=AT)),
    "access.ask_for_email_change": acts(
        lambda p, by: access.ask_for_email_change(person_id=p.contact, email="other@person.example", by=by, **WHY)
    ),
    "access.change_email (contact of the organisation)": acts(
        lambda p, by: access.change_email(person_id=p.contact, email="other@person.example", by=by, **WHY)
    ),
    "access.recovered_lately": acts(lambda p, by: access.recovered_lately(by=by, at=AT), anywhere=True),
    "access.providers": acts(lambda p, by: access.providers(by=by), anywhere=True),
    "access.count_sessions": acts(lambda p, by: access.count_sessions(person_id=p.contact, by=by, at=AT)),
    "access.end_sessions": acts(lambda p, by: access.end_sessions(person_id=p.contact, by=by, **WHY)),
    "access.sessions": acts(lambda p, by: access.sessions(by=by), anywhere=True),
    "access.end_other_sessions": acts(lambda p, by: access.end_other_sessions(here="", by=by, at=AT), anywhere=True),
    "access.force_new_credential": acts(lambda p, by: access.force_new_credential(person_id=p.contact, by=by, **WHY)),
    "access.is_password_of": acts(lambda p, by: access.is_password_of(person_id=p.contact, candidate="x", by=by)),
    "access.people_at": sees(lambda p, by: bool(access.people_at(addresses=[p.email], by=by))),
    "access.rotate_keys": acts(lambda p, by: access.rotate_keys(by=by, at=AT), anywhere=True),
    "access.signing_keys": acts(lambda p, by: access.signing_keys(by=by, at=AT), anywhere=True),
    "access.uses_of": acts(lambda p, by: access.uses_of(person_id=p.contact, by=by)),
    "access.person (contact of the organisation)": acts(lambda p, by: access.person(person_id=p.contact, by=by, at=AT)),
    "access.close_person (contact of the organisation)": acts(
        lambda p, by: access.close_person(person_id=p.contact, by=by, **WHY)
    ),
    "access.issue_link (contact of the organisation)": acts(
        lambda p, by: access.issue_link(person_id=p.contact, by=by, at=AT)
    ),
    # what they hold
    "access.grant (analyst of the team)": acts(lambda p, by: _give(p, by, "analyst")),
    "access.grant (contact of the organisation)": acts(lambda p, by: _give(p, by, "organisation-contact")),
    "access.ask_for_grant (auditor of the team)": acts(_ask),
    "access.decide": acts(lambda p, by: access.decide(pending_id=p.question, agree=True, by=by, **WHY)),
    "access.pending": sees(lambda p, by: p.question in {row.id for row in access.pending(by=by, at=AT)}),
    "access.revoke": acts(lambda p, by: access.revoke(grant_id=p.grant, by=by, **WHY)),
    "access.change_grant": acts(lambda p, by: access.change_grant(grant_id=p.grant, role="soc-analyst", by=by, **WHY)),
    "access.due_for_review": sees(lambda p, by: p.grant in {row.grant for row in access.due_for_review(by=by, at=AT)}),
    "access.review": acts(lambda p, by: access.review(grant_id=p.grant, keep=True, by=by, **WHY)),
    "access.break_glass": acts(
        lambda p, by: access.break_glass(role="incident-handler", team=p.team, hours=1, by=by, **WHY)
    ),
    "access.teams_to_break": sees(lambda p, by: p.team in access.teams_to_break(by=by, at=AT)),
    "access.glasses": sees(lambda p, by: p.glass in {row.grant for row in access.glasses(by=by, at=AT)}),
    "access.active_glasses": sees(lambda p, by: p.glass in {row.grant for row in access.active_glasses(by=by, at=AT)}),
    "access.review_glass": acts(
        lambda p, by: access.review_glass(grant_id=p.glass, verdict="justified", note="tried", by=by, at=AT)
    ),
    "access.what_it_opens": acts(
        lambda p, by: access.what_it_opens(role="analyst", kind="team", code=p.team, by=by, at=AT)
    ),
    "access.what_it_opens (an organisation)": sees(_opens_organisation),
    "access.codes_to_give_in": sees(lambda p, by: p.team in access.codes_to_give_in(by=by)[0]),
    "access.sweep": acts(lambda p, by: access.sweep(by=by, at=AT), anywhere=True),
    # tokens
    "access.tokens (of another)": acts(lambda p, by: access.tokens(by=by, at=AT, holder_id=p.person)),
    "access.tokens_may_carry": acts(lambda p, by: access.tokens_may_carry(holder_id=p.person, by=by, at=AT)),
    "access.token_permissions": acts(lambda p, by: access.token_permissions(by=by), anywhere=True),
    "access.issue_token (one's own)": acts(lambda p, by: _token(by, UUID(by.id)), anywhere=True),
    "access.issue_token (of a service account)": acts(lambda p, by: _token(by, p.service)),
    "access.revoke_token": acts(lambda p, by: access.revoke_token(token_id=p.token, by=by, **WHY)),
    "access.claim_answer": acts(lambda p, by: _claim(by), anywhere=True),
    # directories
    "access.directory_for (a team's)": acts(lambda p, by: _directory(p, by, "team")),
    "access.directory_for (an organisation's)": acts(lambda p, by: _directory(p, by, "organisation")),
    "access.add_user (a team's)": acts(lambda p, by: _provide(p, by, "team")),
    "access.add_user (an organisation's)": acts(lambda p, by: _provide(p, by, "organisation")),
    # the wall itself
    "access.require": acts(
        lambda p, by: access.require(by, Permission.FINDINGS_READ, teams=[p.team], organisation=p.organisation)
    ),
    "access.may (change a finding)": sees(lambda p, by: _named(p, by, Permission.FINDINGS_CHANGE)),
    "access.may (close an incident)": sees(lambda p, by: _named(p, by, Permission.INCIDENTS_CLOSE)),
    "access.may (give roles)": sees(lambda p, by: _named(p, by, Permission.ACCESS_GRANT)),
    "access.narrowed (to the registry)": acts(
        lambda p, by: access.narrowed(by, Permission.REGISTRY_READ), anywhere=True
    ),
    "access.require_known_organisation": sees(_knows),
    "access.why": acts(
        lambda p, by: access.why(
            by=by, permission=Permission.FINDINGS_READ, teams=[p.team], organisation=p.organisation, at=AT
        )
    ),
}
