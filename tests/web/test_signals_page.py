"""The page of receivers: what whoever keeps the node sees and does there, and that it is nobody else's."""

from datetime import timedelta
from uuid import UUID

import pytest

from pehra.access import api as access
from pehra.access.models import RelyingService
from pehra.kernel import clock
from pehra.signals import api
from pehra.signals.models import SecurityEvent, Stream
from pehra.signals.rules import events

pytestmark = pytest.mark.django_db
ADDRESS = "/access/signals/"


@pytest.fixture
def account(country) -> UUID:
    """A relying service and an account that could receive for it."""
    by, at = country.by, clock.now()
    RelyingService.objects.create(client_id="tickets", name="Ticket system", created_by=by.id, created_at=at)
    made = access.add_service_account(email="tickets@node.example", name="Tickets", by=by, at=at)
    access.grant(person_id=made, role="signal-receiver", national=True, reason="receives", by=by, at=at)
    return made


@pytest.fixture
def stream(country, account) -> Stream:
    """Its stream."""
    at = clock.now()
    api.bind_receiver(client_id="tickets", account_id=account, by=country.by, at=at)
    said = {"events_requested": [events.SESSION_REVOKED]}
    api.create_stream(said=said, by=access.actor_for(person_id=account, at=at), at=at)
    return Stream.objects.get()


def test_an_operator_binds_a_receiver_and_ends_it(signed_in, account):
    operator = signed_in("operator")
    empty = operator.get(ADDRESS).content.decode()
    assert "Nobody receives signals yet" in empty
    assert "Ticket system" in empty
    said = {"service": "tickets", "email": "tickets@node.example"}
    assert operator.post(ADDRESS + "bind", said | {"email": "nobody@node.example"}).status_code == 422
    assert operator.post(ADDRESS + "bind", said | {"email": "lead@cast.example"}).status_code == 422
    assert operator.post(ADDRESS + "bind", said).status_code == 302
    assert "no stream yet" in operator.get(ADDRESS).content.decode()
    assert operator.post(ADDRESS + "unbind", {"service": "tickets", "reason": ""}).status_code == 422
    assert operator.post(ADDRESS + "unbind", {"service": "tickets", "reason": "moved"}).status_code == 302
    assert "Nobody receives signals yet" in operator.get(ADDRESS).content.decode()


def test_an_operator_sees_how_a_stream_stands_and_acts(signed_in, stream):
    operator = signed_in("operator")
    path = f"{ADDRESS}{stream.id}/"
    assert operator.post(path + "verify").status_code == 302
    assert SecurityEvent.objects.get().event == events.VERIFICATION
    assert operator.post(path + "pause", {"reason": ""}).status_code == 422
    assert operator.post(path + "pause", {"reason": "it floods"}).status_code == 302
    paused = operator.get(ADDRESS).content.decode()
    assert "it floods" in paused
    assert "paused" in paused
    SecurityEvent.objects.update(state="refused", ended_at=clock.now(), error="what?")
    assert "Send again" in operator.get(ADDRESS).content.decode()
    assert operator.post(path + "again").status_code == 302
    assert operator.post(path + "resume", {"reason": "mended"}).status_code == 302
    assert operator.post(path + "explode").status_code == 404
    Stream.objects.update(failures=4, failing_since=clock.now() - timedelta(days=1), problem="answered <b>503</b>")
    failing = operator.get(ADDRESS).content.decode()
    assert "answered &lt;b&gt;503" in failing
    assert "Takes nothing since" in failing


@pytest.mark.parametrize("who", ["national", "telecom", "hospital", "council", "lead", "nobody"])
def test_others_neither_see_nor_touch_it(signed_in, stream, account, who):
    somebody = signed_in(who)
    page = somebody.get(ADDRESS)
    assert "Ticket" not in page.content.decode()
    assert page.status_code == (200 if who == "lead" else 403)  # a lead reads signals: of their team there are none
    for name in ("pause", "resume", "verify", "again"):
        answer = somebody.post(f"{ADDRESS}{stream.id}/{name}", {"reason": "mine"})
        absent = somebody.post(f"{ADDRESS}01932f3a-7c1e-7b52-9a41-0c5f1e2d3a4b/{name}", {"reason": "mine"})
        assert (answer.status_code, absent.status_code) == (404, 404)
    for name in ("bind", "unbind"):
        said = {"service": "tickets", "email": "tickets@node.example", "reason": "mine"}
        assert somebody.post(ADDRESS + name, said).status_code in (403, 404)
    assert Stream.objects.get().status == "enabled"


def test_the_page_is_read_in_urdu(signed_in, stream):
    operator = signed_in("operator")
    operator.post("/settings/language", {"language": "ur", "next": ADDRESS})
    page = operator.get(ADDRESS).content.decode()
    assert 'dir="rtl"' in page
    assert "وصول کنندگان" in page
