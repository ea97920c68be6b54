"""`/v1/invoices/create_preview`: which invoice to come is asked for."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from api.coupons.params import discount_requests
from api.http.call import View
from api.http.errors import ApiError
from api.http.params import missing
from api.http.versions import ApiVersion, default_billing_mode
from api.invoices.live import preview
from api.invoices.params_preview import InvoicePreview, PreviewDetails, PreviewItem
from api.subscriptions.params_create import ItemCreate
from api.subscriptions.requests import item_requests, one_time_price, tax_rates_of
from api.subscriptions.requests_update import item_changes, pause_of
from ledger.coupons.redeeming import DiscountHolder, give_discounts
from ledger.invoices.bill import Bill
from ledger.invoices.events import InvoiceDrafted
from ledger.invoices.ingredients import UsageReaders
from ledger.invoices.preview import Changing, Previewing, nothing_upcoming
from ledger.invoices.preview_items import PreviewedItem, with_items
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import new_id
from ledger.kernel.periods import Period
from ledger.kernel.quantities import decimal_text
from ledger.store.work import Work
from ledger.subscriptions.commands import (
    CancelSubscription,
    CreateSubscription,
    ResumeSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.handlers import require_subscription
from projections.invoices.rows import InvoiceRow

_NOT_OF_DETAILS = {"customer", "currency", "subscription"}


def asked_preview(
    view: View, asked: InvoicePreview, version: ApiVersion
) -> tuple[View, InvoiceRow]:
    """The row of the invoice and the view to show it in: of now, or of the past that is given.

    Raises ApiError and LedgerError where nothing can be previewed.
    """
    if asked.subscription is not None:
        decide = _of_subscription(asked, asked.subscription)
    elif asked.customer is None:
        raise missing("subscription")
    elif asked.subscription_details is not None and asked.subscription_details.items:
        command = _creation(asked, version, asked.customer, asked.subscription_details)
        decide = _as_asked(lambda previewing: previewing.of_creation(command))
    else:
        decide = _of_customer(asked, asked.customer)
    items = _items(asked)

    def bill(work: Work, readers: UsageReaders) -> Bill:
        def alter(draft: InvoiceDrafted) -> InvoiceDrafted:
            return _with_discounts(work, asked, with_items(work, draft, items))

        return decide(Previewing(work, readers, asked.preview_mode or "next", alter))

    return preview(view, bill)


Decide = Callable[[Previewing], Bill]


def _of_subscription(asked: InvoicePreview, subscription: str) -> Decide:
    changing = _changing(asked, subscription)

    def decide(previewing: Previewing) -> Bill:
        known = require_subscription(previewing.work, subscription, param="subscription")
        if asked.customer not in {None, known.customer}:
            raise ApiError(
                f"The subscription {subscription} is not of the customer {asked.customer}.",
                param="customer",
            )
        if changing is None:
            return previewing.upcoming(subscription)
        return previewing.of_change(changing)

    return _as_asked(decide)


def _of_customer(asked: InvoicePreview, customer: str) -> Decide:
    """The next invoice of a customer: of the subscription whose period ends first, or else of what
    waits for one."""

    def decide(previewing: Previewing) -> Bill:
        subscription = previewing.next_of(customer)
        if subscription is not None:
            return previewing.upcoming(subscription)
        named = next((item.currency for item in asked.invoice_items if item.currency), None)
        currency = asked.currency or named or previewing.currency_of(customer)
        if currency is None:
            raise nothing_upcoming()
        return previewing.of_items(customer, currency)

    return decide


def _changing(asked: InvoicePreview, subscription: str) -> Changing | None:
    """What is to be done to a subscription; None where nothing is."""
    details = asked.subscription_details
    if details is None or not details.model_fields_set:
        return None
    if details.cancel_now:
        prorate = details.proration_behavior != "none"
        return CancelSubscription(subscription=subscription, invoice_now=True, prorate=prorate)
    if details.pause is not None and details.pause.model_fields_set:
        return pause_of(subscription, details.pause)
    if details.resume_at is not None:
        return ResumeSubscription(
            subscription=subscription,
            billing_cycle_anchor="unchanged" if _anchor_type(details) == "unchanged" else "now",
            proration_behavior=details.proration_behavior or "create_prorations",
            proration_date=details.proration_date,
        )
    return _update(subscription, details)


def _anchor_type(details: PreviewDetails) -> str | None:
    anchor = details.billing_cycle_anchor
    return None if anchor is None else anchor.type


def _update(subscription: str, details: PreviewDetails) -> UpdateSubscription:
    given: dict[str, Any] = {
        name: getattr(details, name)
        for name in ("proration_behavior", "proration_date", "trial_end")
        if getattr(details, name) is not None
    }
    for name in ("cancel_at", "cancel_at_period_end"):
        if details.given(name):
            given[name] = getattr(details, name)
    if details.items:
        given["items"] = item_changes(details.items, "items")
    if details.given("default_tax_rates"):
        given["default_tax_rates"] = tuple(details.default_tax_rates or ())
    if _anchor_type(details) == "now":
        given["billing_cycle_anchor"] = "now"
    elif _anchor_type(details) == "timestamp":
        raise ApiError(
            "The anchor of a subscription that there is can be reset to now, or stay unchanged.",
            param="subscription_details[billing_cycle_anchor][type]",
        )
    return UpdateSubscription(subscription=subscription, **given)


def _as_asked(decide: Decide) -> Decide:
    """Refusals name the fields as a request for a preview does."""

    def named(previewing: Previewing) -> Bill:
        try:
            return decide(previewing)
        except LedgerError as refusal:
            refusal.param = _param(refusal.param)
            raise

    return named


def _param(param: str | None) -> str | None:
    field, bracket, rest = (param or "").partition("[")
    if param is None or field in _NOT_OF_DETAILS | {"invoice_items", "discounts"}:
        return param
    name = "start_date" if field == "backdate_start_date" else field
    return f"subscription_details[{name}]{bracket}{rest}"


def _creation(
    asked: InvoicePreview, version: ApiVersion, customer: str, details: PreviewDetails
) -> CreateSubscription:
    mode, anchor = details.billing_mode, details.billing_cycle_anchor
    given: dict[str, Any] = {}
    if details.proration_behavior is not None:
        given["proration_behavior"] = details.proration_behavior
    items = [
        ItemCreate.model_construct(**{name: getattr(item, name) for name in _ITEM_FIELDS})
        for item in details.items
    ]
    return CreateSubscription(
        subscription=new_id("sub"),
        customer=customer,
        items=item_requests(items, "subscription_details[items]"),
        billing_mode=mode.type if mode else default_billing_mode(version),
        currency=asked.currency,
        billing_cycle_anchor=anchor.timestamp if anchor else None,
        backdate_start_date=details.start_date,
        trial_end=details.trial_end if isinstance(details.trial_end, datetime) else None,
        cancel_at=details.cancel_at,
        cancel_at_period_end=details.cancel_at_period_end,
        default_tax_rates=tuple(details.default_tax_rates or ()),
        **given,
    )


_ITEM_FIELDS = tuple(ItemCreate.model_fields)


def _items(asked: InvoicePreview) -> tuple[PreviewedItem, ...]:
    """The invoice items that the preview asks for. Raises ApiError and InvalidRequest."""
    return tuple(_item(item, f"invoice_items[{i}]") for i, item in enumerate(asked.invoice_items))


def _item(item: PreviewItem, param: str) -> PreviewedItem:
    given: dict[str, Any] = {
        name: getattr(item, name)
        for name in ("amount", "currency", "description", "discountable", "price")
        if getattr(item, name) is not None
    }
    if item.given("metadata"):
        given["metadata"] = item.metadata or {}
    if item.period is not None:
        if item.period.end < item.period.start:
            raise ApiError(
                "The end of a period cannot be before its start.", param=f"{param}[period][end]"
            )
        given["period"] = Period(item.period.start, item.period.end)
    if item.quantity_decimal is not None or item.quantity is not None:
        decimal = item.quantity_decimal
        given["quantity"] = str(item.quantity) if decimal is None else decimal_text(decimal)
    if item.unit_amount_decimal is not None or item.unit_amount is not None:
        unit = item.unit_amount_decimal
        given["unit_amount_decimal"] = str(item.unit_amount) if unit is None else decimal_text(unit)
    if item.given("tax_rates"):
        given["tax_rates"] = tax_rates_of(item.tax_rates)
    if item.given("discounts"):
        given["discounts"] = discount_requests(item.discounts, param=f"{param}[discounts]")
    return PreviewedItem(
        item=item.invoiceitem,
        price_data=one_time_price(item.price_data, f"{param}[price_data]"),
        **given,
    )


def _with_discounts(work: Work, asked: InvoicePreview, draft: InvoiceDrafted) -> InvoiceDrafted:
    """The draft with the discounts that the preview asks for, if it does."""
    if not asked.given("discounts"):
        return draft
    holder = DiscountHolder("invoice", "upcoming", draft.customer, draft.currency, draft.created)
    given = give_discounts(
        work, discount_requests(asked.discounts), holder, draft.details.discounts
    )
    details = draft.details.model_copy(update={"discounts": given})
    return draft.model_copy(update={"details": details})
