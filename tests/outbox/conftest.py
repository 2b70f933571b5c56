"""What the tests of the outbox share: a message to be queued, and a mail server on the other side."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message as Mail
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from pehra.kernel.actors import Actor
from pehra.kernel.markings import Circle, Tlp
from pehra.outbox import api

QueueMaker = Callable[..., UUID]


@pytest.fixture
def queue(machine: Actor, at: datetime) -> QueueMaker:
    """Queue a message: by default one that may leave, to the contact of an organisation."""
    number = 0

    def make(**differently: Any) -> UUID:
        nonlocal number
        number += 1
        email = differently.pop("email", "abuse@operator.example")
        name = differently.pop("name", "Dania")
        circle = differently.pop("circle", Circle.ORGANISATION)
        said: dict[str, Any] = {
            "kind": "test.letter",
            "recipient": api.Recipient(name=name, email=email, language="en", circle=circle),
            "subject": "Two findings",
            "body": "Please look.\n",
            "tlp": Tlp.AMBER,
            "dedupe_key": f"letter-{number}",
            "about": "PKN-2026-000001",
            "lead_team": "ntcert",
            "teams": ("ntcert", "pkcert"),
            "organisation": "org-0001",
            "by": machine,
            "at": at,
        }
        return api.queue(**(said | differently))

    return make


@dataclass
class Post:
    """A mail server that keeps what it is given, or answers as it is told to."""

    answers: dict[str, str] = field(default_factory=dict)  # recipient -> what is said to RCPT
    data_answer: str = ""
    received: list[tuple[str, bytes]] = field(default_factory=list)
    after_data: Callable[[], None] | None = None
    port: int = 0

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answer:
            return self.data_answer
        content = envelope.original_content
        assert content is not None
        self.received.append((envelope.rcpt_tos[0], content))
        if self.after_data:
            self.after_data()
        return "250 2.0.0 kept as number 7"

    @property
    def mails(self) -> list[Mail]:
        """What was received, as mails."""
        from email import message_from_bytes

        return [message_from_bytes(content) for _recipient, content in self.received]


@pytest.fixture
def post(settings: Any, socket_enabled: None) -> Iterator[Post]:
    """A mail server on this machine, with the outbox pointed at it."""
    kept = Post()
    with socket.create_server(("127.0.0.1", 0)) as free:
        kept.port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port, decode_data=False)
    controller.start()
    settings.PEHRA_OUTBOX_URL = f"smtp://127.0.0.1:{kept.port}"
    yield kept
    controller.stop()
