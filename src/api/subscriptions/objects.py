"""A subscription as the wire shows it (contract §8)."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from api.coupons.objects import standing_discounts
from api.http.call import View
from api.http.lists import list_object
from api.prices.objects import PriceRows, price_rows
from api.subscriptions.objects_items import item_object
from api.tax_rates.objects import tax_rate_objects
from projections.subscriptions.rows import SubscriptionRow

_NEVER: Final[dict[str, Any]] = {
    "application": None,
    "application_fee_percent": None,
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
    "billing_schedules": [],
    "customer_account": None,
    "managed_payments": None,
    "next_pending_invoice_item_invoice": None,
    "on_behalf_of": None,
    "pending_invoice_item_interval": None,
    "pending_setup_intent": None,
    "pending_update": None,
    "schedule": None,
    "transfer_data": None,
}
"""Fields of what this ledger does not have."""

_INVOICE_SETTINGS: Final[dict[str, Any]] = {
    "account_tax_ids": None,
    "custom_fields": None,
    "description": None,
    "footer": None,
    "issuer": {"type": "self"},
}

_OTHER_METHODS: Final[dict[str, Any]] = dict.fromkeys(
    (
        "acss_debit",
        "bancontact",
        "billie",
        "blik",
        "customer_balance",
        "konbini",
        "payto",
        "pix",
        "sepa_debit",
        "upi",
        "us_bank_account",
    )
)


def subscription_objects(view: View, rows: Sequence[SubscriptionRow]) -> list[dict[str, Any]]:
    """Several subscriptions; a price that they share is looked up once."""
    prices = price_rows(view, (item.price for row in rows for item in row.items))
    return [_subscription_object(view, row, prices) for row in rows]


def subscription_object(view: View, row: SubscriptionRow) -> dict[str, Any]:
    return subscription_objects(view, [row])[0]


def _subscription_object(view: View, row: SubscriptionRow, prices: PriceRows) -> dict[str, Any]:
    shown = {
        "id": row.id,
        "object": "subscription",
        **_NEVER,
        "billing_cycle_anchor": row.billing_cycle_anchor,
        "billing_cycle_anchor_config": _part(row.anchor_config),
        "billing_thresholds": _part(row.thresholds),
        "billing_mode": _billing_mode(row),
        "cancel_at": row.cancel_at,
        "cancel_at_period_end": row.cancel_at_period_end,
        "canceled_at": row.canceled_at,
        "cancellation_details": {
            "comment": row.cancellation.comment,
            "feedback": row.cancellation.feedback,
            "feedback_option": None,
            "reason": row.cancellation.reason,
        },
        "collection_method": row.collection_method,
        "created": row.created,
        "currency": row.currency,
        "customer": row.customer,
        "days_until_due": row.days_until_due,
        "default_payment_method": row.default_payment_method,
        "default_source": row.settings.get("default_source"),
        "default_tax_rates": tax_rate_objects(view, row.default_tax_rates),
        "description": row.description,
        "discounts": standing_discounts(view, row.discounts),
        "ended_at": row.ended_at,
        "invoice_settings": _INVOICE_SETTINGS,
        "items": list_object(
            f"/v1/subscription_items?subscription={row.id}",
            [item_object(view, row, item, prices) for item in row.items],
            has_more=False,
        ),
        "latest_invoice": row.latest_invoice,
        "livemode": row.livemode,
        "metadata": row.metadata,
        "pause_collection": _part(row.pause_collection),
        "payment_settings": _payment_settings(row.settings.get("payment_settings") or {}),
        "start_date": row.start_date,
        "status": row.status,
        "test_clock": row.test_clock,
        "trial_end": row.trial_end,
        "trial_settings": _trial_settings(row.settings.get("trial_settings") or {}),
        "trial_start": row.trial_start,
    }
    if row.paused_at is not None:
        shown["status_details"] = {"paused": _paused(row.paused_at)}
    return shown


def _paused(paused_at: int) -> dict[str, Any]:
    return {
        "subscription": {"type": "pause_requested"},
        "transitioned_at": paused_at,
        "type": "subscription",
    }


def _part(part: msgspec.Struct | None) -> dict[str, Any] | None:
    return None if part is None else msgspec.structs.asdict(part)


def _billing_mode(row: SubscriptionRow) -> dict[str, Any]:
    if row.billing_mode == "classic":
        return {"type": "classic", "flexible": None}
    discounts = row.settings.get("proration_discounts") or "included"
    shown: dict[str, Any] = {"type": "flexible", "flexible": {"proration_discounts": discounts}}
    return shown if row.migrated_at is None else shown | {"updated_at": row.migrated_at}


def _payment_settings(kept: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = kept.get("payment_method_options") or {}
    card: dict[str, Any] | None = options.get("card")
    return {
        "payment_method_options": _OTHER_METHODS | {"card": _card(card)} if card else None,
        "payment_method_types": kept.get("payment_method_types"),
        "save_default_payment_method": kept.get("save_default_payment_method") or "off",
    }


def _trial_settings(kept: dict[str, Any]) -> dict[str, Any]:
    end: dict[str, Any] = kept.get("end_behavior") or {}
    return {
        "end_behavior": {
            "billing_cycle_anchor": end.get("billing_cycle_anchor"),
            "missing_payment_method": end.get("missing_payment_method") or "create_invoice",
        }
    }


def _card(kept: dict[str, Any]) -> dict[str, Any]:
    return {
        "mandate_options": None,
        "network": kept.get("network"),
        "request_three_d_secure": kept.get("request_three_d_secure"),
    }
