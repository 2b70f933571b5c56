"""Pages of consent: the organisation finds what it is asked and answers; the team sees who was told and whether it
arrived."""

import re

import pytest
from django.utils import translation

from pehra.incidents import api as incidents
from pehra.kernel import clock
from pehra.kernel.actors import system
from pehra.outbox import api as outbox

ACT = "Pull the ports of 198.18.1.7"


@pytest.fixture
def asked(country, incident):
    """The hospital was asked for one act, by the team that leads."""
    lead = country.actor("national")
    return incidents.ask_consent(ref=incident.reference, act=ACT, by=lead, at=clock.now())


def chips(text: str) -> list[str]:
    """The states that stand beside the letters of the questions on a page."""
    part = text[text.index('class="consent"') :]
    return re.findall(r"<p class=\"row small quiet\">.*?<span class=\"push\">.*?>([^<>]+)</span>", part, re.S)


def test_the_organisation_finds_its_question_in_the_menu_and_answers_it(signed_in, asked, country):
    hospital = signed_in("hospital")
    assert 'href="/incidents/asked/"' in hospital.get("/").content.decode()
    page = hospital.get("/incidents/asked/").content.decode()
    assert ACT in page
    assert f'id="{asked.incident}-1"' in page
    assert "PKCERT" in page[page.index(ACT) :].partition("</p>")[0], "whose question it is"
    wrong = {"reference": asked.incident, "number": "1", "answer": "given", "terms": "not on Friday"}
    refused = hospital.post("/incidents/asked/", wrong | {"valid_until": "2020-01-01T00:00"})
    assert refused.status_code == 422
    assert "not on Friday" in refused.content.decode()
    done = hospital.post("/incidents/asked/", wrong)
    assert (done.status_code, done["Location"]) == (302, f"/incidents/asked/#{asked.incident}-1")
    (view,) = incidents.consents(asked.incident, by=country.by)
    assert (view.answer, view.channel, view.terms) == (incidents.Answer.GIVEN, "portal", "not on Friday")


def test_who_speaks_for_no_organisation_has_no_such_page(signed_in, asked):
    for who in ("telecom", "national", "council"):
        browser = signed_in(who)
        assert browser.get("/incidents/asked/").status_code == 403
        assert "/incidents/asked/" not in browser.get("/law/").content.decode()
    answer = {"reference": asked.incident, "number": "1", "answer": "given"}
    assert signed_in("telecom").post("/incidents/asked/", answer).status_code == 403


def test_what_is_not_ones_own_is_not_there(signed_in, asked):
    hospital = signed_in("hospital")
    for reference, number in (("PK-2026-999999", "1"), (asked.incident, "2"), ("x", "1")):
        answer = {"reference": reference, "number": number, "answer": "given"}
        assert hospital.post("/incidents/asked/", answer).status_code == 404


def test_the_team_sees_who_was_told_and_whether_it_arrived(signed_in, asked):
    address = f"/incidents/{asked.incident}/tasks"
    text = signed_in("national").get(address).content.decode()
    assert "Desk of Meadow" in text
    assert f"/outbox/{asked.told[0].message}" in text
    assert [chip.strip() for chip in chips(text)] == ["waiting to be sent"]
    outbox.send_due(at=clock.now())
    assert [chip.strip() for chip in chips(signed_in("national").get(address).content.decode())] == ["sent"]
    sent = outbox.message(message_id=asked.told[0].message, by=system("test"))
    outbox.record_bounce(
        message_id=sent.message_id,
        status="5.1.1",
        permanent=True,
        diagnostic="no such user",
        raw_sha256="b" * 64,
        by=system("intake"),
        at=clock.now(),
    )
    assert [chip.strip() for chip in chips(signed_in("national").get(address).content.decode())] == ["came back"]


def test_letters_are_in_their_readers_language(asked, country):
    message = outbox.message(message_id=asked.told[0].message, by=country.by)
    assert message.language == "ur"
    with translation.override("ur"):
        wanted = translation.gettext("%(reference)s: your consent is asked for") % {"reference": asked.incident}
    assert message.subject == wanted
    assert "رضامندی" in message.subject
    assert ACT not in message.body
