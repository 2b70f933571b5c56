"""The worker's tick: it reads on and calls; one that is to stop begins no call."""

from types import SimpleNamespace

import pytest

from pehra.kernel import clock as clocks
from pehra.ledger import api as ledger
from pehra.signals import api, jobs
from pehra.signals.models import SecurityEvent, Stream
from pehra.signals.rules import events

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]


@pytest.fixture
def at():
    """The worker reads the time: here it is now."""
    return clocks.now()


@pytest.fixture
def waiting(settings, relying, receiver, somebody, machine, at):
    """A receiver to which something is to be told, and nothing read of the ledger yet."""
    settings.PEHRA_SERVICE_NETWORKS = ["127.0.0.0/8"]
    service, server = relying("tickets"), receiver()
    delivery = {"method": "urn:ietf:rfc:8935", "endpoint_url": server.url}
    said = {"delivery": delivery, "events_requested": [events.ACCOUNT_ENABLED]}
    person = somebody("amna", service)
    api.create_stream(said=said, by=service.actor, at=at)
    Stream.objects.update(created_at=at)
    for _number in range(3):
        ledger.record("access.person.opened", subject=f"person:{person}", by=machine, at=at)
    ledger.place_entries(at=at)
    return server


def tick(*, ending: bool) -> None:
    jobs.tell.func(SimpleNamespace(should_abort=lambda: ending), 0)


def test_a_tick_reads_on_and_calls(waiting):
    tick(ending=False)
    assert len(waiting.calls) == 3
    tick(ending=False)
    assert len(waiting.calls) == 3


def test_a_worker_that_is_to_stop_begins_nothing(waiting):
    tick(ending=True)
    assert waiting.calls == []
    api.follow(at=clocks.now())
    assert api.push_due(clock=clocks.SystemClock(), ending=lambda: True) == api.PushSummary()
    assert SecurityEvent.objects.filter(state="waiting").count() == 3


def test_a_worker_that_died_over_a_call_leaves_a_lease_that_runs_out(waiting, clock, at):
    from datetime import timedelta

    from pehra.signals.api import pushing
    from pehra.signals.rules.streams import LEASE

    api.follow(at=at)
    (turn,) = pushing._claim((16, 8), at=at)
    assert len(turn.tokens) == 3
    clock.moment = at + LEASE - timedelta(seconds=1)
    assert api.push_due(clock=clock).delivered == 0
    clock.moment = at + LEASE
    assert api.push_due(clock=clock).delivered == 3
    assert [jti for jti, _token in turn.tokens] == list(SecurityEvent.objects.values_list("jti", flat=True))


def test_the_sweep_runs(waiting):
    jobs.sweep.func(0)
