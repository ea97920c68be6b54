"""`/v1/invoices/create_preview`: which invoice to come is asked for."""

from typing import Any

from api.http.call import Call
from api.http.errors import ApiError
from api.http.params import missing
from api.http.versions import default_billing_mode
from api.invoices.live import preview
from api.invoices.params import InvoicePreview, PreviewDetails
from api.subscriptions.requests import item_requests
from ledger.invoices.bill import Bill
from ledger.invoices.ingredients import UsageReaders
from ledger.invoices.preview import preview_customer, preview_new, preview_upcoming
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import new_id
from ledger.store.work import Work
from ledger.subscriptions.commands import CreateSubscription
from projections.invoices.rows import InvoiceRow


def asked_preview(call: Call[InvoicePreview]) -> InvoiceRow:
    """Raises ApiError and LedgerError where nothing can be previewed."""
    asked = call.params
    if asked.subscription is not None:
        return _of_subscription(call, asked.subscription)
    if asked.customer is None:
        raise missing("subscription")
    customer = asked.customer
    if asked.subscription_details is None:
        return preview(call.view(), lambda work, usage: preview_customer(work, usage, customer))
    command = _creation(call, customer, asked.subscription_details)

    def first(work: Work, usage: UsageReaders) -> Bill:
        try:
            return preview_new(work, usage, command)
        except LedgerError as refusal:
            refusal.param = _as_asked(refusal.param)
            raise

    return preview(call.view(), first)


def _as_asked(param: str | None) -> str | None:
    """The name that a field of the creation has in a request for its preview."""
    if param is None or param in {"customer", "currency"}:
        return param
    field, bracket, rest = param.partition("[")
    name = "start_date" if field == "backdate_start_date" else field
    return f"subscription_details[{name}]{bracket}{rest}"


def _of_subscription(call: Call[InvoicePreview], subscription: str) -> InvoiceRow:
    asked = call.params
    if asked.subscription_details is not None and asked.subscription_details.model_fields_set:
        raise ApiError(
            "subscription_details is not supported together with subscription: the items of a "
            "running subscription cannot be changed. Pass customer to preview a new one.",
            param="subscription_details",
        )

    def upcoming(work: Work, usage: UsageReaders) -> Bill:
        bill = preview_upcoming(work, usage, subscription)
        if asked.customer not in {None, bill.draft.customer}:
            raise ApiError(
                f"The subscription {subscription} is not of the customer {asked.customer}.",
                param="customer",
            )
        return bill

    return preview(call.view(), upcoming)


def _creation(
    call: Call[InvoicePreview], customer: str, details: PreviewDetails
) -> CreateSubscription:
    mode, anchor = details.billing_mode, details.billing_cycle_anchor
    given: dict[str, Any] = {}
    if details.proration_behavior is not None:
        given["proration_behavior"] = details.proration_behavior
    return CreateSubscription(
        subscription=new_id("sub"),
        customer=customer,
        items=item_requests(details.items, "subscription_details[items]"),
        billing_mode=mode.type if mode else default_billing_mode(call.version),
        currency=call.params.currency,
        billing_cycle_anchor=anchor.timestamp if anchor else None,
        backdate_start_date=details.start_date,
        cancel_at=details.cancel_at,
        cancel_at_period_end=details.cancel_at_period_end,
        **given,
    )
