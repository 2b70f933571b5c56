"""Queueing: in the act's own transaction, once, never above the marking, never with a poisoned header."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from pehra.access import api as access
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Circle, Tlp
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.outbox import api
from pehra.outbox.models import Message
from pehra.outbox.rules.states import MoveRefused

pytestmark = pytest.mark.django_db


def test_a_queued_message_stands_there_with_its_ledger_entry(queue, machine: Actor, analyst: Actor) -> None:
    number = queue()

    message = api.message(message_id=number, by=machine)
    assert message.state is api.State.QUEUED
    assert message.message_id == f"<{number}@localhost>"
    entries = ledger.history(subject=f"message:{number}", by=analyst)
    assert [entry.event for entry in entries] == ["outbox.queued"]
    assert "operator.example" not in str(entries[0].facts)


def test_an_act_that_fails_leaves_no_message(queue) -> None:
    def act() -> None:
        with transaction.atomic():
            queue()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()

    assert not Message.objects.exists()


def test_the_same_key_is_the_same_message(queue, machine: Actor) -> None:
    first = queue(dedupe_key="notice-7")
    second = queue(dedupe_key="notice-7", subject="Something else")

    assert second == first
    assert [message.subject for message in api.messages(by=machine)] == ["Two findings"]
    assert len(ledger.history(subject=f"message:{first}", by=machine)) == 1


def test_many_are_queued_in_order_and_doubles_among_them_are_one(machine: Actor, at: datetime) -> None:
    to = api.Recipient(name="", email="abuse@operator.example", language="en", circle=Circle.ORGANISATION)
    drafts = [
        api.Draft(kind="test", recipient=to, subject=key, body="x", tlp=Tlp.GREEN, dedupe_key=key)
        for key in ("c", "a", "b", "a")
    ]

    ids = api.queue_many(drafts=drafts, by=machine, at=at)

    assert ids[1] == ids[3]
    assert [api.message(message_id=number, by=machine).subject for number in ids] == ["c", "a", "b", "a"]


@pytest.mark.parametrize(
    ("tlp", "circle", "leaves"),
    [
        (Tlp.RED, Circle.NAMED, True),
        (Tlp.RED, Circle.ORGANISATION, False),
        (Tlp.AMBER_STRICT, Circle.ORGANISATION, True),
        (Tlp.AMBER_STRICT, Circle.CLIENTS, False),
        (Tlp.AMBER, Circle.CLIENTS, True),
        (Tlp.AMBER, Circle.COMMUNITY, False),
        (Tlp.GREEN, Circle.COMMUNITY, True),
        (Tlp.GREEN, Circle.PUBLIC, False),
        (Tlp.CLEAR, Circle.PUBLIC, True),
    ],
)
def test_nothing_above_its_marking_is_queued(queue, tlp: Tlp, circle: Circle, leaves: bool) -> None:
    if leaves:
        queue(tlp=tlp, circle=circle)
    else:
        with pytest.raises(api.AboveMarking):
            queue(tlp=tlp, circle=circle)

    assert Message.objects.exists() is leaves


@pytest.mark.parametrize(
    "poison",
    [
        {"subject": "Two findings\r\nBcc: everybody@else.example"},
        {"subject": "Two findings\nX: y"},
        {"subject": "Two\u2028findings"},
        {"subject": "Two\x85findings"},
        {"name": "Dania\r\nBcc: everybody@else.example"},
        {"email": "abuse@operator.example\r\nRCPT TO:<everybody@else.example>"},
        {"email": "abuse@operator.example, everybody@else.example"},
        {"email": "<abuse@operator.example>"},
        {"email": '"a b"@operator.example'},
        {"email": "operator.example"},
        {"email": "abuse@"},
        {"email": "x" * 65 + "@operator.example"},
        {"attachments": [api.Attachment(name='a"\r\nX: y', media_type="text/csv", content=b"")]},
        {"attachments": [api.Attachment(name="../../etc/passwd", media_type="text/csv", content=b"")]},
        {"attachments": [api.Attachment(name="a.csv", media_type="text/csv\r\nX: y", content=b"")]},
        {"attachments": [api.Attachment(name="a.csv", media_type="text/csv", content=b"x" * (10 * 1024 * 1024 + 1))]},
        {"attachments": [api.Attachment(name="a.csv", media_type="text/csv", content=b"")] * 11},
        {"body": "x" * 200_001},
        {"body": "a\x00b"},
        {"subject": "x" * 251},
        {"dedupe_key": ""},
    ],
)
def test_what_cannot_be_a_clean_message_is_refused(queue, poison: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        queue(**poison)

    assert not Message.objects.exists()


def test_without_an_address_a_message_is_held_and_shown(queue, machine: Actor, at: datetime) -> None:
    number = queue(email="")

    message = api.message(message_id=number, by=machine)
    assert (message.state, message.problem) == (api.State.HELD, api.NO_ADDRESS)
    assert api.send_due(at=at).sent == 0
    assert api.messages(by=machine, state=api.State.HELD) != []


def test_a_held_message_goes_to_the_address_that_a_person_gives(queue, analyst: Actor, at: datetime) -> None:
    number = queue(email="")
    reader = replace(analyst, permissions=analyst.permissions - {"outbox.send"})
    sender = replace(analyst, permissions=analyst.permissions | {"outbox.send"})

    with pytest.raises(Forbidden):
        api.queue_again(message_id=number, reason="found one", email="noc@operator.example", by=reader, at=at)
    with pytest.raises(Invalid):
        api.queue_again(message_id=number, reason=" ", email="noc@operator.example", by=sender, at=at)
    api.queue_again(message_id=number, reason="found one", email="noc@operator.example", by=sender, at=at)

    assert api.send_due(at=at).sent == 1
    with pytest.raises(MoveRefused):
        api.queue_again(message_id=number, reason="once more", by=sender, at=at)


def test_a_message_is_seen_by_its_teams_and_its_organisation_and_nobody_else(
    queue,
    analyst: Actor,
    sector_analyst: Actor,
    provincial_analyst: Actor,
    organisation_contact: Actor,
    stranger: Actor,
) -> None:
    number = queue()
    contact = replace(organisation_contact, permissions=organisation_contact.permissions | {"outbox.read"})
    other = replace(contact, organisations=frozenset({"org-0002"}))

    for actor in (analyst, sector_analyst, contact):
        assert [message.id for message in api.messages(by=actor)] == [number]
    for actor in (provincial_analyst, other):
        assert api.messages(by=actor) == []
        with pytest.raises(NotVisible):
            api.message(message_id=number, by=actor)
        with pytest.raises(NotVisible):
            api.attachment_content(message_id=number, position=0, by=actor)
    with pytest.raises(Forbidden):
        api.messages(by=stranger)


def test_a_page_begins_after_the_last_of_the_page_before(queue, machine: Actor) -> None:
    numbers = [queue() for _ in range(5)]

    first = api.messages(by=machine, limit=2)
    second = api.messages(by=machine, limit=10, before=first[-1].id)

    assert {message.id for message in first} | {message.id for message in second} == set(numbers)
    assert len(first) + len(second) == 5


def test_attachments_are_kept_with_their_digest(queue, analyst: Actor) -> None:
    number = queue(attachments=[api.Attachment(name="فائل.csv", media_type="text/csv", content=b"a,b\r\n")])

    (view,) = api.message(message_id=number, by=analyst).attachments
    assert (view.name, view.size, len(view.sha256)) == ("فائل.csv", 5, 64)
    assert api.attachment_content(message_id=number, position=0, by=analyst)[1] == b"a,b\r\n"


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "sent"},
        {"state": "lost"},
        {"state": "queued", "next_attempt_at": None},
        {"state": "failed", "next_attempt_at": None, "problem": ""},
        {"lead_team": "fincert"},
        {"recipient_email": ""},
    ],
)
def test_the_database_itself_refuses_what_cannot_be(queue, wrong: dict[str, object]) -> None:
    number: UUID = queue()

    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(id=number).update(**wrong)


def test_permissions_of_the_outbox_are_those_that_access_knows() -> None:
    assert {access.Permission.OUTBOX_READ, access.Permission.OUTBOX_SEND} <= set(access.Permission)
