"""Pages of API tokens: shown once, never more than their holder, and a lead's view of what works for their people."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from pehra.access import api as access
from pehra.access.models import ApiToken
from pehra.access.rules import tokens as rules
from pehra.kernel import clock

TOKENS = "/access/tokens/"
FORM = {"name": "reads findings", "days": "3", "permission": ["findings.read"]}


def made(country, who: str) -> UUID:
    """Make a token as its holder, and return its id."""
    at, holder = clock.now(), country.people[who]
    access.issue_token(
        holder_id=holder,
        name=f"road of {who}",
        permissions=["findings.read"],
        valid=timedelta(days=1),
        by=country.actor(who),
        at=at,
    )
    return ApiToken.objects.get(holder_id=holder).id


def test_a_token_is_shown_once_and_works(signed_in, country):
    browser = signed_in("national")
    shown = browser.post(TOKENS, FORM)
    assert shown.status_code == 200
    assert shown["Cache-Control"] == "private, no-store"
    (token,) = set(re.findall(r"pehra_[0-9A-Za-z]{49}", shown.text))
    assert rules.is_written_well(token)
    assert token not in browser.get(TOKENS).text
    said = Client().get("/api/v1/access/me", headers={"Authorization": f"Bearer {token}"}).json()
    assert (said["id"], said["permissions"]) == (str(country.people["national"]), ["findings.read"])
    row = ApiToken.objects.get()
    assert row.expires_at - row.created_at == timedelta(days=3)
    assert "reads findings" in browser.get(TOKENS).text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"days": "366"}, "at most 365 days"),
        ({"days": "0"}, "at most 365 days"),
        ({"days": "soon"}, "not a number"),
        ({"days": "9" * 400}, "not a number"),
        ({"name": " "}, "a name"),
        ({"permission": []}, "at least one permission"),
        ({"permission": ["access.grant"]}, "for people alone"),
        ({"permission": ["access.provision"]}, "does not have the permission"),
        ({"permission": ["findings.steal"]}, "is not a permission"),
    ],
)
def test_what_a_token_may_not_be_is_said_beside_the_form(signed_in, wrong, words):
    answer = signed_in("national").post(TOKENS, FORM | wrong)
    assert answer.status_code == 422
    assert words in answer.text
    assert not ApiToken.objects.exists()


def test_a_lead_sees_and_ends_what_works_for_their_people(signed_in, country):
    token, own = made(country, "national"), made(country, "lead")
    browser = signed_in("lead")
    page = browser.get(TOKENS).text
    assert "Tokens of your people" in page
    assert str(token) in page
    assert str(own) in page
    assert browser.post(f"{TOKENS}{token}/revoke").status_code == 302
    assert ApiToken.objects.get(id=token).revoked_at is not None
    assert str(token) not in browser.get(TOKENS).text


def test_nobody_else_sees_or_ends_it(signed_in, country):
    token = made(country, "national")
    browser = signed_in("telecom")
    absent = browser.post(f"{TOKENS}018f0000-0000-7000-8000-00000000dead/revoke")
    hidden = browser.post(f"{TOKENS}{token}/revoke")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert browser.get(f"{TOKENS}?holder={country.people['national']}").status_code == 404
    assert "Tokens of your people" not in browser.get(TOKENS).text
    assert ApiToken.objects.get(id=token).revoked_at is None


def test_a_lead_makes_none_in_another_person_s_name(signed_in, country):
    answer = signed_in("lead").post(TOKENS, FORM | {"holder": str(country.people["national"])})
    assert answer.status_code == 403
    assert not ApiToken.objects.exists()


def test_a_lead_makes_one_for_a_service_account(signed_in, country):
    at = clock.now()
    service = access.add_service_account(email="tickets@cast.example", name="Tickets", by=country.by, at=at)
    access.grant(person_id=service, role="analyst", team="pkcert", reason="reads", by=country.by, at=at)
    browser = signed_in("lead")
    assert "Make a token" in browser.get(f"{TOKENS}?holder={service}").text
    shown = browser.post(TOKENS, FORM | {"holder": str(service)})
    assert shown.status_code == 200
    assert ApiToken.objects.get().holder_id == service


def test_whose_roles_let_no_program_act_makes_none(signed_in):
    browser = signed_in("nobody")
    assert "Your roles let no program act for you." in browser.get(TOKENS).text
    assert browser.post(TOKENS, FORM).status_code in (403, 422)
    assert not ApiToken.objects.exists()
