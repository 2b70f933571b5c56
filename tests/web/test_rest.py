"""REST at its door: tokens, refusals as documents, lists in pages, and what is sent twice."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel import clock

API = "/api/v1"
DAY = timedelta(days=1)


class Program:
    """A program that brings a token."""

    def __init__(self, token: str = "") -> None:
        self.client, self.token = Client(raise_request_exception=True), token

    def get(self, path: str, **query):
        return self.client.get(API + path, query, headers=self._headers())

    def post(self, path: str, said: object, **headers: str):
        text = said if isinstance(said, str) else json.dumps(said)
        return self.client.post(API + path, text, "application/json", headers=self._headers(**headers))

    def _headers(self, **more: str) -> dict[str, str]:
        said = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return said | {name.replace("_", "-"): value for name, value in more.items()}


@pytest.fixture
def program(country) -> Callable[..., Program]:
    """A program of somebody of the cast, with all that a token of theirs may carry, or with what is named."""

    def made(who: str, *permissions: str) -> Program:
        wanted = permissions or access.token_permissions(by=country.actor(who))
        return Program(
            access.issue_token(
                holder_id=country.people[who],
                name="a program",
                permissions=wanted,
                valid=DAY,
                by=country.by,
                at=clock.now(),
            )
        )

    return made


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
