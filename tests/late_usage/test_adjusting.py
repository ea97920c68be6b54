"""What becomes of usage that is recorded or cancelled after its invoice was finalized."""

from concurrent.futures import ThreadPoolExecutor

from ledger.customers.commands import DeleteCustomer
from ledger.invoices.aggregate import settlement
from ledger.invoices.commands import VoidInvoice
from ledger.late_usage.commands import AdjustLateUsage
from ledger.late_usage.events import LateUsageAdjusted
from ledger.subscriptions.commands import CancelSubscription
from tests.support.billing_ledger import at
from tests.support.late_ledger import LateLedger, broken


def test_nothing_is_late_while_the_invoice_is_a_draft(ledger: LateLedger) -> None:
    ledger.stored.subscribe("price_tokens")
    ledger.use("e-1", "2026-01-10", "250")
    invoice = ledger.stored.close("2026-02-01")
    ledger.use("e-2", "2026-01-20", "100")
    ledger.stored.finalize(invoice, "2026-02-01T01:00")
    assert ledger.late() == []
    assert ledger.invoice(invoice).final is not None
    assert broken(ledger.check()) == []


def test_late_usage_waits_for_the_next_invoice(ledger: LateLedger) -> None:
    january = ledger.january()
    ledger.use("e-2", "2026-01-20", "100")
    [adjusted] = ledger.settle()
    assert (adjusted.invoice, adjusted.amount, adjusted.outcome) == (january, 4, "next_invoice")
    assert (adjusted.quantity_before, adjusted.quantity_after) == ("250", "350")
    assert broken(ledger.check()) == []


def test_it_is_a_line_of_its_own_that_names_the_invoice_and_its_period(ledger: LateLedger) -> None:
    january = ledger.january()
    ledger.use("e-2", "2026-01-20", "100")
    ledger.settle()
    february = ledger.invoice(ledger.month("2026-03-01"))
    [_, late] = february.draft.lines
    assert late.late_usage is not None
    assert late.late_usage.invoice == january
    assert late.period.start == ledger.invoice(january).draft.lines[0].period.start
    assert february.final is not None
    assert [line.amount for line in february.final.lines] == [0, 4]
    assert broken(ledger.check()) == []


def test_a_cancelled_meter_event_is_given_back(ledger: LateLedger) -> None:
    ledger.january()
    ledger.cancel("e-1")
    [adjusted] = ledger.settle()
    assert (adjusted.amount, adjusted.quantity_after) == (-12, "0")
    assert broken(ledger.check()) == []


def test_usage_that_changes_no_amount_is_recorded_as_such(ledger: LateLedger) -> None:
    ledger.january()
    ledger.use("e-2", "2026-01-20", "10")
    [adjusted] = ledger.settle()
    assert (adjusted.amount, adjusted.outcome) == (0, "unchanged")
    assert broken(ledger.check()) == []


def test_it_is_settled_once(ledger: LateLedger) -> None:
    ledger.january()
    ledger.use("e-2", "2026-01-20", "100")
    [late] = ledger.late()
    command = AdjustLateUsage(invoice=late.invoice, line=late.line, recorded_at=late.recorded_at)
    assert ledger.stored.do(command)
    assert ledger.stored.do(command) == []
    assert ledger.late() == []


def test_settled_at_once_by_many_it_is_settled_once(ledger: LateLedger) -> None:
    ledger.january()
    ledger.use("e-2", "2026-01-20", "100")
    [late] = ledger.late()
    command = AdjustLateUsage(invoice=late.invoice, line=late.line, recorded_at=late.recorded_at)
    with ThreadPoolExecutor(4) as pool:
        facts = [fact for done in pool.map(ledger.stored.do, [command] * 4) for fact in done]
    assert sum(isinstance(fact.event, LateUsageAdjusted) for fact in facts) == 1
    assert broken(ledger.check()) == []


def test_usage_that_comes_again_is_adjusted_from_where_it_stands(ledger: LateLedger) -> None:
    ledger.january()
    ledger.use("e-2", "2026-01-20", "100")
    ledger.settle()
    ledger.use("e-3", "2026-01-21", "100")
    ledger.cancel("e-2")
    ledger.use("e-4", "2026-01-22", "200")
    [adjusted] = ledger.settle()
    assert (adjusted.quantity_before, adjusted.quantity_after) == ("350", "550")
    assert adjusted.amount == 8
    assert broken(ledger.check()) == []


def test_what_is_cancelled_again_before_it_is_settled_leaves_nothing(ledger: LateLedger) -> None:
    ledger.january()
    ledger.use("e-2", "2026-01-20", "100")
    ledger.cancel("e-2")
    assert ledger.settle() == []
    assert ledger.late() == []
    assert broken(ledger.check()) == []


def test_at_once_it_is_an_invoice_of_its_own(ledger: LateLedger) -> None:
    ledger.policy("immediate")
    january = ledger.january()
    ledger.use("e-2", "2026-01-20", "100")
    [adjusted] = ledger.settle()
    assert adjusted.outcome == "invoice"
    extra = ledger.invoice(adjusted.document or "")
    assert extra.draft.billing_reason == "manual"
    assert extra.final is not None
    assert extra.final.total == 4
    [line] = extra.draft.lines
    assert line.late_usage is not None
    assert line.late_usage.invoice == january
    assert ledger.stored.recompute(adjusted.document or "").equal
    assert broken(ledger.check()) == []


def test_without_a_subscription_no_next_invoice_is_waited_for(ledger: LateLedger) -> None:
    ledger.january()
    ledger.stored.do(CancelSubscription(subscription="sub_a"))
    ledger.use("e-2", "2026-01-20", "100")
    [adjusted] = ledger.settle()
    assert adjusted.outcome == "invoice"
    assert broken(ledger.check()) == []


def test_a_customer_may_have_a_policy_of_their_own(ledger: LateLedger) -> None:
    ledger.policy("immediate")
    ledger.policy("report_only", customer="cus_a")
    ledger.january()
    ledger.use("e-2", "2026-01-20", "100")
    [adjusted] = ledger.settle()
    assert (adjusted.outcome, adjusted.reason, adjusted.amount) == ("not_billed", "report_only", 4)
    ledger.policy(None, customer="cus_a")
    ledger.use("e-3", "2026-01-20", "100")
    [adjusted] = ledger.settle()
    assert (adjusted.outcome, adjusted.amount) == ("invoice", 4)
    assert broken(ledger.check()) == []


def test_a_voided_invoice_billed_nothing(ledger: LateLedger) -> None:
    january = ledger.january()
    ledger.stored.do(VoidInvoice(invoice=january))
    ledger.use("e-2", "2026-01-20", "100")
    [adjusted] = ledger.settle()
    assert (adjusted.outcome, adjusted.reason) == ("not_billed", "invoice_voided")
    assert broken(ledger.check()) == []


def test_a_deleted_customer_is_billed_nothing_more(ledger: LateLedger) -> None:
    ledger.january()
    ledger.use("e-2", "2026-01-20", "100")
    ledger.stored.do(DeleteCustomer(customer="cus_a"))
    [adjusted] = ledger.settle()
    assert (adjusted.outcome, adjusted.reason) == ("not_billed", "customer_deleted")
    assert broken(ledger.check()) == []


def test_usage_before_the_first_invoice_whose_period_was_left_out(ledger: LateLedger) -> None:
    """A backdated period without usage has no line on the first invoice."""
    ledger.stored.now = at("2026-02-15")
    ledger.stored.subscribe("price_tokens", "price_seat", backdate_start_date=at("2026-01-01"))
    assert ledger.settle() == []
    ledger.use("e-1", "2026-01-20", "100")
    [adjusted] = ledger.settle()
    assert (adjusted.quantity_before, adjusted.amount) == ("0", 4)
    assert broken(ledger.check()) == []


def test_at_once_less_usage_is_a_credit_note_of_the_invoice(ledger: LateLedger) -> None:
    ledger.policy("immediate")
    january = ledger.january()
    ledger.use("e-2", "2026-01-20", "100")
    ledger.settle()
    ledger.cancel("e-2")
    [adjusted] = ledger.settle()
    assert (adjusted.outcome, adjusted.amount) == ("credit_note", -4)
    assert settlement(ledger.invoice(january)).remaining == 8
    assert broken(ledger.check()) == []


def test_more_than_the_line_has_left_to_credit_goes_to_the_balance(ledger: LateLedger) -> None:
    ledger.policy("immediate")
    ledger.stored.subscribe("price_tokens")
    ledger.month("2026-02-01")
    ledger.use("e-2", "2026-01-20", "100")
    ledger.settle()
    ledger.cancel("e-2")
    [adjusted] = ledger.settle()
    assert (adjusted.outcome, adjusted.amount) == ("invoice", -4)
    extra = ledger.invoice(adjusted.document or "").final
    assert extra is not None
    assert (extra.total, extra.amount_due, extra.ending_balance) == (-4, 0, -4)
    assert broken(ledger.check()) == []
