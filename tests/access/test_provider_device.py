"""Sign-in of a device without a browser: only for its own person, only once, and not for ever."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from pehra.access import api
from pehra.access.api import provider, services
from pehra.access.models import ServiceUse
from pehra.access.rules import provider as rules
from pehra.kernel import clock
from tests.access.relying import BACK, Relying, sign_in

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(settings):
    """A device that need not wait between two questions."""
    settings.IDP_OIDC_DEVICE_CODE_INTERVAL = 0


@pytest.fixture
def add(machine, at, tree):
    def made(**changed):
        whole = {"grants": ["device_code", "refresh"], "public": True} | changed
        return Relying(services.add_service(name="Console", by=machine, at=at, **whole))

    return made


@pytest.fixture
def console(add):
    return add()


@pytest.fixture
def officer(someone):
    return someone("officer", "duty-officer", team="pkcert")


@pytest.fixture
def browser(officer):
    return sign_in(officer)


def begun(service, **form):
    answer = service.ask("device/code", **form)
    assert answer.status_code == 200, answer.content
    return answer.json()


def poll(service, device, **changed):
    return service.ask("token", grant_type=GRANT, device_code=device["device_code"], **changed)


def press(browser, device, act="let-in"):
    return browser.post("/identity/o/device", {"code": device["user_code"], "act": act})


def test_a_person_lets_their_device_in(console, browser, officer):
    device = begun(console, scope="openid email pehra")
    assert device["verification_uri"] == f"{api.issuer()}/identity/o/device"
    assert poll(console, device).json()["error"] == "authorization_pending"
    page = browser.get("/identity/o/device", {"code": device["user_code"]})
    assert "Let Console sign in as you?" in page.content.decode()
    assert poll(console, device).json()["error"] == "authorization_pending", "looking is no yes"
    assert "The device is signed in" in press(browser, device).content.decode()
    tokens = poll(console, device).json()
    found = console.userinfo(tokens["access_token"]).json()
    assert found["sub"] == str(officer)
    assert found["pehra_teams"] == ["pkcert"]
    assert poll(console, device).json()["error"] == "invalid_grant", "a code serves once"
    again = console.refresh(tokens["refresh_token"])
    assert again.status_code == 200


def test_a_refused_device_stays_out(console, browser):
    device = begun(console)
    assert "not signed in" in press(browser, device, "refuse").content.decode()
    assert poll(console, device).json()["error"] == "access_denied"
    assert ServiceUse.objects.count() == 0


def test_it_outlives_the_browser_and_ends_after_a_session_or_with_its_person(console, browser, officer, machine):
    one, other = begun(console), begun(console)
    press(browser, one)
    press(browser, other)
    tokens = poll(console, one).json()
    browser.post("/access/sign-out")
    provider.end_lost_uses(at=clock.now())
    again = console.refresh(tokens["refresh_token"])
    assert again.status_code == 200
    provider.end_lost_uses(at=clock.now() + rules.SESSION_MAX + timedelta(seconds=1))
    assert console.refresh(again.json()["refresh_token"]).json()["error"] == "invalid_grant"
    assert poll(console, other).json()["error"] == "invalid_grant"


def test_a_closed_persons_device_is_out(console, browser, officer, machine):
    device = begun(console)
    press(browser, device)
    api.close_person(person_id=officer, reason="left", by=machine, at=clock.now())
    assert poll(console, device).status_code == 400


def test_only_who_is_signed_in_lets_a_device_in(console):
    device = begun(console)
    answer = Client().get("/identity/o/device", {"code": device["user_code"]})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/access/sign-in")


def test_letting_in_takes_a_press_on_our_own_page(console, browser):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    device = begun(console)
    assert press(strict, device).status_code == 403
    assert poll(console, device).json()["error"] == "authorization_pending"


def test_a_person_of_another_team_lets_nothing_in(add, browser):
    service = add(teams=["punjab-cert"])
    assert press(browser, begun(service)).status_code == 403


def test_unknown_codes_are_one_refusal_and_not_many_are_tried(console, browser):
    cache.clear()
    for number in range(10):
        answer = browser.get("/identity/o/device", {"code": f"NONE-{number:04}"})
        assert answer.status_code == 400
        assert "No device waits with this code" in answer.content.decode()
    assert browser.get("/identity/o/device", {"code": begun(console)["user_code"]}).status_code == 429


def test_the_road_is_for_public_services_that_were_given_it(add, machine, at):
    without = add(grants=["code"], redirect_uris=[BACK])
    assert without.ask("device/code").json()["error"] == "unauthorized_client"
    secretive = Relying(services.add_service(name="S", redirect_uris=[BACK], by=machine, at=at))
    assert secretive.ask("device/code", client_id=secretive.client_id).status_code in (400, 401)
    assert add().ask("device/code", scope="everything").json()["error"] == "invalid_scope"
    assert add().ask("device/code", client_id="somebody").status_code in (400, 401)


def test_a_device_code_is_of_no_use_to_another_service(add, browser):
    one, other = add(), add()
    device = begun(one)
    press(browser, device)
    assert poll(other, device).json()["error"] == "invalid_grant"
    assert poll(one, device).status_code == 200


@pytest.mark.parametrize("how", ["by a lead", "other sessions", "recovered"])
def test_who_ends_all_sessions_ends_the_devices_too(console, browser, officer, machine, how):
    device = begun(console)
    press(browser, device)
    token = poll(console, device).json()["refresh_token"]
    now, by = clock.now(), api.actor_for(person_id=officer, at=clock.now())
    match how:
        case "by a lead":
            api.end_sessions(person_id=officer, reason="lost the laptop", by=machine, at=now)
        case "other sessions":
            api.end_other_sessions(here=browser.session.session_key, by=by, at=now)
        case "recovered":
            link = api.recover(person_id=officer, reason="lost everything", by=machine, at=now)
            assert Client().post(f"/access/link/{link}").status_code == 302
    assert console.refresh(token).json()["error"] == "invalid_grant"
