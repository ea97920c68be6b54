"""Refusals of lines of drafts that are edited by hand."""

from tests.bad_input.scene import Refused

ITEMS = "POST /v1/invoiceitems"
ONE = "POST /v1/invoices/$manual"
MISSING = "resource_missing"
ABSENT = "parameter_missing"
EXCLUSIVE = "parameters_exclusive"
FINAL = "invoice_not_editable"
AMOUNT = "customer=$customer&amount=1"

LINES = [
    Refused(f"{ONE}/add_lines", "", "Missing required param: lines", "lines", ABSENT),
    Refused(
        f"{ONE}/add_lines",
        "lines[0][amount]=1&lines[1][description]=b",
        "Say what to bill",
        "lines[1][amount]",
        ABSENT,
    ),
    *(
        Refused(f"{ONE}/add_lines", f"lines[0]{field}", why, f"lines[0]{param}", code)
        for field, why, param, code in (
            ("[amount]=1&lines[0][quantity]=2", "A quantity goes", "[quantity]", None),
            ("[pricing][price]=price_none", "No such price", "[pricing][price]", MISSING),
            ("[pricing][price]=$seat", "type=recurring", "[pricing][price]", None),
            ("[invoice_item]=ii_none", "No such invoiceitem", "[invoice_item]", MISSING),
            ("[invoice_item]=$frozen", "on an invoice already", "[invoice_item]", None),
            ("[invoice_item]=$other_waiting", "No such", "[invoice_item]", MISSING),
            (
                "[price_data][currency]=usd&lines[0][price_data][unit_amount]=1",
                "Missing",
                "[price_data][product]",
                ABSENT,
            ),
            (
                "[quantity]=1&lines[0][quantity_decimal]=1",
                "only specify one",
                "[quantity_decimal]",
                EXCLUSIVE,
            ),
            ("[amount]=1&lines[0][tax_amounts][0][amount]=1", "tax_rates", "[tax_amounts]", None),
            (
                "[amount]=1&lines[0][discounts][0][coupon]=none",
                "No such",
                "[discounts][0][coupon]",
                MISSING,
            ),
        )
    ),
    Refused(
        f"{ONE}/add_lines",
        "&".join(f"lines[{n}][amount]=1" for n in range(251)),
        "at most 250",
        "lines",
    ),
    Refused(
        "POST /v1/invoices/$full/add_lines", "lines[0][amount]=1", "at most 250 lines", "lines"
    ),
    Refused(ITEMS, f"{AMOUNT}&invoice=$full", "at most 250 lines", "invoice"),
    Refused("POST /v1/invoices/$open/add_lines", "lines[0][amount]=1", "no longer", None, FINAL),
    Refused("POST /v1/invoices/$open/update_lines", "lines[0][id]=il_a", "no longer", None, FINAL),
    Refused(
        "POST /v1/invoices/$open/remove_lines",
        "lines[0][id]=il_a&lines[0][behavior]=delete",
        "no longer",
        None,
        FINAL,
    ),
    Refused(
        f"{ONE}/update_lines",
        "lines[0][id]=il_none&lines[0][amount]=1",
        "No such line_item",
        "lines[0][id]",
        MISSING,
    ),
    Refused(
        f"{ONE}/remove_lines",
        "lines[0][id]=il_none&lines[0][behavior]=delete",
        "No such line_item",
        "lines[0][id]",
        MISSING,
    ),
    Refused(
        f"{ONE}/remove_lines",
        "lines[0][id]=il_none&lines[0][behavior]=hide",
        "must be one of delete or unassign",
        "lines[0][behavior]",
    ),
    Refused(
        "POST /v1/invoices/$draft/update_lines",
        "lines[0][id]=$draft_line&lines[0][amount]=1",
        "bills a subscription",
        "lines[0][amount]",
    ),
    Refused(
        "POST /v1/invoices/$draft/remove_lines",
        "lines[0][id]=$draft_line&lines[0][behavior]=delete",
        "bills a subscription",
        "lines[0][id]",
    ),
    Refused("POST /v1/invoices/$draft/lines/$draft_line", "quantity=1", "bills a", "quantity"),
    Refused(f"{ONE}/lines/il_none", "amount=1", "No such line_item", None, MISSING, 404),
    Refused("POST /v1/invoices/$open/lines/il_none", "", "no longer editable", None, FINAL),
]
