"""The pages by which a lead lets somebody in, lets them back in, and gives them another address."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from pehra.access import api as access
from pehra.kernel import clock


@pytest.fixture
def second(country):
    """Another lead of the national team."""
    person = access.add_person(email="second@cast.example", name="Second", by=country.by, at=clock.now())
    access.grant(person_id=person, role="team-lead", team="pkcert", reason="cast", by=country.by, at=clock.now())
    country.people["second"] = person
    return person


def link_on(page: str) -> str:
    found = re.search(r'value="http://testserver(/access/link/[^"]+)"', page)
    assert found is not None, "no link on the page"
    return found.group(1)


@pytest.mark.parametrize(
    ("who", "status"), [("lead", 200), ("telecom", 403), ("operator", 403), ("hospital", 403), ("nobody", 403)]
)
@pytest.mark.parametrize("act", ["link", "recovery", "email"])
def test_who_may_let_somebody_in(signed_in, country, who, status, act):
    page = f"/access/people/{country.people['national']}/{act}"
    answer = signed_in(who).post(page, {"reason": "knows them", "email": "other@cast.example"})
    assert answer.status_code == (302 if status == 200 and act == "email" else status)


def test_a_link_is_shown_once_and_lets_them_in(signed_in, country):
    lead = signed_in("lead")
    person = country.people["national"]
    address = link_on(lead.post(f"/access/people/{person}/link").text)
    assert "/access/link/" not in lead.get(f"/access/people/{person}/").text
    assert Client().post(address).status_code == 302


def test_a_recovery_of_two_people_by_their_pages(signed_in, second, country):
    third = access.add_person(email="third@cast.example", name="Third", by=country.by, at=clock.now())
    access.grant(person_id=third, role="team-lead", team="pkcert", reason="cast", by=country.by, at=clock.now())
    person, reason = second, {"reason": "lost the key in the flood"}
    country.people["third"] = third
    first = signed_in("lead")
    assert "Ask for a recovery" in first.get(f"/access/people/{person}/").text
    assert first.post(f"/access/people/{person}/recovery", reason).status_code == 302
    other = signed_in("third")
    (question,) = access.pending(by=country.actor("third"), at=clock.now())
    assert "recovery of an account" in other.get("/access/pending/").text
    said = {"decision": "agree", "reason": "I called her"}
    assert other.post(f"/access/pending/{question.id}/decide", said).status_code == 302
    assert "A second person agreed" in first.get(f"/access/people/{person}/").text
    address = link_on(first.post(f"/access/people/{person}/recovery", reason).text)
    assert Client().post(address).status_code == 302
    assert "Account recovered" in first.get(f"/access/people/{person}/").text
    for browser in (first, other):
        assert "Came back by a recovery link" in browser.get("/access/people/").text


def test_another_address_is_shown_to_who_decides(signed_in, second, country):
    first = signed_in("lead")
    said = {"email": "minister@cast.example", "reason": "married"}
    assert first.post(f"/access/people/{second}/email", {**said, "email": "none"}).status_code == 422
    assert first.post(f"/access/people/{second}/email", said).status_code == 302
    assert "minister@cast.example" in first.get("/access/pending/").text
    assert access.person(person_id=second, by=country.by, at=clock.now()).email == "second@cast.example"


@pytest.mark.parametrize("act", ["link", "recovery", "email"])
def test_whoever_lets_somebody_in_proves_anew_who_they_are(signed_in, country, monkeypatch, settings, act):
    lead = signed_in("lead")
    settings.PEHRA_MFA_REQUIRED = True
    monkeypatch.setattr("pehra.access.sessions.limits.what_comes_first", lambda _request: "")
    monkeypatch.setattr("pehra.web.middleware.access.what_comes_first", lambda _request: "")
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr("pehra.kernel.clock.now", lambda: later)
    sent = {"reason": "knows them", "email": "other@cast.example"}
    answer = lead.post(f"/access/people/{country.people['national']}/{act}", sent)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/access/enrol"), "nothing to prove it with: they make something"
    shown = access.person(person_id=country.people["national"], by=country.by, at=later)
    assert shown.email == "national@cast.example"


def test_an_account_of_a_program_has_no_such_forms(signed_in, country):
    at = clock.now()
    account = access.add_service_account(name="Tickets", email="tickets@cast.example", by=country.by, at=at)
    access.grant(person_id=account, role="analyst", team="pkcert", reason="cast", by=country.by, at=at)
    lead = signed_in("lead")
    assert "How they come in" not in lead.get(f"/access/people/{account}/").text
    assert lead.post(f"/access/people/{account}/link").status_code == 422
