"""Changes of items that are refused, each naming its field."""

from typing import Any

import pytest

from ledger.subscriptions.commands import ItemChange, UpdateSubscription
from tests.subscriptions.shop import tokens_and_seats
from tests.support.billing_ledger import BillingLedger, at


@pytest.fixture
def ledger() -> BillingLedger:
    return tokens_and_seats()


@pytest.mark.parametrize(
    ("item", "fields", "param"),
    [
        ({"id": "si_other", "quantity": 2}, {}, "items[0][id]"),
        ({"id": "si_price_tokens", "quantity": 2}, {}, "items[0][quantity]"),
        ({"id": "si_price_seat", "quantity": -1}, {}, "items[0][quantity]"),
        ({"id": "si_price_seat", "price": "price_archived"}, {}, "items[0][price]"),
        ({"id": "si_price_seat", "price": "price_euro"}, {}, "items[0][price]"),
        ({"id": "si_price_seat", "price": "price_tokens"}, {}, "items[0][price]"),
        ({"id": "si_new", "added": True, "price": "price_seat"}, {}, "items[0][price]"),
        ({"id": "si_new", "added": True}, {}, "items[0][price]"),
        ({"id": "si_price_seat", "clear_usage": True}, {}, "items[0][clear_usage]"),
        ({"id": "si_price_seat", "usage_gte": 5}, {}, "items[0][billing_thresholds][usage_gte]"),
        (
            {"id": "si_price_seat", "quantity": 2},
            {"proration_date": at("2025-12-31")},
            "proration_date",
        ),
        (
            {"id": "si_price_seat", "quantity": 2},
            {"one_item": True, "proration_date": at("2026-02-02")},
            "proration_date",
        ),
        ({"id": "si_price_tokens", "quantity": 2}, {"one_item": True}, "quantity"),
        ({"id": "si_new", "added": True, "price": "price_euro"}, {"one_item": True}, "price"),
    ],
)
def test_what_breaks_a_rule_is_refused(
    ledger: BillingLedger, item: dict[str, Any], fields: dict[str, Any], param: str
) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    command = UpdateSubscription(subscription="sub_a", items=(ItemChange(**item),), **fields)
    assert ledger.refused(command).param == param


def test_a_subscription_keeps_an_item(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    removal = ItemChange(id="si_price_seat", deleted=True)
    command = UpdateSubscription(subscription="sub_a", items=(removal,))
    assert ledger.refused(command).param == "items"
