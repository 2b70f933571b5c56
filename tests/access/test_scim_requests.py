"""SCIM requests one by one: what is refused as malformed or too large, versions, pages and searches."""

from uuid import UUID, uuid4

import pytest

from pehra.access.models import DirectoryEntry
from pehra.access.rules import directory as rules
from pehra.access.rules.roles import ScopeKind
from pehra.web import machines
from tests.access.directories import CONTACT, ERROR, GROUP, ROLE, USER, held_by, offered, person, refused

pytestmark = pytest.mark.usefixtures("tree")


# --- Hostile ---------------------------------------------------------------------------------------------------------

HOSTILE_FILTERS = [
    "",
    "(",
    "userName",
    "userName eq",
    'userName eq "amna',
    "userName zz 1",
    'userName eq "a" or',
    "not userName pr",
    'password eq "x"; drop table access_person',
    'userName eq "\x00"',
    'userName eq "\\u0000"',
    'userName eq "\\ud800"',
    " or ".join(['userName eq "a"'] * 41),
    "userName eq " + '"' + "a" * 2_000 + '"',
    "not (" * 20 + "userName pr" + ")" * 20,
    "emails[type eq",
    "emails[emails[type pr]]",
    "a" * 1_999,
    "'; --",
    "userName eq 'amna'",
]


@pytest.mark.parametrize("text", HOSTILE_FILTERS, ids=range(len(HOSTILE_FILTERS)))
def test_a_filter_that_is_none_is_refused(city, text):
    city.add("amna")
    plain = "\x00" not in text  # a NUL stops at the door, before anybody asks what it would be
    for kind in ("/Users", "/Groups", "/"):
        answer = city.client.get(city.base + kind, {"filter": text}, headers={"Authorization": f"Bearer {city.token}"})
        refused(answer, 400, "invalidFilter" if plain else "")
    refused(
        city.ask("POST", "/Users/.search", {"filter": text}),
        400,
        "invalidFilter" if plain else "invalidSyntax",
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('userName eq "AMNA"', {"amna"}),
        ('userName eq "\\u0061mna"', {"amna"}),
        ('userName sw "a"', {"amna"}),
        ('userName co "%"', set()),
        ('userName co ".*"', set()),
        ('userName co "m"', {"amna"}),
        ('emails.value eq "bilal@ministry.example"', {"bilal"}),
        ('emails[type eq "work" and value co "bilal"]', {"bilal"}),
        ('not (userName eq "amna")', {"bilal"}),
        ('userName eq "amna" and active eq false', set()),
        ('userName eq "amna" or userName eq "bilal"', {"amna", "bilal"}),
        ('password eq "x"', set()),
        ("active eq true", {"amna", "bilal"}),
        ('id eq "x"', set()),
        ('meta.created gt "2001-01-01T00:00:00Z"', {"amna", "bilal"}),
        (f'{USER}:userName eq "amna"', {"amna"}),
    ],
)
def test_a_filter_finds_what_it_says(city, text, found):
    city.add("amna")
    city.add("bilal")
    said = city.get(f"/Users?filter={text}".replace("%", "%25"))
    assert said.status_code in ({200, 400} if "password" in text else {200}), said.content
    assert {row["userName"] for row in said.json().get("Resources", [])} == found


@pytest.mark.parametrize(
    ("body", "status", "scim_type"),
    [
        ("", 400, "invalidSyntax"),
        ("{", 400, "invalidSyntax"),
        ("[]", 400, "invalidSyntax"),
        ('"amna"', 400, "invalidSyntax"),
        ('{"userName": "a", "username": "b"}', 400, "invalidSyntax"),
        ('{"userName": "a\\u0000"}', 400, "invalidSyntax"),
        ('{"userName": "\\ud800"}', 400, "invalidSyntax"),
        ("[" * 50_000, 400, "invalidSyntax"),
        ('{"a":' * 40 + "1" + "}" * 40, 400, "invalidSyntax"),
        ('{"userName": ' + "9" * 5_000 + "}", 400, "invalidSyntax"),
        (b"\xff\xfe", 400, "invalidSyntax"),
        ({}, 400, "invalidValue"),
        (person("amna") | {"schemas": ["urn:none"]}, 400, "invalidValue"),
        (person("amna") | {"userName": 7}, 400, "invalidValue"),
        (person("amna") | {"userName": " "}, 400, "invalidValue"),
        (person("amna") | {"userName": "a" * 255}, 400, "invalidValue"),
        (person("amna") | {"displayName": "a" * 255}, 400, "invalidValue"),
        (person("amna") | {"emails": []}, 400, "invalidValue"),
        (person("amna") | {"emails": "amna@ministry.example"}, 400, "invalidValue"),
        (person("amna") | {"emails": [{"value": "no address"}]}, 400, "invalidValue"),
        (person("amna") | {"emails": [{"value": f"a{n}@ministry.example"} for n in range(11)]}, 400, "invalidValue"),
        (
            person("amna") | {"emails": [{"value": f"a{n}@ministry.example", "primary": True} for n in range(2)]},
            400,
            "invalidValue",
        ),
        (person("amna") | {"active": "perhaps"}, 400, "invalidValue"),
    ],
    ids=range(23),
)
def test_a_body_is_read_strictly(city, body, status, scim_type):
    answer = city.ask("POST", "/Users", body)
    assert answer.status_code == status, answer.content
    assert answer.json()["schemas"] == [ERROR]
    assert answer.json().get("scimType") in {scim_type, "invalidSyntax"}
    assert not DirectoryEntry.objects.exists()


def test_other_media_types_are_refused(city):
    brought = {"Authorization": f"Bearer {city.token}"}
    form = "application/x-www-form-urlencoded"
    refused(
        city.client.generic("POST", f"{city.base}/Users", "userName=amna", form, headers=brought), 415, "invalidSyntax"
    )


def test_what_is_too_large_is_refused(city):
    refused(city.ask("POST", "/Users", "x" * (machines.BODY_BYTES_MAX + 1)), 413)
    amna = city.add("amna")
    operations = [{"op": "replace", "path": "displayName", "value": "A"}] * (rules.OPERATIONS_MAX + 1)
    refused(city.patch(f"/Users/{amna['id']}", *operations), 413, "tooMany")
    members = [{"value": str(UUID(int=number))} for number in range(rules.MEMBERS_MAX + 1)]
    document = {"schemas": [GROUP], "displayName": "All", "members": members}
    refused(city.ask("POST", "/Groups", document), 413, "tooMany")
    path = "emails[" + " or ".join(['type eq "work"'] * 200) + "].value"
    refused(city.patch(f"/Users/{amna['id']}", {"op": "replace", "path": path, "value": "x"}), 400, "invalidValue")
    refused(city.get("/Users?attributes=" + "a," * 1_500), 400, "invalidValue")


def test_a_directory_has_an_end(city, monkeypatch):
    monkeypatch.setattr(rules, "PEOPLE_MAX", 1)
    monkeypatch.setattr(rules, "GROUPS_MAX", 2)
    city.add("amna")
    refused(city.ask("POST", "/Users", person("bilal")), 413, "tooMany")
    assert city.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "One"}).status_code == 201
    refused(city.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "Two"}), 413, "tooMany")


@pytest.mark.parametrize("kind", ["Users", "Groups"])
@pytest.mark.parametrize("name", ["..", "%00", "a%2Fb", "%F0%28", "a" * 3_000], ids=range(5))
def test_an_id_that_is_none_is_not_there(city, kind, name):
    assert city.get(f"/{kind}/{name}").status_code in (400, 404)


# --- Versions and pages ----------------------------------------------------------------------------------------------


def test_who_read_another_version_changes_nothing(city):
    amna = city.add("amna")
    read = city.get(f"/Users/{amna['id']}")
    assert read["ETag"] == amna["meta"]["version"] == 'W/"1"'
    assert city.get(f"/Users/{amna['id']}", If_None_Match=read["ETag"]).status_code == 304
    rename = {"op": "replace", "path": "displayName", "value": "Amna Khan"}
    changed = city.patch(f"/Users/{amna['id']}", rename, If_Match=read["ETag"])
    assert (changed.status_code, changed["ETag"]) == (200, 'W/"2"')
    for stale in (
        city.patch(f"/Users/{amna['id']}", rename, If_Match='W/"1"'),
        city.ask("PUT", f"/Users/{amna['id']}", person("amna"), If_Match='W/"1"'),
        city.ask("DELETE", f"/Users/{amna['id']}", If_Match='W/"1"'),
        city.ask("DELETE", f"/Users/{amna['id']}", If_Match="nonsense"),
    ):
        refused(stale, 412)
    same = city.patch(f"/Users/{amna['id']}", rename, If_Match="*")
    assert same["ETag"] == 'W/"2"', "the same again is no change"
    assert city.ask("DELETE", f"/Users/{amna['id']}", If_Match='W/"1", W/"2"').status_code == 204


def test_a_group_has_versions_too(city):
    amna = city.add("amna")
    group = city.group(CONTACT)
    first = city.get(f"/Groups/{group}")["ETag"]
    city.put_in(CONTACT, amna["id"])
    move = {"op": "remove", "path": "members"}
    refused(city.patch(f"/Groups/{group}", move, If_Match=first), 412)
    assert held_by("amna@ministry.example") == {(CONTACT, "directory")}
    assert city.patch(f"/Groups/{group}", move, If_Match=city.get(f"/Groups/{group}")["ETag"]).status_code == 204
    assert held_by("amna@ministry.example") == set()


@pytest.mark.parametrize(
    ("query", "first", "names"),
    [
        ("", 1, "abcde"),
        ("count=2", 1, "ab"),
        ("startIndex=2&count=2", 2, "bc"),
        ("startIndex=5&count=2", 5, "e"),
        ("startIndex=6&count=2", 6, ""),
        ("startIndex=0", 1, "abcde"),
        ("startIndex=-7&count=1", 1, "a"),
        ("count=0", 1, ""),
        ("count=-1", 1, ""),
        ("count=999999", 1, "abcde"),
        ("sortBy=userName&sortOrder=descending&count=2", 1, "ed"),
        ("sortBy=userName&startIndex=2&count=2", 2, "bc"),
        ('filter=userName gt "b"&count=2', 1, "cd"),
    ],
)
def test_pages(city, query, first, names):
    for name in "abcde":
        city.add(name)
    said = city.get(f"/Users?{query}").json()
    assert said["startIndex"] == first
    assert "".join(row["userName"] for row in said.get("Resources", [])) == names
    assert said["itemsPerPage"] == len(names)
    assert said["totalResults"] == (3 if "filter" in query else 5)


@pytest.mark.parametrize("query", ["startIndex=x", "count=1.5", "sortOrder=up", "count=1&count=2"])
def test_pages_that_are_none(city, query):
    refused(city.get(f"/Users?{query}"), 400, "invalidValue")


def test_a_page_says_what_is_asked_for(city):
    amna = city.add("amna")
    some = city.get("/Users?attributes=userName").json()["Resources"][0]
    assert set(some) == {"schemas", "id", "userName"}
    most = city.get(f"/Users/{amna['id']}?excludedAttributes=emails,meta").json()
    assert {"emails", "meta"} & set(most) == set()


def test_a_page_costs_a_fixed_number_of_queries(city, django_assert_max_num_queries):
    ids = [city.add(f"person{number}")["id"] for number in range(12)]
    city.put_in(CONTACT, *ids)
    city.get("/Users?count=1")
    with django_assert_max_num_queries(18):
        assert len(city.get("/Users").json()["Resources"]) == 12
    group = city.group(CONTACT)
    with django_assert_max_num_queries(18):
        assert len(city.get(f"/Groups/{group}").json()["members"]) == 12


def test_search_by_a_body_leaves_no_trace_in_addresses(city):
    city.add("amna")
    said = city.ask("POST", "/Users/.search", {"filter": 'userName eq "amna"', "attributes": ["userName"]}).json()
    assert [row["userName"] for row in said["Resources"]] == ["amna"]
    both = city.ask("POST", "/.search", {"filter": "meta.resourceType pr", "count": 10}).json()
    assert {row["meta"]["resourceType"] for row in both["Resources"]} == {"User", "Group"}


def test_schemas_say_which_roles_this_directory_may_give(city, team):
    for provider, scope in ((city, ScopeKind.ORGANISATION), (team, ScopeKind.TEAM)):
        (role,) = provider.get(f"/Schemas/{ROLE}").json()["attributes"]
        assert set(role["canonicalValues"]) == offered(provider)
        assert set(role["canonicalValues"]) <= {role.value for role in rules.roles_in(scope)}
    refused(city.get("/Schemas?filter=id pr"), 403)
    refused(city.get(f"/Schemas/urn:{uuid4()}"), 404)
