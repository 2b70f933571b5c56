"""Threads for programs: a letter is looked at and sent, a ticket number answers, another's thread is not there."""

from pehra.kernel import clock
from pehra.kernel.actors import system
from pehra.outbox import api as outbox
from pehra.threads import api as threads
from tests.threads.conftest import token_of

LETTER = {"organisation": "org-0002", "team": "ntcert", "subject": "Two questions", "body": "Who holds it?"}


def test_a_letter_is_looked_at_and_then_sent_once(program, country):
    telecom = program("telecom")
    shown = telecom.post("/threads/letters/preview", LETTER)
    assert shown.status_code == 200
    (letter,) = shown.json()["letters"]
    assert (letter["email"], letter["refusal"]) == ("security@river.example", "")
    sent = telecom.post("/threads/letters", LETTER | {"seen": shown.json()["seen"]})
    assert sent.status_code == 200, sent.content
    assert telecom.post("/threads/letters", LETTER | {"seen": shown.json()["seen"]}).status_code == 422
    reference = sent.json()["thread"]["reference"]
    assert telecom.get(f"/threads/{reference}").json()["thread"]["organisation"] == "org-0002"
    assert program("punjab").get(f"/threads/{reference}").status_code == 404
    assert len([row for row in outbox.messages(by=country.by) if row.kind == "threads.letter"]) == 1


def test_a_ticket_number_answers_what_was_sent_and_what_they_said(program, country):
    threads.follow_letters(by=system("threads"), at=clock.now())
    (notice,) = [
        row for row in outbox.messages(by=country.by, organisation="org-0002") if row.kind == "findings.notice"
    ]
    threads.answer(token=token_of(notice.id), choice="fixed", note="", seen=0, at=clock.now())
    found = program("telecom").get(f"/threads/ticket?number={notice.about}").json()
    (line,) = [line for line in found["deliveries"] if line["answer"]]
    assert line["answer"]["choice"] == "fixed"
    assert line["message"]["proof"]["sha256"]
    assert token_of(notice.id) not in str(found)
    assert program("punjab").get(f"/threads/ticket?number={notice.about}").json()["deliveries"] == []
    assert program("telecom").get("/threads/delivered?state=answered").json()["items"]


def test_an_unknown_key_is_a_mistake(program):
    assert program("telecom").post("/threads/letters/preview", LETTER | {"odd": 1}).status_code == 422
