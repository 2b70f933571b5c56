"""Coming in by requests alone: what opens, and every refusal beside the success that it differs from by one thing."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client

from pehra.access import api as access
from pehra.access.models import Person
from pehra.kernel import clock
from pehra.ledger import api as ledger
from tests.web.conftest import sign_in

PASSWORD = "four words for a watch"
OTHER = "another four words then"
pytestmark = pytest.mark.usefixtures("two_factors")


@pytest.fixture
def one_step(monkeypatch):
    """An app whose code does not change while a test types it."""
    monkeypatch.setattr(totp, "yield_hotp_counters_from_time", lambda: iter([59_000_000]))


@pytest.fixture
def two_factors(settings, db, one_step):
    """A node where two factors are wanted; nothing counted yet."""
    settings.PEHRA_MFA_REQUIRED = True
    cache.clear()


def code_of(secret: str) -> str:
    """What an app shows now."""
    (counter,) = totp.yield_hotp_counters_from_time()
    return totp.format_hotp_value(totp.hotp_value(secret, counter))


def enrol(client: Client, person, by) -> str:
    """Come in by a link, choose a password, add an app; return the app's secret."""
    sign_in(client, person, by)
    answer = client.post("/account/password/first", {"password1": PASSWORD, "password2": PASSWORD})
    assert answer.headers["Location"] == "/account/app"
    page = client.get("/account/app").content.decode()
    secret = re.search(r'<code class="code" dir="ltr">([A-Z2-7]+)</code>', page)[1]
    answer = client.post("/account/app", {"code": code_of(secret)})
    assert answer.headers["Location"] == "/account/codes"
    cache.clear()
    return secret


def typed(client: Client, who: str = "national", password: str = PASSWORD, **more: str):
    """Send the form of the sign-in page."""
    return client.post("/access/sign-in", {"login": f"{who}@cast.example", "password": password, **more})


def events(person) -> list[str]:
    from pehra.kernel.actors import system

    return [entry.event for entry in ledger.history(subject=f"person:{person}", by=system("test"))]


def test_nothing_opens_before_two_factors_are_there(country):
    client = sign_in(Client(), country.people["national"], country.by)
    for path in ("/incidents/", "/access/people/", "/access/tokens/", "/account/sessions", "/account/codes"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/access/enrol"), path
    assert client.post("/access/give/", {}).headers["Location"] == "/access/enrol"
    assert client.get("/access/enrol").status_code == 200
    assert client.get("/account/passkeys/add").status_code == 200


def test_a_password_with_an_app_opens_and_a_recovery_code_once(country):
    person = country.people["national"]
    client = Client()
    secret = enrol(client, person, country.by)
    codes = re.findall(r"<li>(\d{8})</li>", client.get("/account/codes").content.decode())
    assert len(codes) == 10
    assert client.get("/incidents/").status_code == 200
    assert client.post("/access/sign-out").headers["Location"] == "/access/sign-in"
    assert client.get("/incidents/").headers["Location"].startswith("/access/sign-in")

    answer = typed(client, next="/findings/")
    assert answer.headers["Location"] == "/account/second-factor"
    assert client.get("/incidents/").headers["Location"].startswith("/access/sign-in"), "half in is not in"
    assert client.post("/account/second-factor", {"code": "000000"}).status_code == 422
    answer = client.post("/account/second-factor", {"code": code_of(secret)})
    assert answer.headers["Location"] == "/findings/"
    client.post("/access/sign-out")

    typed(client)
    assert client.post("/account/second-factor", {"code": code_of(secret)}).status_code == 422, "a code works once"
    assert client.post("/account/second-factor", {"code": codes[0]}).status_code == 302
    assert client.get("/incidents/").status_code == 200
    client.post("/access/sign-out")
    typed(client)
    assert client.post("/account/second-factor", {"code": codes[0]}).status_code == 422, "and so does a recovery code"
    told = events(person)
    assert told.count("access.session.started") == 3
    assert told.count("access.session.ended") == 3
    assert told.count("access.credential.changed") == 3
