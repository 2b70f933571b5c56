"""A receiver's own stream: made, read, changed, stopped and taken away, by its own account and by nobody else."""

import pytest
from django.db import connection

from pehra.access import api as access
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.signals import api
from pehra.signals.models import SecurityEvent, Stream
from pehra.signals.rules import events

pytestmark = pytest.mark.django_db
POLL, PUSH = "urn:ietf:rfc:8936", "urn:ietf:rfc:8935"
PUBLIC = "https://tickets.example/events"


def test_the_configuration_is_open_and_says_where_everything_is(door, relying):
    nobody = door(relying("tickets"))
    nobody.headers = {}
    answer = nobody.call("GET", "/.well-known/ssf-configuration")
    said = answer.json()
    assert answer.status_code == 200
    assert said["issuer"] == "https://pehra.example"
    assert said["spec_version"] == "1_0"
    assert set(said["delivery_methods_supported"]) == {POLL, PUSH}
    assert said["configuration_endpoint"] == "https://pehra.example/signals/streams"
    assert nobody.call("POST", "/.well-known/ssf-configuration").status_code == 405


def test_a_stream_is_made_once_read_changed_replaced_and_taken_away(door, relying):
    tickets = door(relying("tickets"))
    assert tickets.call("GET", "/signals/streams").json() == []
    made = tickets.make(events.SESSION_REVOKED, "urn:example:unknown", method=PUSH, endpoint_url=PUBLIC)
    number = made["stream_id"]
    assert made["aud"] == "tickets"
    assert made["iss"] == "https://pehra.example"
    assert made["events_requested"] == [events.SESSION_REVOKED, "urn:example:unknown"]
    assert made["events_delivered"] == [events.SESSION_REVOKED]
    assert tickets.call("POST", "/signals/streams", {}).status_code == 409

    one = tickets.call("GET", f"/signals/streams?stream_id={number}")
    assert one.json() == made
    assert tickets.call("GET", "/signals/streams").json() == [made]

    patched = tickets.call("PATCH", "/signals/streams", {"stream_id": number, "description": "Tickets"}).json()
    assert patched == made | {"description": "Tickets"}

    whole = {"stream_id": number, "events_requested": [events.ACCOUNT_DISABLED]}
    replaced = tickets.call("PUT", "/signals/streams", whole).json()
    assert replaced["delivery"]["method"] == POLL
    assert replaced["delivery"]["endpoint_url"] == f"https://pehra.example/signals/poll/{number}"
    assert "description" not in replaced

    assert tickets.call("DELETE", f"/signals/streams?stream_id={number}").status_code == 204
    assert tickets.call("GET", f"/signals/streams?stream_id={number}").status_code == 404


@pytest.mark.parametrize(
    "said",
    [
        "no JSON",
        "[]",
        '{"description": "a", "description": "b"}',
        {"delivery": {"method": "urn:example:smoke"}},
        {"delivery": {"method": PUSH}},
        {"delivery": "push"},
        {"delivery": {"method": PUSH, "endpoint_url": "http://tickets.example/"}},
        {"delivery": {"method": PUSH, "endpoint_url": "https://127.0.0.1/"}},
        {"delivery": {"method": PUSH, "endpoint_url": "https://169.254.169.254/latest"}},
        {"delivery": {"method": PUSH, "endpoint_url": "https://user:pass@tickets.example/"}},
        {"delivery": {"method": PUSH, "endpoint_url": PUBLIC, "authorization_header": "a\r\nb: c"}},
        {"delivery": {"method": POLL, "endpoint_url": PUBLIC}},
        {"events_requested": "all"},
        {"events_requested": [7]},
        {"events_requested": ["urn:example:event"] * 101},
    ],
)
def test_what_cannot_be_a_stream_is_refused(door, relying, said):
    answer = door(relying("tickets")).call("POST", "/signals/streams", said)
    assert answer.status_code == 400
    assert answer.json()["err"] == "invalid_request"
    assert not Stream.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("iss", "https://other.example"), ("aud", "another"), ("events_delivered", []), ("events_supported", [])],
)
def test_what_we_supply_must_be_said_back_as_it_is(door, relying, name, value):
    tickets = door(relying("tickets"))
    made = tickets.make(events.SESSION_REVOKED)
    back = {key: made[key] for key in ("stream_id", "iss", "aud", "events_delivered", "events_supported")}
    assert tickets.call("PATCH", "/signals/streams", back).status_code == 200
    assert tickets.call("PATCH", "/signals/streams", back | {name: value}).status_code == 400
    assert tickets.call("PATCH", "/signals/streams", {"description": "which?"}).status_code == 400


def test_the_header_is_kept_sealed_shown_to_nobody_and_dropped_with_its_address(door, relying, data_folder):
    tickets = door(relying("tickets"))
    secret = "Bearer receiver-secret"
    made = tickets.make(method=PUSH, endpoint_url=PUBLIC, authorization_header=secret)
    assert secret not in str(tickets.call("GET", "/signals/streams").json())
    kept = bytes(Stream.objects.get().authorization)
    assert kept
    assert secret.encode() not in kept
    assert (data_folder / "keys" / "signals.key").stat().st_mode & 0o077 == 0

    same = {"method": PUSH, "endpoint_url": PUBLIC}
    tickets.call("PATCH", "/signals/streams", {"stream_id": made["stream_id"], "delivery": same})
    assert bytes(Stream.objects.get().authorization) == kept
    other = {"method": PUSH, "endpoint_url": "https://elsewhere.example/"}
    tickets.call("PATCH", "/signals/streams", {"stream_id": made["stream_id"], "delivery": other})
    assert bytes(Stream.objects.get().authorization) == b""


def test_a_receiver_pauses_enables_and_disables_its_stream(door, relying, somebody, happens, at):
    service = relying("tickets")
    tickets = door(service)
    person = somebody("amna", service)
    made = tickets.make(events.ACCOUNT_DISABLED)
    number = made["stream_id"]
    path = f"/signals/status?stream_id={number}"
    Stream.objects.update(created_at=at)
    assert tickets.call("GET", path).json() == {"stream_id": number, "status": "enabled"}

    said = {"stream_id": number, "status": "paused", "reason": "we move"}
    assert tickets.call("POST", "/signals/status", said).json() == said
    happens("access.person.closed", person, at=at)
    assert tickets.poll(made)["sets"] == {}
    tickets.call("POST", "/signals/status", {"stream_id": number, "status": "enabled"})
    assert len(tickets.poll(made)["sets"]) == 1

    tickets.call("POST", "/signals/status", {"stream_id": number, "status": "disabled"})
    happens("access.person.closed", person, at=at)
    tickets.call("POST", "/signals/status", {"stream_id": number, "status": "enabled"})
    assert tickets.poll(made)["sets"] == {}
    assert tickets.call("POST", "/signals/status", {"stream_id": number, "status": "asleep"}).status_code == 400
    assert tickets.call("GET", "/signals/status").status_code == 400


def test_what_the_operator_stopped_is_not_the_receivers_to_start(door, relying, machine, at):
    tickets = door(relying("tickets"))
    made = tickets.make(events.SESSION_REVOKED)
    row = Stream.objects.get()
    api.pause_stream(stream_id=row.id, reason="it floods", by=machine, at=at)
    said = {"stream_id": made["stream_id"], "status": "enabled"}
    assert tickets.call("POST", "/signals/status", said).status_code == 403
    # The news of the pause leaves all the same, as the framework asks for.
    (token,) = tickets.poll(made)["sets"].values()
    assert token
    assert SecurityEvent.objects.get().claims["events"] == {
        events.STREAM_UPDATED: {"status": "paused", "reason": "it floods"}
    }
    api.resume_stream(stream_id=row.id, reason="mended", by=machine, at=at)
    assert tickets.call("POST", "/signals/status", said).status_code == 200


def test_a_receiver_sees_and_touches_nothing_of_anothers(door, relying, somebody, happens, at):
    first, second = relying("tickets"), relying("library")
    tickets, library = door(first), door(second)
    theirs = tickets.make(events.ACCOUNT_DISABLED)
    own = library.make(events.ACCOUNT_DISABLED)
    Stream.objects.update(created_at=at)
    happens("access.person.closed", somebody("amna", first), at=at)
    number = theirs["stream_id"]
    absent = "01932f3a-7c1e-7b52-9a41-0c5f1e2d3a4b"
    (jti,) = tickets.poll(theirs)["sets"]

    def answers(name: str) -> list[tuple[int, bytes]]:
        subject = {"format": "iss_sub", "iss": access.issuer(), "sub": absent}
        calls = [
            library.call("GET", f"/signals/streams?stream_id={name}"),
            library.call("DELETE", f"/signals/streams?stream_id={name}"),
            library.call("PATCH", "/signals/streams", {"stream_id": name, "description": "mine"}),
            library.call("PUT", "/signals/streams", {"stream_id": name}),
            library.call("GET", f"/signals/status?stream_id={name}"),
            library.call("POST", "/signals/status", {"stream_id": name, "status": "disabled"}),
            library.call("POST", "/signals/verify", {"stream_id": name}),
            library.call("POST", "/signals/subjects:add", {"stream_id": name, "subject": subject}),
            library.call("POST", "/signals/subjects:remove", {"stream_id": name, "subject": subject}),
            library.call("POST", f"/signals/poll/{name}", {"ack": [jti]}),
        ]
        return [(call.status_code, call.content) for call in calls]

    assert answers(number) == answers(absent)
    assert {status for status, _body in answers(number)} == {404}
    assert library.poll(own, ack=[jti], setErrs={jti: {"err": "x"}})["sets"] == {}
    assert list(tickets.poll(theirs)["sets"]) == [jti]
    assert [made["stream_id"] for made in library.call("GET", "/signals/streams").json()] == [own["stream_id"]]


def test_the_database_shows_a_receiver_its_own_stream_alone(relying, at, machine):
    first, second = relying("tickets"), relying("library")
    for service in (first, second):
        api.create_stream(said={"events_requested": [events.SESSION_REVOKED]}, by=service.actor, at=at)
        api.verify_stream(stream_id=Stream.objects.get(receiver_id=service.client_id).id, by=machine, at=at)
    with access.bound(actor=first.actor):
        assert [row.receiver_id for row in Stream.objects.all()] == ["tickets"]
        assert {row.stream.receiver_id for row in SecurityEvent.objects.select_related("stream")} == {"tickets"}
        assert SecurityEvent.objects.filter(stream__receiver_id="library").update(error="seen") == 0
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from signals_receiver")
            assert cursor.fetchone() == (1,)
            cursor.execute("select count(*) from signals_ledgerplace")
            assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("who", ["unbound", "closed", "nobody", "without the permission"])
def test_who_receives_for_no_service_is_refused(door, relying, machine, at, who):
    service = relying("tickets", bound=who != "unbound")
    tickets = door(service)
    if who == "closed":
        from pehra.access.models import RelyingService

        RelyingService.objects.update(closed_at=at)
    if who == "nobody":
        tickets.headers = {}
    if who == "without the permission":
        for row in access.person(person_id=service.account, by=machine, at=at).grants:
            access.revoke(grant_id=row.id, reason="ended", by=machine, at=at)
    for method, path in (("GET", "/signals/streams"), ("POST", "/signals/streams"), ("POST", "/signals/verify")):
        answer = tickets.call(method, path, {"stream_id": "01932f3a-7c1e-7b52-9a41-0c5f1e2d3a4b"})
        assert answer.status_code == (401 if who == "nobody" else 403)


def test_only_a_service_account_is_bound_and_to_one_service(relying, somebody, machine, at, analyst):
    first = relying("tickets")
    relying("library", bound=False)
    person = somebody("amna")
    bind = {"by": machine, "at": at}
    with pytest.raises(Invalid):
        api.bind_receiver(client_id="library", account_id=person, **bind)
    with pytest.raises(Invalid):
        api.bind_receiver(client_id="library", account_id=first.account, **bind)
    with pytest.raises(NotVisible):
        api.bind_receiver(client_id="none", account_id=first.account, **bind)
    with pytest.raises(Forbidden):
        api.bind_receiver(client_id="tickets", account_id=first.account, by=analyst, at=at)
    api.unbind_receiver(client_id="tickets", reason="another program", **bind)
    with pytest.raises(Forbidden):
        api.own_streams(by=first.actor, at=at)
    api.bind_receiver(client_id="library", account_id=first.account, **bind)
    assert api.own_streams(by=first.actor, at=at) == []


def test_a_verification_comes_back_with_its_state_and_not_too_often(door, relying, at):
    tickets = door(relying("tickets"))
    made = tickets.make()
    said = {"stream_id": made["stream_id"], "state": "a state"}
    assert tickets.call("POST", "/signals/verify", said).status_code == 204
    assert tickets.call("POST", "/signals/verify", said).status_code == 429
    (jti,) = tickets.poll(made)["sets"]
    row = SecurityEvent.objects.get()
    assert row.claims["events"] == {events.VERIFICATION: {"state": "a state"}}
    assert row.claims["sub_id"] == {"format": "opaque", "id": made["stream_id"]}
    assert Stream.objects.get().verified_at is None
    tickets.poll(made, ack=[jti])
    assert Stream.objects.get().verified_at is not None
