"""Tax rates over HTTP, through the official client."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from stripe import StripeClient

from tests.support.served import Served
from tests.support.stripe_shape import problems

EVERYTHING: dict[str, Any] = {
    "active": True,
    "country": "US",
    "description": "Sales tax of New York",
    "display_name": "Sales tax",
    "inclusive": False,
    "jurisdiction": "US - NY",
    "metadata": {"a": "1"},
    "percentage": 8.875,
    "state": "NY",
    "tax_type": "sales_tax",
}


@pytest.fixture
def client(served: Served) -> StripeClient:
    return served.client()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with served.http() as plain:
        yield plain


def test_every_parameter_is_kept_and_shown(client: StripeClient, http: httpx.Client):
    created = client.v1.tax_rates.create(EVERYTHING)  # type: ignore[arg-type]
    answer = http.get(f"/v1/tax_rates/{created.id}").json()
    assert problems(answer, "TaxRate") == []
    assert {name: answer[name] for name in EVERYTHING} == EVERYTHING
    assert (answer["effective_percentage"], answer["rate_type"]) == (None, None)


def test_a_percentage_is_exact(http: httpx.Client):
    form = {"display_name": "VAT", "inclusive": "true", "percentage": "9.975000000001"}
    answer = http.post("/v1/tax_rates", data=form)
    assert answer.json(parse_float=Decimal)["percentage"] == Decimal("9.975000000001")


def test_an_update_changes_what_it_gives_and_unsets_what_is_empty(
    client: StripeClient, http: httpx.Client
):
    created = client.v1.tax_rates.create(EVERYTHING)  # type: ignore[arg-type]
    form = {"active": "false", "description": "", "state": "", "metadata": "", "tax_type": "gst"}
    answer = http.post(f"/v1/tax_rates/{created.id}", data=form).json()
    assert problems(answer, "TaxRate") == []
    changed = {
        "active": False,
        "description": None,
        "state": None,
        "metadata": {},
        "tax_type": "gst",
    }
    assert {name: answer[name] for name in EVERYTHING} == EVERYTHING | changed


def test_lists_narrow_by_what_they_are(client: StripeClient, http: httpx.Client):
    def made(**given: Any) -> str:
        asked: Any = {"display_name": "VAT", "inclusive": False, "percentage": 1, **given}
        return client.v1.tax_rates.create(asked).id

    plain, inside, old = made(), made(inclusive=True), made(active=False)

    def found(**params: str) -> list[str]:
        page = http.get("/v1/tax_rates", params={"limit": "3", **params}).json()
        assert problems(page, "list:TaxRate") == []
        return [tax_rate["id"] for tax_rate in page["data"]]

    assert found() == [old, inside, plain]
    assert old not in found(active="true")
    assert inside in found(inclusive="true")
    assert plain not in found(inclusive="true")


@pytest.mark.parametrize(
    ("form", "param", "code"),
    [
        ({"inclusive": "true", "percentage": "5"}, "display_name", "parameter_missing"),
        ({"display_name": "VAT", "percentage": "5"}, "inclusive", "parameter_missing"),
        ({"display_name": "VAT", "inclusive": "true"}, "percentage", "parameter_missing"),
        ({"percentage": "100.5"}, "percentage", None),
        ({"percentage": "-1"}, "percentage", None),
        ({"percentage": "x"}, "percentage", None),
        ({"display_name": "x" * 51}, "display_name", None),
        ({"inclusive": "maybe"}, "inclusive", None),
        ({"country": "Germany"}, "country", None),
        ({"country": "US", "state": "New York"}, "state", None),
        ({"state": "NY"}, "country", "parameter_missing"),
        ({"tax_type": "poll_tax"}, "tax_type", None),
        ({"rate_type": "percentage"}, "rate_type", "parameter_unknown"),
    ],
)
def test_bad_input_names_the_field(
    http: httpx.Client, form: dict[str, str], param: str, code: str | None
):
    if code != "parameter_missing" or "state" in form:
        form = {"display_name": "VAT", "inclusive": "true", "percentage": "5", **form}
    response = http.post("/v1/tax_rates", data=form)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["param"] == param
    assert code is None or error["code"] == code


def test_what_it_comes_to_never_changes(client: StripeClient, http: httpx.Client):
    created = client.v1.tax_rates.create(EVERYTHING)  # type: ignore[arg-type]
    response = http.post(f"/v1/tax_rates/{created.id}", data={"percentage": "9"})
    assert response.json()["error"]["code"] == "parameter_unknown"
    assert http.get("/v1/tax_rates/txr_none").status_code == 404
