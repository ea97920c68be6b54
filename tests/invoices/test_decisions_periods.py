"""Months played through: periods closed, drafts finalized, nothing billed twice."""

import pytest

from ledger.invoices.commands import ClosePeriod, FinalizeDueInvoice, FinalizeInvoice
from ledger.invoices.drafting import period_invoice_id
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized, InvoicePaid
from ledger.kernel.periods import Period
from ledger.subscriptions.commands import CancelSubscription, UpdateSubscription
from ledger.subscriptions.events import PeriodClosed, SubscriptionCanceled
from tests.support.billing_ledger import BillingLedger, at, of_type


@pytest.fixture
def ledger() -> BillingLedger:
    """Tokens at 4 cents per hundred begun, seats at US$31 a month."""
    made = BillingLedger("2026-01-01")
    made.sell()
    return made


def close(ledger: BillingLedger, period_end: str, now: str | None = None) -> str:
    """Close a period on time or at `now`; the id of its draft."""
    ledger.now = at(now or period_end)
    facts = ledger.do(ClosePeriod(subscription="sub_a", period_end=at(period_end)))
    [(invoice, _)] = of_type(facts, InvoiceDrafted)
    return invoice


def finalize(ledger: BillingLedger, invoice: str, now: str) -> InvoiceFinalized:
    ledger.now = at(now)
    [(_, final)] = of_type(ledger.do(FinalizeDueInvoice(invoice=invoice)), InvoiceFinalized)
    return final


def test_three_thousand_tokens_cost_a_dollar_twenty(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens")
    for day, value in (("2026-01-02", "1000"), ("2026-01-20", "1500"), ("2026-01-31", "500")):
        ledger.use(day, value)
    invoice = close(ledger, "2026-02-01")
    draft, _ = ledger.invoice(invoice)
    assert draft.period == Period(at("2026-01-01"), at("2026-02-01"))
    assert draft.details.automatically_finalizes_at == at("2026-02-01T01:00")
    final = finalize(ledger, invoice, "2026-02-01T01:00")
    [line] = final.lines
    assert (line.quantity, line.amount) == ("3000", 120)
    assert line.evidence is not None
    assert line.evidence.meter_events == 3
    assert (final.subtotal, final.total, final.amount_due) == (120, 120, 120)


def test_a_renewal_bills_usage_behind_and_seats_ahead(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    draft, _ = ledger.invoice(close(ledger, "2026-02-01"))
    periods = [(line.kind, line.period) for line in draft.lines]
    assert periods == [
        ("metered", Period(at("2026-01-01"), at("2026-02-01"))),
        ("licensed", Period(at("2026-02-01"), at("2026-03-01"))),
    ]


@pytest.mark.parametrize("mode", ["flexible", "classic"])
def test_a_renewal_lists_metered_items_without_usage(ledger: BillingLedger, mode: str) -> None:
    ledger.subscribe("price_tokens", billing_mode=mode)
    invoice = close(ledger, "2026-02-01")
    final = finalize(ledger, invoice, "2026-02-01T01:00")
    assert [(line.quantity, line.amount) for line in final.lines] == [("0", 0)]
    assert isinstance(ledger.stream(invoice)[-1], InvoicePaid)


def test_usage_counts_by_its_own_time_until_it_is_final(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens")
    ledger.use("2026-01-31T23:59", "100")
    ledger.use("2026-02-01", "900")
    invoice = close(ledger, "2026-02-01")
    ledger.use("2026-01-15", "50")
    assert finalize(ledger, invoice, "2026-02-01T01:00").lines[0].quantity == "150"
    ledger.use("2026-01-16", "70")
    following = close(ledger, "2026-03-01")
    assert finalize(ledger, following, "2026-03-01T01:00").lines[0].quantity == "900"


def test_corrections_below_zero_bill_nothing(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens")
    ledger.use("2026-01-10", "-250")
    final = finalize(ledger, close(ledger, "2026-02-01"), "2026-02-01T01:00")
    assert [(line.quantity, line.amount) for line in final.lines] == [("0", 0)]


def test_the_usage_of_a_stub_is_billed_at_its_end(ledger: BillingLedger) -> None:
    ledger.now = at("2026-01-16")
    ledger.subscribe("price_tokens", billing_cycle_anchor=at("2026-02-01"))
    ledger.use("2026-01-10", "100")
    ledger.use("2026-01-20", "200")
    final = finalize(ledger, close(ledger, "2026-02-01"), "2026-02-01T01:00")
    assert (final.lines[0].quantity, final.total) == ("200", 8)


def test_a_period_is_closed_once(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens")
    invoice = close(ledger, "2026-02-01")
    again = ClosePeriod(subscription="sub_a", period_end=at("2026-02-01"))
    assert ledger.do(again) == []
    period = Period(at("2026-01-01"), at("2026-02-01"))
    assert invoice == period_invoice_id("sub_a", period)


def test_a_period_is_not_closed_before_it_ends(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens")
    ledger.now = at("2026-01-31T23:59")
    refusal = ledger.refused(ClosePeriod(subscription="sub_a", period_end=at("2026-02-01")))
    assert refusal.param == "period_end"


def test_an_invoice_is_finalized_once_and_not_before_its_time(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens")
    invoice = close(ledger, "2026-02-01")
    ledger.now = at("2026-02-01T00:59")
    assert "not due" in ledger.refused(FinalizeDueInvoice(invoice=invoice)).message
    finalize(ledger, invoice, "2026-02-01T01:00")
    assert ledger.do(FinalizeDueInvoice(invoice=invoice)) == []
    assert "already finalized" in ledger.refused(FinalizeInvoice(invoice=invoice)).message


def test_periods_that_were_missed_are_closed_one_by_one(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    first = close(ledger, "2026-02-01", now="2026-03-05")
    second = close(ledger, "2026-03-01", now="2026-03-05")
    assert first != second
    draft, _ = ledger.invoice(second)
    assert draft.created == at("2026-03-05")
    assert draft.lines[0].period == Period(at("2026-03-01"), at("2026-04-01"))


def test_month_ends_are_counted_from_the_anchor(ledger: BillingLedger) -> None:
    ledger.now = at("2026-01-31")
    ledger.subscribe("price_tokens")
    ends = ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    drafts = [ledger.invoice(close(ledger, end))[0] for end in ends]
    assert [f"{draft.period.end:%Y-%m-%d}" for draft in drafts] == ends


def test_on_a_test_clock_everything_happens_when_it_is_due(ledger: BillingLedger) -> None:
    ledger.clock("clock_1", "2023-11-16")
    ledger.customer("cus_clock", clock="clock_1")
    ledger.subscribe("price_tokens", customer="cus_clock", backdate_start_date=at("2023-11-01"))
    ledger.use("2023-11-16", "3000", who="cus_clock")
    ledger.advance_clock("clock_1", "2023-12-20")
    invoice = close(ledger, "2023-12-01", now="2026-01-05")
    draft, _ = ledger.invoice(invoice)
    assert draft.created == at("2023-12-01")
    final = finalize(ledger, invoice, "2026-01-05")
    assert final.finalized_at == at("2023-12-01T01:00")
    assert final.total == 120


def test_numbers_count_up_for_each_customer(ledger: BillingLedger) -> None:
    ledger.customer("cus_b")
    ledger.subscribe("price_seat")
    ledger.subscribe("price_seat", customer="cus_b", subscription="sub_b")
    final = finalize(ledger, close(ledger, "2026-02-01"), "2026-02-01T01:00")
    assert final.number.endswith("-0002")
    assert len(ledger.stream("invoice_numbers:cus_a")) == 2
    assert len(ledger.stream("invoice_numbers:cus_b")) == 1


def test_the_last_period_bills_usage_and_nothing_ahead(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.do(UpdateSubscription(subscription="sub_a", cancel_at_period_end=True))
    ledger.use("2026-01-10", "100")
    invoice = close(ledger, "2026-02-01")
    draft, _ = ledger.invoice(invoice)
    assert [line.kind for line in draft.lines] == ["metered"]
    closed, canceled = ledger.stream("sub_a")[-2:]
    assert isinstance(closed, PeriodClosed)
    assert isinstance(canceled, SubscriptionCanceled)
    assert finalize(ledger, invoice, "2026-02-01T01:00").total == 4


def test_seats_alone_end_without_an_invoice(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat", cancel_at_period_end=True)
    ledger.now = at("2026-02-01")
    facts = ledger.do(ClosePeriod(subscription="sub_a", period_end=at("2026-02-01")))
    [(_, closed)] = of_type(facts, PeriodClosed)
    assert closed.invoice is None
    assert of_type(facts, InvoiceDrafted) == []


def test_a_period_cut_by_a_known_end_is_prorated_in_advance(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    ledger.do(UpdateSubscription(subscription="sub_a", cancel_at=at("2026-02-15")))
    final = finalize(ledger, close(ledger, "2026-02-01"), "2026-02-01T01:00")
    assert final.total == 1550
    ledger.now = at("2026-02-15")
    facts = ledger.do(ClosePeriod(subscription="sub_a", period_end=at("2026-02-15")))
    [(_, canceled)] = of_type(facts, SubscriptionCanceled)
    assert canceled.ended_at == at("2026-02-15")


def test_a_canceled_subscription_has_no_more_periods(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens")
    ledger.do(CancelSubscription(subscription="sub_a"))
    ledger.now = at("2026-02-01")
    assert ledger.do(ClosePeriod(subscription="sub_a", period_end=at("2026-02-01"))) == []
