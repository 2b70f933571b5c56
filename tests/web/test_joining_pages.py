"""Pages of joining behind both walls: a team that supports does what it may, and sees no more than it may."""

import re
from datetime import timedelta

import pytest

from pehra.incidents import api
from pehra.incidents.models import Incident
from pehra.kernel import clock
from tests.web.test_joining_browser import opened


@pytest.fixture
def pair(country) -> tuple[str, str]:
    """Two incidents: one of the hospital, one of a body of Punjab."""
    return opened("Ransom note", "org-0001", by=country.by), opened("Locked files", "org-0003", by=country.by)


def roles(ref: str) -> dict[str, str]:
    return {role["team"]: role["role"] for role in Incident.objects.get(reference=ref).roles}


def test_a_merge_shares_the_sight_and_its_undoing_takes_it_back(signed_in, country, pair):
    hospital, body = pair
    before = roles(hospital), roles(body)
    browser = signed_in("lead")
    answer = browser.post(f"/incidents/{body}/joined/merge", {"into": hospital, "reason": "one"})
    assert answer.status_code == 302, answer.text
    assert roles(hospital).keys() == roles(body).keys()
    punjab = signed_in("punjab")
    shown = punjab.get(f"/incidents/{hospital}/joined")
    assert shown.status_code == 200
    assert body in shown.text
    assert punjab.get(f"/incidents/{hospital}/assessment").status_code == 200
    form = {"text": "198.51.100.77", "note": ""}
    assert punjab.post(f"/incidents/{hospital}/observables/add", form).status_code == 302
    # Undone by the team that sees only the part from then on.
    assert punjab.post(f"/incidents/{body}/joined/unmerge", {"reason": "two"}).status_code == 302
    assert (roles(hospital), roles(body)) == before
    assert [one.value for one in api.observables(ref=hospital, by=country.by, at=clock.now())] == ["198.51.100.77"]


def test_a_merge_without_reason_is_refused_at_its_form_and_what_was_typed_stays(signed_in, pair):
    hospital, body = pair
    answer = signed_in("lead").post(f"/incidents/{body}/joined/merge", {"into": hospital, "reason": " "})
    assert answer.status_code == 422
    assert re.search(rf'name="into"[^>]*value="{hospital}"', answer.text)
    assert Incident.objects.get(reference=body).merged_into_id is None


@pytest.mark.parametrize("who", ["hospital", "council", "nobody", "telecom"])
def test_who_may_not_change_both_merges_nothing(who, signed_in, pair):
    hospital, body = pair
    answer = signed_in(who).post(f"/incidents/{body}/joined/merge", {"into": hospital, "reason": "one"})
    assert answer.status_code in {403, 404}
    assert Incident.objects.get(reference=body).merged_into_id is None


def test_what_a_team_looks_at_its_organisation_does_not_read(signed_in, country, pair):
    hospital, _body = pair
    api.add_observables(ref=hospital, text="hxxp://evil[.]example/x", by=country.by, at=clock.now())
    assert "evil[.]example" in signed_in("lead").get(f"/incidents/{hospital}/observables").text
    own = signed_in("hospital").get(f"/incidents/{hospital}/observables")
    assert own.status_code == 200
    assert "evil[.]example" not in own.text


def test_another_organisation_is_named_marked_and_split_off_again(signed_in, country, pair):
    hospital, _body = pair
    browser = signed_in("lead")
    said = {"organisation": "org-0002", "reason": "hit too"}
    assert browser.post(f"/incidents/{hospital}/assessment/affect", said).status_code == 302
    assert "What each organisation owes" in browser.get(f"/incidents/{hospital}/assessment").text
    assert 'name="organisation"' in browser.get(f"/incidents/{hospital}/tasks").text, "any of them can be asked"
    form = {"tlp": "TLP:RED", "pap": "PAP:RED", "reason": "a source"}
    assert browser.post(f"/incidents/{hospital}/assessment/marking", form).status_code == 302
    form = {"services": "Billing\r\nSMS", "region": ["punjab"], "countries": "AE", "reason": "seen"}
    assert browser.post(f"/incidents/{hospital}/assessment/impact", form).status_code == 302
    assert "Billing\nSMS" in browser.get(f"/incidents/{hospital}/assessment").text
    form = {"organisation": "org-0002", "title": "The other", "reason": "another gang"}
    assert browser.post(f"/incidents/{hospital}/joined/split", form).status_code == 302
    (link,) = api.links(ref=hospital, by=country.by)
    fresh = api.incident(link.other, by=country.by).incident
    assert (link.reads, fresh.organisation, fresh.tlp) == ("split-into", "org-0002", "TLP:RED")
    assert browser.post(f"/incidents/{hospital}/joined/nothing", {}).status_code == 404


def test_an_exercise_has_its_own_list(signed_in, pair):
    hospital, body = pair
    browser = signed_in("lead")
    form = {"exercise": "yes", "reason": "the yearly one"}
    assert browser.post(f"/incidents/{hospital}/assessment/exercise", form).status_code == 302
    assert "EXERCISE" in browser.get(f"/incidents/{hospital}/").text
    real, drills = browser.get("/incidents/?state=").text, browser.get("/incidents/?state=&kind=exercise").text
    assert (hospital in real, body in real) == (False, True)
    assert (hospital in drills, body in drills) == (True, False)


def test_the_clock_of_one_of_several_is_met_from_its_row(signed_in, country, pair):
    hospital, body = pair
    api.merge(ref=body, into=hospital, reason="one", by=country.by, at=clock.now() + timedelta(seconds=1))
    owed = [one for one in api.organisation_clocks(ref=hospital, by=country.by) if one.is_owed]
    first = next(one for one in owed if one.organisation == "org-0003")
    form = {"duty": first.duty, "stage": first.stage, "organisation": "org-0003", "moment": ""}
    assert signed_in("lead").post(f"/incidents/{hospital}/assessment/sent", form).status_code == 302
    after = {one.id: one.state for one in api.organisation_clocks(ref=hospital, by=country.by)}
    assert after[first.id] in {"met", "met-late"}
    assert [one.id for one in owed if after[one.id] in {"met", "met-late"}] == [first.id]


def test_whoever_leads_for_one_side_says_when_that_one_became_aware(signed_in, country, pair):
    hospital, _body = pair
    lead, punjab = signed_in("lead"), signed_in("punjab")
    said = {"organisation": "org-0003", "reason": "the same note"}
    assert lead.post(f"/incidents/{hospital}/assessment/affect", said).status_code == 302
    row = Incident.objects.get(reference=hospital)
    informed = [*row.roles, {"team": "punjab-cert", "role": "inform", "because": {}}]
    Incident.objects.filter(id=row.id).update(
        widespread=True, organisation="", teams=[*row.teams, "punjab-cert"], roles=informed
    )
    row.organisations.filter(organisation="org-0003").update(lead_team="punjab-cert", teams=["punjab-cert"])
    page = punjab.get(f"/incidents/{hospital}/assessment").text
    assert '<option value="org-0003">' in page
    assert "org-0001" not in page
    form = {"organisation": "org-0003", "name": "awareness", "moment": ""}
    assert punjab.post(f"/incidents/{hospital}/assessment/moment", form).status_code == 422
    form["moment"] = "2026-01-02T03:04"
    assert punjab.post(f"/incidents/{hospital}/assessment/moment", form).status_code == 302
    other = form | {"organisation": "org-0001"}
    assert punjab.post(f"/incidents/{hospital}/assessment/moment", other).status_code == 404
    assert "2 January 2026" in punjab.get(f"/incidents/{hospital}/assessment").text
    sides = api.incident(hospital, by=country.by).sides
    assert {side.organisation: [known.name for known in side.moments] for side in sides} == {
        "org-0001": [], "org-0003": ["awareness"]
    }  # fmt: skip


def test_an_organisation_is_told_what_is_its_own_to_do_next(signed_in, pair):
    hospital, _body = pair
    page = signed_in("hospital").get(f"/incidents/{hospital}/").text
    following = page.split('class="next')[1].split("</div>", maxsplit=1)[0]
    assert f'/intake/own/?incident={hospital}"' in following
    assert "Report about this incident" not in signed_in("lead").get(f"/incidents/{hospital}/").text
