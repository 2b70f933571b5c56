"""The provider's promises, one by one: what it gives, and all that it refuses."""

import jwt as independent
import pytest
from allauth.idp.oidc.models import Client as OidcClient
from allauth.idp.oidc.models import Token
from django.test import Client

from pehra.access import api
from pehra.access.api import services
from pehra.access.models import ServiceUse
from pehra.access.rules import provider as rules
from pehra.kernel import clock
from pehra.ledger import api as ledger
from tests.access.relying import BACK, Relying, challenge, refused, sign_in

pytestmark = pytest.mark.django_db


# What it says of itself


def test_it_says_what_it_does_and_nothing_else(db):
    answer = Client().get("/.well-known/openid-configuration")
    said = answer.json()
    assert said["issuer"] == api.issuer()
    assert said["response_types_supported"] == ["code"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["id_token_signing_alg_values_supported"] == ["RS256"]
    assert said["backchannel_logout_supported"] is True
    assert said["backchannel_logout_session_supported"] is True
    assert said["acr_values_supported"] == list(rules.ACR)
    for name in ("authorization", "token", "userinfo", "revocation", "introspection", "device_authorization"):
        assert said[f"{name}_endpoint"].startswith(f"{api.issuer()}/identity/o/")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert Client().get("/.well-known/jwks.json")["Cache-Control"] == "public, max-age=3600"


# The road that works


def test_a_person_comes_in_and_the_service_learns_who(tickets, browser, officer):
    tokens = tickets.tokens(browser)
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 600
    claims = tickets.verified(tokens["id_token"])
    assert claims["sub"] == str(officer)
    assert claims["nonce"] == tickets.nonce
    assert claims["name"] == "Officer"
    assert claims["email"] == "officer@cast.example"
    assert claims["locale"] == "en"
    assert claims["pehra_teams"] == ["pkcert"]
    assert claims["pehra_roles"] == ["duty-officer@team:pkcert"]
    assert claims["pehra_organisations"] == []
    assert claims["acr"] == "urn:pehra:acr:link"
    assert claims["sid"] == ServiceUse.objects.get().sid
    assert abs(claims["auth_time"] - clock.now().timestamp()) < 60
    assert independent.get_unverified_header(tokens["id_token"])["typ"] == "JWT"
    found = tickets.userinfo(tokens["access_token"]).json()
    assert {name: found[name] for name in ("sub", "name", "pehra_teams")} == {
        "sub": str(officer), "name": "Officer", "pehra_teams": ["pkcert"]
    }  # fmt: skip


def test_only_what_was_asked_for_is_told(tickets, browser, officer):
    claims = tickets.verified(tickets.tokens(browser, scope="openid")["id_token"])
    assert not {"name", "email", "locale", "pehra_teams", "pehra_roles"} & set(claims)
    tokens = tickets.tokens(browser, scope="openid passwords offline_access")
    assert tokens["scope"] == "openid", "what is unknown is left out"
    assert tickets.sent_back(browser, scope="passwords")["error"] == "invalid_scope"


def test_no_session_key_is_told(tickets, browser):
    claims = tickets.verified(tickets.tokens(browser)["id_token"])
    assert claims["sid"] != browser.session.session_key
    assert claims["sid"] not in browser.session.session_key


def test_an_access_token_opens_none_of_our_own_doors(tickets, browser):
    token = tickets.tokens(browser)["access_token"]
    for path in ("/api/v1/findings", "/scim/v2/Users"):
        assert Client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_first_sign_in_is_written_down_once(tickets, browser, officer, machine):
    tickets.tokens(browser)
    tickets.tokens(browser)
    events = [entry.event for entry in ledger.history(subject=f"person:{officer}", by=machine)]
    assert events.count("access.service.used") == 1
    assert ServiceUse.objects.count() == 1


def test_who_is_not_signed_in_is_asked_to_and_comes_back(tickets, officer):
    stranger = Client()
    answer = tickets.authorize(stranger)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/access/sign-in?next=%2Fidentity%2Fo%2Fauthorize")


def test_after_a_form_of_ours_a_page_leads_on_because_a_form_may_not(tickets, browser):
    answer = tickets.authorize(browser, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200
    assert answer["Refresh"].startswith(f"0; url={BACK}?code=")
    assert BACK in answer.content.decode()


# Redirect addresses


@pytest.mark.parametrize(
    "address",
    [
        "https://tickets.example/back2",
        "https://tickets.example/back/",
        "https://tickets.example/back?x=1",
        "https://tickets.example:444/back",
        "https://tickets.example@evil.example/back",
        "http://tickets.example/back",
        "https://TICKETS.example/back",
        "https://evil.example/back",
        "javascript:alert(1)",
        "",
        None,
    ],
)
def test_a_wrong_redirect_is_shown_here_and_followed_nowhere(tickets, browser, address):
    answer = tickets.authorize(browser, redirect_uri=address)
    assert answer.status_code == 400
    assert "Location" not in answer
    assert "Refresh" not in answer
    assert f'href="{address or "javascript:"}' not in answer.content.decode()


def test_the_address_at_the_code_is_the_one_at_the_question(add, browser):
    service = add(redirect_uris=[BACK, f"{BACK}/other"])
    refused(service.redeem(service.code(browser), redirect_uri=f"{BACK}/other"), "invalid_request")


def test_a_service_that_nobody_knows_is_told_nothing(browser, tickets):
    answer = tickets.authorize(browser, client_id="somebody")
    assert answer.status_code == 400
    assert "No service that we know" in answer.content.decode()


# PKCE


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": ""},
        {"code_challenge": "short"},
        {"code_challenge": "a" * 43 + "="},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge_method": "s256"},
    ],
)
@pytest.mark.parametrize("public", [True, False])
def test_a_downgraded_pkce_is_refused_with_a_secret_as_without(add, browser, changed, public):
    found = add(public=public).sent_back(browser, **changed)
    assert found["error"] == "invalid_request"
    assert "code" not in found


@pytest.mark.parametrize("verifier", [None, "", "another" * 8])
@pytest.mark.parametrize("public", [True, False])
def test_a_wrong_verifier_is_refused_and_burns_the_code(add, browser, verifier, public):
    service = add(public=public)
    code = service.code(browser)
    answer = service.redeem(code, code_verifier=verifier)
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_grant", "invalid_request")
    refused(service.redeem(code), "invalid_grant")


def test_the_challenge_is_no_verifier(tickets, browser):
    code = tickets.code(browser)
    refused(tickets.redeem(code, code_verifier=challenge(tickets.verifier)), "invalid_grant")


# Codes


def test_a_replayed_code_takes_back_what_it_gave(tickets, browser, officer, machine):
    code = tickets.code(browser)
    tokens = tickets.redeem(code).json()
    refused(tickets.redeem(code), "invalid_grant")
    assert tickets.userinfo(tokens["access_token"]).status_code == 401
    refused(tickets.refresh(tokens["refresh_token"]), "invalid_grant")
    assert Token.objects.count() == 0
    assert "access.service.revoked" in [e.event for e in ledger.history(subject=f"person:{officer}", by=machine)]


def test_a_code_lives_for_a_minute_at_most(tickets, browser, settings):
    assert settings.IDP_OIDC_AUTHORIZATION_CODE_EXPIRES_IN <= 60
    settings.IDP_OIDC_AUTHORIZATION_CODE_EXPIRES_IN = -1
    refused(tickets.redeem(tickets.code(browser)), "invalid_grant")


def test_a_code_is_of_no_use_to_another_service(tickets, add, browser):
    other = add("MISP")
    other.verifier = tickets.verifier
    code = tickets.code(browser)
    refused(other.redeem(code), "invalid_grant")
    # With the name of the one and the secret of the other: neither.
    refused(other.redeem(code, client_id=tickets.client_id), "invalid_client", 401)
    assert tickets.redeem(code).status_code == 200


def test_what_is_unknown_is_refused_like_what_is_used(tickets):
    refused(tickets.redeem("nonsense"), "invalid_grant")


@pytest.mark.parametrize("response_type", ["token", "id_token", "code id_token", "none", None])
def test_there_is_no_flow_but_code(tickets, browser, response_type):
    found = tickets.sent_back(browser, response_type=response_type)
    assert found["error"] in ("unauthorized_client", "unsupported_response_type", "invalid_request")
    assert not {"code", "access_token", "id_token"} & set(found)


def test_there_is_no_password_grant(tickets, officer):
    answer = tickets.ask("token", grant_type="password", username="officer@cast.example", password="x")
    refused(answer, "unsupported_grant_type")


# Nonsense

NONSENSE = [
    "%",
    "a=%zz",
    "client_id=%FF",
    "client_id=a&client_id=b",
    "scope=%00",
    "x=" + "y" * 5_000,
    "=&=&",
    "code=\u0661",
]


@pytest.mark.parametrize("query", NONSENSE)
@pytest.mark.parametrize(
    "path", ["authorize", "logout", "device", "userinfo", "token", "revoke", "introspect", "device/code"]
)
def test_nonsense_is_refused_and_never_our_fault(tickets, browser, path, query):
    for kept in (browser, Client()):
        answer = kept.get(f"/identity/o/{path}?{query}")
        assert answer.status_code < 500
        body = kept.post(f"/identity/o/{path}", query, content_type="application/x-www-form-urlencoded")
        assert body.status_code < 500
        assert "Location" not in body or body["Location"].startswith("/")


ODD = [
    *(("scope", ""), ("nonce", "x" * 3_000), ("state", "\u0661\n"), ("display", "\x80")),
    *(("claims", "[1]"), ("claims", "{")),
]


@pytest.mark.parametrize(("name", "value"), ODD)
def test_odd_questions_are_answered_or_refused(tickets, browser, name, value):
    assert tickets.authorize(browser, **{name: value}).status_code in (302, 400)


# Secrets


@pytest.mark.parametrize("secret", ["wrong", "", "x" * 43])
def test_a_wrong_secret_is_refused(tickets, browser, secret):
    code = tickets.code(browser)
    wrong = Relying(services.NewService(client_id=tickets.client_id, secret=secret), verifier=tickets.verifier)
    refused(wrong.redeem(code), "invalid_client", 401)


def test_a_secret_is_kept_as_its_hash_and_rotated_at_once(tickets, browser, machine):
    kept = OidcClient.objects.get().secret
    assert tickets.made.secret not in kept
    code = tickets.code(browser)
    new = services.rotate_service_secret(client_id=tickets.client_id, by=machine, at=clock.now())
    refused(tickets.redeem(code), "invalid_client", 401)
    tickets.made = services.NewService(client_id=tickets.client_id, secret=new)
    assert tickets.redeem(tickets.code(browser)).status_code == 200


def test_no_secret_stands_in_the_ledger(tickets, machine):
    entries = ledger.history(subject=f"service:{tickets.client_id}", by=machine)
    assert entries
    assert tickets.made.secret not in str([entry.facts for entry in entries])


# Whose service it is


def test_a_closed_person_is_refused_everywhere_at_once(tickets, browser, officer, machine):
    tokens, code = tickets.tokens(browser), tickets.code(browser)
    api.close_person(person_id=officer, reason="left", by=machine, at=clock.now())
    assert tickets.userinfo(tokens["access_token"]).status_code == 401
    refused(tickets.refresh(tokens["refresh_token"]), "invalid_grant")
    refused(tickets.redeem(code), "invalid_grant")


def test_a_person_of_another_team_reads_why_and_goes_back(add, someone):
    service = add(teams=["punjab-cert"])
    browser = sign_in(someone("telecom", "analyst", team="ntcert"))
    answer = service.authorize(browser)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "Tickets is for people of these teams: punjab-cert" in page
    assert "error=access_denied" in page
    assert service.sent_back(browser, prompt="none")["error"] == "access_denied"
    assert ServiceUse.objects.count() == 0


def test_a_service_of_some_teams_learns_of_those_alone(add, someone, machine, at):
    service = add(teams=["city-cert"])
    person = someone("lead", "team-lead", team="punjab-cert", guided=True)
    api.grant(person_id=person, role="analyst", team="ntcert", reason="helps", by=machine, at=at)
    claims = service.verified(service.tokens(sign_in(person))["id_token"])
    assert claims["pehra_teams"] == ["city-cert"]
    assert claims["pehra_roles"] == ["team-lead@guided:punjab-cert"]


def test_a_role_that_ended_ends_the_sign_in(add, browser, officer, machine):
    service = add(teams=["pkcert"])
    tokens = service.tokens(browser)
    (grant,) = api.person(person_id=officer, by=machine, at=clock.now()).grants
    api.revoke(grant_id=grant.id, reason="moved", by=machine, at=clock.now())
    assert service.userinfo(tokens["access_token"]).status_code == 401
    refused(service.refresh(tokens["refresh_token"]), "invalid_grant")


def test_a_person_of_an_organisation_is_told_as_such(tickets, someone):
    browser = sign_in(someone("contact", "organisation-contact", organisation="org-city"))
    claims = tickets.verified(tickets.tokens(browser)["id_token"])
    assert claims["pehra_organisations"] == ["org-city"]
    assert claims["pehra_roles"] == ["organisation-contact@organisation:org-city"]


def test_a_closed_service_gets_nothing(tickets, browser, machine):
    tokens, code = tickets.tokens(browser), tickets.code(browser)
    services.close_service(client_id=tickets.client_id, reason="replaced", by=machine, at=clock.now())
    refused(tickets.redeem(code), "invalid_client", 401)
    refused(tickets.refresh(tokens["refresh_token"]), "invalid_client", 401)
    assert tickets.userinfo(tokens["access_token"]).status_code == 401
    assert tickets.authorize(browser).status_code == 400


# How strongly, how long ago


def test_prompt_none_asks_nobody(tickets, browser):
    assert "code" in tickets.sent_back(browser, prompt="none")
    assert tickets.sent_back(Client(), prompt="none")["error"] == "login_required"
    assert tickets.sent_back(browser, prompt="none login")["error"] == "invalid_request"


def test_what_cannot_be_proved_anew_is_said_to_the_service(tickets, browser):
    for asked in ({"prompt": "login"}, {"max_age": "0"}, {"acr_values": "phr"}):
        found = tickets.sent_back(browser, **asked)
        assert found["error"] == "unmet_authentication_requirements", asked


def test_an_old_proof_is_asked_for_again(tickets, browser):
    assert "code" in tickets.sent_back(browser, max_age="3600")
    session = browser.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [record | {"at": record["at"] - 600} for record in records]
    session.save()
    assert tickets.sent_back(browser, max_age="300", prompt="none")["error"] == "login_required"
    assert "code" in tickets.sent_back(browser, max_age="3600")


@pytest.mark.parametrize("max_age", ["-1", "soon", "9" * 30, "١"])
def test_a_max_age_that_is_no_number_is_refused(tickets, browser, max_age):
    assert tickets.sent_back(browser, max_age=max_age)["error"] == "invalid_request"


def test_a_wish_that_the_session_meets_is_met(tickets, browser):
    assert "code" in tickets.sent_back(browser, acr_values="urn:pehra:acr:link phr")


@pytest.mark.parametrize(
    ("name", "error"), [("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")]
)
def test_what_is_not_taken_is_refused_not_ignored(tickets, browser, name, error):
    assert tickets.sent_back(browser, **{name: "x"})["error"] == error


def test_a_hint_of_somebody_else_is_refused(tickets, browser, someone):
    other = tickets.tokens(sign_in(someone("other", "analyst", team="pkcert")))["id_token"]
    assert tickets.sent_back(browser, id_token_hint=other)["error"] == "login_required"
    own = tickets.tokens(browser)["id_token"]
    assert "code" in tickets.sent_back(browser, id_token_hint=own)


# Tokens that are none


def test_a_token_with_alg_none_is_no_token(tickets, browser):
    claims = tickets.verified(tickets.tokens(browser)["id_token"])
    forged = independent.encode(claims, None, algorithm="none")
    assert tickets.userinfo(forged).status_code == 401
    assert tickets.sent_back(browser, id_token_hint=forged)["error"] == "login_required"


def test_an_id_token_is_no_access_token(tickets, browser):
    assert tickets.userinfo(tickets.tokens(browser)["id_token"]).status_code == 401


def test_a_token_in_the_address_is_not_taken(tickets, browser):
    token = tickets.tokens(browser)["access_token"]
    assert Client().get("/identity/o/userinfo", {"access_token": token}).status_code == 401


def test_a_token_signed_by_a_withdrawn_key_is_no_good(tickets, browser, machine):
    token = tickets.tokens(browser)["id_token"]
    api.rotate_keys(withdraw=True, by=machine, at=clock.now())
    with pytest.raises(KeyError):
        tickets.verified(token)
    assert tickets.sent_back(browser, id_token_hint=token)["error"] == "login_required"
    assert tickets.verified(tickets.tokens(browser)["id_token"])
