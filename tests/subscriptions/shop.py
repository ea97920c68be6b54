"""`sub_a` and what is sold to it, for the tests of its decisions."""

from typing import Any

from ledger.invoices.commands import ClosePeriod
from ledger.invoices.events import InvoiceDrafted
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.commands import UpdateSubscription
from tests.support.billing_ledger import BillingLedger, Fact, at, of_type


def tokens_and_seats() -> BillingLedger:
    """Tokens at 4 cents per hundred begun, or at 1 cent each; seats at US$31 or US$62 a month."""
    made = BillingLedger("2026-01-01")
    made.sell()
    made.price("price_tokens_2", "1", meter="mtr_tokens")
    made.price("price_seat_2", "6200")
    made.price("price_yearly", "36500", interval="year")
    made.price("price_euro", currency="eur")
    made.price("price_archived", active=False)
    return made


def change(ledger: BillingLedger, **fields: Any) -> list[Fact]:
    return ledger.do(UpdateSubscription(subscription="sub_a", **fields))


def state(ledger: BillingLedger) -> Subscription:
    subscription: Subscription | None = None
    for event in ledger.stream("sub_a"):
        subscription = evolve(subscription, event)
    assert subscription is not None
    return subscription


def close(ledger: BillingLedger, end: str) -> list[Fact]:
    ledger.now = at(end)
    return ledger.do(ClosePeriod(subscription="sub_a", period_end=at(end)))


def billed(facts: list[Fact]) -> list[tuple[str, str, str]]:
    [(_, draft)] = of_type(facts, InvoiceDrafted)
    return [
        (line.kind, f"{line.period.start:%m-%d}", f"{line.period.end:%m-%d}")
        for line in draft.lines
    ]
