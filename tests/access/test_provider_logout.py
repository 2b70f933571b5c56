"""Back-channel logout: the end of a session reaches each service used from it, however it ended, until it is heard."""

import http.server
import threading
from datetime import timedelta
from urllib.parse import parse_qs

import jwt as independent
import pytest
from django.contrib.sessions.models import Session

from pehra.access import api
from pehra.access.api import provider, services
from pehra.access.models import ServiceUse
from pehra.access.rules import provider as rules
from pehra.kernel import clock
from pehra.ledger import api as ledger
from tests.access.relying import BACK, Relying, read, sign_in

EVENT = "http://schemas.openid.net/event/backchannel-logout"
pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]


class Hearing:
    """A service that hears of ends: what came, and with which status it answers next."""

    def __init__(self):
        self.heard, self.status, self.headers = [], 200, {}
        hearing = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                hearing.heard.append((self.path, self.headers["Content-Type"], parse_qs(body)))
                self.send_response(hearing.status)
                for name, value in hearing.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def uri(self):
        return f"http://127.0.0.1:{self.server.server_port}/out"

    def tokens(self):
        return [form["logout_token"][0] for _path, _kind, form in self.heard]


@pytest.fixture
def hearing(settings):
    settings.PEHRA_SERVICE_NETWORKS = ["127.0.0.0/8"]
    made = Hearing()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def tickets(machine, at, tree, hearing):
    return Relying(
        services.add_service(name="Tickets", redirect_uris=[BACK], logout_uri=hearing.uri, by=machine, at=at)
    )


@pytest.fixture
def officer(someone):
    return someone("officer", "duty-officer", team="pkcert")


@pytest.fixture
def browser(officer):
    return sign_in(officer)


def told(**after):
    return provider.tell_services(at=clock.now() + timedelta(**after))


def test_signing_out_is_told_by_a_token_that_anybody_can_verify(tickets, browser, officer, hearing):
    claims = tickets.verified(tickets.tokens(browser)["id_token"])
    browser.post("/access/sign-out")
    assert told().told == 1
    ((path, kind, _form),) = hearing.heard
    assert (path, kind) == ("/out", "application/x-www-form-urlencoded")
    (token,) = hearing.tokens()
    assert independent.get_unverified_header(token)["typ"] == "logout+jwt"
    said = read(token, audience=tickets.client_id)
    assert (said["sub"], said["sid"]) == (str(officer), claims["sid"])
    assert said["events"] == {EVENT: {}}
    assert "nonce" not in said
    assert 0 < said["exp"] - said["iat"] <= 120
    assert told().told == 0, "told once"


@pytest.mark.parametrize("how", ["signed out", "from the list", "by a lead", "closed", "lost", "idle", "service"])
def test_however_a_session_ends_it_is_told(tickets, browser, officer, machine, hearing, how, settings):
    tokens = tickets.tokens(browser)
    now = clock.now()
    match how:
        case "signed out":
            browser.post("/access/sign-out")
        case "from the list":
            by = api.actor_for(person_id=officer, at=now)
            (row,) = api.sessions(by=by)
            api.end_session(session_id=row.id, by=by, at=now)
        case "by a lead":
            api.end_sessions(person_id=officer, reason="lost the laptop", by=machine, at=now)
        case "closed":
            api.close_person(person_id=officer, reason="left", by=machine, at=now)
        case "lost":
            Session.objects.all().delete()
        case "idle":
            settings.PEHRA_SESSION_IDLE_SECONDS = 0
            browser.get("/")
        case "service":
            services.close_service(client_id=tickets.client_id, reason="replaced", by=machine, at=now)
    provider.end_lost_uses(at=clock.now())
    assert told().told == 1
    assert len(hearing.heard) == 1
    assert tickets.refresh(tokens["refresh_token"]).status_code in (400, 401)
    assert tickets.userinfo(tokens["access_token"]).status_code == 401


def test_a_session_that_lives_ends_nothing(tickets, browser, hearing):
    tokens = tickets.tokens(browser)
    assert provider.end_lost_uses(at=clock.now()) == 0
    assert tickets.userinfo(tokens["access_token"]).status_code == 200
    assert told().told == 0


def test_a_session_that_ran_out_is_found(tickets, browser, hearing):
    tickets.tokens(browser)
    assert provider.end_lost_uses(at=clock.now() + timedelta(hours=13)) == 1
    assert told(hours=13).told == 1


def test_one_session_ends_and_another_lives_on(tickets, officer, hearing):
    one, other = sign_in(officer), sign_in(officer)
    tickets.tokens(one)
    kept = tickets.tokens(other)
    one.post("/access/sign-out")
    assert told().told == 1
    assert tickets.userinfo(kept["access_token"]).status_code == 200
    assert ServiceUse.objects.filter(ended_at=None).count() == 1


def test_a_code_that_waits_when_its_session_ends_is_no_good(tickets, browser):
    code = tickets.code(browser)
    browser.post("/access/sign-out")
    assert tickets.redeem(code).json()["error"] == "invalid_grant"


def test_a_service_that_is_away_hears_of_it_when_it_is_back(tickets, browser, hearing):
    tickets.tokens(browser)
    browser.post("/access/sign-out")
    hearing.status = 503
    assert told().waiting == 1
    assert told().waiting == 0, "not at once again"
    assert ServiceUse.objects.get().problem == "the service answered 503"
    hearing.status = 200
    assert told(minutes=2).told == 1
    assert ServiceUse.objects.get().problem == ""
    assert len(set(hearing.tokens())) == 2, "each try has a token of its own"


def test_a_service_that_stays_away_is_given_up_and_that_is_written_down(tickets, browser, hearing, machine):
    tickets.tokens(browser)
    browser.post("/access/sign-out")
    hearing.status, hours = 500, 0
    while ServiceUse.objects.get().try_at is not None and hours < 100:
        told(hours=hours)
        hours += 3
    assert len(hearing.heard) == rules.TRIES_MAX
    assert ServiceUse.objects.get().told_at is None
    events = [entry.event for entry in ledger.history(subject=f"service:{tickets.client_id}", by=machine)]
    assert events.count("access.service.untold") == 1


def test_a_redirect_is_not_followed(tickets, browser, hearing):
    tickets.tokens(browser)
    browser.post("/access/sign-out")
    hearing.status, hearing.headers = 307, {"Location": hearing.uri}
    assert told().waiting == 1
    assert len(hearing.heard) == 1


def test_an_address_inside_is_called_only_where_the_operator_said_so(tickets, browser, hearing, settings):
    tickets.tokens(browser)
    browser.post("/access/sign-out")
    settings.PEHRA_SERVICE_NETWORKS = []
    assert told().waiting == 1
    assert hearing.heard == []
    assert ServiceUse.objects.get().problem


def test_a_service_without_an_address_is_not_waited_for(machine, at, tree, browser):
    quiet = Relying(services.add_service(name="Quiet", redirect_uris=[BACK], by=machine, at=at))
    quiet.tokens(browser)
    browser.post("/access/sign-out")
    use = ServiceUse.objects.get()
    assert use.ended_at is not None
    assert use.try_at is None


def test_what_was_told_is_forgotten_after_a_while(tickets, browser, hearing):
    tickets.tokens(browser)
    browser.post("/access/sign-out")
    told()
    provider.forget_uses(at=clock.now() + timedelta(days=89))
    assert ServiceUse.objects.count() == 1
    provider.forget_uses(at=clock.now() + timedelta(days=91))
    assert ServiceUse.objects.count() == 0


def test_nobody_but_the_person_sees_where_they_sign_in(tickets, browser, someone):
    tickets.tokens(browser)
    other = someone("other", "analyst", team="pkcert")
    with api.bound(actor=api.actor_for(person_id=other, at=clock.now())):
        assert ServiceUse.objects.count() == 0
