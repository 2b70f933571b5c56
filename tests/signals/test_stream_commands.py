"""`pehra signals`: streams from the machine's own command line."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from pehra.kernel import clock
from pehra.node import doctor
from pehra.signals import api
from pehra.signals.commands import commands
from pehra.signals.models import SecurityEvent, Stream
from pehra.signals.rules import events

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    """The commands read the time: here it is now."""
    return clock.now()


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


def test_a_receiver_is_bound_listed_stopped_started_and_ended(relying, at):
    service = relying("tickets", bound=False)
    assert "No receivers" in run("streams").output
    assert run("bind", "tickets", "tickets@node.example").exit_code == 0
    assert "no stream yet" in run("streams").output
    said = {"events_requested": [events.SESSION_REVOKED]}
    api.create_stream(said=said, by=service.actor, at=at)
    assert run("verify", "tickets").exit_code == 0
    assert run("pause", "tickets", "--reason", "they move").exit_code == 0
    assert "paused" in run("streams").output
    (row,) = json.loads(run("streams", "--json").output)
    assert (row["client_id"], row["stream"]["status"], row["stream"]["waiting"]) == ("tickets", "paused", 2)
    assert run("resume", "tickets", "--reason", "they are back").exit_code == 0
    SecurityEvent.objects.update(state="refused", ended_at=at, error="what?")
    assert "3 queued again" in run("again", "tickets").output
    assert "ended" in run("unbind", "tickets", "--reason", "over").output
    assert "No receivers" in run("streams").output
    assert run("pause", "tickets", "--reason", "again").exit_code != 0


def test_what_waits_is_sent_by_hand(relying, somebody, at, machine):
    from pehra.ledger import api as ledger

    service = relying("tickets")
    said = {"events_requested": [events.ACCOUNT_ENABLED]}
    api.create_stream(said=said, by=service.actor, at=at - timedelta(hours=1))
    ledger.record("access.person.opened", subject=f"person:{somebody('amna', service)}", by=machine, at=at)
    ledger.place_entries(at=at)
    assert "1 queued, 0 delivered" in run("send").output
    assert json.loads(run("send", "--json").output)["queued"] == 0


def test_the_doctor_says_which_service_is_not_told(relying, at):
    checks = dict(doctor._IN_DATABASE)
    service = relying("tickets")
    api.create_stream(said={}, by=service.actor, at=at)
    assert "1 services" in checks["signals"](at)
    Stream.objects.update(failures=3, failing_since=at, problem="answered 503")
    with pytest.raises(doctor._Unwell, match="tickets"):
        checks["signals"](at)
