"""From an invoice's row to its page: who, when, and what the status means."""

import msgspec
import pytest

from api.invoices.document.page import Sum
from projections.customers.rows import PersonalPart
from projections.invoices.rows import AmountsPart
from tests.support.composed_pages import page_of
from tests.support.invoice_rows import FEBRUARY, a_draft, a_line, an_invoice


def test_an_open_invoice_says_who_owes_what_and_when():
    page = page_of(an_invoice())
    assert (page.heading, page.status, page.mark) == ("Invoice ADA-0001", "Open", "")
    assert page.title == "Invoice ADA-0001 from Hypernian"
    assert page.standing == "To be paid by 3 March 2026 (UTC)."
    assert page.headline == Sum("Amount due", "US$1.20")
    assert page.customer.name == "Ada Lovelace"
    assert page.customer.lines == ("12 St James’s Square", "SW1Y 4JH London", "ada@example.com")
    facts = {fact.label: fact.text for fact in page.facts}
    assert facts == {
        "Invoice number": "ADA-0001",
        "Issued": "1 February 2026",
        "Due": "3 March 2026",
        "Period": "1 Jan 2026 – 31 Jan 2026",
        "Currency": "USD",
        "Purchase order": "PO-7",
    }
    assert page.footer == "Footer of the customer."
    assert page.stamped_at == FEBRUARY + 3600


def test_a_draft_is_marked_and_proves_nothing():
    page = page_of(a_draft())
    assert (page.heading, page.status) == ("Draft in_1", "Draft")
    assert page.mark.startswith("Draft: no invoice yet.")
    assert page.headline == Sum("Amount so far", "US$1.20")
    assert page.standing == "It will be issued on 1 February 2026."
    assert page.proof is None
    assert page_of(a_draft(finalization_error="Too large.")).standing.endswith(": Too large.")


@pytest.mark.parametrize(
    ("fields", "status", "headline", "standing"),
    [
        (
            {"status": "void", "voided_at": FEBRUARY},
            "Void",
            Sum("Amount due", "US$0.00"),
            "It was withdrawn; nothing is to be paid.",
        ),
        (
            {"status": "uncollectible", "marked_uncollectible_at": FEBRUARY},
            "Uncollectible",
            Sum("Amount due", "US$1.20"),
            "Payment is no longer expected.",
        ),
        (
            {
                "status": "paid",
                "paid_at": FEBRUARY + 86_400,
                "amounts": AmountsPart(subtotal=120, total=120, amount_due=120, amount_paid=120),
            },
            "Paid",
            Sum("Amount paid", "US$1.20"),
            "Paid on 2 February 2026. Thank you.",
        ),
        (
            {"status": "paid", "paid_at": FEBRUARY, "amounts": AmountsPart(), "lines": ()},
            "Paid",
            Sum("Amount due", "US$0.00"),
            "Nothing is to be paid.",
        ),
        ({"due_date": None}, "Open", Sum("Amount due", "US$1.20"), "Payable on receipt."),
    ],
)
def test_every_status_is_said_plainly(fields, status, headline, standing):
    page = page_of(an_invoice(**fields))
    assert (page.status, page.headline, page.standing) == (status, headline, standing)
    assert ("withdrawn" in page.mark) == (status == "Void")


def test_a_finalized_invoice_says_how_it_is_verified():
    proof = page_of(an_invoice()).proof
    assert proof is not None
    assert (proof.through_position, proof.engine_version) == ("42", "2")
    assert proof.document_sha256 == "ab" * 32
    assert proof.command == "tallybook invoice replay in_1"
    assert proof.request == "GET /audit/v1/invoices/in_1/replay"


def test_a_test_ledger_is_no_demand_for_payment():
    assert page_of(an_invoice(livemode=False)).mark == "Test data: nothing is owed."


def test_an_erased_customer_is_blank():
    page = page_of(an_invoice(), personal=PersonalPart())
    assert (page.customer.name, page.customer.lines, page.footer) == ("", (), "")


def test_the_invoices_own_footer_and_description_go_first():
    page = page_of(an_invoice(footer="Own footer.", description="Thanks,\nAda!"))
    assert (page.footer, page.notes) == ("Own footer.", ("Thanks,", "Ada!"))


def test_names_that_steer_the_page_are_made_plain():
    line = msgspec.structs.replace(a_line(), product_name="Tok\u202eens\x07")
    page = page_of(
        an_invoice(lines=(line,)), personal=PersonalPart(name="Ada\x1b]0;x", email="a\nb@c")
    )
    assert page.lines[0].description == "Tokens\ufffd"
    assert (page.customer.name, page.customer.lines) == ("Ada\ufffd]0;x", ("a b@c",))
