"""What the tests of streams share: people, services they used, service accounts that receive, and the ledger sealed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from pehra.access import api as access
from pehra.access.models import RelyingService, ServiceUse
from pehra.kernel import clock
from pehra.kernel.actors import Actor, system
from pehra.kernel.identifiers import new_id
from pehra.ledger import api as ledger
from pehra.signals import api
from tests.signals.receiving import Receiver, WebReceiver


@dataclass(frozen=True, kw_only=True)
class Relying:
    """A relying service with the account that receives for it."""

    client_id: str
    account: UUID
    token: str
    actor: Actor

    def token_now(self) -> str:
        """Return a token that is good by the machine's own clock."""
        by, at = system("test"), clock.now()
        return access.issue_token(
            holder_id=self.account, name="now", permissions=["signals.receive"], valid=timedelta(days=1), by=by, at=at
        )


@pytest.fixture
def relying(machine: Actor, at: datetime, db: None) -> Callable[..., Relying]:
    """Adds a relying service and binds an account that receives for it."""

    def add(name: str, *, email_agreed: bool = False, bound: bool = True) -> Relying:
        RelyingService.objects.create(client_id=name, name=name.title(), created_by=machine.id, created_at=at)
        account = access.add_service_account(email=f"{name}@node.example", name=name, by=machine, at=at)
        access.grant(person_id=account, role="signal-receiver", national=True, reason="receives", by=machine, at=at)
        if bound:
            api.bind_receiver(client_id=name, account_id=account, email_agreed=email_agreed, by=machine, at=at)
        token = access.issue_token(
            holder_id=account,
            name="stream",
            permissions=["signals.receive"],
            valid=timedelta(days=30),
            by=machine,
            at=at,
        )
        return Relying(client_id=name, account=account, token=token, actor=access.actor_for(person_id=account, at=at))

    return add


@pytest.fixture
def somebody(machine: Actor, at: datetime, db: None) -> Callable[..., UUID]:
    """Adds somebody who signed in to services."""

    def add(name: str, *services: Relying, sid: str = "", first_at: datetime | None = None) -> UUID:
        person = access.add_person(email=f"{name}@team.example", name=name.title(), by=machine, at=at)
        for service in services:
            moment = first_at or at - timedelta(days=1)
            ServiceUse.objects.create(
                id=new_id(at),
                service_id=service.client_id,
                person_id=person,
                sid=sid or f"sid-{name}",
                first_at=moment,
                last_at=moment,
            )
        return person

    return add


@pytest.fixture
def happens(machine: Actor) -> Callable[..., None]:
    """Writes an act into the ledger, seals it, and lets the streams read on."""

    def write(event: str, person: UUID, *, at: datetime, by: Actor | None = None, **facts: Any) -> None:
        with transaction.atomic():
            ledger.record(event, subject=f"person:{person}", by=by or machine, at=at, facts=facts)
        ledger.place_entries(at=at)
        api.follow(at=at)

    return write


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    """Opens HTTP servers of receivers; `settings` must let them be called."""
    opened: list[Receiver] = []

    def open_one(**behaviour: Any) -> Receiver:
        made = Receiver(**behaviour)
        opened.append(made)
        return made

    yield open_one
    for made in opened:
        made.close()


@pytest.fixture
def door(settings) -> Callable[[Relying], WebReceiver]:
    """The node's addresses as a receiver's program calls them."""
    settings.PEHRA_URL = "https://pehra.example"
    settings.ALLOWED_HOSTS = ["*"]
    return lambda service: WebReceiver(service.token)
