"""Every REST operation and every address of SCIM and signals, by tokens, with everybody else's keys: nothing leaks.

What is sent is made from each operation's own description, so that it is not turned away before anything is looked up;
then every text of it is another's key in turn.
"""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from pehra.access.api import second_wall
from pehra.web import machines
from pehra.web.rest import description, interface
from tests.web import hostile

# Those who may have programs; the auditor holds none of their own, and reads what a team has.
WHO = ["admin", "auditor", "chief", "river", "telecom"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PLACES = {"integer": "int"}  # by what an operation says of a place of its address
KEYS_MAX = 3  # of another's, in one place of what is sent
DIRECTORY = "urn:ietf:params:scim"
SAID: dict[str, Any] = {
    "POST": {"schemas": [f"{DIRECTORY}:schemas:core:2.0:User"], "userName": "?", "displayName": "?", "externalId": "?"},
    "PUT": {"schemas": [f"{DIRECTORY}:schemas:core:2.0:User"], "userName": "?", "active": False},
    "PATCH": {
        "schemas": [f"{DIRECTORY}:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": False}],
    },
}
QUERIES = ('userName eq "{}"', 'externalId eq "{}"', 'id eq "{}"', 'members.value eq "{}"', 'displayName sw "{}"')


@pytest.fixture
def walked(furnished, program):
    """A walk with a token of somebody that carries all it may, and what it found."""

    def walk(who: str) -> hostile.Walker:
        made = program(who)
        made.client.raise_request_exception = False
        walker = hostile.Walker(
            client=made.client,
            foreign=hostile.foreign_to(furnished.actor(who)),
            headers={"Authorization": f"Bearer {made.token}"},
        )
        for place, method, operation in operations():
            _try_operation(walker, place, method, operation)
        for door in hostile.doors():
            if is_directory(door):
                walker.routes[door.route] += 1
                _try_directory(walker, door)
        return walker

    return walk


def is_directory(door: hostile.Door) -> bool:
    """Whether a door is for programs and is no operation of REST, which says itself what it takes."""
    return f"/{door.route}".startswith(tuple(place for place in machines.DOORS if place != "/api/"))


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Address, method and description of every operation."""
    described = description.describe()
    for place, methods in described["paths"].items():
        for method, operation in methods.items():
            if method.upper() in METHODS:
                yield place, method.upper(), operation | {"schemas": described["components"]["schemas"]}


def example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """The least that an operation takes."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return example(schema[choice][0], schemas)
    match schema.get("enum", [None])[0] or schema.get("const") or schema.get("type"):
        case "object":
            wanted = schema.get("properties", {})
            return {name: example(wanted[name], schemas) for name in wanted if name in schema.get("required", wanted)}
        case "array":
            return [example(schema["items"], schemas)] if schema.get("minItems") else []
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "string" if schema.get("format") == "date-time":
            return "2026-11-24T09:30:00Z"
        case "string" if schema.get("format") == "uuid":
            return str(hostile.ABSENT_UUID)
        case "string":
            return "curious"
        case value:
            return value


def _try_operation(walker: hostile.Walker, place: str, method: str, operation: dict[str, Any]) -> None:
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    said = example(schema, operation["schemas"]) if schema else None
    parameters = operation.get("parameters", [])
    keys = [(one["name"], "path") for one in parameters if one["in"] == "path"]
    keys += [(one["name"], "query") for one in parameters if one["in"] == "query" and is_text(one["schema"])]
    keys += [(name, "body") for name, value in (said or {}).items() if isinstance(value, str)]
    walker.routes[f"{method} {place}"] += 1
    noun = place.removeprefix(interface.PREFIX).strip("/").split("/")[0]
    if not keys:
        walker.ask(place, method=method, said=json.dumps(said) if said else None)
    takes = [(PLACES.get(one["schema"].get("type"), "uuid"), one["name"]) for one in parameters if one["in"] == "path"]
    arounds = walker.foreign.around(takes, noun)[: max(1, len(takes))]
    for around, (name, where) in product(arounds, keys):
        for table, key in walker.foreign.asked_for(name, noun)[:KEYS_MAX]:
            if key.isdigit() or "/" in key:
                continue
            walker.tables[table] += 1
            answers = []
            for asked in (key, hostile.beside(key) if name == "cursor" else hostile.like(key)):
                address = place
                for one, value in (around | ({name: asked} if where == "path" else {})).items():
                    address = address.replace(f"{{{one}}}", str(value))
                if where == "query":
                    address += f"?{name}={asked}"
                sent = json.dumps(said | {name: asked} if where == "body" else said) if said is not None else None
                answers.append(walker.ask(address, method=method, said=sent, hide=(asked, *map(str, around.values()))))
            walker.compare(*answers, method=method, address=f"{place} {where} {name}", said=(table, key))


def is_text(schema: dict[str, Any]) -> bool:
    return any(
        kind.get("type") == "string" and not kind.keys() & {"enum", "format"}
        for kind in (schema, *schema.get("anyOf", []))
    )


def _try_directory(walker: hostile.Walker, door: hostile.Door) -> None:
    address = door.address(**{name: hostile.ABSENT_TEXT for _kind, name in door.takes})
    taken = [method for method in METHODS if walker.ask(address, method=method, said=_said(method, "")).status != 405]
    for tried in hostile.tries(door, walker.foreign):
        walker.tables[tried.table] += 1
        for method in taken:
            said = _said(method, "curious")
            one = walker.ask(tried.theirs, method=method, said=said, hide=(tried.key, *tried.around))
            other = walker.ask(tried.nobodys, method=method, said=said, hide=(tried.absent, *tried.around))
            walker.compare(one, other, method=method, address=tried.theirs)
    if door.route.endswith(("Users", "Groups")) and not door.takes:
        for table in ("access_directoryentry", "access_person", "access_directorygroup"):
            for key in walker.foreign.keys.get(table, [])[: hostile.EACH_MAX]:
                for query in QUERIES:
                    _compare_queries(walker, f"/{door.route}", query, key)


def _said(method: str, word: str) -> str | None:
    return json.dumps(SAID[method]).replace("?", word) if method in SAID else None


def _compare_queries(walker: hostile.Walker, address: str, query: str, key: str) -> None:
    answers = [
        walker.ask(address, said={"filter": query.format(asked)}, hide=(asked,)) for asked in (key, hostile.like(key))
    ]
    walker.compare(*answers, method="GET", address=address, said=query)


@pytest.mark.parametrize("who", WHO)
def test_no_program_is_told_anything_of_others(who, walked):
    found = walked(who)
    assert found.leaks == []
    assert found.differences == []
    assert found.failures == []
    assert {route for route in found.routes if " " in route} == {
        f"{method} {place}" for place, method, _o in operations()
    }
    assert {route for route in found.routes if " " not in route} == {
        door.route for door in hostile.doors() if is_directory(door)
    }
    assert found.statuses[404] > 40
    assert found.statuses[200] > 20
    assert found.statuses[401] == 0, "a token that is no good walks nowhere"
    assert set(found.methods) == set(METHODS)


@pytest.mark.parametrize("who", ["admin", "chief"])
def test_no_program_is_told_anything_of_others_when_only_the_second_wall_stands(who, walked, monkeypatch):
    with hostile.first_wall_down(monkeypatch):
        found = walked(who)
    assert found.leaks == []
    assert found.failures == []


def test_programs_find_leaks_where_no_wall_stands(walked, monkeypatch):
    monkeypatch.setattr(second_wall, "_is_in_force", lambda: False)
    with hostile.first_wall_down(monkeypatch):
        found = walked("telecom")
    assert len(found.leaks) > 10
    assert any(leak[2] == 200 for leak in found.leaks)
