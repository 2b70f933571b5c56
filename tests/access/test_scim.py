"""SCIM as directories speak it: people in one scope and nowhere else, and what ends with them."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from pehra.access import api
from pehra.access.models import DirectoryEntry, Grant, Person
from pehra.access.rules import directory as rules
from pehra.kernel import clock
from pehra.ledger import api as ledger
from tests.access.directories import (
    CONTACT,
    GROUP,
    MACHINE,
    NOBODYS,
    Provider,
    account,
    held_by,
    person,
    refused,
    token_of,
)

pytestmark = pytest.mark.usefixtures("tree")


# --- At the door -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/Users", f"/Users/{NOBODYS}", "/Groups", "/Schemas", "/Bulk", "/no/such", ""])
def test_without_a_token_everything_is_401(tree, path):
    answer = Provider("").get(path)
    refused(answer, 401)
    assert answer["WWW-Authenticate"] == 'Bearer realm="pehra"'


def test_the_configuration_is_open_and_claims_nothing_it_cannot(tree):
    said = Client().get("/scim/v2/ServiceProviderConfig").json()
    can = {name: said[name]["supported"] for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag")}
    assert can == {
        "patch": True,
        "bulk": False,
        "filter": True,
        "changePassword": False,
        "sort": True,
        "etag": True,
    }
    assert said["filter"]["maxResults"] == rules.RESULTS_MAX
    assert "org-" not in json.dumps(said)


def test_bulk_and_me_say_that_they_are_not_supported(city):
    refused(city.ask("POST", "/Bulk", {"schemas": [], "Operations": []}), 501)
    refused(city.get("/Me"), 501)


def test_a_token_without_the_permission_provides_nobody(tree):
    at = clock.now()
    holder = api.add_service_account(email="reads@provider.example", name="Reads", by=MACHINE, at=at)
    api.grant(
        person_id=holder, role="organisation-admin", organisation="org-city", reason="its directory", by=MACHINE, at=at
    )
    token = api.issue_token(
        holder_id=holder, name="reads", permissions=["findings.read"], valid=timedelta(days=1), by=MACHINE, at=at
    )
    assert "access.provision" in refused(Provider(token).get("/Users"), 403)
    refused(Provider(token).ask("POST", "/Users", person("amna")), 403)
    assert not Person.objects.filter(email="amna@ministry.example").exists()


def test_a_provider_whose_role_has_ended_provides_nobody(city):
    city.add("amna")
    api.revoke(
        grant_id=Grant.objects.get(person__email="city@provider.example").id,
        reason="left",
        by=MACHINE,
        at=clock.now(),
    )
    refused(city.get("/Users"), 403)


def test_a_method_that_is_not_there(city):
    answer = city.ask("DELETE", "/Users")
    refused(answer, 405)
    assert answer["Allow"] == "GET, POST"


def test_a_cookie_is_nobody(tree, someone):
    browser = Client()
    link = api.issue_link(person_id=someone("lead", "team-lead", team="city-cert"), by=MACHINE, at=clock.now())
    browser.post(f"/access/link/{link}")
    refused(browser.get("/scim/v2/Users"), 401)


# --- In its own scope and nowhere else -------------------------------------------------------------------------------


def test_who_is_put_into_a_group_holds_its_role_in_this_scope_alone(city):
    amna = city.add("amna")
    assert held_by("amna@ministry.example") == set()
    city.put_in(CONTACT, amna["id"])
    (grant,) = Grant.objects.filter(person=account("amna"))
    assert (grant.role, grant.organisation, grant.team, grant.how) == (CONTACT, "org-city", "", "directory")
    assert grant.review_due_at is not None
    assert city.get(f"/Users/{amna['id']}").json()["groups"][0]["display"] == CONTACT
    city.take_out(CONTACT, amna["id"])
    assert held_by("amna@ministry.example") == set()


def test_an_address_of_another_scope_is_not_there_like_one_of_none(city):
    others = [city.get(path) for path in ("/organisations/org-punjab/Users", "/organisations/no-such/Users")]
    others += [city.get(path) for path in ("/teams/city-cert/Users", "/teams/punjab-cert/Groups")]
    assert {answer.content for answer in others} == {others[0].content}
    assert refused(others[0], 404)
    refused(city.ask("POST", "/organisations/org-punjab/Users", person("amna")), 404)
    assert not Person.objects.filter(email="amna@ministry.example").exists()
    assert city.get("/organisations/org-city/Users").status_code == 200


def test_a_holder_in_two_scopes_names_one(tree):
    provider = token_of("both", organisation="org-city")
    holder = Person.objects.get(email="both@provider.example").id
    api.grant(
        person_id=holder,
        role="organisation-admin",
        organisation="org-punjab",
        reason="both",
        by=MACHINE,
        at=clock.now(),
    )
    assert "Name one" in refused(provider.get("/Users"), 403)
    city, punjab = (Provider(provider.token, f"/scim/v2/organisations/{code}") for code in ("org-city", "org-punjab"))
    city.add("amna")
    assert (city.get("/Users").json()["totalResults"], punjab.get("/Users").json()["totalResults"]) == (1, 0)
    assert (
        city.get("/Users")
        .json()["Resources"][0]["meta"]["location"]
        .startswith("http://testserver/scim/v2/organisations/org-city/Users/")
    )


def test_one_directory_sees_nothing_of_another(city, punjab):
    amna = city.add("amna", externalId="42")
    city.put_in(CONTACT, amna["id"])
    own = city.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "Watch"}).json()
    absent = punjab.get(f"/Users/{NOBODYS}")
    refused(absent, 404)
    asked = [
        punjab.get(f"/Users/{amna['id']}"),
        punjab.get(f"/Users/{account('amna').id}"),
        punjab.get(f"/Groups/{own['id']}"),
        punjab.get(f"/Groups/{city.group(CONTACT)}"),
        punjab.ask("PUT", f"/Users/{amna['id']}", person("amna", active=False)),
        punjab.patch(f"/Users/{amna['id']}", {"op": "replace", "path": "active", "value": False}),
        punjab.ask("DELETE", f"/Users/{amna['id']}"),
        punjab.ask("DELETE", f"/Groups/{own['id']}"),
        punjab.patch(f"/Groups/{own['id']}", {"op": "replace", "path": "displayName", "value": "Ours"}),
    ]
    assert {answer.content for answer in asked} == {absent.content}
    assert {answer["ETag"] for answer in asked if "ETag" in answer} == set()
    for search in ('userName eq "amna"', 'externalId eq "42"', f'id eq "{amna["id"]}"', "userName pr"):
        assert punjab.get(f"/Users?filter={search}").json()["totalResults"] == 0
    groups = punjab.get("/Groups").json()["Resources"]
    assert amna["id"] not in json.dumps(groups)
    assert "Watch" not in json.dumps(groups)
    assert held_by("amna@ministry.example") == {(CONTACT, "directory")}


def test_nobody_of_another_directory_is_made_a_member(city, punjab):
    amna = city.add("amna")
    hidden = punjab.patch(
        f"/Groups/{punjab.group(CONTACT)}", {"op": "add", "path": "members", "value": [{"value": amna["id"]}]}
    )
    absent = punjab.patch(
        f"/Groups/{punjab.group(CONTACT)}", {"op": "add", "path": "members", "value": [{"value": NOBODYS}]}
    )
    refused(hidden, 400, "invalidValue")
    assert hidden.content == absent.content
    assert held_by("amna@ministry.example") == set()


def test_who_is_known_already_looks_like_who_is_not(city, punjab):
    """Whether an address has an account is nobody's business: the same answer, word for word."""
    punjab.add("amna")
    known, unknown = city.add("amna"), city.add("bilal")

    def plain(document: dict) -> str:
        own = {"id": "", "meta": document["meta"] | {"location": "", "created": "", "lastModified": ""}}
        return json.dumps(document | own).replace("amna", "bilal").replace("Amna", "Bilal")

    assert plain(known) == plain(unknown)
    assert Person.objects.filter(email="amna@ministry.example").count() == 1


def test_a_name_and_an_address_are_one_in_a_directory(city):
    city.add("amna")
    refused(city.ask("POST", "/Users", person("AMNA", emails=[{"value": "other@ministry.example"}])), 409, "uniqueness")
    refused(city.ask("POST", "/Users", person("amna.k") | {"emails": person("amna")["emails"]}), 409, "uniqueness")
    assert city.get("/Users").json()["totalResults"] == 1


# --- What ends -------------------------------------------------------------------------------------------------------


def test_deactivation_ends_what_the_directory_gave_and_closes_whom_it_made(city):
    amna = city.add("amna")
    city.put_in(CONTACT, amna["id"])
    said = city.patch(f"/Users/{amna['id']}", {"op": "replace", "value": {"active": False}})
    assert (said.status_code, said.json()["active"]) == (200, False)
    assert held_by("amna@ministry.example") == set()
    assert not account("amna").active
    events = [entry.event for entry in ledger.history(subject=f"person:{account('amna').id}", by=MACHINE)]
    assert events[-2:] == ["access.revoked", "access.person.closed"]
    city.patch(f"/Users/{amna['id']}", {"op": "replace", "path": "active", "value": True})
    assert account("amna").active
    assert held_by("amna@ministry.example") == {(CONTACT, "directory")}


def test_deactivation_leaves_what_people_gave(city, someone):
    amna = city.add("amna")
    city.put_in(CONTACT, amna["id"])
    api.grant(
        person_id=account("amna").id,
        role="analyst",
        team="city-cert",
        reason="helps the team",
        by=MACHINE,
        at=clock.now(),
    )
    city.patch(f"/Users/{amna['id']}", {"op": "replace", "path": "active", "value": False})
    assert held_by("amna@ministry.example") == {("analyst", "given")}
    assert account("amna").active


def test_the_same_role_given_by_people_outlives_the_directory_s(city):
    amna = city.add("amna")
    api.grant(
        person_id=account("amna").id,
        role=CONTACT,
        organisation="org-city",
        reason="asked for",
        by=MACHINE,
        at=clock.now(),
    )
    city.put_in(CONTACT, amna["id"])
    assert city.ask("DELETE", f"/Users/{amna['id']}").status_code == 204
    assert held_by("amna@ministry.example") == {(CONTACT, "given")}
    assert account("amna").active


def test_removal_ends_the_entry_and_leaves_the_person(city):
    amna = city.add("amna")
    city.put_in(CONTACT, amna["id"])
    assert city.ask("DELETE", f"/Users/{amna['id']}").status_code == 204
    refused(city.get(f"/Users/{amna['id']}"), 404)
    refused(city.ask("DELETE", f"/Users/{amna['id']}"), 404)
    left = DirectoryEntry.objects.get(id=amna["id"])
    assert (left.attributes, left.external_id) == ({}, ""), "what it said of them goes with it"
    assert city.get("/Users").json()["totalResults"] == 0
    assert held_by("amna@ministry.example") == set()
    assert not account("amna").active
    again = city.add("amna")
    assert again["id"] != amna["id"]
    assert account("amna").active
    assert held_by("amna@ministry.example") == set(), "who comes back holds nothing until a group says so"


def test_whom_another_directory_still_names_stays_open(city, punjab):
    amna, other = city.add("amna"), punjab.add("amna")
    punjab.put_in(CONTACT, other["id"])
    city.patch(f"/Users/{amna['id']}", {"op": "replace", "path": "active", "value": False})
    assert account("amna").active
    assert held_by("amna@ministry.example") == {(CONTACT, "directory")}
    punjab.ask("DELETE", f"/Users/{other['id']}")
    assert not account("amna").active


def test_a_token_of_somebody_ended_is_no_good(city):
    amna = city.add("amna")
    city.put_in(CONTACT, amna["id"])
    at = clock.now()
    token = api.issue_token(
        holder_id=account("amna").id,
        name="hers",
        permissions=["findings.read"],
        valid=timedelta(days=1),
        by=api.actor_for(person_id=account("amna").id, at=at),
        at=at,
    )
    asked = {"headers": {"Authorization": f"Bearer {token}"}}
    assert Client().get("/api/v1/access/me", **asked).status_code == 200
    city.ask("DELETE", f"/Users/{amna['id']}")
    assert Client().get("/api/v1/access/me", **asked).status_code == 401


def test_whom_people_closed_no_directory_opens(city):
    amna = city.add("amna")
    api.close_person(person_id=account("amna").id, reason="under inquiry", by=MACHINE, at=clock.now())
    city.patch(f"/Users/{amna['id']}", {"op": "replace", "path": "active", "value": False})
    city.patch(f"/Users/{amna['id']}", {"op": "replace", "path": "active", "value": True})
    city.ask("DELETE", f"/Users/{amna['id']}")
    city.add("amna")
    assert not account("amna").active


def test_a_role_that_review_ended_comes_back_by_the_directory_s_word_alone(city):
    amna = city.add("amna")
    city.put_in(CONTACT, amna["id"])
    grant = Grant.objects.get(person=account("amna"))
    api.revoke(grant_id=grant.id, reason="nobody knows her", by=MACHINE, at=clock.now())
    city.patch(f"/Users/{amna['id']}", {"op": "replace", "path": "displayName", "value": "Amna K."})
    assert held_by("amna@ministry.example") == set()
    city.take_out(CONTACT, amna["id"])
    city.put_in(CONTACT, amna["id"])
    assert held_by("amna@ministry.example") == {(CONTACT, "directory")}


# --- Whom it may not touch -------------------------------------------------------------------------------------------


def test_somebody_else_s_person_is_not_renamed_closed_or_readdressed(city, someone):
    operator = someone("operator", "platform-operator", national=True)
    entry = city.add("root", emails=[{"value": "operator@cast.example"}], displayName="Ours now")
    city.patch(f"/Users/{entry['id']}", {"op": "replace", "path": "displayName", "value": "Ours still"})
    city.patch(f"/Users/{entry['id']}", {"op": "replace", "path": "active", "value": False})
    assert Person.objects.get(id=operator).active
    city.patch(f"/Users/{entry['id']}", {"op": "replace", "path": "active", "value": True})
    changed = city.patch(
        f"/Users/{entry['id']}", {"op": "replace", "path": "emails", "value": [{"value": "mine@ministry.example"}]}
    )
    assert changed.status_code == 200
    kept = Person.objects.get(id=operator)
    assert (kept.email, kept.name, kept.active) == ("operator@cast.example", "Operator", True)
    assert held_by("operator@cast.example") == {("platform-operator", "given")}
    assert DirectoryEntry.objects.get(id=entry["id"]).person_id == Person.objects.get(email="mine@ministry.example").id


def test_its_own_person_is_renamed_and_readdressed_until_somebody_else_trusts_them(city):
    amna = city.add("amna")
    links = api.issue_link(person_id=account("amna").id, by=MACHINE, at=clock.now())
    before = account("amna").id
    city.patch(
        f"/Users/{amna['id']}",
        {"op": "replace", "path": "displayName", "value": "Amna Khan"},
        {"op": "replace", "path": "emails", "value": [{"value": "amna.khan@ministry.example"}]},
    )
    moved = account("amna.khan")
    assert (moved.id, moved.name) == (before, "Amna Khan")
    assert Client().post(f"/access/link/{links}").status_code != 302, "a link that went to the former address"
    events = [entry.event for entry in ledger.history(subject=f"person:{before}", by=MACHINE)]
    assert "access.email.changed" in events
    api.grant(person_id=before, role="analyst", team="city-cert", reason="helps", by=MACHINE, at=clock.now())
    city.patch(
        f"/Users/{amna['id']}",
        {"op": "replace", "path": "emails", "value": [{"value": "somebody@ministry.example"}]},
    )
    assert Person.objects.get(id=before).email == "amna.khan@ministry.example"
    assert held_by("amna.khan@ministry.example") == {("analyst", "given")}


def test_a_service_account_is_made_no_member(city):
    at = clock.now()
    service = api.add_service_account(email="tickets@ministry.example", name="Tickets", by=MACHINE, at=at)
    entry = city.add("tickets")
    city.put_in(CONTACT, entry["id"])
    assert held_by("tickets@ministry.example") == set()
    city.ask("DELETE", f"/Users/{entry['id']}")
    assert Person.objects.get(id=service).active
