"""Pages of giving roles: who sees them, what they say before and after, and what they refuse."""

from datetime import timedelta

import pytest

from pehra.access import api as access
from pehra.kernel import clock

PAGES = ["people/", "give/", "pending/", "review/", "glass/", "roles/"]
OPEN = {
    "lead": set(PAGES),
    "operator": {"people/", "give/", "pending/", "review/", "roles/"},
    "national": {"glass/", "roles/"},
    "hospital": {"roles/"},
    "council": {"roles/"},
    "nobody": {"roles/"},
}


@pytest.mark.parametrize("who", sorted(OPEN))
def test_who_opens_which_page(signed_in, who):
    browser = signed_in(who)
    opened = {page for page in PAGES if browser.get(f"/access/{page}").status_code == 200}
    assert opened == OPEN[who]


@pytest.fixture
def second(country):
    """Another lead of the national team."""
    person = access.add_person(email="second@cast.example", name="Second", by=country.by, at=clock.now())
    access.grant(person_id=person, role="team-lead", team="pkcert", reason="cast", by=country.by, at=clock.now())
    country.people["second"] = person
    return person


FORM = {"email": "new@cast.example", "name": "New", "kind": "team", "code": "pkcert", "reason": "joins", "until": ""}


def test_a_role_is_shown_before_it_is_given(signed_in, country):
    browser = signed_in("lead")
    shown = browser.post("/access/give/", FORM | {"role": "analyst", "step": "preview"})
    assert shown.status_code == 200
    assert "findings.change" in shown.text
    assert "You alone may give it." in shown.text
    assert all(row.email != "new@cast.example" for row in access.people(by=country.by, at=clock.now()))
    given = browser.post("/access/give/", FORM | {"role": "analyst", "step": "give"})
    assert given.status_code == 302
    page = browser.get(given.headers["Location"]).text
    assert "new@cast.example" in page
    assert "Role given" in page


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"code": "pkcrt"}, 422, "Did you mean pkcert?"),
        ({"code": ""}, 422, "Say of which team"),
        ({"kind": "organisation", "code": "org-0001"}, 422, "not held in such a scope"),
        ({"until": "2026-99-99"}, 422, "no day of the calendar"),
        ({"until": "2020-01-01"}, 422, "ends after it starts"),
        ({"reason": " "}, 422, "says why"),
        ({"email": "none"}, 422, "is not an e-mail address"),
        ({"code": "ntcert"}, 403, "within your own"),
    ],
)
def test_a_form_that_cannot_be_used_says_what_is_wrong(signed_in, wrong, status, words):
    answer = signed_in("lead").post("/access/give/", FORM | {"role": "analyst", "step": "give"} | wrong)
    assert answer.status_code == status
    assert words in answer.text


def test_two_people_by_their_pages(signed_in, second, country):
    first = signed_in("lead")
    asked = first.post("/access/give/", FORM | {"role": "team-lead", "step": "give"})
    assert asked.status_code == 302
    assert "Withdraw" in first.get("/access/pending/").text
    (question,) = access.pending(by=country.actor("second"), at=clock.now())
    address = f"/access/pending/{question.id}/decide"
    assert first.post(address, {"decision": "agree", "reason": "me"}).status_code == 403
    other = signed_in("second")
    assert ">Agree<" in other.get("/access/pending/").text
    assert other.post(address, {"decision": "agree", "reason": ""}).status_code == 422
    assert other.post(address, {"decision": "agree", "reason": "yes"}).status_code == 302
    assert "Nothing waits" in other.get("/access/pending/").text


def test_a_broken_glass_is_on_every_page_until_it_is_judged(signed_in, country):
    officer = signed_in("national")
    assert "Broken glass" not in officer.get("/").text
    sent = {"role": "incident-handler", "team": "punjab-cert", "hours": "1", "reason": "the province does not answer"}
    assert officer.post("/access/glass/break", sent | {"hours": "99"}).status_code == 422
    assert officer.post("/access/glass/break", sent).status_code == 302
    for who in ("national", "punjab"):
        assert "the province does not answer" in signed_in(who).get("/").text
    assert "the province does not answer" not in signed_in("telecom").get("/").text
    assert officer.post("/access/glass/break", sent | {"team": "nowhere"}).status_code == 403


def test_the_lead_finds_an_unjudged_glass_at_the_top(signed_in, country):
    member = country.actor("national")
    given = access.break_glass(
        role="duty-officer", team="pkcert", reason="nobody on watch", hours=1, by=member, at=clock.now()
    )
    lead = signed_in("lead")
    assert "Broken glass that you must judge" in lead.get("/access/people/").text
    address = f"/access/glass/{given}/judge"
    assert signed_in("national").post(address, {"verdict": "justified", "note": "mine"}).status_code == 403
    assert signed_in("telecom").post(address, {"verdict": "justified", "note": "x"}).status_code == 404
    assert lead.post(address, {"verdict": "justified", "note": "it was"}).status_code == 302
    assert "Broken glass that you must judge" not in lead.get("/access/people/").text


def test_many_roles_are_kept_at_once(signed_in, country, monkeypatch):
    due = clock.now() + access.policy(at=clock.now()).review_every - timedelta(days=1)
    rows = access.due_for_review(by=country.actor("lead"), at=due)
    assert rows
    lead = signed_in("lead")
    ids = [str(row.grant) for row in rows]
    assert lead.post("/access/review/decide", {"act": "keep", "reason": "all right"}).status_code == 422
    assert lead.post("/access/review/decide", {"grant": ids, "act": "keep", "reason": ""}).status_code == 422
    assert lead.post("/access/review/decide", {"grant": ids, "act": "keep", "reason": "all right"}).status_code == 302
    other = access.due_for_review(by=country.by, at=due)
    foreign = next(str(row.grant) for row in other if row.scope == "team:ntcert")
    sent = {"grant": foreign, "act": "end", "reason": "not mine"}
    assert lead.post("/access/review/decide", sent).status_code == 404


def test_a_persons_page_says_why(signed_in, country):
    lead = signed_in("lead")
    address = f"/access/people/{country.people['national']}/"
    assert "Yes" in lead.get(address, {"permission": "incidents.close", "team": "pkcert"}).text
    no = lead.get(address, {"permission": "incidents.close", "team": "ntcert"}).text
    assert "does not reach ntcert" in no
    assert "not known" in lead.get(address, {"permission": "incidents.eat"}).text
    assert lead.get(f"/access/people/{country.people['telecom']}/").status_code == 404
    assert signed_in("hospital").get(f"/access/people/{country.people['hospital']}/").status_code == 200


def test_people_are_found_and_paged(signed_in, country, settings):
    operator = signed_in("operator")
    page = operator.get("/access/people/", {"search": "hospital"}).text
    assert "hospital@cast.example" in page
    assert "telecom@cast.example" not in page
    assert "Nobody fits this filter" in operator.get("/access/people/", {"search": "zzz"}).text
    for number in range(60):
        access.add_person(email=f"many{number:02}@cast.example", name="M", by=country.by, at=clock.now())
    first = operator.get("/access/people/", {"search": "many"}).text
    assert "many49" in first
    assert "many50" not in first
    assert "many50" in operator.get("/access/people/", {"search": "many", "after": "many49@cast.example"}).text


def test_a_role_is_ended_and_a_person_closed_on_their_page(signed_in, country):
    lead = signed_in("lead")
    person = country.people["national"]
    (grant,) = access.person(person_id=person, by=country.by, at=clock.now()).grants
    assert lead.post(f"/access/people/{person}/roles/{grant.id}/end", {"reason": ""}).status_code == 422
    assert lead.post(f"/access/people/{person}/roles/{grant.id}/end", {"reason": "left"}).status_code == 302
    assert not access.person(person_id=person, by=country.by, at=clock.now()).grants
