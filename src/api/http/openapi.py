"""The OpenAPI 3.1 description, made from the same table that the routes are mounted from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

from pydantic.json_schema import models_json_schema

from api.http.errors import is_v2
from api.http.params import Params
from api.http.request_data import FORM, JSON

Schema: TypeAlias = dict[str, Any]

_PATH_PARAMETER: Final = re.compile(r"\{(\w+)(?::\w+)?\}")
_REF: Final = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation of the API. Each concept's routes export a list of them, `ENDPOINTS`.

    `path` is written as Litestar wants it (`/v1/customers/{customer:str}`), `params` is the model
    of the request's parameters, `returns` the `object` of the answer (`billing.meter`), `listed`
    says that the answer is a page of them. `files` are the media types of one that is no JSON.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    params: type[Params] | None
    returns: str
    summary: str
    tag: str
    description: str = ""
    listed: bool = False
    files: tuple[str, ...] = ()

    @property
    def public_path(self) -> str:
        """The path as a reader knows it: `/v1/customers/{customer}`."""
        return _PATH_PARAMETER.sub(r"{\1}", self.path)

    @property
    def path_parameters(self) -> list[str]:
        """Names of the variable parts of the path."""
        return _PATH_PARAMETER.findall(self.path)

    @property
    def operation_id(self) -> str:
        """A name unique to the operation, such as `post_v1_customers_customer`."""
        words = re.findall(r"\w+", self.public_path)
        return "_".join([self.method.lower(), *words])


def openapi_document(endpoints: Iterable[Endpoint], *, title: str, version: str) -> Schema:
    """Describe the endpoints as one OpenAPI 3.1 document."""
    table = sorted(endpoints, key=lambda e: (e.public_path, e.method))
    refs, schemas = _param_schemas(table)
    paths: dict[str, Schema] = {}
    for endpoint in table:
        operation = _operation(endpoint, refs, schemas)
        paths.setdefault(endpoint.public_path, {})[endpoint.method.lower()] = operation
    schemas.update({e.returns: _object_schema(e.returns) for e in table if not e.files})
    schemas.update(_ERRORS)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "security": [{"bearer": []}, {"basic": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(e.tag for e in table)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The API key is the user name, the password is empty.",
                },
            },
        },
    }


def _param_schemas(table: list[Endpoint]) -> tuple[dict[type[Params], str], dict[str, Schema]]:
    """For each model the name of its schema, and all schemas by name."""
    models = list(dict.fromkeys(e.params for e in table if e.params is not None))
    refs, document = models_json_schema([(m, "validation") for m in models], ref_template=_REF)
    names = {model: refs[model, "validation"]["$ref"].rsplit("/", 1)[1] for model in models}
    return names, _without_null_defaults(document.get("$defs", {}))


def _without_null_defaults(node: Any) -> Any:
    """A field that was left out is None here, which is no value that its schema allows."""
    if isinstance(node, dict):
        entries = cast("Schema", node).items()
        return {
            key: _without_null_defaults(value)
            for key, value in entries
            if (key, value) != ("default", None)
        }
    if isinstance(node, list):
        return [_without_null_defaults(value) for value in cast("list[Any]", node)]
    return node


def _operation(
    endpoint: Endpoint, refs: dict[type[Params], str], schemas: dict[str, Schema]
) -> Schema:
    operation: Schema = {
        "operationId": endpoint.operation_id,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in endpoint.path_parameters
        ],
        "responses": _responses(endpoint),
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.params is not None:
        name = refs[endpoint.params]
        if endpoint.method == "POST":
            operation["requestBody"] = _request_body(endpoint, name, schemas[name])
        else:
            operation["parameters"] += _query_parameters(schemas[name])
    return operation


def _request_body(endpoint: Endpoint, name: str, schema: Schema) -> Schema:
    reference = {"$ref": _REF.format(model=name)}
    required = bool(schema.get("required"))
    if not endpoint.path.startswith("/v1/"):
        return {"required": required, "content": {JSON: {"schema": reference}}}
    encoding = {field: _NESTED for field, part in _properties(schema) if _is_nested(part)}
    return {"required": required, "content": {FORM: {"schema": reference, "encoding": encoding}}}


def _query_parameters(schema: Schema) -> list[Schema]:
    required = schema.get("required", [])
    return [
        {
            "name": field,
            "in": "query",
            "required": field in required,
            "schema": part,
            **(_NESTED if _is_nested(part) else {}),
        }
        for field, part in _properties(schema)
    ]


_NESTED: Final[Schema] = {"style": "deepObject", "explode": True}


def _properties(schema: Schema) -> list[tuple[str, Schema]]:
    return list(schema.get("properties", {}).items())


def _is_nested(schema: Schema) -> bool:
    """Whether a field is written with brackets."""
    arms: list[Schema] = schema.get("anyOf", [schema])
    return any("$ref" in arm or arm.get("type") in {"object", "array"} for arm in arms)


def _object_schema(name: str) -> Schema:
    return {
        "type": "object",
        "properties": {"object": {"const": name}},
        "required": ["object"],
    }


def _responses(endpoint: Endpoint) -> Schema:
    answer: Schema = {"$ref": _REF.format(model=endpoint.returns)}
    if endpoint.listed:
        answer = {
            "type": "object",
            "properties": {
                "object": {"const": "list"},
                "url": {"type": "string"},
                "has_more": {"type": "boolean"},
                "data": {"type": "array", "items": answer},
            },
            "required": ["object", "url", "has_more", "data"],
        }
    error = "ErrorV2" if is_v2(endpoint.path) else "Error"
    content: Schema = {kind: {} for kind in endpoint.files} or {JSON: {"schema": answer}}
    return {
        "200": {"description": "Done.", "content": content},
        "default": {
            "description": "Refused, or failed.",
            "content": {JSON: {"schema": {"$ref": _REF.format(model=error)}}},
        },
    }


def _error_schema(required: list[str], optional: list[str]) -> Schema:
    properties = {name: {"type": "string"} for name in (*required, *optional)}
    error = {"type": "object", "properties": properties, "required": required}
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}


_ERRORS: Final = {
    "Error": _error_schema(["type", "message"], ["code", "param"]),
    "ErrorV2": _error_schema(["code", "message"], ["type"]),
}
