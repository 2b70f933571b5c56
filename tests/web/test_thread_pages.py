"""Pages of threads: a letter is looked at and sent, a thread is read by its two sides, a ticket number answers."""

import re

import pytest

from pehra.kernel import clock
from pehra.kernel.actors import system
from pehra.outbox import api as outbox
from pehra.registry.models import Contact
from pehra.threads import api as threads
from tests.threads.conftest import token_of


@pytest.fixture
def notice(country):
    (row,) = [row for row in outbox.messages(by=country.by, organisation="org-0002") if row.kind == "findings.notice"]
    threads.follow_letters(by=system("threads"), at=clock.now())
    return row


@pytest.fixture
def thread(country, notice):
    (row,), _more = threads.threads(by=country.by, organisation="org-0002")
    return row


def letter(**more: str) -> dict[str, str]:
    said = {"organisation": "org-0002", "team": "ntcert", "subject": "Two questions", "body": "Who holds it?"}
    return said | {"tlp": "TLP:AMBER", "step": "look"} | more


def test_a_letter_is_looked_at_and_then_sent_as_it_was(signed_in, country):
    browser = signed_in("telecom")
    assert browser.get("/threads/write?organisation=org-0002").status_code == 200
    page = browser.post("/threads/write", letter())
    text = page.content.decode()
    assert page.status_code == 200
    assert "security@river.example" in text
    assert "may go" in text
    assert outbox.ANSWER_HERE not in text
    assert not [row for row in outbox.messages(by=country.by) if row.kind == "threads.letter"]
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', text)[1]
    sent = browser.post("/threads/write", letter(step="send", seen=seen), follow=True)
    assert "Sent. Whether it arrived stands in the thread." in sent.content.decode()
    again = browser.post("/threads/write", letter(step="send", seen=seen))
    assert again.status_code == 422
    assert "Who holds it?" in again.content.decode()
    assert len([row for row in outbox.messages(by=country.by) if row.kind == "threads.letter"]) == 1


def test_what_may_not_go_says_so_and_has_no_button(signed_in):
    text = signed_in("telecom").post("/threads/write", letter(tlp="TLP:RED")).content.decode()
    assert "may not go" in text
    assert 'value="send"' not in text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"organisation": "org-9999"}, "There is no organisation"),
        ({"subject": ""}, "A letter needs a subject"),
        ({"about": "PK-2026-999999"}, "there is no incident"),
        ({"tlp": "TLP:PINK"}, "TLP"),
    ],
)
def test_a_refusal_keeps_what_was_typed(wrong, says, signed_in):
    page = signed_in("telecom").post("/threads/write", letter(**wrong))
    assert page.status_code == 422
    assert says in page.content.decode()
    assert "Who holds it?" in page.content.decode()


def test_a_thread_whose_contacts_are_gone_says_so(signed_in, thread):
    Contact.objects.filter(organisation="org-0002").delete()
    page = signed_in("telecom").post("/threads/write", letter(organisation="", thread=thread.reference))
    assert page.status_code == 422
    assert "The registry knows no contact there" in page.content.decode()


def test_the_two_sides_read_a_thread_and_nobody_else(signed_in, thread):
    address = f"/threads/{thread.reference}/"
    assert signed_in("telecom").get(address).status_code == 200
    for who in ("punjab", "hospital"):
        assert signed_in(who).get(address).status_code == 404
        assert thread.reference not in signed_in(who).get("/threads/").content.decode()
        found = signed_in(who).get(f"/threads/ticket?q={thread.about}").content.decode()
        assert "Nothing was sent under this number" in found
        assert "security@river.example" not in found


def test_a_ticket_number_says_what_was_sent_and_what_they_answered(signed_in, notice):
    threads.answer(token=token_of(notice.id), choice="need-help", note="How?", seen=0, at=clock.now())
    text = signed_in("telecom").get(f"/threads/ticket?q={notice.about}").content.decode()
    assert "security@river.example" in text
    assert "We need help" in text
    listed = signed_in("telecom").get("/threads/?turn=us").content.decode()
    assert "asks for help" in listed
    assert "We need help" in signed_in("telecom").get("/threads/delivered/?state=answered").content.decode()


def test_a_thread_is_settled_with_a_reason(signed_in, thread):
    browser = signed_in("telecom")
    assert browser.post(f"/threads/{thread.reference}/settle", {"reason": ""}).status_code == 422
    browser.post(f"/threads/{thread.reference}/settle", {"reason": "They telephoned"})
    assert "nobody&#x27;s turn" in browser.get(f"/threads/{thread.reference}/").content.decode()


def test_the_organisations_own_people_answer_here(signed_in, country):
    threads.follow_letters(by=system("threads"), at=clock.now())
    (row,), _more = threads.threads(by=country.by, organisation="org-0001", search="PKN")
    browser = signed_in("hospital")
    assert 'name="text"' in browser.get(f"/threads/{row.reference}/").content.decode()
    page = browser.post(f"/threads/{row.reference}/reply", {"text": "<b>It is our printer</b>"}, follow=True)
    assert "&lt;b&gt;It is our printer" in page.content.decode()
    assert browser.post(f"/threads/{row.reference}/settle", {"reason": "x"}).status_code == 403


def test_an_incident_has_a_tab_of_its_letters(signed_in, incident):
    page = signed_in("national").get(f"/threads/incident/{incident.reference}/")
    assert page.status_code == 200
    assert 'aria-current="page">Letters' in page.content.decode()
    assert signed_in("telecom").get(f"/threads/incident/{incident.reference}/").status_code == 404


def test_what_was_changed_in_an_address_is_refused(signed_in):
    browser = signed_in("telecom")
    for address in ("/threads/?turn=odd", "/threads/?before=x", "/threads/delivered/?state=odd"):
        assert browser.get(address).status_code in (400, 422)
    assert browser.get("/threads/PKT-2026-999999/").status_code == 404
    assert browser.get("/threads/ticket?q=%00").status_code == 422
