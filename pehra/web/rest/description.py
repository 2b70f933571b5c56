"""The description of the interface (OpenAPI 3.1), made from the operations themselves and kept in `docs/openapi.json`.

Types are the parts' dataclasses, as pydantic reads them. Of two types with one name each carries its part's name; a
parameter says its limits; every operation names every status it can answer with.
"""

import json
import re
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from pehra.web import problems
from pehra.web.rest import answers, interface

REFERENCE = "#/components/schemas/{model}"
DESCRIPTION = """\
Everything that Pehra's pages and commands do, for programs. Send `Authorization: Bearer` with a token made at
`/access/tokens/`. A token may do what it names and its holder may do, at that moment. What you may not see is answered
like what does not exist. Times are RFC 3339 in UTC. A query that names something unknown is refused, never ignored.
Lists come in pages: give `next` of one as `cursor` of the next; the last has `next: null`."""
_IN_PATH = re.compile(r"{(?:(\w+):)?(\w+)}")
_PART_OF = re.compile(r"pehra__(\w+?)__\w*?__?([A-Z]\w*)")
_REFUSED_EVERYWHERE = (401, 403, 404, 422, 429, 503)
_REFUSED_WITH_BODY = (400, 413)
_MAY_BE_GONE = "incidents.evidence-"  # how operations begin whose matter may have been destroyed
_REFUSED = (*_REFUSED_EVERYWHERE, *_REFUSED_WITH_BODY, 410)
_FORMATS = {"uuid": {"type": "string", "format": "uuid"}, "int": {"type": "integer"}}


class _Written(GenerateJsonSchema):
    """Answers are written whole: a field with a default is there too."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Say no: a title that repeats a name says nothing."""
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Say whether a field is always there."""
        return self.mode == "serialization" or super().field_is_required(field, total)


def describe() -> dict[str, Any]:
    """Return the whole description."""
    found = interface.operations()
    schemas, components = _schemas(found)
    paths: dict[str, Any] = {}
    for place, operation in found:
        for method in operation.methods:
            said = _operation(place, method, operation, schemas)
            paths.setdefault(_IN_PATH.sub(r"{\2}", place), {})[method.lower()] = said
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Pehra", "version": "1", "description": DESCRIPTION, "license": {"name": "Apache-2.0"}},
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": {str(status): _refusal(status) for status in _REFUSED},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "pehra_…"}},
        },
    }
    return _with_short_names(whole)


def text() -> str:
    """Return the description as it stands in `docs/openapi.json`."""
    return json.dumps(describe(), indent=2, ensure_ascii=False) + "\n"


@cache
def _content() -> bytes:
    return json.dumps(describe(), ensure_ascii=False).encode()


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Answer with the description: it says what may be asked, and nothing of anybody."""
    return answers.marked(request, HttpResponse(_content(), content_type=answers.MEDIA_TYPE))


def _schemas(found: list[tuple[str, Any]]) -> tuple[dict[tuple[str, str], Any], dict[str, Any]]:
    """Return the schema of each operation's answer and body, and the named ones they refer to."""
    inputs: list[tuple[Any, Any, TypeAdapter[Any]]] = [("problem", "serialization", TypeAdapter(problems.Problem))]
    for _place, operation in found:
        _status, kind = answers.declared(operation)
        if kind is not None:
            inputs.append((operation.operation_id, "serialization", answers.adapter_of(kind)))
        for body in _models(operation, "body"):
            (field,) = body.model_fields.values()
            inputs.append((operation.operation_id, "validation", answers.adapter_of(field.annotation)))
    schemas, named = TypeAdapter.json_schemas(inputs, ref_template=REFERENCE, schema_generator=_Written)
    return schemas, named["$defs"]  # type: ignore[return-value]


def _models(operation: Any, source: str) -> list[Any]:
    return [model for model in operation.models if model.__ninja_param_source__ == source]


def _operation(place: str, method: str, operation: Any, schemas: dict[tuple[str, str], Any]) -> dict[str, Any]:
    name, writes = operation.operation_id, method not in answers.READS
    said: dict[str, Any] = {
        "operationId": name,
        "tags": operation.tags,
        "summary": operation.summary,
        **({"description": operation.description} if operation.description else {}),
        "parameters": [*_path(place), *_query(operation), *([_KEY] if writes else [_IF_NONE_MATCH])],
        "responses": _responses(operation, schemas.get((name, "serialization")), writes=writes),
    }
    if (name, "validation") in schemas:
        body = schemas[name, "validation"]
        said["requestBody"] = {"required": True, "content": {answers.MEDIA_TYPE: {"schema": body}}}
        for status in _REFUSED_WITH_BODY:
            said["responses"][str(status)] = {"$ref": f"#/components/responses/{status}"}
    return said


def _path(place: str) -> list[dict[str, Any]]:
    return [
        {"in": "path", "name": name, "required": True, "schema": _FORMATS.get(kind, {"type": "string", "minLength": 1})}
        for kind, name in _IN_PATH.findall(place)
    ]


def _query(operation: Any) -> list[dict[str, Any]]:
    said = []
    for model in _models(operation, "query"):
        schema = model.model_json_schema(ref_template=REFERENCE)
        for name, details in schema["properties"].items():
            plain = _without_nothing(_inlined(details, schema.get("$defs", {})))
            description = plain.pop("description", "")
            required = name in schema.get("required", ())
            said.append(
                {"in": "query", "name": name, "required": required, "description": description, "schema": plain}
            )
    return said


def _inlined(schema: Any, named: dict[str, Any]) -> Any:
    """Return a parameter's schema with what it refers to written in its place, and without titles."""
    if isinstance(schema, list):
        return [_inlined(item, named) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        inner = {**named[schema["$ref"].rsplit("/", 1)[-1]], **rest}
        inner.pop("description", None) if "description" not in rest else None
        return _inlined(inner, named)
    return {name: _inlined(value, named) for name, value in schema.items() if name != "title"}


def _without_nothing(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema without the null that only means that it may be left out."""
    if schema.get("default") in ("", None):
        schema.pop("default", None)
    choices = [choice for choice in schema.pop("anyOf", []) if choice.get("type") != "null"]
    return {**schema, **choices[0]} if len(choices) == 1 else schema | ({"anyOf": choices} if choices else {})


_KEY = {
    "in": "header",
    "name": answers.IDEMPOTENCY_KEY,
    "required": False,
    "description": "Makes sending again safe: within a day the same request under the same key is done once.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": answers.IDEMPOTENCY_KEY_CHARACTERS_MAX,
        "pattern": "^[!-~]+$",
    },
}
_IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "description": "The ETag of what you have: 304 and no body when it is still the same.",
    "schema": {"type": "string"},
}


def _responses(operation: Any, schema: Any, *, writes: bool) -> dict[str, Any]:
    status, _kind = answers.declared(operation)
    done: dict[str, Any] = {"description": "Done." if writes else "As asked."}
    if schema is not None:
        done["content"] = {answers.MEDIA_TYPE: {"schema": schema}}
    if not writes:
        done["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "Of exactly these bytes."}}
    said: dict[str, Any] = {str(status): done}
    if not writes:
        said["304"] = {"description": "You have it already."}
    for refused in _REFUSED_EVERYWHERE:
        said[str(refused)] = {"$ref": f"#/components/responses/{refused}"}
    if writes and operation.operation_id.startswith(_MAY_BE_GONE):
        said["410"] = {"$ref": "#/components/responses/410"}
    return said


def _refusal(status: int) -> dict[str, Any]:
    said: dict[str, Any] = {
        "description": problems.TITLES[status],
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(model="Problem")}}},
    }
    if status == 401:
        said["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    if status == 429:
        said["headers"] = {"Retry-After": {"required": True, "schema": {"type": "integer"}}}
    return said


def _with_short_names(whole: dict[str, Any]) -> dict[str, Any]:
    """Return the description with a part's name before a type's, where pydantic wrote the whole path of its module."""
    named = whole["components"]["schemas"]
    short = {name: name for name in named}
    for name in named:
        if found := _PART_OF.fullmatch(name):
            short[name] = found[1].title() + found[2]
    written = {json.dumps(schema): short[name] for name, schema in named.items()}
    for name in [name for name in named if name.endswith("-Input")]:
        # A word that is read and written alike is one word.
        short[name] = written.get(json.dumps(named[name]), name)
    content = json.dumps(whole, ensure_ascii=False)
    for name in sorted((name for name in named if short[name] != name), key=len, reverse=True):
        content = content.replace(f'/{name}"', f'/{short[name]}"').replace(f'"{name}":', f'"{short[name]}":')
    return json.loads(content)  # type: ignore[no-any-return]
