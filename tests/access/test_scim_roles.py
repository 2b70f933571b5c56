"""Which roles a directory gives, and what of its people is kept and told."""

import json

import pytest

from pehra.access import api
from pehra.access.api import granting
from pehra.access.models import DirectoryEntry, DirectoryGroup, Grant, Person
from pehra.access.rules.roles import PERMISSIONS, Permission, Role
from pehra.kernel import clock
from pehra.ledger import api as ledger
from pehra.ledger.models import LedgerEntry
from tests.access.directories import (
    CONTACT,
    GROUP,
    MACHINE,
    NOBODYS,
    ROLE,
    USER,
    account,
    held_by,
    offered,
    refused,
    token_of,
)

pytestmark = pytest.mark.usefixtures("tree")


# --- Which roles -----------------------------------------------------------------------------------------------------


def test_no_directory_gives_a_role_of_two_people_or_one_by_which_others_are_given(city, team):
    assert offered(city) == {CONTACT}
    assert offered(team) == {
        "analyst",
        "soc-analyst",
        "incident-handler",
        "duty-officer",
        "registry-editor",
        "peer-liaison",
    }
    two = set(api.policy(at=clock.now()).four_eyes)
    for provider in (city, team):
        assert not offered(provider) & two
        for role in offered(provider):
            assert not PERMISSIONS[Role(role)] & {Permission.ACCESS_GRANT, Permission.ACCESS_PROVISION}


@pytest.mark.parametrize(
    "role", [role.value for role in Role if role.value != CONTACT] + ["king", "", " ", CONTACT.upper()]
)
def test_a_role_that_is_not_the_directory_s_to_give_is_refused_whatever_the_road(city, role):
    amna = city.add("amna")
    document = {
        "schemas": [GROUP, ROLE],
        "displayName": "Climbers",
        "members": [{"value": amna["id"]}],
        ROLE: {"role": role},
    }
    answer = city.ask("POST", "/Groups", document)
    if role:
        refused(answer, 400, "invalidValue")
        answer = city.ask(
            "POST", "/Groups", {"schemas": [GROUP], "displayName": "Climbers", "members": document["members"]}
        )
    group = answer.json()["id"]
    if role:
        refused(city.ask("PUT", f"/Groups/{group}", document), 400, "invalidValue")
        for operation in (
            {"op": "add", "path": f"{ROLE}:role", "value": role},
            {"op": "replace", "path": f"{ROLE}:role", "value": role},
            {"op": "add", "value": {ROLE: {"role": role}}},
        ):
            refused(city.patch(f"/Groups/{group}", operation), 400, "invalidValue")
    assert held_by("amna@ministry.example") == set()


def test_a_group_of_its_own_gives_what_it_names(city):
    amna = city.add("amna")
    made = city.ask(
        "POST",
        "/Groups",
        {
            "schemas": [GROUP, ROLE],
            "displayName": "Security Desk",
            "members": [{"value": amna["id"]}],
            ROLE: {"role": CONTACT},
        },
    )
    assert made.status_code == 201
    assert held_by("amna@ministry.example") == {(CONTACT, "directory")}
    city.put_in(CONTACT, amna["id"])
    assert Grant.objects.filter(person=account("amna")).count() == 1, "one role, whichever group says so"
    assert city.ask("DELETE", f"/Groups/{made.json()['id']}").status_code == 204
    assert held_by("amna@ministry.example") == {(CONTACT, "directory")}, "the other group still says so"
    city.take_out(CONTACT, amna["id"])
    assert held_by("amna@ministry.example") == set()


def test_a_role_of_two_people_that_the_law_names_later_is_taken_from_the_directory(team, monkeypatch):
    amna = team.add("amna")
    team.put_in("duty-officer", amna["id"])
    assert held_by("amna@ministry.example") == {("duty-officer", "directory")}
    kept = granting.needs_second_person
    monkeypatch.setattr(
        granting,
        "needs_second_person",
        lambda *, role, scope, at: role is Role.DUTY_OFFICER or kept(role=role, scope=scope, at=at),
    )
    group = DirectoryGroup.objects.get(role="duty-officer").id
    bilal = team.add("bilal")
    team.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": bilal["id"]}]})
    assert held_by("bilal@ministry.example") == set()
    team.patch(f"/Users/{amna['id']}", {"op": "replace", "path": "active", "value": False})
    assert held_by("amna@ministry.example") == set()


def test_the_groups_of_roles_stay(city):
    group = city.group(CONTACT)
    refused(city.ask("DELETE", f"/Groups/{group}"), 400, "mutability")
    refused(
        city.patch(f"/Groups/{group}", {"op": "replace", "path": "displayName", "value": "Ours"}), 400, "mutability"
    )
    refused(city.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": CONTACT.upper()}), 409, "uniqueness")
    assert offered(city) == {CONTACT}


def test_no_member_is_given_a_role_that_its_provider_lost(tree):
    """Delegation goes on holding: what the holder may no longer give, their directory does not."""
    provider = token_of("chief", "team-lead", team="city-cert")
    amna = provider.add("amna")
    provider.put_in("analyst", amna["id"])
    holder = Person.objects.get(email="chief@provider.example")
    grant = Grant.objects.get(person=holder)
    api.revoke(grant_id=grant.id, reason="left", by=MACHINE, at=clock.now())
    refused(provider.get("/Groups"), 403)
    assert held_by("amna@ministry.example") == {("analyst", "directory")}, (
        "what was given stays, and comes up for review"
    )


# --- What is read and kept -------------------------------------------------------------------------------------------


def test_only_what_is_needed_of_a_person_is_kept(city):
    made = city.add(
        "amna",
        password="Secret-of-hers-1",
        phoneNumbers=[{"value": "+92 000"}],
        photos=[{"value": "https://photo.example/amna"}],
        title="Deputy Secretary",
        nickName="A",
    )
    entry = DirectoryEntry.objects.get(id=made["id"])
    kept = json.dumps([made, entry.attributes])
    for word in ("Secret-of-hers-1", "+92", "photo", "Deputy", "nickName"):
        assert word not in kept
    assert not account("amna").has_usable_password()
    told = " ".join(bytes(entry.canonical).decode() for entry in LedgerEntry.objects.all())
    assert "amna" not in told.lower(), "the ledger names ids, not people"


def test_what_happened_is_in_the_ledger_of_its_directory(city):
    amna = city.add("amna")
    city.put_in(CONTACT, amna["id"])
    city.ask("DELETE", f"/Users/{amna['id']}")
    events = [entry.event for entry in ledger.history(subject="directory:organisation:org-city", by=MACHINE)]
    assert events == ["access.directory.added", "access.directory.members_changed", "access.directory.removed"]
    by = {entry.by for entry in ledger.history(subject="directory:organisation:org-city", by=MACHINE)}
    assert by == {str(Person.objects.get(email="city@provider.example").id)}


def test_a_user_name_that_is_an_address_is_enough(city):
    said = city.ask("POST", "/Users", {"schemas": [USER], "userName": "amna@ministry.example"})
    assert said.status_code == 201
    assert account("amna")


@pytest.mark.parametrize(
    ("operations", "active"),
    [
        ([{"op": "replace", "path": "active", "value": False}], False),
        ([{"op": "Replace", "path": "active", "value": False}], False),
        ([{"op": "Replace", "path": "active", "value": "False"}], False),
        ([{"op": "replace", "value": {"active": False}}], False),
        ([{"op": "replace", "value": {"active": "true"}}], True),
        ([{"op": "add", "path": 'emails[type eq "work"].value', "value": "amna@ministry.example"}], True),
        ([{"op": "replace", "path": f"{USER}:active", "value": False}], False),
    ],
)
def test_patches_as_the_common_directories_send_them(city, operations, active):
    amna = city.add("amna")
    said = city.patch(f"/Users/{amna['id']}", *operations)
    assert said.status_code == 200, said.content
    assert said.json()["active"] is active


def test_a_patch_is_done_whole_or_not_at_all(city):
    amna = city.add("amna")
    said = city.patch(
        f"/Users/{amna['id']}",
        {"op": "replace", "path": "displayName", "value": "Half"},
        {"op": "replace", "path": "emails", "value": [{"value": "no address"}]},
    )
    refused(said, 400, "invalidValue")
    assert city.get(f"/Users/{amna['id']}").json()["displayName"] == "Amna"
    refused(city.patch(f"/Users/{amna['id']}", {"op": "replace", "path": "id", "value": NOBODYS}), 400, "mutability")
    refused(city.patch(f"/Users/{amna['id']}", {"op": "remove", "path": "userName"}), 400, "mutability")
