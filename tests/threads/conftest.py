"""What the tests of threads share: letters that left, and who stands on the other side."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from pehra.kernel.actors import Actor
from pehra.kernel.markings import Circle, Tlp
from pehra.outbox import api as outbox


@dataclass(frozen=True)
class Sent:
    """A message as its receiver has it."""

    id: UUID
    message_id: str


Writer = Callable[..., Sent]


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
