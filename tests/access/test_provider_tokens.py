"""The life of tokens and sessions at the provider, and the services that may ask for them."""

import json
from datetime import timedelta

import pytest
from allauth.idp.oidc.models import Token
from django.test import Client

from pehra.access.api import provider, services
from pehra.access.models import ServiceUse
from pehra.access.rules import provider as rules
from pehra.kernel import clock
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from tests.access.relying import AWAY, BACK, refused, sign_in

pytestmark = pytest.mark.django_db


# Refresh


def test_a_refresh_token_serves_once_and_a_second_use_ends_the_family(tickets, browser):
    first = tickets.tokens(browser)
    second = tickets.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    claims = tickets.verified(second["id_token"])
    assert claims["auth_time"] == tickets.verified(first["id_token"])["auth_time"]
    refused(tickets.refresh(first["refresh_token"]), "invalid_grant")
    refused(tickets.refresh(second["refresh_token"]), "invalid_grant")
    assert tickets.userinfo(second["access_token"]).status_code == 401


def test_one_family_ends_and_another_lives_on(tickets, browser):
    one, other = tickets.tokens(browser), tickets.tokens(browser)
    tickets.refresh(one["refresh_token"])
    refused(tickets.refresh(one["refresh_token"]), "invalid_grant")
    assert tickets.refresh(other["refresh_token"]).status_code == 200


def test_a_refresh_token_is_of_no_use_to_another_service(tickets, add, browser):
    other = add("MISP")
    token = tickets.tokens(browser)["refresh_token"]
    refused(other.refresh(token), "invalid_grant")
    assert tickets.refresh(token).status_code == 200


def test_refreshing_never_moves_the_last_end(tickets, browser):
    first = tickets.tokens(browser)
    end = Token.objects.get(type=Token.Type.REFRESH_TOKEN).expires_at
    assert end <= clock.now() + rules.SESSION_MAX
    tickets.refresh(first["refresh_token"])
    assert Token.objects.get(type=Token.Type.REFRESH_TOKEN).expires_at == end
    Token.objects.filter(type=Token.Type.REFRESH_TOKEN).update(expires_at=clock.now())


def test_an_expired_refresh_token_is_refused(tickets, browser):
    token = tickets.tokens(browser)["refresh_token"]
    Token.objects.filter(type=Token.Type.REFRESH_TOKEN).update(expires_at=clock.now())
    refused(tickets.refresh(token), "invalid_grant")


def test_more_is_never_refreshed_than_was_given(tickets, browser):
    token = tickets.tokens(browser, scope="openid")["refresh_token"]
    refused(tickets.refresh(token, scope="openid email"), "invalid_scope")


def test_a_service_without_refresh_gets_none(add, browser):
    assert "refresh_token" not in add(grants=["code"]).tokens(browser)


# Revocation, introspection, services that speak for themselves


def test_a_service_ends_its_own_tokens_and_nobody_elses(tickets, add, browser):
    tokens, other = tickets.tokens(browser), add("MISP")
    assert other.ask("revoke", token=tokens["refresh_token"]).status_code == 200
    assert tickets.userinfo(tokens["access_token"]).status_code == 200
    assert tickets.ask("revoke", token=tokens["refresh_token"]).status_code == 200
    assert tickets.userinfo(tokens["access_token"]).status_code == 401
    assert tickets.ask("revoke", token="nonsense").status_code == 200


def test_a_service_speaks_for_itself_to_another(tickets, add, browser):
    feeder = add("Feeder", grants=["client_credentials"], redirect_uris=[])
    token = feeder.ask("token", grant_type="client_credentials", scope="openid").json()
    assert "refresh_token" not in token
    assert "id_token" not in token
    assert feeder.userinfo(token["access_token"]).status_code == 401
    said = tickets.ask("introspect", token=token["access_token"]).json()
    assert said["active"] is True
    assert said["client_id"] == feeder.client_id
    persons = tickets.tokens(browser)["access_token"]
    assert feeder.ask("introspect", token=persons).json() == {"active": False}
    assert tickets.ask("introspect", token=persons).json()["active"] is True
    refused(tickets.ask("token", grant_type="client_credentials"), "unauthorized_client")


def test_introspection_is_for_services_with_a_secret(add, browser):
    public = add(public=True)
    token = public.tokens(browser)["access_token"]
    assert public.ask("introspect", token=token).status_code == 401


# The end


def left(browser, **asked):
    return browser.get("/identity/o/logout", asked)


def test_a_service_with_a_token_of_this_session_ends_it(tickets, browser):
    tokens = tickets.tokens(browser)
    answer = left(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AWAY, state="s")
    assert answer["Refresh"] == f"0; url={AWAY}?state=s"
    assert tickets.sent_back(browser, prompt="none")["error"] == "login_required"
    refused(tickets.refresh(tokens["refresh_token"]), "invalid_grant")
    assert ServiceUse.objects.get().ended_at is not None


def test_without_such_a_token_the_person_is_asked(tickets, browser, someone):
    other = tickets.tokens(sign_in(someone("other", "analyst", team="pkcert")))["id_token"]
    for asked in ({}, {"client_id": tickets.client_id}, {"id_token_hint": other}, {"id_token_hint": "nonsense"}):
        answer = left(browser, **asked)
        assert "Sign out of Pehra too?" in answer.content.decode(), asked
    assert "code" in tickets.sent_back(browser, prompt="none")


def test_the_answer_to_that_must_come_from_our_page(tickets, officer):
    careful = sign_in(officer, Client(enforce_csrf_checks=False))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = careful.cookies
    assert strict.post("/identity/o/logout", {"act": "leave"}).status_code == 403
    assert "code" in tickets.sent_back(strict, prompt="none")
    page = strict.get("/identity/o/logout").content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[-1].split('"')[0]
    stayed = strict.post("/identity/o/logout", {"act": "stay", "csrfmiddlewaretoken": token})
    assert "You are still signed in" in stayed.content.decode()
    gone = strict.post("/identity/o/logout", {"act": "leave", "csrfmiddlewaretoken": token})
    assert "You are signed out" in gone.content.decode()
    assert tickets.sent_back(strict, prompt="none")["error"] == "login_required"


@pytest.mark.parametrize("address", ["https://evil.example/", f"{AWAY}/x", f"{AWAY}?x", BACK])
def test_an_address_that_was_not_registered_is_followed_nowhere(tickets, browser, address):
    token = tickets.tokens(browser)["id_token"]
    answer = left(browser, id_token_hint=token, post_logout_redirect_uri=address)
    assert answer.status_code == 400
    assert "Refresh" not in answer
    assert "code" in tickets.sent_back(browser, prompt="none")


# Who keeps services


def test_only_who_keeps_the_node_adds_services(analyst, at, tree):
    with pytest.raises(Forbidden):
        services.add_service(name="Mine", redirect_uris=[BACK], by=analyst, at=at)
    with pytest.raises(Forbidden):
        services.relying_services(by=analyst)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"redirect_uris": ["http://tickets.example/back"]}, "redirect_uris"),
        ({"redirect_uris": ["https://*.example/back"]}, "redirect_uris"),
        ({"redirect_uris": ["https://tickets.example/back#x"]}, "redirect_uris"),
        ({"redirect_uris": ["https://me:you@tickets.example/back"]}, "redirect_uris"),
        ({"redirect_uris": ["app://back"]}, "redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"name": " "}, "name"),
        ({"grants": ["implicit"]}, "grants"),
        ({"grants": ["refresh"]}, "grants"),
        ({"grants": ["code", "device_code"]}, "grants"),
        ({"grants": ["code", "client_credentials"], "public": True}, "grants"),
        ({"logout_uri": "http://tickets.example/out"}, "logout_uri"),
        ({"logout_uri": "https://127.0.0.1/out"}, "logout_uri"),
        ({"logout_uri": "https://10.0.0.1/out"}, "logout_uri"),
        ({"after_logout_uris": ["http://tickets.example/"]}, "after_logout_uris"),
    ],
)
def test_a_service_is_refused_whose_addresses_or_roads_are_wrong(machine, at, tree, changed, field):
    whole = {"name": "Tickets", "redirect_uris": [BACK]} | changed
    with pytest.raises(Invalid) as error:
        services.add_service(by=machine, at=at, **whole)
    assert error.value.field == field


def test_a_team_that_nobody_knows_is_refused(machine, at, tree):
    with pytest.raises((Invalid, NotVisible)):
        services.add_service(name="T", redirect_uris=[BACK], teams=["pkcrt"], by=machine, at=at)


def test_the_way_back_may_lead_to_the_persons_own_machine(add, browser):
    assert add(redirect_uris=["http://127.0.0.1:8123/cb", "http://[::1]:9/cb", "http://localhost/cb"])


def test_services_are_listed_with_how_many_are_signed_in(tickets, browser, machine):
    tickets.tokens(browser)
    (row,) = services.relying_services(by=machine)
    assert (row.name, row.signed_in, row.untold, row.public) == ("Tickets", 1, 0, False)
    assert row.grants == ("code", "refresh")
    assert json.dumps(row.redirect_uris) == json.dumps([BACK])
    provider.end_service_uses(person_id=ServiceUse.objects.get().person_id, at=clock.now() + timedelta(seconds=1))
    (row,) = services.relying_services(by=machine)
    assert row.signed_in == 0


def test_where_two_factors_are_wanted_one_opens_no_service(tickets, browser, settings):
    settings.PEHRA_MFA_REQUIRED = True
    answer = tickets.authorize(browser)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/access/enrol?next=%2Fidentity%2Fo%2Fauthorize")
