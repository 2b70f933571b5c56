"""The one-time link: who holds the letter answers it without an account; what that changes, and what it never does."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Pap, Tlp
from pehra.kernel.reasons import Because
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.outbox.models import Message
from pehra.outbox.rules import answer_links
from pehra.threads import api
from pehra.threads.models import Answer, Letter, Thread
from tests.threads.conftest import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
KEY = b"key of a test"


def states(by: Actor) -> set[str]:
    return {row.state.value for row in findings.findings(by=by, filters=findings.Filters())}


def say(token: str, choice: str, *, at: datetime, note: str = "", seen: int = 0) -> api.AnswerPage:
    return api.answer(token=token, choice=choice, note=note, seen=seen, at=at)


@pytest.fixture
def token(told: outbox.MessageView) -> str:
    return token_of(told.id)


def test_looking_changes_nothing(token: str, told: outbox.MessageView, machine: Actor, at: datetime) -> None:
    page = api.answer_page(token=token, at=at)
    assert (page.about, page.subject, page.answers) == (told.about, told.subject, ())
    assert page.may_answer
    assert not Thread.objects.exists()
    assert states(machine) == {"notified"}


def test_fixed_moves_the_notices_findings_and_leaves_checking_to_others(
    token: str, told: outbox.MessageView, machine: Actor, at: datetime
) -> None:
    page = say(token, "fixed", at=at + timedelta(hours=1), note="Reinstalled")
    assert page.standing is not None
    assert (page.standing.choice, page.standing.note) == (api.Choice.FIXED, "Reinstalled")
    assert page.standing.effects["fixed"] == 3
    assert states(machine) == {"fixed"}
    thread = Thread.objects.get()
    assert (thread.turn, thread.urgent, thread.about) == ("us", False, told.about)
    (row,) = findings.findings(by=machine, filters=findings.Filters(), limit=1)
    events = [entry.event for entry in findings.history(finding_id=row.id, by=machine)]
    assert {"findings.fixed", "threads.answered"} <= set(events)


def test_a_correction_takes_back_what_the_answer_did_and_keeps_both(token: str, machine: Actor, at: datetime) -> None:
    say(token, "fixed", at=at + timedelta(hours=1))
    page = say(token, "acknowledged", at=at + timedelta(hours=2), seen=1)
    assert [answer.choice for answer in page.answers] == [api.Choice.FIXED, api.Choice.ACKNOWLEDGED]
    assert page.answers[1].effects["taken_back"] == 3
    assert states(machine) == {"notified"}
    # Nothing is told twice because of it.
    assert findings.queue_notices(by=machine, at=at + timedelta(days=2)) == 0


def test_fixed_said_twice_is_taken_back_whole(token: str, machine: Actor, at: datetime) -> None:
    say(token, "fixed", at=at + timedelta(hours=1))
    say(token, "fixed", at=at + timedelta(hours=2), note="All three of them", seen=1)
    page = say(token, "need-help", at=at + timedelta(hours=3), seen=2)
    assert page.answers[2].effects["taken_back"] == 3
    assert states(machine) == {"notified"}
    assert say(token, "acknowledged", at=at + timedelta(hours=4), seen=3).answers[3].effects == {"incidents": []}


def test_what_waited_to_be_told_again_waits_again_when_fixed_is_taken_back(
    token: str, fold: Any, sighting: Any, machine: Actor, at: datetime
) -> None:
    (first, *_others) = findings.findings(by=machine, filters=findings.Filters())
    findings.mark_fixed(finding_id=first.id, reason="patched", by=machine, at=at)
    findings.reopen(finding_id=first.id, reason="it was not", by=machine, at=at)
    say(token, "fixed", at=at + timedelta(hours=1))
    say(token, "acknowledged", at=at + timedelta(hours=2), seen=1)
    assert states(machine) == {"open", "notified"}
    assert findings.queue_notices(by=machine, at=at + timedelta(days=2)) == 1


def test_what_was_verified_meanwhile_is_not_taken_back(token: str, machine: Actor, at: datetime) -> None:
    say(token, "fixed", at=at + timedelta(hours=1))
    for row in findings.findings(by=machine, filters=findings.Filters()):
        findings.verify(finding_id=row.id, reason="scanned", by=machine, at=at + timedelta(hours=2))
    page = say(token, "need-help", at=at + timedelta(hours=3), seen=1)
    assert page.answers[1].effects["taken_back"] == 0
    assert states(machine) == {"verified"}


def test_a_false_alarm_needs_its_reason_closes_nothing_and_tells_the_team(
    token: str, machine: Actor, at: datetime
) -> None:
    with pytest.raises(Invalid) as refusal:
        say(token, "false-positive", at=at)
    assert refusal.value.field == "note"
    say(token, "false-positive", at=at, note="That address is a honeypot of ours")
    assert states(machine) == {"notified"}
    assert Thread.objects.get().turn == "us"


def test_a_call_for_help_is_urgent_and_said_to_the_lead_team_once(
    fold: Any, sighting: Any, machine: Actor, at: datetime
) -> None:
    fold(sighting(organisation="org-0001", lead_team="punjab-cert", teams=["punjab-cert"]))
    findings.queue_notices(by=machine, at=at)
    (notice,) = [row for row in outbox.messages(by=machine) if row.kind == "findings.notice"]
    token = token_of(notice.id)
    say(token, "need-help", at=at, note="We do not know this malware")
    say(token, "need-help", at=at, note="We do not know this malware", seen=0)
    (mail,) = [row for row in outbox.messages(by=machine) if row.kind == "threads.answered"]
    mail = outbox.message(message_id=mail.id, by=machine)
    assert (mail.recipient_email, mail.about) == ("duty@punjab.example", notice.about)
    assert "asks for help" in mail.subject
    assert "malware" not in mail.body
    assert Thread.objects.get().urgent
    assert Answer.objects.count() == 1


def test_what_no_team_leads_yet_is_answered_too(write: Any, at: datetime) -> None:
    token = token_of(write(lead_team="", teams=()).id)
    assert api.answer_page(token=token, at=at).may_answer
    assert say(token, "need-help", at=at).standing is not None
    assert Thread.objects.get().urgent


def test_a_call_for_help_outlasts_what_another_reader_answers(write: Any, at: datetime) -> None:
    helpless, another = token_of(write().id), token_of(write(email="security@operator.example").id)
    say(helpless, "need-help", at=at)
    say(another, "acknowledged", at=at + timedelta(hours=1))
    row = Thread.objects.get()
    assert (row.urgent, row.turn) == (True, "us")
    say(helpless, "acknowledged", at=at + timedelta(hours=2), seen=1)
    row.refresh_from_db()
    assert (row.urgent, row.turn) == (False, "them")


def test_an_incident_that_holds_the_findings_reads_of_the_answer(token: str, machine: Actor, at: datetime) -> None:
    ids = [row.id for row in findings.findings(by=machine)]
    incident = incidents.open_incident(
        title="Andromeda at the licensee",
        organisations=["org-0001"],
        facts=law.IncidentFacts(),
        moments={},
        marking=law.Marking(
            tlp=Tlp.AMBER, pap=Pap.AMBER, because=Because(rule="r", version="1", citation="", status="in force")
        ),
        findings=ids,
        by=machine,
        at=at,
    )
    page = say(token, "acknowledged", at=at)
    assert page.standing is not None
    assert page.standing.effects["incidents"] == [incident.reference]
    entries = ledger.history(subject=incident.reference, by=machine)
    assert entries[-1].event == "threads.answered"
    assert entries[-1].facts["choice"] == "acknowledged"
    # And its tab of letters shows the notice, with what they said.
    found = api.of_incident(reference=incident.reference, by=machine)
    assert [line.answer.choice for line in found.deliveries if line.answer] == [api.Choice.ACKNOWLEDGED]
    assert incidents.incident(reference=incident.reference, by=machine).incident.state == incident.state


def test_the_same_answer_again_is_one_and_a_stale_page_is_told(token: str, at: datetime) -> None:
    say(token, "acknowledged", at=at)
    say(token, "acknowledged", at=at)
    with pytest.raises(Invalid) as refusal:
        say(token, "fixed", at=at)
    assert refusal.value.field == "seen"
    assert Answer.objects.count() == 1


def test_an_answer_ends_the_wait_for_one(token: str, at: datetime) -> None:
    say(token, "acknowledged", at=at)
    assert Letter.objects.get().ended == "answered"


def test_an_expired_link_shows_what_was_said_and_takes_nothing(
    token: str, told: outbox.MessageView, at: datetime
) -> None:
    late = at + outbox.ANSWER_VALID + timedelta(seconds=1)
    assert not api.answer_page(token=token, at=late).is_open
    with pytest.raises(Invalid) as refusal:
        say(token, "fixed", at=late)
    assert refusal.value.field == "token"


@pytest.mark.parametrize("place", [0, 10, 30, 40, -1])
def test_a_token_changed_in_one_letter_is_none(token: str, place: int, at: datetime) -> None:
    letters = list(token)
    letters[place] = "B" if letters[place] != "B" else "C"
    with pytest.raises(NotVisible):
        api.answer_page(token="".join(letters), at=at)


@pytest.mark.parametrize("text", ["", "x", "a" * 200, "<script>", "نہیں", "A" * 50])
def test_what_was_never_a_token_is_not_there(text: str, at: datetime) -> None:
    with pytest.raises(NotVisible):
        api.answer_page(token=text, at=at)


def test_a_link_of_a_message_that_is_gone_or_was_never_answerable_is_none(
    told: outbox.MessageView, at: datetime
) -> None:
    until = at + timedelta(days=1)
    key = answer_key()
    gone = answer_links.token(answer_links.AnswerLink(message=uuid4(), until=until), key=key)
    with pytest.raises(NotVisible):
        api.answer_page(token=gone, at=at)
    Message.objects.filter(id=told.id).update(answer_until=None)
    plain = answer_links.token(answer_links.AnswerLink(message=told.id, until=until), key=key)
    with pytest.raises(Invalid):
        say(plain, "fixed", at=at)


def answer_key() -> bytes:
    from django.conf import settings

    return settings.SECRET_KEY.encode()


def test_the_link_is_in_the_bytes_and_nowhere_that_we_show(told: outbox.MessageView, token: str) -> None:
    assert token not in told.body
    assert token not in str(told.as_json())
    assert outbox.ANSWER_HERE not in told.text


def test_a_token_says_the_same_whichever_way_it_is_read(at: datetime) -> None:
    link = answer_links.AnswerLink(message=uuid4(), until=at)
    text = answer_links.token(link, key=KEY)
    assert answer_links.read(text, key=KEY) == link
    with pytest.raises(Invalid):
        answer_links.read(text, key=b"another")


def test_an_answer_takes_only_so_many_corrections(token: str, at: datetime) -> None:
    for number in range(20):
        say(token, "acknowledged", note=f"{number}", at=at, seen=number)
    with pytest.raises(Invalid) as refusal:
        say(token, "fixed", at=at, seen=20)
    assert refusal.value.field == "choice"
    assert not api.answer_page(token=token, at=at).may_answer
