"""The canonical document of an invoice: its bytes are a promise."""

import hashlib
import json

import rfc8785

from ledger.invoices.document import canonical_document, digest
from ledger.invoices.events import (
    DraftLine,
    FinalLine,
    InvoiceDetails,
    InvoiceDrafted,
    InvoiceFinalized,
    LineDiscount,
    LineTax,
    UsageEvidence,
)
from ledger.kernel.periods import Period
from ledger.rating.steps import RatedStep
from ledger.store.catalogue import encode_canonical
from tests.support.billing_ledger import at

JANUARY = Period(at("2026-01-01"), at("2026-02-01"))

DRAFT = InvoiceDrafted(
    customer="cus_a",
    subscription="sub_a",
    subscription_metadata={"secret": "note"},
    billing_reason="subscription_cycle",
    currency="usd",
    period=JANUARY,
    lines=(
        DraftLine(
            id="il_1",
            kind="metered",
            subscription_item="si_1",
            price="price_1",
            product="prod_1",
            meter="mtr_1",
            period=JANUARY,
            quantity=None,
            prorated_of=None,
        ),
    ),
    details=InvoiceDetails(
        collection_method="send_invoice",
        days_until_due=14,
        auto_advance=True,
        automatically_finalizes_at=at("2026-02-01T01:00"),
        default_payment_method="pm_secret",
        description="secret",
        footer="secret",
        metadata={"name": "secret"},
        default_tax_rates=("txr_1",),
    ),
    created=at("2026-02-01"),
    test_clock=None,
    livemode=False,
)

FINAL = InvoiceFinalized(
    number="AB12-0001",
    finalized_at=at("2026-02-01T01:00"),
    due_date=at("2026-02-15T01:00"),
    auto_advance=True,
    through_position=42,
    engine_version=1,
    lines=(
        FinalLine(
            id="il_1",
            quantity="3000.5",
            amount=124,
            price="price_1",
            price_version=1,
            evidence=UsageEvidence(
                meter_events=3, first_position=7, last_position=40, digest="ab" * 32
            ),
        ),
    ),
    subtotal=124,
    discount_total=0,
    tax_exclusive=0,
    tax_inclusive=0,
    total=124,
    starting_balance=-24,
    ending_balance=0,
    amount_due=100,
    document_sha256="",
)

DOCUMENT = (
    '{"amount_due":"100","billing_reason":"subscription_cycle",'
    '"collection_method":"send_invoice","created":"2026-02-01T00:00:00.000000Z",'
    '"currency":"usd","customer":"cus_a","document_version":1,'
    '"due_date":"2026-02-15T01:00:00.000000Z","ending_balance":"0","engine_version":1,'
    '"finalized_at":"2026-02-01T01:00:00.000000Z","invoice":"in_1",'
    '"lines":[{"amount":"124","evidence":{"digest":"' + "ab" * 32 + '","first_position":7,'
    '"last_position":40,"meter_events":3},"id":"il_1","kind":"metered","meter":"mtr_1",'
    '"period":{"end":"2026-02-01T00:00:00.000000Z","start":"2026-01-01T00:00:00.000000Z"},'
    '"price":"price_1","price_version":1,"product":"prod_1","prorated_of":null,'
    '"quantity":"3000.5","subscription_item":"si_1"}],"livemode":false,"number":"AB12-0001",'
    '"period":{"end":"2026-02-01T00:00:00.000000Z","start":"2026-01-01T00:00:00.000000Z"},'
    '"starting_balance":"-24","subscription":"sub_a","subtotal":"124",'
    '"through_position":42,"total":"124"}'
)


TAXED = FINAL.model_copy(
    update={
        "engine_version": 2,
        "lines": (
            FINAL.lines[0].model_copy(
                update={
                    "steps": (
                        RatedStep(
                            model="per_unit",
                            quantity="3000.5",
                            unit_amount="0.041666",
                            amount="125.018833",
                        ),
                        RatedStep(model="rounding", amount="-1.018833"),
                    ),
                    "discounts": (LineDiscount(discount="di_1", amount=24),),
                    "taxes": (
                        LineTax(
                            tax_rate="txr_1",
                            amount=19,
                            taxable_amount=100,
                            inclusive=False,
                            reason="standard_rated",
                        ),
                    ),
                }
            ),
        ),
        "discount_total": 24,
        "tax_exclusive": 19,
        "total": 119,
        "amount_due": 95,
    }
)

TAXED_DOCUMENT = (
    '{"amount_due":"95","billing_reason":"subscription_cycle",'
    '"collection_method":"send_invoice","created":"2026-02-01T00:00:00.000000Z",'
    '"currency":"usd","customer":"cus_a","discount_total":"24","document_version":2,'
    '"due_date":"2026-02-15T01:00:00.000000Z","ending_balance":"0","engine_version":2,'
    '"finalized_at":"2026-02-01T01:00:00.000000Z","invoice":"in_1",'
    '"lines":[{"amount":"124","discounts":[{"amount":"24","discount":"di_1"}],'
    '"evidence":{"digest":"' + "ab" * 32 + '","first_position":7,"last_position":40,'
    '"meter_events":3},"id":"il_1","invoice_item":null,"kind":"metered","late_usage":null,'
    '"meter":"mtr_1",'
    '"period":{"end":"2026-02-01T00:00:00.000000Z","start":"2026-01-01T00:00:00.000000Z"},'
    '"price":"price_1","price_version":1,"product":"prod_1","prorated_of":null,'
    '"proration":false,"quantity":"3000.5","steps":[{"above":null,"amount":"125.018833",'
    '"flat_amount":"0","model":"per_unit","quantity":"3000.5","unit_amount":"0.041666",'
    '"up_to":null},{"above":null,"amount":"-1.018833","flat_amount":"0","model":"rounding",'
    '"quantity":"0","unit_amount":"0","up_to":null}],"subscription_item":"si_1",'
    '"taxes":[{"amount":"19","inclusive":false,"reason":"standard_rated","tax_rate":"txr_1",'
    '"taxable_amount":"100"}]}],"livemode":false,"number":"AB12-0001",'
    '"period":{"end":"2026-02-01T00:00:00.000000Z","start":"2026-01-01T00:00:00.000000Z"},'
    '"starting_balance":"-24","subscription":"sub_a","subtotal":"124","tax_exclusive":"19",'
    '"tax_inclusive":"0","through_position":42,"total":"119"}'
)


def test_the_bytes_never_change() -> None:
    assert canonical_document("in_1", DRAFT, FINAL).decode() == DOCUMENT
    sha256 = "cac050fc04a828bd58955924978dbb00026160ad6b57bbee105784f6ad2739d3"
    assert digest("in_1", DRAFT, FINAL) == hashlib.sha256(DOCUMENT.encode()).hexdigest() == sha256


def test_neither_do_those_with_discounts_taxes_and_steps() -> None:
    assert canonical_document("in_1", DRAFT, TAXED).decode() == TAXED_DOCUMENT


def test_it_holds_nothing_that_people_wrote() -> None:
    assert b"secret" not in canonical_document("in_1", DRAFT, FINAL)
    assert b"secret" not in canonical_document("in_1", DRAFT, TAXED)


def test_every_amount_counts() -> None:
    other = FINAL.model_copy(update={"amount_due": 101})
    assert digest("in_1", DRAFT, other) != digest("in_1", DRAFT, FINAL)


def test_the_bytes_are_those_of_rfc_8785() -> None:
    document = canonical_document("in_a", DRAFT, FINAL)
    assert rfc8785.dumps(json.loads(document)) == document
    awkward = {"z": 'é"\\/\b\f\n\r\t\x00\x1f\x7f\u2028\U0001f600', "a": [None, True, -1, {}]}
    assert encode_canonical(awkward) == rfc8785.dumps(awkward)
