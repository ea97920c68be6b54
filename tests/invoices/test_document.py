"""The canonical document of an invoice: its bytes are a promise."""

import hashlib

from ledger.invoices.document import canonical_document, digest
from ledger.invoices.events import (
    DraftLine,
    FinalLine,
    InvoiceDrafted,
    InvoiceFinalized,
    UsageEvidence,
)
from ledger.kernel.periods import Period
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
    collection_method="send_invoice",
    days_until_due=14,
    auto_advance=True,
    automatically_finalizes_at=at("2026-02-01T01:00"),
    default_payment_method="pm_secret",
    description="secret",
    metadata={"name": "secret"},
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


def test_the_bytes_never_change() -> None:
    assert canonical_document("in_1", DRAFT, FINAL).decode() == DOCUMENT
    sha256 = "cac050fc04a828bd58955924978dbb00026160ad6b57bbee105784f6ad2739d3"
    assert digest("in_1", DRAFT, FINAL) == hashlib.sha256(DOCUMENT.encode()).hexdigest() == sha256


def test_it_holds_nothing_that_people_wrote() -> None:
    assert b"secret" not in canonical_document("in_1", DRAFT, FINAL)


def test_every_amount_counts() -> None:
    other = FINAL.model_copy(update={"amount_due": 101})
    assert digest("in_1", DRAFT, other) != digest("in_1", DRAFT, FINAL)
