"""From the parameters of a request to the command that it asks for."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import JsonValue

from api.http.call import Call
from api.http.params import missing
from api.http.versions import default_billing_mode
from api.subscriptions.params_common import SubscriptionFields
from api.subscriptions.params_create import BillingModeParams, ItemCreate, SubscriptionCreate
from api.subscriptions.params_update import ItemUpdate, SubscriptionCancel, SubscriptionUpdate
from ledger.kernel.ids import new_id
from ledger.subscriptions.commands import (
    CancelSubscription,
    CreateSubscription,
    ItemChange,
    ItemRequest,
    UpdateSubscription,
)

_KEPT: Final = (
    "default_source",
    "off_session",
    "payment_behavior",
    "payment_settings",
    "trial_settings",
)
_COMMON: Final = (
    "cancel_at",
    "cancel_at_period_end",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "description",
)


def creation(call: Call[SubscriptionCreate]) -> CreateSubscription:
    """Raises ApiError where the customer or a price is not named."""
    asked = call.params
    if asked.customer is None:
        raise missing("customer")
    mode = asked.billing_mode
    given = {
        name: getattr(asked, name)
        for name in (*_COMMON, "backdate_start_date", "billing_cycle_anchor", "currency")
        if asked.given(name)
    }
    if asked.proration_behavior is not None:
        given["proration_behavior"] = asked.proration_behavior
    return CreateSubscription(
        subscription=new_id("sub"),
        customer=asked.customer,
        items=item_requests(asked.items, "items"),
        billing_mode=mode.type if mode else default_billing_mode(call.version),
        metadata=asked.metadata or {},
        settings=_settings(asked, mode),
        **given,
    )


def item_requests(items: Sequence[ItemCreate], param: str) -> tuple[ItemRequest, ...]:
    """The prices to subscribe to, each as a new item. Raises ApiError for one without a price."""
    return tuple(_item(item, f"{param}[{i}]") for i, item in enumerate(items))


def _item(item: ItemCreate, param: str) -> ItemRequest:
    price = item.price or item.plan
    if price is None:
        raise missing(f"{param}[price]")
    return ItemRequest(
        id=new_id("si", 14), price=price, quantity=item.quantity, metadata=item.metadata or {}
    )


def change(call: Call[SubscriptionUpdate]) -> UpdateSubscription:
    """Raises ApiError for an item that is not named."""
    asked = call.params
    fields = {name: getattr(asked, name) for name in _COMMON if asked.given(name)}
    if asked.items:
        fields["items"] = tuple(_item_change(i, item) for i, item in enumerate(asked.items))
    if asked.given("metadata"):
        fields["metadata"] = asked.metadata
    settings = _settings(asked, None)
    if settings:
        fields["settings"] = settings
    details = asked.cancellation_details
    if details is not None:
        fields |= details.model_dump(include=details.model_fields_set)
    return UpdateSubscription(subscription=call.path["subscription"], **fields)


def _item_change(i: int, item: ItemUpdate) -> ItemChange:
    if item.id is None:
        raise missing(f"items[{i}][id]")
    return ItemChange(id=item.id, metadata=item.metadata)


def end(call: Call[SubscriptionCancel]) -> CancelSubscription:
    asked, details = call.params, call.params.cancellation_details
    return CancelSubscription(
        subscription=call.path["subscription"],
        invoice_now=asked.invoice_now,
        prorate=asked.prorate,
        comment=details.comment if details else None,
        feedback=details.feedback if details else None,
    )


def _settings(asked: SubscriptionFields, mode: BillingModeParams | None) -> dict[str, JsonValue]:
    """Payment parameters to keep as they came, without what was left out."""
    given: dict[str, Any] = asked.model_dump(mode="json", include=set(_KEPT), exclude_unset=True)
    if mode is not None and mode.flexible is not None and mode.flexible.proration_discounts:
        given["proration_discounts"] = mode.flexible.proration_discounts
    return given
