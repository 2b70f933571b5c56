"""Whoever keeps the node is told of teams that nobody leads, and of leads whom silence will end."""

from datetime import timedelta

import pytest

from pehra.access import api
from pehra.access.api.leading import leadership

SOON = timedelta(days=80)  # of ninety until a role comes up for review


def scopes(found) -> list[str]:
    return sorted(lead.scope for lead in found.alone)


@pytest.mark.parametrize(("leads", "alone"), [(["first"], ["team:city-cert"]), (["first", "second"], [])])
def test_a_lead_who_stands_alone_is_named_before_silence_ends_the_role(someone, at, leads, alone):
    for name in leads:
        someone(name, "team-lead", team="city-cert")
    assert scopes(leadership(at=at + SOON)) == alone
    assert scopes(leadership(at=at)) == [], "there is time yet"


def test_a_lead_from_above_is_company_and_stands_alone_itself(someone, at):
    someone("first", "team-lead", team="city-cert")
    someone("chief", "team-lead", team="pkcert", guided=True)
    assert scopes(leadership(at=at + SOON)) == ["guided:pkcert"]


@pytest.mark.parametrize("company", ["closed", "sibling", "member"])
def test_who_is_closed_or_beside_or_leads_nobody_is_no_company(someone, machine, at, company):
    someone("first", "team-lead", team="city-cert")
    where = "ntcert" if company == "sibling" else "city-cert"
    other = someone("second", "analyst" if company == "member" else "team-lead", team=where)
    if company == "closed":
        api.close_person(person_id=other, reason="left", by=machine, at=at)
    assert "team:city-cert" in scopes(leadership(at=at + SOON))


@pytest.mark.parametrize(("lead", "unled"), [({}, ("city-cert",)), ({"team": "pkcert", "guided": True}, ())])
def test_a_team_with_people_and_no_lead_is_named(someone, at, lead, unled):
    someone("member", "analyst", team="city-cert")
    if lead:
        someone("chief", "team-lead", **lead)
    assert leadership(at=at).unled == unled
