"""What a change would bill is what it bills: previews against the change itself."""

from typing import Any

import pytest

from ledger.invoices.commands import ClosePeriod
from ledger.invoices.events import FinalLine, InvoiceDrafted
from ledger.invoices.finalizing import bill_now
from ledger.invoices.preview import Changing, Previewing
from ledger.kernel.errors import InvalidRequest
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.commands import (
    CancelSubscription,
    ItemChange,
    PauseSubscription,
    ResumeSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.cycle import boundary
from tests.support.billing_ledger import BillingLedger, at, of_type, subscription_request


@pytest.fixture
def ledger() -> BillingLedger:
    made = BillingLedger("2026-01-01")
    made.sell()
    made.price("price_tokens_2", "1", meter="mtr_tokens")
    made.price("price_yearly", "36500", interval="year")
    return made


def previewing(ledger: BillingLedger, **fields: Any) -> Previewing:
    return Previewing(ledger.work(), ledger.reader, **fields)


def next_end(ledger: BillingLedger) -> Any:
    subscription: Subscription | None = None
    for event in ledger.stream("sub_a"):
        subscription = evolve(subscription, event)
    return None if subscription is None else boundary(subscription)


def billed_by(ledger: BillingLedger, command: Any) -> tuple[FinalLine, ...]:
    """The lines of the invoice that a command makes, or else of the next one."""
    facts = ledger.do(command)
    drafts = of_type(facts, InvoiceDrafted)
    if not drafts:
        end = next_end(ledger)
        ledger.now = max(ledger.now, end)
        facts = ledger.do(ClosePeriod(subscription="sub_a", period_end=end))
        drafts = of_type(facts, InvoiceDrafted)
    [(_, draft)] = drafts
    return bill_now(ledger.work(), ledger.reader, draft).lines


def items(*changes: ItemChange, **fields: Any) -> UpdateSubscription:
    return UpdateSubscription(subscription="sub_a", items=changes, **fields)


MORE_SEATS = ItemChange(id="si_price_seat", quantity=4)
OTHER_TOKENS = ItemChange(id="si_price_tokens", price="price_tokens_2")


@pytest.mark.parametrize(
    "command",
    [
        items(MORE_SEATS),
        items(MORE_SEATS, proration_behavior="none"),
        items(MORE_SEATS, proration_behavior="always_invoice"),
        items(MORE_SEATS, proration_date=at("2026-01-05")),
        items(OTHER_TOKENS),
        items(OTHER_TOKENS, MORE_SEATS, proration_behavior="always_invoice"),
        items(ItemChange(id="si_price_tokens", deleted=True)),
        items(ItemChange(id="si_price_tokens", clear_usage=True)),
        items(ItemChange(id="si_new", added=True, price="price_yearly")),
        items(billing_cycle_anchor="now"),
        items(trial_end=at("2026-01-25")),
        items(cancel_at=at("2026-01-20")),
        items(cancel_at_period_end=True),
        CancelSubscription(subscription="sub_a", invoice_now=True, prorate=True),
        PauseSubscription(subscription="sub_a", invoice=True),
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", ["flexible", "classic"])
def test_a_preview_of_a_change_is_what_the_change_bills(
    ledger: BillingLedger, command: Changing, mode: str
) -> None:
    ledger.subscribe("price_tokens", "price_seat", billing_mode=mode)
    if mode == "classic" and "price_yearly" in str(command):
        with pytest.raises(InvalidRequest, match="recurring"):
            previewing(ledger).of_change(command)
        return
    ledger.use("2026-01-04", "250")
    ledger.use("2026-01-10T12:00", "30")
    ledger.now = at("2026-01-11")
    before = ledger.head()
    shown = previewing(ledger).of_change(command)
    assert ledger.head() == before
    billed = billed_by(ledger, command)
    assert [(line.quantity, line.amount, line.price) for line in shown.lines] == [
        (line.quantity, line.amount, line.price) for line in billed
    ]


def test_what_resuming_would_bill(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.now = at("2026-01-11")
    ledger.do(PauseSubscription(subscription="sub_a"))
    ledger.now = at("2026-03-01")
    resume = ResumeSubscription(subscription="sub_a")
    shown = previewing(ledger).of_change(resume)
    assert [line.amount for line in shown.lines] == [0, 3100, -2100]
    assert shown.lines == billed_by(ledger, resume)


def test_a_trial_is_previewed_at_its_end(ledger: BillingLedger) -> None:
    request = subscription_request("price_tokens", "price_seat", trial_period_days=7)
    shown = previewing(ledger).of_creation(request)
    assert [line.amount for line in shown.lines] == [3100]
    assert shown.draft.period.end == at("2026-01-08")


def test_what_recurs_leaves_out_what_is_billed_once(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.use("2026-01-04", "250")
    ledger.now = at("2026-01-11")
    ledger.do(items(MORE_SEATS))
    assert len(previewing(ledger).upcoming("sub_a").lines) == 4
    recurring = previewing(ledger, mode="recurring").upcoming("sub_a")
    assert [(line.quantity, line.amount) for line in recurring.lines] == [
        ("250", 12),
        ("4", 12400),
    ]


def test_a_period_that_is_over_is_closed_before_a_change_is_previewed(
    ledger: BillingLedger,
) -> None:
    ledger.subscribe("price_seat")
    ledger.now = at("2026-02-11")
    shown = previewing(ledger).of_change(items(MORE_SEATS, proration_behavior="always_invoice"))
    assert shown.draft.billing_reason == "subscription_update"
    assert [line.quantity for line in shown.lines] == ["1", "4"]
