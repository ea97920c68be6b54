"""From the parameters of changes of subscriptions to the commands that ask for them."""

from collections.abc import Sequence
from typing import Any

from api.coupons.params import discount_requests
from api.http.call import Call
from api.http.params import missing
from api.subscriptions.params_create import ItemCreate
from api.subscriptions.params_update import (
    BillFor,
    ItemFields,
    ItemUpdate,
    PauseFields,
    SubscriptionCancel,
    SubscriptionItemCreate,
    SubscriptionItemDelete,
    SubscriptionItemUpdate,
    SubscriptionMigrate,
    SubscriptionPause,
    SubscriptionResume,
    SubscriptionUpdate,
)
from api.subscriptions.requests import (
    COMMON,
    added_charges,
    kept_settings,
    recurring_price,
    tax_rates_of,
    thresholds_of,
    usage_threshold,
)
from ledger.kernel.ids import new_id
from ledger.subscriptions.commands import (
    CancelSubscription,
    ItemChange,
    MigrateSubscription,
    PauseSubscription,
    ResumeSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.parts import PauseCollection


def change(call: Call[SubscriptionUpdate]) -> UpdateSubscription:
    """Raises ApiError for a new item without a price."""
    asked = call.params
    fields = {name: getattr(asked, name) for name in COMMON if asked.given(name)}
    for name in ("proration_behavior", "proration_date", "trial_end"):
        if getattr(asked, name) is not None:
            fields[name] = getattr(asked, name)
    if asked.items:
        fields["items"] = item_changes(asked.items, "items")
    if asked.add_invoice_items:
        fields["add_invoice_items"] = added_charges(asked.add_invoice_items)
    if asked.billing_cycle_anchor is not None:
        fields["billing_cycle_anchor"] = asked.billing_cycle_anchor.type
    if asked.given("metadata"):
        fields["metadata"] = asked.metadata
    settings = kept_settings(asked, None)
    if settings:
        fields["settings"] = settings
    details = asked.cancellation_details
    if details is not None:
        fields |= details.model_dump(include=details.model_fields_set)
    return UpdateSubscription(
        subscription=call.path["subscription"], **fields, **_deductions(asked)
    )


def _deductions(asked: SubscriptionUpdate) -> dict[str, Any]:
    """Discounts, taxes, thresholds and a paused collection, as far as they were sent."""
    given: dict[str, Any] = {}
    if asked.given("default_tax_rates"):
        given["default_tax_rates"] = tuple(asked.default_tax_rates or ())
    if asked.given("discounts") and asked.discounts != []:
        given["discounts"] = discount_requests(asked.discounts)
    if asked.given("billing_thresholds"):
        given["thresholds"] = thresholds_of(asked.billing_thresholds)
    if asked.given("pause_collection"):
        pause = asked.pause_collection
        given["pause_collection"] = PauseCollection(**pause.model_dump()) if pause else None
    return given


def item_changes(items: Sequence[ItemUpdate], param: str) -> tuple[ItemChange, ...]:
    """Changes of items, new ones where no id is given. Raises ApiError for one without a price."""
    return tuple(_item_change(item, f"{param}[{i}]") for i, item in enumerate(items))


def _item_change(item: ItemUpdate, param: str) -> ItemChange:
    fields = _item_fields(item, f"{param}[price_data]", f"{param}[discounts]")
    if item.id is None:
        if "price" not in fields:
            raise missing(f"{param}[price]")
        return ItemChange(id=new_id("si", 14), added=True, **fields)
    return ItemChange(id=item.id, deleted=item.deleted, clear_usage=item.clear_usage, **fields)


def _item_fields(item: ItemFields | ItemCreate, price_data: str, discounts: str) -> dict[str, Any]:
    """The fields of an item as far as they were sent."""
    fields: dict[str, Any] = {}
    made = recurring_price(item.price_data, price_data)
    price = made.price if made else item.price or item.plan
    if price is not None:
        fields |= {"price": price, "price_data": made}
    if item.quantity is not None:
        fields["quantity"] = item.quantity
    if item.given("metadata"):
        fields["metadata"] = item.metadata
    if item.given("tax_rates"):
        fields["tax_rates"] = tax_rates_of(item.tax_rates)
    if item.given("discounts"):
        fields["discounts"] = discount_requests(item.discounts, param=discounts)
    if item.given("billing_thresholds"):
        fields["usage_gte"] = usage_threshold(item.billing_thresholds)
    return fields


def item_change(
    subscription: str,
    item_id: str,
    asked: SubscriptionItemUpdate | SubscriptionItemCreate,
    *,
    added: bool,
) -> UpdateSubscription:
    """A change of one item, or a new one, at its own route. Raises ApiError."""
    fields = _item_fields(asked, "price_data", "discounts")
    if added and "price" not in fields:
        raise missing("price")
    one = ItemChange(id=item_id, added=added, **fields)
    return UpdateSubscription(
        subscription=subscription, items=(one,), one_item=True, **_proration(asked)
    )


def item_removal(
    subscription: str, item_id: str, asked: SubscriptionItemDelete
) -> UpdateSubscription:
    one = ItemChange(id=item_id, deleted=True, clear_usage=asked.clear_usage)
    return UpdateSubscription(
        subscription=subscription, items=(one,), one_item=True, **_proration(asked)
    )


def _proration(
    asked: SubscriptionItemUpdate | SubscriptionItemCreate | SubscriptionItemDelete,
) -> dict[str, Any]:
    names = ("proration_behavior", "proration_date")
    return {name: getattr(asked, name) for name in names if getattr(asked, name) is not None}


def end(call: Call[SubscriptionCancel]) -> CancelSubscription:
    asked, details = call.params, call.params.cancellation_details
    return CancelSubscription(
        subscription=call.path["subscription"],
        invoice_now=asked.invoice_now,
        prorate=asked.prorate,
        comment=details.comment if details else None,
        feedback=details.feedback if details else None,
    )


def pause(call: Call[SubscriptionPause]) -> PauseSubscription:
    return pause_of(call.path["subscription"], call.params)


def pause_of(subscription: str, asked: PauseFields) -> PauseSubscription:
    """What is billed and given back when a subscription is paused."""
    bill_for = asked.bill_for or BillFor()
    usage, unused = bill_for.outstanding_usage_through, bill_for.unused_time_from
    return PauseSubscription(
        subscription=subscription,
        bill_usage=usage is None or usage.type == "now",
        credit_from=unused.type if unused else "now",
        invoice=asked.invoicing_behavior == "invoice",
    )


def resume(call: Call[SubscriptionResume]) -> ResumeSubscription:
    asked = call.params
    return ResumeSubscription(
        subscription=call.path["subscription"],
        billing_cycle_anchor=asked.billing_cycle_anchor.type
        if asked.billing_cycle_anchor
        else "now",
        proration_behavior=asked.proration_behavior or "create_prorations",
        proration_date=asked.proration_date,
    )


def migrate(call: Call[SubscriptionMigrate]) -> MigrateSubscription:
    mode = call.params.billing_mode
    discounts = mode.flexible.proration_discounts if mode.flexible else None
    return MigrateSubscription(
        subscription=call.path["subscription"],
        settings={"proration_discounts": discounts} if discounts else {},
    )
