"""The shape check itself: it accepts what conforms and names what does not."""

from typing import Any

import pytest

from tests.support.stripe_shape import deletion_problems, problems

METER: dict[str, Any] = {
    "id": "mtr_test_1",
    "object": "billing.meter",
    "created": 1,
    "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
    "default_aggregation": {"formula": "sum"},
    "display_name": "Tokens",
    "event_name": "tokens",
    "event_time_window": None,
    "livemode": False,
    "status": "active",
    "status_transitions": {"deactivated_at": None},
    "updated": 1,
    "value_settings": {"event_payload_key": "value"},
}


def test_accepts_what_conforms() -> None:
    assert problems(METER, "billing.Meter") == []
    page = {"object": "list", "url": "/v1/billing/meters", "has_more": False, "data": [METER]}
    assert problems(page, "list:billing.Meter") == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"event_time_window": ...}, "$.event_time_window: missing"),
        ({"status": "on"}, "$.status: 'on' is none of"),
        ({"created": "1"}, "$.created: expected int, found '1'"),
        ({"created": None}, "$.created: expected int, found None"),
        ({"livemode": 0}, "$.livemode: expected bool, found 0"),
        ({"value_settings": {}}, "$.value_settings.event_payload_key: missing"),
        ({"dimensions": []}, "$.dimensions: no such field"),
        ({"status_transitions": None}, "$.status_transitions: expected StatusTransitions"),
    ],
)
def test_names_what_does_not(change: dict[str, Any], problem: str) -> None:
    changed = {name: value for name, value in {**METER, **change}.items() if value is not ...}
    [found] = problems(changed, "billing.Meter")
    assert found.startswith(problem)
    [found] = problems(
        {"object": "list", "url": "/", "has_more": True, "data": [changed]}, "list:billing.Meter"
    )
    assert found.startswith(problem.replace("$", "$.data[0]"))


def test_decimals_are_text_and_references_ids_or_objects() -> None:
    tier = {"up_to": None, "flat_amount": None, "flat_amount_decimal": None, "unit_amount": None}
    found = problems({"tiers": [{**tier, "unit_amount_decimal": 0.5}], "product": 7}, "Price")
    assert "$.tiers[0].unit_amount_decimal: expected Decimal, found 0.5" in found
    assert any(problem.startswith("$.product: expected ") for problem in found)
    found = problems(
        {"product": "prod_1", "tiers": [{**tier, "unit_amount_decimal": "0.5"}]}, "Price"
    )
    assert not [problem for problem in found if ".tiers[" in problem or ".product:" in problem]


def test_a_deletion_answers_a_stub() -> None:
    assert (
        deletion_problems({"id": "cus_1", "object": "customer", "deleted": True}, "customer") == []
    )
    assert deletion_problems({"id": "cus_1", "object": "customer"}, "customer")
