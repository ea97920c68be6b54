"""Refusals of subscriptions, items and invoices."""

from tests.bad_input.scene import Refused

CREATE = "POST /v1/subscriptions"
PLAIN = "customer=$customer&items[0][price]=$price"
ONE = "POST /v1/subscriptions/$subscription"
PREVIEW = "POST /v1/invoices/create_preview"

SUBSCRIPTIONS = [
    Refused(CREATE, "items[0][price]=$price", "customer", "customer", "parameter_missing"),
    Refused(
        CREATE, "customer=$customer", "Missing required param: items", "items", "parameter_missing"
    ),
    Refused(
        CREATE,
        "customer=cus_none&items[0][price]=$price",
        "No such customer: 'cus_none'",
        "customer",
        "resource_missing",
    ),
    Refused(
        CREATE,
        "customer=$gone&items[0][price]=$price",
        "No such customer",
        "customer",
        "resource_missing",
    ),
    Refused(
        CREATE,
        "customer=$customer&items[0][price]=price_none",
        "No such price: 'price_none'",
        "items[0][price]",
        "resource_missing",
    ),
    Refused(
        CREATE,
        f"{PLAIN}&items[1][price]=price_none",
        "No such price: 'price_none'",
        "items[1][price]",
        "resource_missing",
    ),
    Refused(CREATE, f"{PLAIN}&items[0][quantity]=2", "usage_type is metered", "items[0][quantity]"),
    Refused(
        CREATE,
        "customer=$customer&items[0][price]=$seat&items[0][quantity]=-1",
        "0",
        "items[0][quantity]",
    ),
    Refused(CREATE, f"{PLAIN}&items[1][price]=$price", "same price", "items[1][price]"),
    Refused(CREATE, f"{PLAIN}&backdate_start_date=$too_late", "in the past", "backdate_start_date"),
    Refused(
        CREATE,
        f"{PLAIN}&billing_cycle_anchor=1893456000",
        "natural billing date",
        "billing_cycle_anchor",
    ),
    Refused(
        CREATE,
        f"{PLAIN}&billing_cycle_anchor=$too_old",
        "billing_cycle_anchor",
        "billing_cycle_anchor",
    ),
    Refused(CREATE, f"{PLAIN}&cancel_at=$too_old", "in the future", "cancel_at"),
    Refused(
        CREATE,
        f"{PLAIN}&cancel_at=$too_late&cancel_at_period_end=true",
        "only specify one of these parameters",
        "cancel_at",
        "parameters_exclusive",
    ),
    Refused(
        CREATE,
        f"{PLAIN}&collection_method=send_invoice",
        "days_until_due",
        "days_until_due",
        "parameter_missing",
    ),
    Refused(CREATE, f"{PLAIN}&days_until_due=3", "send_invoice", "days_until_due"),
    Refused(CREATE, f"{PLAIN}&billing_mode[type]=elastic", "must be one of", "billing_mode[type]"),
    Refused(CREATE, f"{PLAIN}&coupon=x", "coupon", "coupon", "parameter_unknown"),
    Refused(
        CREATE, f"{PLAIN}&cancel_at_period_end=perhaps", "Invalid boolean", "cancel_at_period_end"
    ),
    Refused(
        "POST /v1/subscriptions/sub_none",
        "metadata[a]=b",
        "No such subscription: 'sub_none'",
        code="resource_missing",
        status=404,
    ),
    Refused(
        ONE, "items[0][id]=si_none", "No such subscription item", "items[0][id]", "resource_missing"
    ),
    Refused(ONE, "cancel_at=$too_old", "in the future", "cancel_at"),
    Refused(
        "DELETE /v1/subscriptions/$subscription",
        "invoice_now=perhaps",
        "Invalid boolean",
        "invoice_now",
    ),
    Refused("GET /v1/subscriptions", "status=gone", "must be one of", "status"),
    # invoices
    Refused("POST /v1/invoices/$open/pay", "", "paid_out_of_band", "paid_out_of_band"),
    Refused(
        "POST /v1/invoices/$open/pay",
        "payment_method=pm_card_visa",
        "paid_out_of_band",
        "paid_out_of_band",
    ),
    Refused("POST /v1/invoices/$draft/pay", "paid_out_of_band=true", "draft"),
    Refused("POST /v1/invoices/$draft/void", "", "is a draft"),
    Refused("POST /v1/invoices/$draft/mark_uncollectible", "", "open"),
    Refused("POST /v1/invoices/$void/finalize", "", "already finalized"),
    Refused("POST /v1/invoices/$void/pay", "paid_out_of_band=true", "void"),
    Refused(
        "POST /v1/invoices/in_none/finalize",
        "",
        "No such invoice: 'in_none'",
        code="resource_missing",
        status=404,
    ),
    Refused(
        "GET /audit/v1/invoices/$draft/replay",
        "",
        "finalized",
    ),
    Refused(PREVIEW, "", "subscription", "subscription", "parameter_missing"),
    Refused(
        PREVIEW,
        "subscription=sub_none",
        "No such subscription: 'sub_none'",
        "subscription",
        "resource_missing",
    ),
    Refused(
        PREVIEW,
        "customer=$customer&subscription_details[items][0][price]=price_none",
        "No such price",
        "subscription_details[items][0][price]",
        "resource_missing",
    ),
]
