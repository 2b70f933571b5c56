"""What brought nothing goes on to the next contact, once, within limits; at the end a person is told to call."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.findings import api as findings
from pehra.kernel.actors import Actor, system
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Forbidden, Invalid
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.outbox.models import Message
from pehra.threads import api
from pehra.threads.api.following import SWEPT_AT_MINUTE
from pehra.threads.models import Letter, Thread
from pehra.threads.rules import following
from pehra.threads.rules.drafts import Writing
from pehra.threads.rules.following import Contact, next_contact
from tests.threads.conftest import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
SILENCE = following.SILENCE


@pytest.fixture
def machine() -> Actor:
    return system("test")


@pytest.fixture
def left(told: outbox.MessageView, at: datetime) -> outbox.MessageView:
    """The notice to North Telecom's security desk, handed over."""
    send(at)
    return told


def send(at: datetime) -> None:
    outbox.send_due(at=at)


def tick(at: datetime) -> api.FollowSummary:
    return api.follow_letters(by=system("threads"), at=at)


def bounced(message: outbox.MessageView, *, at: datetime, digest: str = "b" * 64) -> None:
    assert api.take_bounce(
        message_ids=[message.message_id],
        recipient=message.recipient_email,
        status="5.1.1",
        permanent=True,
        diagnostic="no such user",
        raw_sha256=digest,
        by=system("intake"),
        at=at,
    )


def newest(by: Actor, kind: str) -> outbox.MessageView:
    row = next(row for row in outbox.messages(by=by) if row.kind == kind)
    return outbox.message(message_id=row.id, by=by)


def test_every_letter_with_a_link_is_followed_once(told: outbox.MessageView, at: datetime) -> None:
    assert tick(at).followed == 1
    assert tick(at).followed == 0
    assert Letter.objects.get().silent_at == at + SILENCE


def test_what_was_told_while_nobody_followed_is_followed_within_the_hour(
    told: outbox.MessageView, at: datetime
) -> None:
    tick(at)
    later = at + timedelta(hours=5)
    Letter.objects.update(message=uuid4(), at=later)  # somebody wrote by hand, and the notice was never taken up
    assert tick(later).followed == 0
    assert tick(later.replace(minute=SWEPT_AT_MINUTE)).followed == 1
    assert set(Letter.objects.values_list("message", flat=True)) > {told.id}


def test_silence_goes_to_the_next_contact_with_what_was_said(
    left: outbox.MessageView, machine: Actor, at: datetime
) -> None:
    assert tick(at + SILENCE - timedelta(seconds=1)).passed_on == 0
    assert tick(at + SILENCE).passed_on == 1
    assert tick(at + SILENCE).passed_on == 0
    again = newest(machine, "threads.passed-on")
    assert (left.recipient_email, again.recipient_email) == ("security@north.example", "abuse@north.example")
    assert "Nobody has answered it yet" in again.body
    assert again.body.endswith(left.body)
    assert [file.sha256 for file in again.attachments] == [file.sha256 for file in left.attachments]
    assert (again.about, again.tlp, again.organisation) == (left.about, left.tlp, left.organisation)
    assert again.circle == left.circle
    assert Message.objects.get(id=again.id).in_reply_to == left.message_id
    first, second = Letter.objects.order_by("number")
    assert (first.ended, second.step, second.stands_in_for) == ("passed on", 1, left.id)
    assert second.thread_id == first.thread_id
    (entry,) = [e for e in history(machine) if e.event == "threads.passed_on"]
    assert entry.facts["cause"] == "silence"


def history(by: Actor) -> list[ledger.EntryView]:
    return ledger.history(subject=f"thread:{Thread.objects.get().reference}", by=by)


def test_what_came_back_goes_on_at_once(left: outbox.MessageView, machine: Actor, at: datetime) -> None:
    bounced(left, at=at)
    assert tick(at).passed_on == 1
    again = newest(machine, "threads.passed-on")
    assert "came back" in again.body
    assert token_of(again.id) != token_of(left.id)


def test_what_no_server_took_goes_on_too(
    told: outbox.MessageView, machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick(at)
    outbox_row(told).update(state="failed", problem="550 no", next_attempt_at=None)
    assert tick(at + timedelta(minutes=1)).passed_on == 1


def outbox_row(message: outbox.MessageView) -> Any:
    from pehra.outbox.models import Message

    return Message.objects.filter(id=message.id)


def test_what_is_still_on_its_way_waits(told: outbox.MessageView, at: datetime) -> None:
    assert tick(at + SILENCE) == api.FollowSummary(followed=1)
    assert Letter.objects.get().silent_at == at + SILENCE + timedelta(hours=1)


def test_an_answer_to_either_letter_ends_it(left: outbox.MessageView, machine: Actor, at: datetime) -> None:
    tick(at + SILENCE)
    token = token_of(left.id)
    api.answer(token=token, choice="acknowledged", note="", seen=0, at=at + SILENCE)
    assert not Letter.objects.filter(silent_at__isnull=False).exists()
    assert tick(at + 3 * SILENCE).passed_on == 0


def test_when_nobody_is_left_the_team_is_told_to_call(fold: Any, sighting: Any, machine: Actor, at: datetime) -> None:
    fold(sighting(organisation="org-0002", lead_team="punjab-cert", teams=["punjab-cert"]))
    findings.queue_notices(by=machine, at=at)
    send(at)
    # River Bank has one contact; then its lead team's desk is asked; then nobody.
    assert tick(at + SILENCE).passed_on == 1
    again = newest(machine, "threads.passed-on")
    assert again.recipient_email == "duty@punjab.example"
    assert again.circle == "named recipient"
    assert "as the team responsible" in again.body
    send(at + SILENCE)
    assert tick(at + 2 * SILENCE).nobody_left == 1
    told = newest(machine, "threads.unreached")
    assert (told.recipient_email, "Please telephone" in told.body) == ("duty@punjab.example", True)
    assert Thread.objects.get().turn == "us"
    assert tick(at + 9 * SILENCE) == api.FollowSummary()


def test_the_team_is_told_once_that_none_of_several_readers_answers(write: Any, machine: Actor, at: datetime) -> None:
    for number in range(3):
        write(email=f"contact-{number}@operator.example", organisation="org-0004", lead_team="punjab-cert")
    send(at)
    # The desk is asked for the first of them; for the others nobody is left.
    assert tick(at + SILENCE) == api.FollowSummary(followed=3, passed_on=1, nobody_left=2)
    assert len([row for row in outbox.messages(by=machine) if row.kind == "threads.unreached"]) == 1


def test_what_one_page_of_findings_does_not_show_is_asked_about_still(
    left: outbox.MessageView, machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.following, "PAGE", 1)
    first = findings.told_in(reference=left.about, by=machine)[0]
    findings.mark_fixed(finding_id=first, reason="they called", by=machine, at=at)
    assert tick(at + SILENCE).passed_on == 1


def test_a_storm_of_bounces_goes_on_in_steps(write: Any, machine: Actor, at: datetime) -> None:
    for number in range(7):
        write(about=f"PKN-2026-{number:06d}")
    send(at)
    for number, row in enumerate(outbox.messages(by=machine, limit=10)):
        bounced(row, at=at, digest=f"{number:064d}")
    assert api.follow_letters(by=machine, at=at, limit=3).passed_on == 3
    assert api.follow_letters(by=machine, at=at, limit=100).passed_on == 4


def test_nobody_is_asked_about_what_is_fixed_by_now(left: outbox.MessageView, machine: Actor, at: datetime) -> None:
    for row in findings.findings(by=machine):
        findings.mark_fixed(finding_id=row.id, reason="they called", by=machine, at=at)
    assert tick(at + SILENCE) == api.FollowSummary(followed=1)
    assert Letter.objects.get().ended == "not awaited"


def test_what_was_marked_more_strictly_since_goes_to_the_team_alone(
    fold: Any, sighting: Any, machine: Actor, at: datetime
) -> None:
    fold(sighting(lead_team="punjab-cert", teams=["punjab-cert"]))
    findings.queue_notices(by=machine, at=at)
    send(at)
    tick(at)
    Thread.objects.update(tlp="TLP:RED")
    assert tick(at + SILENCE).passed_on == 1
    again = newest(machine, "threads.passed-on")
    assert (again.recipient_email, again.tlp) == ("duty@punjab.example", "TLP:RED")
    # That our own team stands nearest brings nobody of the organisation nearer.
    send(at + SILENCE)
    assert tick(at + 2 * SILENCE) == api.FollowSummary(nobody_left=1)
    onward = Writing(thread=Thread.objects.get().reference, subject="More", body="Of it.", tlp=Tlp.RED)
    (letter,) = api.preview_letter(writing=onward, by=machine, at=at + 2 * SILENCE).letters
    assert (letter.email, letter.may_go) == ("security@north.example", False)


def test_one_letter_that_cannot_go_on_holds_up_no_other(
    write: Any, machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(about="PKN-2026-000001")
    write(about="PKN-2026-000002")
    send(at)
    queue = outbox.queue_many

    def refusing(*, drafts: Any, by: Actor, at: datetime) -> Any:
        if drafts[0].about.endswith("1"):
            raise Invalid("nothing can be done with it")
        return queue(drafts=drafts, by=by, at=at)

    monkeypatch.setattr(outbox, "queue_many", refusing)
    assert tick(at + SILENCE).passed_on == 1


def test_only_pehra_follows(analyst: Actor, at: datetime) -> None:
    with pytest.raises(Forbidden):
        api.follow_letters(by=analyst, at=at)


contacts = st.lists(
    st.builds(
        Contact,
        name=st.just("x"),
        email=st.sampled_from([f"{letter}@x.example" for letter in "abcdef"]),
        language=st.just(""),
        role=st.sampled_from(["security", "abuse", "noc", "odd", ""]),
    ),
    max_size=6,
)


@given(own=contacts, team=contacts)
def test_everybody_is_asked_once_and_then_nobody(own: list[Contact], team: list[Contact]) -> None:
    tried: list[str] = []
    for step in range(20):
        contact = next_contact(own=own, team=team, tried=tried, steps=step)
        if contact is None:
            break
        assert contact.email not in tried
        tried.append(contact.email)
    assert len(tried) == min(following.STEPS_MAX, len({contact.email for contact in [*own, *team]}))
    mine = {contact.email for contact in own}
    # The organisation's own come before its team's.
    assert [email in mine for email in tried] == sorted((email in mine for email in tried), reverse=True)
