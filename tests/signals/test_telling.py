"""What an entry of the ledger tells, and whom: each service of its own users, in the words of CAEP and RISC."""

from datetime import timedelta
from typing import Any

import pytest

from pehra.access import api as access
from pehra.kernel.actors import Actor, ActorKind
from pehra.ledger import api as ledger
from pehra.signals import api
from pehra.signals.models import SecurityEvent, Stream
from pehra.signals.rules import events

pytestmark = pytest.mark.django_db
REASONS = {"reason_admin"}


@pytest.fixture(autouse=True)
def _address(settings) -> None:
    settings.PEHRA_URL = "https://pehra.example"


def streaming(service: Any, at: Any, *wanted: str) -> Stream:
    said = {"events_requested": list(wanted or events.SUPPORTED)}
    api.create_stream(said=said, by=service.actor, at=at - timedelta(hours=1))
    return Stream.objects.get(receiver_id=service.client_id)


def told(client_id: str = "tickets") -> list[tuple[str, dict[str, Any]]]:
    rows = SecurityEvent.objects.filter(stream__receiver_id=client_id).order_by("id")
    return [(row.event.rpartition("/")[2], row.claims["events"][row.event]) for row in rows]


@pytest.mark.parametrize(
    ("event", "facts", "expected"),
    [
        ("access.person.closed", {"reason": "left"}, [("account-disabled", {}), ("session-revoked", {})]),
        ("access.person.opened", {"reason": "back"}, [("account-enabled", {})]),
        ("access.session.ended", {"which": "all", "why": "x"}, [("session-revoked", {})]),
        ("access.session.ended", {"which": "one", "sids": []}, []),
        (
            "access.credential.changed",
            {"change": "revoke", "kind": "password", "why": "leak of a list"},
            [("credential-change", {"credential_type": "password", "change_type": "revoke"})],
        ),
        (
            "access.credential.changed",
            {"change": "create", "kind": "totp"},
            [("credential-change", {"credential_type": "app", "change_type": "create"})],
        ),
        ("access.credential.changed", {"change": "delete", "kind": "provider"}, []),
        ("access.credential.changed", {"change": "forget", "kind": "totp"}, []),
        ("access.recovered", {}, [("recovery-activated", {})]),
        ("access.email.changed", {}, [("recovery-information-changed", {})]),
        ("signals.leak.received", {"ended": False}, [("credential-compromise", {"credential_type": "password"})]),
        (
            "signals.leak.received",
            {"ended": True, "source": "a list", "secrets": ["password"]},
            [("credential-compromise", {"credential_type": "password"}), ("account-credential-change-required", {})],
        ),
        ("access.link.issued", {}, []),
        ("access.token.created", {}, []),
        ("findings.folded", {}, []),
    ],
)
def test_each_act_says_what_the_standards_have_for_it(relying, somebody, happens, at, event, facts, expected):
    tickets = relying("tickets")
    streaming(tickets, at)
    happens(event, somebody("amna", tickets), at=at, **facts)
    found = told()
    assert [name for name, _said in found] == [name for name, _said in expected]
    for (_name, said), (_same, wanted) in zip(found, expected, strict=True):
        assert {key: said[key] for key in wanted} == wanted
        assert set(said) == set(wanted) | {"initiating_entity", "event_timestamp", "reason_admin"}
        assert set(said["reason_admin"]) == {"en", "ur"}
        # Nothing that anybody wrote leaves: a fixed sentence alone.
        assert not any(str(value) in str(said["reason_admin"]) for value in facts.values() if len(str(value)) > 5)


def test_a_service_learns_of_its_own_users_alone(relying, somebody, happens, at):
    tickets, library = relying("tickets"), relying("library")
    streaming(tickets, at)
    streaming(library, at)
    both, one, none = somebody("both", tickets, library), somebody("one", tickets), somebody("none")
    late = somebody("late", tickets, first_at=at + timedelta(minutes=1))
    for person in (both, one, none, late):
        happens("access.person.opened", person, at=at)
    about = {
        client: [row.claims["sub_id"]["sub"] for row in SecurityEvent.objects.filter(stream__receiver_id=client)]
        for client in ("tickets", "library")
    }
    assert about == {"tickets": [str(both), str(one)], "library": [str(both)]}
    assert {row.claims["aud"] for row in SecurityEvent.objects.all()} == {"tickets", "library"}


def test_a_stream_is_told_what_it_asked_for_from_when_it_was_there(relying, somebody, happens, at):
    tickets = relying("tickets")
    person = somebody("amna", tickets)
    happens("access.person.opened", person, at=at - timedelta(hours=2))
    streaming(tickets, at, events.ACCOUNT_DISABLED)
    happens("access.person.closed", person, at=at)
    assert [name for name, _said in told()] == ["account-disabled"]


def test_an_entry_is_told_when_it_is_sealed(relying, somebody, machine, at):
    tickets = relying("tickets")
    streaming(tickets, at)
    ledger.record("access.person.opened", subject=f"person:{somebody('amna', tickets)}", by=machine, at=at)
    api.follow(at=at)
    assert told() == []
    ledger.place_entries(at=at)
    api.follow(at=at)
    assert len(told()) == 1


def test_a_session_that_ended_is_named_to_the_services_that_were_used_from_it(relying, somebody, happens, at):
    tickets, library = relying("tickets"), relying("library")
    streaming(tickets, at)
    streaming(library, at)
    person = somebody("amna", tickets, sid="sid-desk")
    from pehra.access.models import ServiceUse
    from pehra.kernel.identifiers import new_id

    moment = at - timedelta(hours=2)
    ServiceUse.objects.create(
        id=new_id(at), service_id="library", person_id=person, sid="sid-phone", first_at=moment, last_at=moment
    )
    happens("access.session.ended", person, at=at, which="one", sids=["sid-desk"], why="ended")
    assert told("library") == []
    row = SecurityEvent.objects.get()
    assert row.claims["sub_id"] == {
        "format": "complex",
        "user": {"format": "iss_sub", "iss": "https://pehra.example", "sub": str(person)},
        "session": {"format": "opaque", "id": "sid-desk"},
    }


def test_new_roles_are_told_as_the_next_id_token_would_say_them(relying, somebody, happens, machine, at):
    tickets = relying("tickets")
    streaming(tickets, at)
    person = somebody("amna", tickets)
    access.learn_scopes(teams=[access.KnownTeam(code="pkcert", parent="")], organisations=[], at=at)
    access.grant(person_id=person, role="analyst", team="pkcert", reason="joins, case X", by=machine, at=at)
    ledger.place_entries(at=at)
    api.follow(at=at)
    ((name, said),) = told()
    assert name == "token-claims-change"
    assert said["claims"] == {
        "pehra_roles": ["analyst@team:pkcert"],
        "pehra_teams": ["pkcert"],
        "pehra_organisations": [],
    }
    assert "case X" not in str(SecurityEvent.objects.get().claims)


def test_an_address_is_told_only_where_that_was_agreed(relying, somebody, happens, at):
    tickets, library = relying("tickets"), relying("library", email_agreed=True)
    streaming(tickets, at)
    streaming(library, at)
    happens("access.email.changed", somebody("amna", tickets, library), at=at)
    assert [name for name, _said in told()] == ["recovery-information-changed"]
    assert [name for name, _said in told("library")] == ["recovery-information-changed", "token-claims-change"]
    assert told("library")[1][1]["claims"]["email"] == "amna@team.example"
    assert "amna" not in str([row.claims for row in SecurityEvent.objects.filter(stream__receiver_id="tickets")])


def test_who_set_it_off_is_said_in_four_words(relying, somebody, happens, at):
    tickets = relying("tickets")
    streaming(tickets, at)
    person = somebody("amna", tickets)
    lead = Actor(id="00000000-0000-7000-8000-000000000009", kind=ActorKind.PERSON, name="Lead")
    own = Actor(id=str(person), kind=ActorKind.PERSON, name="Amna")
    for by in (None, lead, own):
        happens("access.credential.changed", person, at=at, by=by, change="create", kind="passkey")
    happens("access.expired", person, at=at)
    assert [said["initiating_entity"] for _name, said in told()] == ["system", "admin", "user", "policy"]


def test_a_receiver_is_spared_whom_it_names_and_never_learns_who_is_here(door, relying, somebody, happens, at):
    service = relying("tickets")
    tickets = door(service)
    made = tickets.make(*events.SUPPORTED)
    Stream.objects.update(created_at=at - timedelta(hours=1))
    amna, stranger = somebody("amna", service), somebody("stranger")

    def subject(sub: object, **differently: Any) -> dict[str, Any]:
        return {"format": "iss_sub", "iss": "https://pehra.example", "sub": str(sub), **differently}

    def ask(what: str, said: object) -> tuple[int, bytes]:
        answer = tickets.call("POST", f"/signals/subjects:{what}", {"stream_id": made["stream_id"], "subject": said})
        return answer.status_code, answer.content

    nobody = "01932f3a-7c1e-7b52-9a41-0c5f1e2d3a4b"
    assert {ask("remove", subject(sub)) for sub in (amna, stranger, nobody, "not-an-id")} == {(204, b"")}
    happens("access.person.opened", amna, at=at)
    assert told() == []
    assert {ask("add", subject(sub)) for sub in (amna, stranger, nobody, "not-an-id")} == {(200, b"")}
    happens("access.person.opened", amna, at=at)
    happens("access.person.opened", stranger, at=at)
    assert len(told()) == 1
    assert ask("remove", {"format": "complex", "user": subject(amna)})[0] == 204
    for wrong in (
        subject(amna, iss="https://other.example"),
        {"format": "email", "email": "amna@team.example"},
        {"format": "iss_sub", "iss": "https://pehra.example", "sub": 7},
        "amna",
        None,
    ):
        assert ask("remove", wrong)[0] == 400


def test_a_day_of_a_whole_country_is_read_quickly(relying, somebody, machine, at):
    import time

    tickets = relying("tickets")
    streaming(tickets, at)
    people = [somebody(f"person-{number}", tickets) for number in range(50)]
    ledger.record_many(
        [
            ledger.Entry(
                event="access.credential.changed", subject=f"person:{people[number % 50]}", by=machine, at=at,
                facts={"change": "update", "kind": "totp"},
            )
            for number in range(1_000)
        ]
    )  # fmt: skip
    ledger.place_entries(at=at)
    started = time.monotonic()
    while api.follow(at=at).places:
        pass
    assert time.monotonic() - started < 20
    assert SecurityEvent.objects.count() == 1_000
