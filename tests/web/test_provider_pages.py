"""Pages of relying services: for whoever keeps the node, a secret once, and nothing for anybody else."""

import re

import pytest
from django.test import Client

from pehra.access import api as access
from pehra.access.models import RelyingService
from pehra.kernel import clock
from tests.access.relying import BACK, Relying, sign_in

FORM = {
    "name": "Tickets", "kind": "confidential", "grant": ["code", "refresh"], "redirect_uris": BACK,
    "after_logout_uris": "", "logout_uri": "", "teams": "pkcert",
}  # fmt: skip
pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(country):
    return sign_in(country.people["operator"])


def shown(answer, label):
    page = answer.content.decode()
    return re.search(rf'<span>{label}</span><input dir="ltr" readonly value="([^"]+)"', page)[1]


def test_an_operator_adds_a_service_and_sees_its_secret_once(country, operator):
    empty = operator.get("/access/services/").content.decode()
    assert "No service yet" in empty
    made = operator.post("/access/services/", FORM)
    assert made.status_code == 200
    client_id, secret = shown(made, "Client ID"), shown(made, "Client secret")
    assert shown(made, "Issuer") == access.issuer()
    for address in ("/access/services/", f"/access/services/{client_id}/"):
        page = operator.get(address).content.decode()
        assert "Tickets" in page
        assert secret not in page
    service = Relying(access.NewService(client_id=client_id, secret=secret))
    assert service.tokens(sign_in(country.people["national"]))["id_token"]


def test_another_secret_ends_the_former(country, operator):
    made = operator.post("/access/services/", FORM)
    client_id, former = shown(made, "Client ID"), shown(made, "Client secret")
    new = shown(operator.post(f"/access/services/{client_id}/rotate"), "Client secret")
    assert new != former
    old = Relying(access.NewService(client_id=client_id, secret=former))
    code = old.code(sign_in(country.people["national"]))
    assert old.redeem(code).status_code == 401


def test_a_service_is_closed_with_a_reason(country, operator):
    client_id = shown(operator.post("/access/services/", FORM), "Client ID")
    assert operator.post(f"/access/services/{client_id}/close", {"reason": " "}).status_code == 400
    assert operator.post(f"/access/services/{client_id}/close", {"reason": "replaced"}).status_code == 302
    assert RelyingService.objects.get().closed_at is not None
    assert "closed" in operator.get("/access/services/").content.decode()
    assert operator.post(f"/access/services/{client_id}/rotate").status_code == 404


@pytest.mark.parametrize(
    "changed", [{"redirect_uris": "http://tickets.example/"}, {"grant": []}, {"name": " "}, {"teams": "nobodys-cert"}]
)
def test_what_is_refused_stays_typed(country, operator, changed):
    answer = operator.post("/access/services/", FORM | changed)
    assert answer.status_code == 400
    assert RelyingService.objects.count() == 0
    if "name" not in changed:
        assert 'value="Tickets"' in answer.content.decode()


@pytest.mark.parametrize("who", ["national", "lead", "hospital", "council", "nobody"])
def test_nobody_else_sees_or_changes_services(country, who):
    made = access.add_service(name="Hidden", redirect_uris=[BACK], by=country.by, at=clock.now())
    browser = sign_in(country.people[who])
    for address in ("/access/services/", f"/access/services/{made.client_id}/"):
        answer = browser.get(address)
        assert answer.status_code == 403
        assert "Hidden" not in answer.content.decode()
    assert browser.post("/access/services/", FORM).status_code == 403
    assert browser.post(f"/access/services/{made.client_id}/rotate").status_code == 403
    assert browser.post(f"/access/services/{made.client_id}/close", {"reason": "x"}).status_code == 403
    assert RelyingService.objects.filter(closed_at=None).count() == 1


def test_a_service_that_is_not_there_is_absent(operator):
    assert operator.get("/access/services/none/").status_code == 404


def test_a_stranger_is_asked_to_sign_in(db):
    assert Client().get("/access/services/").status_code == 302
