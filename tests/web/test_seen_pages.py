"""Two handlers at one incident: who decides on what stood there before is told, and loses no word."""

import re

import pytest
from django.test import Client

from pehra.incidents import api
from pehra.incidents.models import Incident
from tests.web.test_joining_browser import opened

pytestmark = pytest.mark.django_db
SAID = "Somebody changed this meanwhile."


@pytest.fixture
def ref(country) -> str:
    """One incident of the hospital."""
    return opened("Ransom note", "org-0001", by=country.by)


def seen(client: Client, address: str, form: str) -> str:
    """The mark that one form of a page carries."""
    return re.search(r'name="seen" value="([0-9a-f]+)"', form_of(client.get(address).text, form))[1]


def form_of(text: str, form: str) -> str:
    """The words of one form of a page."""
    return text.partition(f'data-draft="{form}"')[2].partition("</form>")[0]


def test_who_judges_over_a_colleagues_judgement_is_told_and_may_then_say_it(signed_in, ref):
    first, second = signed_in("national"), signed_in("lead")
    page = f"/incidents/{ref}/"
    was = seen(second, page, "severity")
    said = {"severity": "critical", "reason": "patients wait", "seen": seen(first, page, "severity")}
    assert first.post(f"{page}severity", said).status_code == 302

    stale = {"severity": "low", "reason": "nobody is hurt", "seen": was}
    answer = second.post(f"{page}severity", stale)
    assert answer.status_code == 422
    form = form_of(answer.text, "severity")
    assert SAID in form
    assert 'value="nobody is hurt"' in form
    assert '<option value="low" selected>' in form
    assert Incident.objects.get(reference=ref).severity == "critical"

    now = re.search(r'name="seen" value="([0-9a-f]+)"', form)[1]
    assert second.post(f"{page}severity", stale | {"seen": now}).status_code == 302
    assert Incident.objects.get(reference=ref).severity == "low"


def test_a_stale_page_takes_nothing_back_that_a_colleague_stated(signed_in, country, ref):
    first, second = signed_in("national"), signed_in("lead")
    page = f"/incidents/{ref}/"
    was = seen(second, page, "facts")
    fresh = {"attribute-ransomware": "yes", "reason": "a note", "seen": was}
    assert first.post(f"{page}facts", fresh).status_code == 302
    stale = {"attribute-ransomware": "", "attribute-campaign": "no", "reason": "one host", "seen": was}
    answer = second.post(f"{page}facts", stale)
    assert answer.status_code == 422
    assert SAID in form_of(answer.text, "facts")
    assert "ransomware" in api.incident(ref, by=country.by).attributes


@pytest.mark.parametrize(
    ("form", "theirs", "mine"),
    [
        ("impact", {"services": "Admissions", "countries": ""}, {"services": "", "region": ["sindh"]}),
        ("marking", {"tlp": "TLP:RED", "pap": "PAP:RED"}, {"tlp": "TLP:AMBER", "pap": "PAP:GREEN"}),
    ],
)
def test_the_assessment_too(signed_in, country, ref, form, theirs, mine):
    first, second = signed_in("national"), signed_in("lead")
    page = f"/incidents/{ref}/assessment"
    was = seen(second, page, form)
    assert first.post(f"{page}/{form}", theirs | {"reason": "as seen", "seen": was}).status_code == 302
    answer = second.post(f"{page}/{form}", mine | {"reason": "otherwise", "seen": was})
    assert answer.status_code == 422
    shown = form_of(answer.text, form)
    assert SAID in shown
    assert 'value="otherwise"' in shown
    found = api.incident(ref, by=country.by)
    if form == "impact":
        assert list(found.impact["services"]) == ["Admissions"]
        assert 'value="sindh" checked' in shown
    else:
        assert str(found.incident.tlp) == "TLP:RED"
        assert '<option value="PAP:GREEN" selected>' in shown


def test_what_concerns_another_form_stands_in_nobodys_way(signed_in, ref):
    first, second = signed_in("national"), signed_in("lead")
    page = f"/incidents/{ref}/"
    was = seen(second, f"{page}assessment", "impact")
    said = {"severity": "critical", "reason": "patients wait", "seen": seen(first, page, "severity")}
    assert first.post(f"{page}severity", said).status_code == 302
    mine = {"services": "Admissions", "reason": "counted", "seen": was}
    assert second.post(f"{page}assessment/impact", mine).status_code == 302
