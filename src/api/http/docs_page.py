"""`/openapi.json` and `/docs`, rendered once at the start.

The page is plain HTML with its style inside: no script, and nothing is fetched from anywhere, which
its Content-Security-Policy also enforces.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from markupsafe import Markup, escape

from api.http.openapi import Schema

_TEMPLATES: Final = Path(__file__).parent / "templates"
_DEEPEST: Final = 6


@dataclass(frozen=True, slots=True)
class Field:
    """One row of a parameter table."""

    name: str
    kind: str
    required: bool
    description: str


def docs_routes(document: Schema) -> list[HTTPRouteHandler]:
    """The two routes that show an OpenAPI document."""
    as_json = msgspec.json.encode(document)
    page, policy = render_docs(document)

    @get("/openapi.json", sync_to_thread=False)
    def openapi_json() -> Response[bytes]:
        return Response(as_json, media_type="application/json")

    @get("/docs", sync_to_thread=False)
    def docs() -> Response[str]:
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
        return Response(page, media_type="text/html", headers=headers)

    return [openapi_json, docs]


def render_docs(document: Schema) -> tuple[str, str]:
    """The page and the Content-Security-Policy that belongs to it."""
    style = (_TEMPLATES / "docs.css").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(code_spans=code_spans)  # pyright: ignore[reportUnknownMemberType]
    page = environment.get_template("docs.html").render(
        info=document["info"],
        style=Markup(style),  # noqa: S704 - our own file
        sections=_sections(document),
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page, policy


def code_spans(text: str) -> Markup:
    """Escaped text in which what stands between backticks is code."""
    parts = escape(text).split("`")
    spans = (f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
    return Markup("").join(Markup(span) for span in spans)  # noqa: S704 - escaped above


def _sections(document: Schema) -> dict[str, list[dict[str, Any]]]:
    sections: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    schemas: dict[str, Schema] = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            sections[operation["tags"][0]].append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "summary": operation["summary"],
                    "description": operation.get("description", ""),
                    "fields": sorted(
                        _operation_fields(operation, schemas), key=lambda f: f.name == "expand"
                    ),
                    "returns": _returned(operation),
                }
            )
    return sections


def _operation_fields(operation: Schema, schemas: dict[str, Schema]) -> Iterator[Field]:
    for parameter in operation["parameters"]:
        if parameter["in"] == "query":
            yield from _fields(
                parameter["name"], parameter["schema"], parameter["required"], schemas, _DEEPEST
            )
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield from _fields_of_map("", content["schema"], schemas, _DEEPEST)


def _fields_of_map(
    prefix: str, schema: Schema, schemas: dict[str, Schema], depth: int
) -> Iterator[Field]:
    schema = _resolved(schema, schemas)
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        full = f"{prefix}[{name}]" if prefix else name
        yield from _fields(full, part, name in required, schemas, depth)


def _fields(
    name: str, schema: Schema, required: bool, schemas: dict[str, Schema], depth: int
) -> Iterator[Field]:
    arms = [_resolved(arm, schemas) for arm in schema.get("anyOf", [schema])]
    arms = [arm for arm in arms if arm.get("type") != "null"]
    kind = " or ".join(dict.fromkeys(_kind(arm, schemas) for arm in arms))
    yield Field(name, kind, required, _description(schema, arms))
    if depth:
        for arm in arms:
            if arm.get("type") == "array":
                yield from _fields_of_map(f"{name}[0]", arm["items"], schemas, depth - 1)
            else:
                yield from _fields_of_map(name, arm, schemas, depth - 1)


def _resolved(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    reference = schema.get("$ref")
    return schemas[reference.rsplit("/", 1)[1]] if reference else schema


def _description(schema: Schema, arms: list[Schema]) -> str:
    own = schema.get("description")
    return own or next(
        (arm["description"] for arm in arms if "properties" not in arm and "description" in arm), ""
    )


def _kind(schema: Schema, schemas: dict[str, Schema]) -> str:
    """A schema in a few words."""
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"]) or "empty to unset"
    match schema.get("type"):
        case "array":
            return f"list of {_kind(_resolved(schema['items'], schemas), schemas)}"
        case "object":
            return "map"
        case "integer":
            return _integer_kind(schema)
        case "string" if "maxLength" in schema:
            return f"{schema.get('format', 'string')}, at most {schema['maxLength']} characters"
        case kind:
            return str(schema.get("format", kind or "any"))


def _integer_kind(schema: Schema) -> str:
    if schema.get("format") == "unix-time":
        return "time in seconds since 1970"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and low > -(2**63):
        return f"integer from {low}" + (f" to {high}" if high and high < 2**63 - 1 else "")
    return "integer"


def _returned(operation: Schema) -> str:
    content: Schema = operation["responses"]["200"]["content"]
    if "application/json" not in content:
        return " or ".join(content)
    schema = content["application/json"]["schema"]
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    return f"a list of {schema['properties']['data']['items']['$ref'].rsplit('/', 1)[1]}"
