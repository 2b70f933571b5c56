"""REST at its door: tokens, refusals as documents, lists in pages, and what is sent twice."""

from uuid import uuid4

import pytest

from tests.web.programs import Program


def test_a_list_of_findings(program, country):
    said = program("national").get("/findings", limit=5)
    assert said.status_code == 200
    assert said["Content-Type"] == "application/json"
    page = said.json()
    assert len(page["items"]) == 5
    assert page["next"] == page["items"][-1]["id"]
    assert page["items"][0]["first_seen"].endswith("Z")


def test_pages_give_every_finding_once(program):
    caller, seen, cursor = program("national"), [], None
    while True:
        page = caller.get("/findings", limit=7, **({"cursor": cursor} if cursor else {})).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    whole = caller.get("/findings", limit=500).json()["items"]
    assert seen == [row["id"] for row in whole]
    assert len(set(seen)) == len(seen) > 14


@pytest.mark.parametrize("path", ["/findings", "/no/such/place", f"/findings/{uuid4()}", "/access/me"])
def test_without_a_token_everything_is_401(country, path):
    said = Program().get(path)
    assert said.status_code == 401
    assert said["WWW-Authenticate"] == 'Bearer realm="pehra"'
    assert said["Content-Type"] == "application/problem+json"
    assert said.json() == {"status": 401, "title": "Unauthorized", "type": "about:blank", "detail": "", "errors": []}
