"""Tokens reach their receivers, by push and by poll: verified by another library, in order, each once, none lost.

The receiver is a real HTTP server that verifies with PyJWT; the sender signs with joserfc.
"""

import socket
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from pehra.access import api as access
from pehra.kernel.clock import VirtualClock
from pehra.signals import api
from pehra.signals.models import SecurityEvent, Stream
from pehra.signals.rules import events, streams
from tests.signals.receiving import Receiver, verified

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]
PUSH = "urn:ietf:rfc:8935"
ALL = list(events.SUPPORTED)


@pytest.fixture(autouse=True)
def _loopback(settings) -> None:
    settings.PEHRA_SERVICE_NETWORKS = ["127.0.0.0/8"]
    settings.PEHRA_URL = "https://pehra.example"


@pytest.fixture
def pushed(at: datetime) -> Callable[..., Stream]:
    """Makes the stream of a service, pushed to a receiver."""

    def make(service: Any, receiver: Receiver, header: str = "Bearer of-the-receiver") -> Stream:
        delivery = {"method": PUSH, "endpoint_url": receiver.url, "authorization_header": header}
        said = {"delivery": delivery, "events_requested": ALL}
        api.create_stream(said=said, by=service.actor, at=at - timedelta(hours=1))
        return Stream.objects.get(receiver_id=service.client_id)

    return make


def claims_of(token: str, service: Any, at: datetime) -> dict[str, Any]:
    return verified(token, jwks=access.jwks(at=at), issuer="https://pehra.example", audience=service.client_id)


def test_a_push_is_verified_and_acknowledged(relying, somebody, happens, receiver, pushed, clock, at):
    tickets, server = relying("tickets"), receiver()
    stream = pushed(tickets, server)
    person = somebody("amna", tickets)
    happens("access.person.closed", person, at=at, reason="case PKN-2026-000123, TLP:RED")

    assert api.push_due(clock=clock) == api.PushSummary(delivered=2)

    assert [headers["Content-Type"] for headers, _token in server.calls] == ["application/secevent+jwt"] * 2
    assert {headers["Authorization"] for headers, _token in server.calls} == {"Bearer of-the-receiver"}
    first, second = (claims_of(token, tickets, at) for token in server.tokens)
    assert list(first["events"]) == [events.ACCOUNT_DISABLED]
    assert list(second["events"]) == [events.SESSION_REVOKED]
    assert first["sub_id"] == {"format": "iss_sub", "iss": "https://pehra.example", "sub": str(person)}
    assert first["txn"] == second["txn"]
    assert first["jti"] != second["jti"]
    said = first["events"][events.ACCOUNT_DISABLED]
    assert said["initiating_entity"] == "system"
    assert said["event_timestamp"] == int(at.timestamp())
    assert "PKN" not in "".join(server.tokens) + str(first)
    assert api.push_due(clock=clock) == api.PushSummary()
    stream.refresh_from_db()
    assert (stream.failures, stream.last_delivered_at) == (0, at)


def test_a_poll_is_verified_and_acknowledged(relying, somebody, happens, at):
    tickets = relying("tickets")
    made = api.create_stream(said={"events_requested": ALL}, by=tickets.actor, at=at)
    number = Stream.objects.get().id
    people = [somebody(f"person-{n}", tickets) for n in range(3)]
    for person in people:
        happens("access.credential.changed", person, at=at, change="create", kind="passkey")

    def poll(**said: Any) -> dict[str, Any]:
        return api.poll(stream_id=number, said=said, by=tickets.actor, at=at)

    page = poll(maxEvents=2)
    assert page["moreAvailable"] is True
    claims = [claims_of(token, tickets, at) for token in page["sets"].values()]
    assert [said["sub_id"]["sub"] for said in claims] == [str(person) for person in people[:2]]
    assert [said["jti"] for said in claims] == list(page["sets"])
    assert claims[0]["events"][events.CREDENTIAL_CHANGE]["credential_type"] == "fido2-platform"
    assert poll(maxEvents=2) == page | {"sets": poll(maxEvents=2)["sets"]}  # not acknowledged: given again

    first, second = page["sets"]
    rest = poll(ack=[first], setErrs={second: {"err": "invalid_request", "description": "what is this?"}})
    assert len(rest["sets"]) == 1
    assert rest["moreAvailable"] is False
    refused = SecurityEvent.objects.get(jti=second)
    assert (refused.state, refused.error) == ("refused", "invalid_request: what is this?")
    assert poll(ack=[*rest["sets"], first, "not-an-id"], maxEvents=0) == {"sets": {}, "moreAvailable": False}
    assert made["delivery"]["endpoint_url"].endswith(f"/signals/poll/{number}")
    assert api.send_again(stream_id=number, by=access_system(), at=at) == 1
    assert list(poll()["sets"]) == [second]


def access_system() -> Any:
    from pehra.kernel.actors import system

    return system("test")


@pytest.mark.parametrize(
    "said",
    [
        {"maxEvents": -1},
        {"maxEvents": "2"},
        {"maxEvents": True},
        {"returnImmediately": "yes"},
        {"ack": "one"},
        {"ack": [1]},
        {"ack": ["a"] * 1_001},
        {"setErrs": []},
        {"setErrs": {"a": "b"}},
    ],
)
def test_a_poll_that_is_malformed_is_refused(door, relying, said):
    tickets = door(relying("tickets"))
    made = tickets.make()
    path = made["delivery"]["endpoint_url"].removeprefix("https://pehra.example")
    assert tickets.call("POST", path, said).status_code == 400


@pytest.mark.parametrize("how", ["answers 503", "is not there", "redirects", "wants another token"])
def test_a_receiver_that_is_down_for_an_hour_loses_none(
    relying, somebody, happens, receiver, pushed, clock: VirtualClock, at, how
):
    behaviour = {"answers 503": {"status": 503}, "wants another token": {"status": 401}}.get(how, {})
    server = receiver(**behaviour)
    elsewhere = receiver()
    if how == "redirects":
        server.status, server.location = 307, elsewhere.url
    tickets = relying("tickets")
    stream = pushed(tickets, server)
    if how == "is not there":
        Stream.objects.update(endpoint=f"http://127.0.0.1:{closed_port()}/events")
    people = [somebody(f"person-{n}", tickets) for n in range(6)]
    for minute in range(60):
        if minute % 10 == 0:
            happens("access.credential.changed", people[minute // 10], at=clock.now(), change="update", kind="totp")
        api.push_due(clock=clock)
        clock.advance(timedelta(minutes=1))
    tried = len(server.calls)
    stream.refresh_from_db()
    assert stream.failures > 0
    assert stream.failing_since == at
    assert tried < 25  # it waits longer each time
    assert not elsewhere.calls
    assert SecurityEvent.objects.filter(state="waiting").count() == 6

    server.status, server.location = 202, ""
    server.calls.clear()
    Stream.objects.update(endpoint=server.url)
    for _minute in range(16):
        api.push_due(clock=clock)
        clock.advance(timedelta(minutes=1))
    received = [claims_of(token, tickets, clock.now()) for token in server.tokens]
    assert [claims["sub_id"]["sub"] for claims in received] == [str(person) for person in people]
    assert len({claims["jti"] for claims in received}) == 6
    stream.refresh_from_db()
    assert (stream.failures, stream.failing_since, stream.problem) == (0, None, "")
    assert set(SecurityEvent.objects.values_list("state", flat=True)) == {"delivered"}


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def short_calls(monkeypatch) -> Iterator[None]:
    """A call ends after a second, so that what hangs does not hold up the tests."""
    from pehra.access.gateways import outward

    monkeypatch.setitem(outward.post.__kwdefaults__, "seconds", 1.0)
    return


@pytest.mark.parametrize("hostile", [{"slow": 30.0}, {"drip": True, "status": 400}, {"huge": 50_000_000}])
def test_a_hostile_receiver_holds_up_nobody(
    relying, somebody, happens, receiver, pushed, clock, at, short_calls, hostile
):
    healthy, other = relying("tickets"), relying("library")
    good, bad = receiver(), receiver(**hostile)
    pushed(healthy, good)
    stream = pushed(other, bad)
    person = somebody("amna", healthy, other)
    for _turn in range(25):
        happens("access.credential.changed", person, at=at, change="update", kind="password")

    started = time.monotonic()
    summary = api.push_due(clock=clock)
    assert time.monotonic() - started < 15

    assert len({claims_of(token, healthy, at)["jti"] for token in good.tokens}) == 25
    stream.refresh_from_db()
    if "huge" in hostile:
        # It said that it took them; that it babbles on is cut off, and nothing of it is kept.
        assert summary.delivered == 50
    else:
        assert summary.delivered == 25
        assert stream.failures == 1
        assert "no answer in time" in stream.problem
        assert len(bad.calls) == 1


def test_many_dead_receivers_leave_room_for_the_others(
    relying, somebody, happens, receiver, pushed, clock, at, short_calls
):
    dead = [relying(f"dead-{n}") for n in range(12)]
    hang = receiver(slow=30.0)
    for service in dead:
        pushed(service, hang)
    healthy, good = relying("tickets"), receiver()
    pushed(healthy, good)
    Stream.objects.exclude(receiver_id="tickets").update(failures=3, failing_since=at)
    person = somebody("amna", healthy, *dead)
    happens("access.person.opened", person, at=at)

    class Watched(VirtualClock):
        seen: list[int] = []

        def now(self) -> datetime:
            self.seen.append(len(good.calls))
            return super().now()

    api.push_due(clock=Watched(at))
    assert len(good.calls) == 1
    assert Stream.objects.filter(failures=4).count() == 12


def test_a_token_that_is_refused_for_a_day_stands_aside_and_the_next_goes(
    relying, somebody, happens, receiver, pushed, clock: VirtualClock, at
):
    tickets = relying("tickets")
    server = receiver(status=400, body=b'{"err": "invalid_request", "description": "no\\u0000\\nsense"}')
    pushed(tickets, server)
    people = [somebody(name, tickets) for name in ("amna", "bilal")]
    for person in people:
        happens("access.person.opened", person, at=at)
    for _hour in range(26):
        assert api.push_due(clock=clock).delivered == 0
        clock.advance(timedelta(hours=1))
    first = SecurityEvent.objects.order_by("id").first()
    assert first is not None
    assert (first.state, first.error) == ("refused", "invalid_request: no  sense")
    server.status = 202
    api.push_due(clock=clock)
    assert [claims_of(token, tickets, clock.now())["sub_id"]["sub"] for token in server.tokens[-1:]] == [str(people[1])]
    view = api.streams(by=access_system(), at=clock.now())[0]
    assert (view.refused, view.waiting) == (1, 0)
    assert api.needs_somebody(view)


def test_a_receiver_that_takes_nothing_for_a_week_is_paused_loudly_and_resumes(
    relying, somebody, happens, receiver, pushed, clock: VirtualClock, at, machine
):
    from pehra.ledger import api as ledger

    tickets, server = relying("tickets"), receiver(status=500)
    stream = pushed(tickets, server)
    person = somebody("amna", tickets)
    happens("access.person.opened", person, at=at)
    for _day in range(15):
        api.push_due(clock=clock)
        api.sweep_signals(at=clock.now())
        clock.advance(timedelta(hours=12))
    stream.refresh_from_db()
    assert (stream.status, stream.status_by) == ("paused", "pehra.signals")
    paused = [entry for entry in ledger.recent(by=machine, before=None, limit=50)[0:50] if "paused" in entry.event]
    assert [entry.event for entry in paused] == ["signals.stream.paused"]
    assert api.needs_somebody(api.streams(by=machine, at=clock.now())[0])

    server.status = 202
    server.calls.clear()
    # What happens meanwhile is kept; a receiver that is back says so itself.
    happens("access.credential.changed", person, at=clock.now(), change="delete", kind="totp")
    api.set_stream_status(said={"stream_id": str(stream.id), "status": "enabled"}, by=tickets.actor, at=clock.now())
    api.push_due(clock=clock)
    told = [next(iter(claims_of(token, tickets, clock.now())["events"])) for token in server.tokens]
    assert told == [events.ACCOUNT_ENABLED, events.STREAM_UPDATED, events.CREDENTIAL_CHANGE]


def test_what_is_kept_has_an_end_that_is_written_down(relying, somebody, happens, clock, at, machine):
    from pehra.ledger import api as ledger

    tickets = relying("tickets")
    api.create_stream(said={"events_requested": ALL}, by=tickets.actor, at=at)
    number = Stream.objects.get().id
    person = somebody("amna", tickets)
    happens("access.person.opened", person, at=at)
    happens("access.credential.changed", person, at=at, change="update", kind="totp")
    (first, _second) = api.poll(stream_id=number, said={}, by=tickets.actor, at=at)["sets"]
    api.poll(stream_id=number, said={"ack": [first]}, by=tickets.actor, at=at)

    later = at + streams.UNDELIVERED_KEPT
    assert api.streams(by=machine, at=later)[0].silent
    swept = api.sweep_signals(at=later)
    assert (swept.expired, swept.forgotten) == (1, 1)
    assert [
        entry.facts["tokens"]
        for entry in ledger.recent(by=machine, before=None, limit=5)
        if entry.event.endswith("let_go")
    ] == [1]
    assert api.sweep_signals(at=later + streams.DELIVERED_KEPT).forgotten == 1
    assert not SecurityEvent.objects.exists()


def test_a_service_that_was_closed_is_told_nothing_more(relying, somebody, happens, at):
    from pehra.access.models import RelyingService

    tickets = relying("tickets")
    api.create_stream(said={"events_requested": ALL}, by=tickets.actor, at=at)
    person = somebody("amna", tickets)
    happens("access.person.opened", person, at=at)
    RelyingService.objects.update(closed_at=at)
    happens("access.person.closed", person, at=at)
    assert SecurityEvent.objects.count() == 1
    assert api.sweep_signals(at=at).disabled == 1
    assert SecurityEvent.objects.get().state == "expired"


def test_an_entry_is_told_once_however_often_the_ledger_is_read(relying, somebody, happens, at):
    from pehra.signals.models import LedgerPlace

    tickets = relying("tickets")
    api.create_stream(said={"events_requested": ALL}, by=tickets.actor, at=at)
    happens("access.person.opened", somebody("amna", tickets), at=at)
    LedgerPlace.objects.update(position=0)  # as if the place had been lost with a backup
    api.follow(at=at)
    api.follow(at=at)
    assert SecurityEvent.objects.count() == 1
