"""How does the API describe itself? An OpenAPI 3.1 document, made from the table of routes."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from provisiond.inventory.mac import Mac
from provisiond.inventory.secret import Secret
from provisiond.web.api.parameters import PARAMETERS
from provisiond.web.api.problems import MEDIA
from provisiond.web.api.route import PREFIX, Route
from provisiond.web.api.shapes import Problem

_REF = "#/components/schemas/{model}"
_WHY = {
    400: "The body or query cannot be read.",
    401: "Nobody said who asks, or what was said counts no more.",
    403: "The role may not do that.",
    404: "It does not exist, or not for whoever asks.",
    408: "The body came too slowly.",
    409: "Something else stands against it: a record in use, or changed meanwhile.",
    412: "If-Match is not of the record as it stands.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    422: "Fields have faults; all of them are listed.",
    428: "If-Match is missing.",
    429: "Too many wrong log-ins or open streams, or the address provider was asked too often.",
    503: "The store is away or busy; ask again.",
}
_INTRODUCTION = (
    "Ask with a token in `Authorization: Bearer …`, or with a log-in's cookie and its token in "
    "`X-CSRF-Token`. A change names the record that was seen in `If-Match`. A change with an "
    "`Idempotency-Key` is made once, however often it is asked for. Every fault is a problem of "
    "RFC 9457 that lists all faults of a body at once."
)


class _Schema(GenerateJsonSchema):
    """pydantic's, with words for values of ours."""

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> JsonSchemaValue:
        if schema["cls"] is Secret:
            return {"type": "string", "format": "password"}
        return super().is_instance_schema(schema)

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        if schema["cls"] is Mac:
            return {"type": "string", "examples": ["00:15:65:aa:bb:cc"]}
        return super().dataclass_schema(schema)

    def encode_default(self, dft: Any) -> Any:
        return dft.reveal() if isinstance(dft, Secret) else super().encode_default(dft)


def document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The document. It is the same for everybody: what it tells is no secret."""
    routes = tuple(routes)
    models = _models(routes)
    names, definitions = models_json_schema(
        models, by_alias=True, ref_template=_REF, schema_generator=_Schema
    )
    schemas: dict[str, Any] = dict(definitions.get("$defs", {}))
    for route in routes:
        if route.partial and route.request is not None:
            name, changed = _partial(names[route.request, "validation"], schemas)
            schemas[name] = changed
    queries = {
        route.query: schemas[_name(names[route.query, "validation"])]
        for route in routes
        if route.query is not None
    }
    for model in queries:
        schemas.pop(_name(names[model, "validation"]), None)
    paths: dict[str, Any] = {}
    for route in routes:
        query = queries[route.query] if route.query is not None else {}
        operation = _operation(route, names, query)
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "provisiond", "version": version, "description": _INTRODUCTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(_tag(route) for route in routes)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-provisiond"},
            },
        },
    }


def statuses(route: Route) -> tuple[int, ...]:
    """What a route answers beside what was asked for."""
    found = {400, 404, 422, 503} if route.parameters else {400, 422, 503}
    if route.noun is not None:
        found |= {401, 403}
    if route.is_change:
        found |= {401, 403, 409}
    if route.request is not None or route.uploads:
        found |= {408, 413, 415}
    if route.conditional:
        found |= {412, 428}
    return tuple(sorted(found | set(route.fails_with)))


def _models(routes: Iterable[Route]) -> list[tuple[type[BaseModel], Any]]:
    found: dict[tuple[type[BaseModel], str], None] = {(Problem, "serialization"): None}
    for route in routes:
        if route.request is not None:
            found[route.request, "validation"] = None
        if route.query is not None:
            found[route.query, "validation"] = None
        if route.answer is not None:
            found[route.answer, "serialization"] = None
    return list(found)


def _operation(
    route: Route, names: Mapping[Any, JsonSchemaValue], query: Mapping[str, Any]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [_tag(route)],
        "parameters": [*_path(route), *_query(query), *_headers(route)],
        "responses": _responses(route, names),
    }
    if route.noun is None:
        operation["security"] = []
    else:
        operation["description"] = f"Needs `{route.verb.value}` of `{route.noun.value}`."
    if route.request is not None:
        schema = names[route.request, "validation"]
        if route.partial:
            schema = {"$ref": f"{schema['$ref']}Change"}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    if route.uploads:
        # The media type says what stands there: a file is whatever it is (OpenAPI 3.1 §4.8.14.3).
        operation["requestBody"] = {
            "required": True,
            "content": {media: {} for media in route.uploads},
        }
    return operation


def _path(route: Route) -> Iterable[dict[str, Any]]:
    for name in route.parameters:
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS[name].meaning,
            "schema": {"type": "string", "minLength": 1, "examples": [PARAMETERS[name].example]},
        }


def _query(schema: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for name, field in schema.get("properties", {}).items():
        shape = {key: value for key, value in field.items() if key not in ("title", "description")}
        parts = [part for part in shape.pop("anyOf", []) if part != {"type": "null"}]
        shape = {**shape, **(parts[0] if parts else {})}
        if shape.get("default", 0) is None:
            del shape["default"]
        parameter = {"name": name, "in": "query", "required": False, "schema": shape}
        if "description" in field:
            parameter["description"] = field["description"]
        yield parameter


def _headers(route: Route) -> Iterable[dict[str, Any]]:
    if route.conditional:
        yield {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "the ETag of the record that was seen, or * for any",
            "schema": {"type": "string", "examples": ['"3"']},
        }
    if route.is_change and route.noun is not None and route.stream is None:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "the change is made once for it, within a day",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        }


def _responses(route: Route, names: Mapping[Any, JsonSchemaValue]) -> dict[str, Any]:
    if route.answer is not None:
        schema = names[route.answer, "serialization"]
        content = {
            media: {"schema": schema if media == "application/json" else _schema_of(media)}
            for media in route.media
        }
        found = {str(route.status): {"description": route.summary, "content": content}}
    elif route.stream is not None:
        content = {media: {"schema": _schema_of(media)} for media in route.media}
        found = {"200": {"description": route.summary, "content": content}}
    else:
        found = {"204": {"description": "It is done."}}
    problem = {MEDIA: {"schema": names[Problem, "serialization"]}}
    for status in statuses(route):
        why = _WHY.get(status, HTTPStatus(status).phrase)
        found[str(status)] = {"description": why, "content": problem}
    return found


def _schema_of(media: str) -> dict[str, Any]:
    """What stands in a stream: a tree, or a text."""
    is_tree = media in ("application/json", "application/yaml")
    return {"type": "object" if is_tree else "string"}


def _name(reference: JsonSchemaValue) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name


def _partial(reference: JsonSchemaValue, schemas: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The schema of a change: the same fields, none of which must be given."""
    name = _name(reference)
    schema = {key: value for key, value in schemas[name].items() if key != "required"}
    return f"{name}Change", {**schema, "title": f"{name}Change"}


def _tag(route: Route) -> str:
    return route.noun.value.replace("_", " ") if route.noun is not None else "own account"
