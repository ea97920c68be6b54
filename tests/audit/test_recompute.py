"""A finalized invoice recomputed from the log: equal to the byte, and told apart when it is not."""

from typing import Any

import msgspec
import pytest

from ledger.customers.commands import UpdateCustomer
from ledger.invoices.commands import ClosePeriod, FinalizeInvoice, PayInvoice
from ledger.invoices.lines import ENGINES
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.meter_events.commands import CancelMeterEvent
from ledger.prices.commands import UpdatePrice
from ledger.rating.rate import RATING_ENGINE_VERSION
from ledger.subscriptions.commands import CancelSubscription, UpdateSubscription
from tests.support.billing_ledger import at
from tests.support.postgres import Database
from tests.support.stored_ledger import StoredLedger, drafts
from tests.support.tampering import rewrite


@pytest.fixture
def invoice(ledger: StoredLedger) -> str:
    """January's tokens and February's seat, finalized."""
    ledger.subscribe("price_tokens", "price_seat")
    ledger.now = at("2026-01-31T12:00")
    for number, value in enumerate(("1000", "1500", "500")):
        ledger.use(f"e-{number}", f"2026-01-{10 + number}", value)
    closed = ledger.close("2026-02-01")
    ledger.finalize(closed, "2026-02-01T01:00")
    return closed


def test_an_invoice_replays_to_the_byte(ledger: StoredLedger, invoice: str) -> None:
    outcome = ledger.recompute(invoice)
    assert outcome.equal
    assert outcome.differences == ()
    assert outcome.recomputed_document == outcome.recorded_document
    assert outcome.digest == outcome.recorded_sha256
    document = msgspec.json.decode(outcome.recomputed_document)
    assert document["total"] == "3220"
    assert [line["quantity"] for line in document["lines"]] == ["3000", "1"]
    assert document["lines"][0]["evidence"]["meter_events"] == 3
    assert outcome.events > 3


def test_what_is_recorded_later_has_no_part_in_it(ledger: StoredLedger, invoice: str) -> None:
    ledger.use("late", "2026-01-15", "777")
    ledger.do(CancelMeterEvent(event_name="tokens", identifier="e-0"))
    ledger.do(UpdatePrice(price="price_tokens", changes={"active": False}))
    ledger.do(UpdateCustomer(customer="cus_a", balance=-100))
    ledger.do(UpdateSubscription(subscription="sub_a", description="changed"))
    ledger.do(CancelSubscription(subscription="sub_a"))
    ledger.do(PayInvoice(invoice=invoice, paid_out_of_band=True))
    assert ledger.recompute(invoice).equal


@pytest.mark.parametrize(
    "fields",
    [
        {"billing_mode": "classic"},
        {"backdate_start_date": at("2025-12-03")},
        {"backdate_start_date": at("2025-11-20"), "billing_mode": "classic"},
        {"billing_cycle_anchor": at("2026-01-20")},
        {"cancel_at": at("2026-01-17")},
        {"proration_behavior": "none", "backdate_start_date": at("2025-12-03")},
    ],
)
def test_first_invoices_replay(ledger: StoredLedger, fields: dict[str, Any]) -> None:
    ledger.now = at("2026-01-04")
    ledger.use("past", "2025-12-20", "250")
    [first] = drafts(ledger.subscribe("price_tokens", "price_seat", **fields))
    assert ledger.recompute(first).equal


def test_an_invoice_sent_late_replays(ledger: StoredLedger) -> None:
    ledger.now = at("2026-01-04")
    ledger.use("past", "2025-12-20", "250")
    request = {"collection_method": "send_invoice", "days_until_due": 3}
    backdated = at("2025-12-03")
    [first] = drafts(ledger.subscribe("price_tokens", backdate_start_date=backdated, **request))
    ledger.use("late", "2025-12-21", "100")
    ledger.finalize(first, "2026-01-04T01:00")
    outcome = ledger.recompute(first)
    assert outcome.equal
    assert b'"quantity":"350"' in outcome.recomputed_document


def test_the_last_invoices_of_subscriptions_replay(ledger: StoredLedger) -> None:
    ledger.subscribe("price_tokens")
    ledger.now = at("2026-01-10")
    ledger.use("one", "2026-01-05", "120")
    events = ledger.do(CancelSubscription(subscription="sub_a", invoice_now=True))
    [last] = drafts(events)
    ledger.finalize(last, "2026-01-10T01:00")
    assert ledger.recompute(last).equal
    cut = at("2026-01-12")
    ledger.subscribe("price_tokens", subscription="sub_b", cancel_at=cut)
    ledger.now = at("2026-01-12T00:01")
    [scheduled] = drafts(ledger.do(ClosePeriod(subscription="sub_b", period_end=cut)))
    ledger.do(FinalizeInvoice(invoice=scheduled))
    assert ledger.recompute(scheduled).equal


def test_credit_and_numbers_replay(ledger: StoredLedger, invoice: str) -> None:
    ledger.do(UpdateCustomer(customer="cus_a", balance=-5000))
    following = ledger.close("2026-03-01")
    ledger.do(FinalizeInvoice(invoice=following))
    outcome = ledger.recompute(following)
    assert outcome.equal
    document = msgspec.json.decode(outcome.recomputed_document)
    assert document["starting_balance"] == "-5000"
    assert document["number"].endswith("-0003")
    assert ledger.recompute(invoice).equal


def test_only_finalized_invoices_are_recomputed(ledger: StoredLedger) -> None:
    ledger.subscribe("price_tokens")
    draft = ledger.close("2026-02-01")
    with pytest.raises(InvalidRequest, match="draft"):
        ledger.recompute(draft)
    for not_an_invoice in ("in_unknown", "cus_a"):
        with pytest.raises(NotFound):
            ledger.recompute(not_an_invoice)


def test_the_engine_that_is_recorded_can_be_run() -> None:
    assert RATING_ENGINE_VERSION in ENGINES


def test_altered_usage_is_found_out(
    ledger: StoredLedger, invoice: str, shared_database: Database
) -> None:
    rewrite(shared_database.owner_url, ledger.ledger_id, "usage.recorded.v1", b'"1500"', b'"1501"')
    outcome = ledger.recompute(invoice)
    assert not outcome.equal
    *sums, line = outcome.differences
    assert [difference.part for difference in sums] == ["amount_due", "subtotal", "total"]
    assert (line.recorded["quantity"], line.recomputed["quantity"]) == ("3000", "3001")
    assert (line.recorded["amount"], line.recomputed["amount"]) == ("120", "124")


def test_an_altered_invoice_is_found_out(
    ledger: StoredLedger, invoice: str, shared_database: Database
) -> None:
    rewrite(
        shared_database.owner_url,
        ledger.ledger_id,
        "invoice.finalized.v2",
        b'"total":3220',
        b'"total":3221',
    )
    outcome = ledger.recompute(invoice)
    assert not outcome.equal
    assert [difference.part for difference in outcome.differences] == ["total"]


def test_an_altered_digest_is_found_out(
    ledger: StoredLedger, invoice: str, shared_database: Database
) -> None:
    digest = ledger.recompute(invoice).digest.encode()
    rewrite(shared_database.owner_url, ledger.ledger_id, "invoice.finalized.v2", digest, b"0" * 64)
    outcome = ledger.recompute(invoice)
    assert (outcome.equal, outcome.differences) == (False, ())
