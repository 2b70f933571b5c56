"""Guessing a password is slow, and no stranger locks anybody out; whether an account exists is told to nobody."""

import json
import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from pehra.access import api as access
from pehra.access.models import FailedAttempt, Person
from pehra.access.rules.attempts import DEVICE_MAX, HERE_MAX, NETWORK_MAX, SLOWED_TO, STRANGERS_MAX, network_of
from pehra.access.sessions import attempts
from pehra.kernel import clock

PASSWORD = "four words for a watch"
MINISTER = "national@cast.example"
FAST = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def minister(country, settings):
    """Somebody with a password, on a node where one factor is enough to come in; nothing was tried yet."""
    settings.PASSWORD_HASHERS = FAST
    cache.clear()
    person = Person.objects.get(id=country.people["national"])
    person.set_password(PASSWORD)
    person.save()
    return person


def typed(client: Client, login: str = MINISTER, password: str = PASSWORD):
    return client.post("/access/sign-in", {"login": login, "password": password})


def came_in(answer) -> bool:
    return bool(answer.status_code == 302 and "sign-in" not in answer.headers["Location"])


def known(person: Person) -> Client:
    """A browser in which they came in by two factors before."""
    from django.http import HttpResponse
    from django.test import RequestFactory

    answer = HttpResponse()
    attempts.remember_device(RequestFactory().get("/"), answer, person)
    browser = Client(REMOTE_ADDR="192.0.2.10")
    browser.cookies[attempts.cookie_name()] = answer.cookies[attempts.cookie_name()].value
    return browser


def besiege(times: int = 500) -> list[int]:
    """A stranger with many addresses fails against the minister."""
    return [
        typed(Client(REMOTE_ADDR=f"198.51.{number // 250}.{number % 250 + 1}"), password=f"guess {number}").status_code
        for number in range(times)
    ]


def passkey_of(person: Person, monkeypatch) -> str:
    """A credential as the sign-in page sends it; what the browser's device would prove is taken as proven."""
    from allauth.mfa.webauthn.internal import auth

    row = Authenticator.objects.create(user=person, type="webauthn", data={"name": "key", "credential": {}})
    monkeypatch.setattr(auth, "parse_authentication_response", lambda _said: None)
    monkeypatch.setattr(auth, "extract_user_from_response", lambda _said: person)
    monkeypatch.setattr(auth, "complete_authentication", lambda _user, _said: row)
    monkeypatch.setattr("pehra.access.sessions.proofs._key_kind", lambda _identifier: "hwk")
    return json.dumps({"id": "x"})


def test_five_hundred_failures_of_a_stranger_shut_nobody_out(minister, monkeypatch):
    own = known(minister)
    assert set(besiege()) == {422}
    assert not came_in(typed(Client(REMOTE_ADDR="203.0.113.1"))), "a stranger with the right password waits, too"
    assert came_in(typed(own)), "the known device"
    credential = passkey_of(minister, monkeypatch)
    elsewhere = Client(REMOTE_ADDR="203.0.113.77")
    answer = elsewhere.post("/account/passkeys/sign-in", {"credential": credential})
    assert came_in(answer), "a passkey, from anywhere"
    assert elsewhere.get("/law/").status_code == 200


def test_a_stranger_is_slowed_down_and_not_stopped_for_ever(minister, monkeypatch):
    besiege(60)
    held = FailedAttempt.objects.count()
    assert held <= 3 * (STRANGERS_MAX + 2), "what is refused unread is not counted"
    later = clock.now() + SLOWED_TO + timedelta(seconds=1)
    monkeypatch.setattr("pehra.kernel.clock.now", lambda: later)
    assert came_in(typed(Client(REMOTE_ADDR="203.0.113.1"))), "one try is free again, whoever takes it"


@pytest.mark.parametrize(("where", "refused"), [("198.51.100.9", True), ("198.51.100.10", False)])
def test_one_network_has_few_tries_against_one_account(minister, where, refused):
    for _ in range(HERE_MAX):
        assert typed(Client(REMOTE_ADDR="198.51.100.9"), password="wrong").status_code == 422
    assert came_in(typed(Client(REMOTE_ADDR=where))) is not refused


def test_one_network_has_few_tries_against_all_accounts(minister):
    spraying = Client(REMOTE_ADDR="198.51.100.9")
    for number in range(NETWORK_MAX):
        typed(spraying, login=f"p{number}@cast.example", password="Spring2026")
    assert not came_in(typed(spraying))
    assert came_in(typed(Client(REMOTE_ADDR="198.51.100.10")))


def test_a_known_device_is_limited_too(minister):
    own = known(minister)
    for _ in range(DEVICE_MAX):
        assert typed(own, password="wrong").status_code == 422
    assert not came_in(typed(own))
    assert came_in(typed(Client(REMOTE_ADDR="203.0.113.5"))), "and leaves the others alone"


@pytest.mark.parametrize("how", ["forged", "another's", "after a recovery"])
def test_a_device_is_known_by_its_signature_for_one_account(minister, country, how):
    other = Person.objects.get(id=country.people["telecom"])
    browser = known(other if how == "another's" else minister)
    if how == "forged":
        browser.cookies[attempts.cookie_name()] = "device." + "0" * 64
    if how == "after a recovery":
        minister.set_password("another four words then")
        minister.save()
    besiege(40)
    assert not came_in(typed(browser, password=PASSWORD if how != "after a recovery" else "another four words then"))


def test_two_factors_make_a_device_known_and_one_does_not(minister, monkeypatch):
    browser = Client()
    assert came_in(typed(browser))
    assert attempts.cookie_name() not in browser.cookies
    browser = Client()
    browser.post("/account/passkeys/sign-in", {"credential": passkey_of(minister, monkeypatch)})
    cookie = browser.cookies[attempts.cookie_name()]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert str(minister.pk) not in cookie.value
    assert minister.email not in cookie.value


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1%eth0", "2001:db8:1:2::"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("unknown", "unknown"),
    ],
)
def test_which_addresses_are_one_network(address, network):
    assert network_of(address) == network


# --- Nobody learns whether an account exists -----------------------------------------------------------------------


@pytest.fixture
def accounts(country, minister):
    """Every kind of account, and none."""
    at = clock.now()
    access.add_service_account(name="Tickets", email="program@cast.example", by=country.by, at=at)
    access.close_person(person_id=country.people["punjab"], reason="left", by=country.by, at=at)
    for who in ("punjab", "operator"):
        person = Person.objects.get(id=country.people[who])
        person.set_password(PASSWORD)
        person.save()
    return {
        "with a password": MINISTER,
        "without": "telecom@cast.example",
        "closed": "punjab@cast.example",
        "a program": "program@cast.example",
        "nobody": "nobody.at.all@cast.example",
    }


def said(answer, login: str) -> tuple[object, ...]:
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", answer.text).replace(login, "")
    headers = {name: value for name, value in answer.headers.items() if name not in ("Content-Length", "Expires")}
    return answer.status_code, page, headers, sorted(answer.cookies)


@pytest.mark.parametrize("password", ["wrong", PASSWORD])
def test_an_account_and_none_are_one_answer(accounts, password):
    answers = {}
    for kind, login in accounts.items():
        if (kind, password) == ("with a password", PASSWORD):
            continue
        answers[kind] = said(typed(Client(REMOTE_ADDR="198.51.100.9"), login=login, password=password), login)
    first = answers["nobody"]
    for kind, answer in answers.items():
        assert answer == first, kind


def test_too_many_tries_are_told_alike(accounts):
    answers = {}
    for number, (kind, login) in enumerate(accounts.items()):
        client = Client(REMOTE_ADDR=f"198.51.100.{number + 1}")
        for _ in range(HERE_MAX + 1):
            answer = typed(client, login=login, password="wrong")
        answers[kind] = said(answer, login)
    assert len({str(answer) for answer in answers.values()}) == 1


def test_an_account_and_none_take_as_long(accounts, settings, monkeypatch):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    monkeypatch.setattr("django.contrib.auth.hashers.PBKDF2PasswordHasher.iterations", 200_000)
    person = Person.objects.get(email=MINISTER)
    person.set_password(PASSWORD)
    person.save()
    took: dict[str, list[float]] = {kind: [] for kind in accounts if kind in ("with a password", "without", "nobody")}
    for turn in range(6):
        for number, kind in enumerate(took):
            client = Client(REMOTE_ADDR=f"198.51.{turn}.{number + 1}")
            client.get("/access/sign-in")
            begun = time.process_time()
            typed(client, login=accounts[kind], password="wrong")
            took[kind].append(time.process_time() - begun)
    shortest = {kind: min(times[1:]) for kind, times in took.items()}
    assert max(shortest.values()) < 1.3 * min(shortest.values()), shortest
