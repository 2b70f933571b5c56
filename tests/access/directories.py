"""Two ministries with directories of their own, and what stands in their way."""

import json
from datetime import timedelta
from typing import Any

from django.test import Client

from pehra.access import api
from pehra.kernel import clock
from pehra.kernel.actors import Actor, system

SCIM = "/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ROLE = "urn:pehra:params:scim:schemas:extension:role:2.0:Group"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
CONTACT = "organisation-contact"
NOBODYS = "018f0000-0000-7000-8000-00000000dead"
MACHINE: Actor = system("test")


class Provider:
    """A directory's program: a token, SCIM documents, nothing of a browser."""

    def __init__(self, token: str, base: str = SCIM) -> None:
        self.client, self.token, self.base = Client(), token, base

    def ask(self, method: str, path: str, said: Any = None, **headers: str) -> Any:
        text = said if isinstance(said, str | bytes) else json.dumps(said)
        brought = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.generic(
            method,
            self.base + path,
            "" if said is None else text,
            content_type="application/scim+json",
            headers=brought | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def add(self, name: str, **more: Any) -> Any:
        """Add somebody and return what is said of them."""
        said = self.ask("POST", "/Users", person(name, **more))
        assert said.status_code == 201, said.content
        return said.json()

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> Any:
        return self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def group(self, name: str) -> str:
        """The id of a group by its name."""
        found = self.get(f'/Groups?filter=displayName eq "{name}"&excludedAttributes=members').json()
        return found["Resources"][0]["id"]

    def put_in(self, name: str, *users: str) -> None:
        said = self.patch(
            f"/Groups/{self.group(name)}", {"op": "add", "path": "members", "value": [{"value": id} for id in users]}
        )
        assert said.status_code == 204, said.content

    def take_out(self, name: str, user: str) -> None:
        said = self.patch(f"/Groups/{self.group(name)}", {"op": "remove", "path": f'members[value eq "{user}"]'})
        assert said.status_code == 204, said.content


def person(name: str, **more: Any) -> dict[str, Any]:
    """A user's document as a directory sends it."""
    return {
        "schemas": [USER],
        "userName": name,
        "displayName": name.title(),
        "emails": [{"value": f"{name}@ministry.example", "type": "work", "primary": True}],
    } | more


def token_of(name: str, role: str = "organisation-admin", *, base: str = SCIM, **scope: Any) -> Provider:
    """A service account with a role, and its token by which a directory comes in."""
    at = clock.now()
    if role == "team-lead":
        holder = api.add_person(email=f"{name}@provider.example", name=name, by=MACHINE, at=at)
    else:
        holder = api.add_service_account(email=f"{name}@provider.example", name=name, by=MACHINE, at=at)
    api.grant(person_id=holder, role=role, reason="its directory", by=MACHINE, at=at, **scope)
    token = api.issue_token(
        holder_id=holder, name=name, permissions=["access.provision"], valid=timedelta(days=1), by=MACHINE, at=at
    )
    return Provider(token, base)


def held_by(email: str) -> set[tuple[str, str]]:
    """What somebody holds now, with how it came."""
    from pehra.access.models import Grant, Person

    at = clock.now()
    grants = Grant.objects.filter(person=Person.objects.get(email=email), valid_from__lte=at)
    return {(grant.role, grant.how) for grant in grants if grant.valid_until is None or grant.valid_until > at}


def refused(answer: Any, status: int, scim_type: str = "") -> str:
    """Hold a refusal to its form and return its sentence."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/scim+json"
    said = answer.json()
    assert (said["schemas"], said["status"]) == ([ERROR], str(status))
    assert said.get("scimType", "") == scim_type, said
    return str(said.get("detail", ""))


def account(name: str) -> Any:
    """The person whom a document of `person` is about."""
    from pehra.access.models import Person

    return Person.objects.get(email=f"{name}@ministry.example")


def offered(provider: Provider) -> set[str]:
    """The names of a directory's groups."""
    return {row["displayName"] for row in provider.get("/Groups").json()["Resources"]}
