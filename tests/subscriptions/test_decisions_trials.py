"""Trials, new anchors and configured ones: when periods begin anew, and what that bills."""

from typing import Any

import pytest

from ledger.invoice_items.events import InvoiceItemCreated
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from ledger.kernel.periods import Period
from ledger.subscriptions.commands import ItemChange, UpdateSubscription
from ledger.subscriptions.events import BillingCycleReset, PeriodClosed, SubscriptionStarted
from ledger.subscriptions.parts import AnchorConfig
from tests.subscriptions.shop import billed, change, close, state
from tests.support.billing_ledger import BillingLedger, at, of_type, subscription_request


@pytest.fixture
def ledger() -> BillingLedger:
    made = BillingLedger("2026-01-01")
    made.sell()
    made.price("price_yearly", "36500", interval="year")
    return made


def test_a_trial_bills_nothing_and_its_end_begins_the_first_period(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_tokens", "price_seat", trial_period_days=14)
    assert of_type(facts, InvoiceDrafted) == []
    assert (state(ledger).status, state(ledger).anchor) == ("trialing", at("2026-01-15"))
    facts = close(ledger, "2026-01-15")
    assert billed(facts) == [("licensed", "01-15", "02-15")]
    [(_, closed)] = of_type(facts, PeriodClosed)
    trial = Period(at("2026-01-01"), at("2026-01-15"))
    assert [(part.reason, part.period) for part in closed.dropped] == [("trial", trial)]
    assert state(ledger).status == "active"
    assert billed(close(ledger, "2026-02-15")) == [
        ("metered", "01-15", "02-15"),
        ("licensed", "02-15", "03-15"),
    ]


def test_a_classic_trial_has_an_invoice_of_nothing(ledger: BillingLedger) -> None:
    facts = ledger.subscribe(
        "price_tokens", "price_seat", trial_end=at("2026-01-15"), billing_mode="classic"
    )
    assert billed(facts) == [("opening", "01-01", "01-15"), ("opening", "01-01", "01-15")]
    [(_, final)] = of_type(facts, InvoiceFinalized)
    assert final.total == 0


def test_a_trial_is_ended_at_once(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat", trial_period_days=14)
    ledger.use("2026-01-05", "100")
    ledger.now = at("2026-01-08")
    facts = change(ledger, trial_end="now")
    assert billed(facts) == [("licensed", "01-08", "02-08")]
    [(_, reset)] = of_type(facts, BillingCycleReset)
    assert [part.reason for part in reset.dropped] == ["trial"]
    assert (state(ledger).status, state(ledger).anchor) == ("active", at("2026-01-08"))


def test_a_trial_ends_later_and_so_do_its_periods(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat", trial_period_days=14, cancel_at_period_end=True)
    change(ledger, trial_end=at("2026-01-20"))
    after = state(ledger)
    assert list(after.periods.values()) == [Period(at("2026-01-01"), at("2026-01-20"))]
    assert (after.anchor, after.cancel_at) == (at("2026-01-20"), at("2026-01-20"))


def test_a_trial_of_a_running_subscription_gives_back_what_is_paid(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.now = at("2026-01-11")
    facts = change(ledger, trial_end=at("2026-01-25"))
    assert of_type(facts, InvoiceDrafted) == []
    [(_, credit)] = of_type(facts, InvoiceItemCreated)
    assert (credit.charge.credit, credit.charge.period.start) == (True, at("2026-01-11"))
    assert billed(close(ledger, "2026-01-25")) == [
        ("metered", "01-01", "01-11"),
        ("licensed", "01-25", "02-25"),
        ("invoice_item", "01-11", "02-01"),
    ]


def test_quantities_change_freely_on_trial(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat", trial_period_days=14)
    facts = change(ledger, items=(ItemChange(id="si_price_seat", quantity=9),))
    assert of_type(facts, InvoiceItemCreated) == []


@pytest.mark.parametrize("behavior", ["create_prorations", "none"])
def test_a_new_anchor_bills_the_old_period_and_the_new_one(
    ledger: BillingLedger, behavior: str
) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.use("2026-01-05", "250")
    ledger.now = at("2026-01-11")
    facts = change(ledger, billing_cycle_anchor="now", proration_behavior=behavior)
    [(_, final)] = of_type(facts, InvoiceFinalized)
    credit = [] if behavior == "none" else [-2100]
    assert [line.amount for line in final.lines] == [12, 3100, *credit]
    assert billed(close(ledger, "2026-02-11")) == [
        ("metered", "01-11", "02-11"),
        ("licensed", "02-11", "03-11"),
    ]


def test_a_new_anchor_and_other_items_in_one_request(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    ledger.now = at("2026-01-11")
    items = (ItemChange(id="si_price_seat", quantity=2),)
    facts = change(ledger, billing_cycle_anchor="now", items=items)
    [(_, final)] = of_type(facts, InvoiceFinalized)
    assert [line.amount for line in final.lines] == [6200, -2100]


@pytest.mark.parametrize(
    ("now", "config", "anchor", "boundaries"),
    [
        ("2026-01-16", {"day_of_month": 31}, "2026-01-31", ["2026-01-31", "2026-02-28"]),
        ("2026-02-10", {"day_of_month": 31}, "2026-02-28", ["2026-02-28", "2026-03-31"]),
        ("2026-02-10", {"day_of_month": 5, "hour": 12}, "2026-03-05T12:00", ["2026-03-05T12:00"]),
        ("2026-02-10T09:30", {"day_of_month": 10, "hour": 9}, "2026-02-10T09:30", []),
    ],
)
def test_an_anchor_is_the_next_occurrence_of_a_day(
    ledger: BillingLedger, now: str, config: dict[str, int], anchor: str, boundaries: list[str]
) -> None:
    ledger.now = at(now)
    facts = ledger.subscribe("price_tokens", anchor_config=AnchorConfig(**config))
    [(_, started)] = of_type(facts, SubscriptionStarted)
    assert started.billing_cycle_anchor == at(anchor)
    for end in boundaries:
        close(ledger, end)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"trial_end": at("2026-01-01")}, "trial_end"),
        ({"trial_end": at("2028-01-02")}, "trial_end"),
        ({"trial_period_days": -1}, "trial_period_days"),
        ({"trial_period_days": 731}, "trial_period_days"),
        ({"trial_period_days": 3, "trial_end": at("2026-01-15")}, "trial_period_days"),
        (
            {"trial_period_days": 14, "billing_cycle_anchor": at("2026-01-10")},
            "billing_cycle_anchor",
        ),
        (
            {
                "anchor_config": AnchorConfig(day_of_month=3),
                "billing_cycle_anchor": at("2026-01-10"),
            },
            "billing_cycle_anchor_config",
        ),
        (
            {"anchor_config": AnchorConfig(day_of_month=3, month=2)},
            "billing_cycle_anchor_config[month]",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused(
    ledger: BillingLedger, fields: dict[str, Any], param: str
) -> None:
    assert ledger.refused(subscription_request("price_seat", **fields)).param == param


def test_on_trial_the_anchor_stays(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat", trial_period_days=14)
    command = UpdateSubscription(subscription="sub_a", billing_cycle_anchor="now")
    assert ledger.refused(command).param == "billing_cycle_anchor"
