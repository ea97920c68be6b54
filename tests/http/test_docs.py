"""The OpenAPI description and the page made from it."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.http.docs_page import code_spans, docs_routes, render_docs
from api.http.lists import CreatedListParams
from api.http.openapi import Endpoint, openapi_document
from tests.http.sample_params import Sample

ENDPOINTS = [
    Endpoint(
        method="POST",
        path="/v1/samples/{sample:str}",
        params=Sample,
        returns="sample",
        summary="Change a <sample>",
        tag="Samples & more",
        description="Everything else stays.",
    ),
    Endpoint(
        method="GET",
        path="/v1/samples",
        params=CreatedListParams,
        returns="sample",
        listed=True,
        summary="List samples",
        tag="Samples & more",
    ),
    Endpoint(
        method="POST",
        path="/v2/samples",
        params=Sample,
        returns="v2.sample",
        summary="Create a v2 sample",
        tag="Version 2",
    ),
    Endpoint(
        method="DELETE",
        path="/v1/samples/{sample:str}",
        params=None,
        returns="sample",
        summary="Delete a sample",
        tag="Samples & more",
    ),
]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document(ENDPOINTS, title="Tallybook", version="1.2.3")


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in references(value)]
    return []


def defaults(node: Any) -> list[Any]:
    if isinstance(node, dict):
        own = [node["default"]] if "default" in node else []
        return own + [found for value in node.values() for found in defaults(value)]
    if isinstance(node, list):
        return [found for value in node for found in defaults(value)]
    return []


def test_a_default_is_a_value_that_may_be_sent(document: dict[str, Any]) -> None:
    found = defaults(document)
    assert found
    assert None not in found


def test_every_endpoint_is_described(document: dict[str, Any]) -> None:
    described = {(p, m) for p, operations in document["paths"].items() for m in operations}
    assert described == {
        ("/v1/samples/{sample}", "post"),
        ("/v1/samples/{sample}", "delete"),
        ("/v1/samples", "get"),
        ("/v2/samples", "post"),
    }
    assert document["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = references(document)
    schemas = document["components"]["schemas"]
    assert found
    assert {ref.removeprefix("#/components/schemas/") for ref in found} <= set(schemas)


def test_bodies_are_forms_in_v1_and_json_in_v2(document: dict[str, Any]) -> None:
    v1 = document["paths"]["/v1/samples/{sample}"]["post"]
    form = v1["requestBody"]["content"]["application/x-www-form-urlencoded"]
    assert form["encoding"]["tiers"] == {"style": "deepObject", "explode": True}
    assert "name" not in form["encoding"]
    assert v1["parameters"] == [
        {"name": "sample", "in": "path", "required": True, "schema": {"type": "string"}}
    ]
    v2 = document["paths"]["/v2/samples"]["post"]
    assert list(v2["requestBody"]["content"]) == ["application/json"]
    assert references(v2["responses"]["default"]) == ["#/components/schemas/ErrorV2"]


def test_a_list_takes_its_parameters_in_the_query(document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/samples"]["get"]
    parameters = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert parameters["limit"]["schema"]["maximum"] == 100
    assert parameters["created"]["style"] == "deepObject"
    assert "style" not in parameters["limit"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["properties"]["data"]["items"] == {"$ref": "#/components/schemas/sample"}


class Page(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def test_the_page_has_no_script_and_fetches_nothing(document: dict[str, Any]) -> None:
    elements = Page(render_docs(document)[0]).elements
    assert {tag for tag, _ in elements}.isdisjoint({"script", "link", "img", "iframe", "object"})
    names = {name for _, attributes in elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in {"src", "style"}}
    hrefs = {attributes["href"] for tag, attributes in elements if tag == "a"}
    assert all(href and href.startswith(("#", "/openapi.json")) for href in hrefs)


def test_the_policy_allows_the_page_its_own_style_only(document: dict[str, Any]) -> None:
    page, policy = render_docs(document)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def test_the_page_shows_every_parameter(document: dict[str, Any]) -> None:
    page, _ = render_docs(document)
    for name in ("recurring[interval]", "tiers[0][up_to]", "created[gte]", "metadata", "expand"):
        assert f"<code>{name}</code>" in page
    assert "<code>recurring[interval]</code> <em>required</em>" in page
    assert "day | week | month | year" in page
    assert "integer from 1 to 100" in page
    assert "Change a &lt;sample&gt;" in page


def test_every_link_on_the_page_leads_somewhere(document: dict[str, Any]) -> None:
    elements = Page(render_docs(document)[0]).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    targets = {str(a["href"])[1:] for tag, a in elements if tag == "a" and str(a["href"])[0] == "#"}
    assert len(ids) == len(set(ids))
    assert targets <= set(ids)


def test_both_are_served(document: dict[str, Any]) -> None:
    app = Litestar(docs_routes(document), openapi_config=None, logging_config=None)
    with TestClient(app) as client:
        assert client.get("/openapi.json").json() == document
        page = client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_backticks_are_code_and_what_stands_there_is_escaped() -> None:
    assert code_spans("takes `a<b>` alone") == "takes <code>a&lt;b&gt;</code> alone"
