"""Refusals of invoice items and of invoices made by hand."""

from tests.bad_input.scene import Refused

ITEMS = "POST /v1/invoiceitems"
ITEM = "POST /v1/invoiceitems/$waiting"
CREATE = "POST /v1/invoices"
ONE = "POST /v1/invoices/$manual"
MISSING = "resource_missing"
ABSENT = "parameter_missing"
EXCLUSIVE = "parameters_exclusive"
FINAL = "invoice_not_editable"
WHOLE = "parameter_invalid_integer"
MOST = str(2**63 - 1)
AMOUNT = "customer=$customer&amount=1"

_ITEMS = [
    Refused(ITEMS, "amount=1", "Missing required param: customer", "customer", ABSENT),
    Refused(ITEMS, "customer=$customer", "Say what to bill", "amount", ABSENT),
    Refused(ITEMS, "customer=cus_none&amount=1", "No such customer", "customer", MISSING),
    Refused(ITEMS, "customer=$gone&amount=1", "No such customer", "customer", MISSING),
    Refused(ITEMS, "customer=$foreign_customer&amount=1", "No such", "customer", MISSING),
    Refused(ITEMS, f"{AMOUNT}.5", "Invalid integer", "amount", WHOLE),
    Refused(ITEMS, f"customer=$customer&amount={2**63}", "at most", "amount", WHOLE),
    Refused(ITEMS, f"{AMOUNT}&pricing[price]=$once", "only specify one", "pricing", EXCLUSIVE),
    Refused(
        ITEMS,
        f"{AMOUNT}&unit_amount_decimal=1",
        "only specify one",
        "unit_amount_decimal",
        EXCLUSIVE,
    ),
    Refused(ITEMS, f"{AMOUNT}&quantity=2", "A quantity goes with a price", "quantity"),
    Refused(
        ITEMS,
        "customer=$customer&pricing[price]=$once&quantity=1&quantity_decimal=1.5",
        "only specify one",
        "quantity_decimal",
        EXCLUSIVE,
    ),
    Refused(
        ITEMS,
        "customer=$customer&pricing[price]=$once&quantity=-1",
        "at least 0",
        "quantity",
        WHOLE,
    ),
    Refused(
        ITEMS,
        "customer=$customer&pricing[price]=$once&quantity_decimal=0.0000000000001",
        "at most 12 decimal places",
        "quantity_decimal",
    ),
    *(
        Refused(ITEMS, f"customer=$customer&{fields}", why, param, code)
        for fields, why, param, code in (
            ("pricing[price]=$price", "type=recurring", "pricing[price]", None),
            ("pricing[price]=$seat", "type=recurring", "pricing[price]", None),
            ("pricing[price]=$archived", "inactive", "pricing[price]", None),
            ("pricing[price]=$once_eur", "only supports eur", "pricing[price]", None),
            ("pricing[price]=price_none", "No such price", "pricing[price]", MISSING),
            ("pricing[price]=$foreign_price", "No such price", "pricing[price]", MISSING),
            ("price=$once", "unknown parameter: price", "price", "parameter_unknown"),
            ("price_data[product]=$product", "Missing", "price_data[currency]", ABSENT),
            ("price_data[currency]=usd", "Missing", "price_data[product]", ABSENT),
            (
                "price_data[currency]=usd&price_data[product]=prod_none&price_data[unit_amount]=1",
                "No such product",
                "price_data[product]",
                MISSING,
            ),
            (
                "price_data[currency]=usd&price_data[product]=$product",
                "unit_amount",
                "price_data[unit_amount]",
                ABSENT,
            ),
            (
                (
                    "currency=usd&price_data[currency]=eur&price_data[product]=$product"
                    "&price_data[unit_amount]=1"
                ),
                "only supports eur",
                "price_data[currency]",
                None,
            ),
            ("amount=1&currency=eur", "cannot combine currencies", "currency", None),
            ("amount=1&currency=xxx", "Invalid currency", "currency", None),
            ("amount=1&invoice=in_none", "No such invoice", "invoice", MISSING),
            ("amount=1&invoice=$foreign_invoice", "No such invoice", "invoice", MISSING),
            ("amount=1&invoice=$void", "no longer editable", "invoice", FINAL),
            ("amount=1&invoice=$other_manual", "not of the customer", "invoice", None),
            ("amount=1&invoice=$manual&currency=eur", "cannot combine", "currency", None),
            ("amount=1&subscription=sub_none", "No such", "subscription", MISSING),
            ("amount=1&subscription=$foreign_subscription", "No such", "subscription", MISSING),
            ("amount=1&subscription=$other_subscription", "not of the", "subscription", None),
            ("amount=1&period[start]=2", "Missing", "period[end]", ABSENT),
            ("amount=1&period[start]=2&period[end]=1", "before the start", "period[end]", None),
            ("amount=1&tax_rates[0]=txr_none", "No such tax rate", "tax_rates[0]", MISSING),
            (
                "amount=1&discounts[0][coupon]=none",
                "No such coupon",
                "discounts[0][coupon]",
                MISSING,
            ),
            ("amount=1&discountable=maybe", "Invalid boolean", "discountable", None),
            (
                f"pricing[price]=$once&quantity={MOST}",
                "64-bit",
                "quantity",
                None,
            ),
            (
                f"unit_amount_decimal={MOST}&quantity=2",
                "64-bit",
                "quantity",
                None,
            ),
        )
    ),
    Refused("POST /v1/invoiceitems/ii_none", "amount=1", "No such invoiceitem", None, MISSING, 404),
    Refused("GET /v1/invoiceitems/ii_none", "", "No such invoiceitem", None, MISSING, 404),
    Refused("GET /v1/invoiceitems/$customer", "", "No such invoiceitem", None, MISSING, 404),
    Refused("DELETE /v1/invoiceitems/ii_none", "", "No such", None, MISSING, 404),
    Refused("GET /v1/invoiceitems/$foreign_waiting", "", "No such", None, MISSING, 404),
    Refused(ITEM, "customer=$customer", "unknown parameter", "customer", "parameter_unknown"),
    Refused(ITEM, "quantity=2", "A quantity goes with a price", "quantity"),
    Refused(ITEM, f"amount={2**63}", "at most", "amount", WHOLE),
    Refused(ITEM, "pricing[price]=$once_eur", "only supports eur", "pricing[price]"),
    Refused("POST /v1/invoiceitems/$frozen", "amount=1", "no longer editable", None, FINAL),
    Refused("POST /v1/invoiceitems/$frozen", "description=b", "no longer", None, FINAL),
    Refused("DELETE /v1/invoiceitems/$frozen", "", "no longer editable", None, FINAL),
]

_INVOICES = [
    Refused(CREATE, "", "Missing required param: customer", "customer", ABSENT),
    Refused(CREATE, "customer=cus_none", "No such customer", "customer", MISSING),
    Refused(CREATE, "customer=$gone", "No such customer", "customer", MISSING),
    Refused(CREATE, "subscription=sub_none", "No such", "subscription", MISSING),
    Refused(
        CREATE,
        "customer=$customer&subscription=$other_subscription",
        "not of the customer",
        "subscription",
    ),
    *(
        Refused(CREATE, f"customer=$customer&{fields}", why, param, code)
        for fields, why, param, code in (
            ("currency=eur", "cannot combine currencies", "currency", None),
            ("days_until_due=3", "collection_method=send_invoice", "days_until_due", None),
            ("due_date=$too_late", "collection_method=send_invoice", "due_date", None),
            ("collection_method=send_invoice", "Missing", "days_until_due", ABSENT),
            (
                "collection_method=send_invoice&days_until_due=-1",
                "from 0 to",
                "days_until_due",
                WHOLE,
            ),
            (
                "collection_method=send_invoice&days_until_due=3651",
                "from 0 to",
                "days_until_due",
                WHOLE,
            ),
            ("collection_method=send_invoice&due_date=$too_old", "future", "due_date", None),
            (
                "collection_method=send_invoice&due_date=$too_late&days_until_due=1",
                "only specify one",
                "due_date",
                EXCLUSIVE,
            ),
            ("automatically_finalizes_at=$too_old", "future", "automatically_finalizes_at", None),
            (
                "automatically_finalizes_at=$too_late&auto_advance=false",
                "needs auto_advance",
                "automatically_finalizes_at",
                None,
            ),
            ("number=A-1", "number is not supported", "number", None),
            ("from_invoice[action]=revision", "credit note", "from_invoice", None),
            ("shipping_cost[shipping_rate]=s", "bill shipping", "shipping_cost", None),
            ("custom_fields[0][name]=a", "Missing", "custom_fields[0][value]", ABSENT),
            ("default_tax_rates[0]=txr_none", "No such", "default_tax_rates[0]", MISSING),
            ("discounts[0][coupon]=none", "No such", "discounts[0][coupon]", MISSING),
            ("discounts[0][promotion_code]=p", "name the", "discounts[0][promotion_code]", None),
        )
    ),
    Refused("POST /v1/invoices/in_none", "description=a", "No such invoice", None, MISSING, 404),
    Refused("POST /v1/invoices/$foreign_invoice", "", "No such invoice", None, MISSING, 404),
    Refused("POST /v1/invoices/$open", "description=a", "Finalized", "description", FINAL),
    Refused("POST /v1/invoices/$open", "footer=", "Finalized", "footer", FINAL),
    Refused("POST /v1/invoices/$open", "days_until_due=1", "Finalized", "days_until_due", FINAL),
    Refused("POST /v1/invoices/$void", "discounts=", "Finalized", "discounts", FINAL),
    Refused("DELETE /v1/invoices/$open", "", "no longer editable", None, FINAL),
    Refused("DELETE /v1/invoices/$draft", "", "of no subscription"),
    Refused("DELETE /v1/invoices/in_none", "", "No such invoice", None, MISSING, 404),
    Refused("GET /v1/invoices/$deleted", "", "No such invoice", None, MISSING, 404),
    Refused("POST /v1/invoices/$deleted/finalize", "", "No such invoice", None, MISSING, 404),
    Refused("POST /v1/invoices/$manual/void", "", "only void open"),
    Refused("POST /v1/invoices/$manual/pay", "paid_out_of_band=true", "draft"),
    Refused("POST /v1/invoices/$manual/mark_uncollectible", "", "only mark open"),
    Refused("POST /v1/invoices/$manual/send", "", "collection method is 'send_invoice'"),
    Refused("POST /v1/invoices/$huge/finalize", "", "64-bit"),
]

INVOICES = [*_ITEMS, *_INVOICES]
