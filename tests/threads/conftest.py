"""What the tests of threads share: letters that left, and who stands on the other side."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from pehra.findings import api as findings
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Circle, Tlp
from pehra.outbox import api as outbox
from pehra.outbox.models import Message
from pehra.outbox.queries import letter
from tests.findings import conftest as small


@dataclass(frozen=True)
class Sent:
    """A message as its receiver has it."""

    id: UUID
    message_id: str


Writer = Callable[..., Sent]
# The small country of the tests of findings, and how a finding comes to be.
country, fold, sighting = small.country, small.fold, small.sighting


@pytest.fixture
def write(machine: Actor, at: datetime) -> Writer:
    """Write a letter with an answer link to the contact of an organisation."""
    number = 0

    def make(**differently: Any) -> Sent:
        nonlocal number
        number += 1
        email = differently.pop("email", "abuse@operator.example")
        said: dict[str, Any] = {
            "kind": "findings.notice",
            "recipient": outbox.Recipient(name="Dania", email=email, language="en", circle=Circle.ORGANISATION),
            "subject": "Two findings",
            "body": f"Please look: {outbox.ANSWER_HERE}\n",
            "tlp": Tlp.AMBER,
            "dedupe_key": f"letter-{number}",
            "about": "PKN-2026-000001",
            "lead_team": "ntcert",
            "teams": ("ntcert", "pkcert"),
            "organisation": "org-0001",
            "answer_until": at + outbox.ANSWER_VALID,
        }
        message = outbox.queue_many(drafts=[outbox.Draft(**(said | differently))], by=machine, at=at)[0]
        return Sent(id=message, message_id=outbox.message(message_id=message, by=machine).message_id)

    return make


@pytest.fixture
def sent(write: Writer) -> Sent:
    """One such letter."""
    return write()


@pytest.fixture
def told(fold: Any, sighting: Any, machine: Actor, at: datetime) -> outbox.MessageView:
    """A notice of three findings to the telecom licensee of the small country, as its outbox holds it."""
    fold(*(sighting(port=port) for port in range(3)))
    findings.queue_notices(by=machine, at=at)
    (message,) = [row for row in outbox.messages(by=machine) if row.kind == "findings.notice"]
    return outbox.message(message_id=message.id, by=machine)


def token_of(message: UUID) -> str:
    """The token as its reader finds it in the bytes that leave."""
    text = letter(Message.objects.get(id=message)).body
    found = re.search(r"/answer/([A-Za-z0-9_-]+)", text)
    assert found, text
    return found[1]
