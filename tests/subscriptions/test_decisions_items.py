"""Items that change midway: what is charged, given back, rated on its own, and dropped."""

from typing import Any

import pytest

from ledger.invoice_items.events import InvoiceItemCreated
from ledger.invoices.commands import ClosePeriod
from ledger.invoices.events import DraftLine, InvoiceDrafted, InvoiceFinalized
from ledger.kernel.periods import Period
from ledger.subscriptions.commands import ItemChange, UpdateSubscription
from ledger.subscriptions.events import ItemsChanged
from ledger.subscriptions.parts import DroppedUsage
from tests.subscriptions.shop import state, tokens_and_seats
from tests.support.billing_ledger import BillingLedger, Fact, at, of_type

JANUARY = Period(at("2026-01-01"), at("2026-02-01"))


@pytest.fixture
def ledger() -> BillingLedger:
    return tokens_and_seats()


def change(ledger: BillingLedger, *items: ItemChange, **fields: Any) -> list[Fact]:
    return ledger.do(UpdateSubscription(subscription="sub_a", items=items, **fields))


def prorations(facts: list[Fact]) -> list[tuple[bool, str | None, str | None, Period]]:
    """Each with whether it gives back, its price, its quantity and its period."""
    charges = [event.charge for _, event in of_type(facts, InvoiceItemCreated)]
    assert all(charge.proration and charge.prorated_of == JANUARY for charge in charges)
    return [(charge.credit, charge.price, charge.quantity, charge.period) for charge in charges]


def close(ledger: BillingLedger, end: str = "2026-02-01") -> InvoiceDrafted:
    ledger.now = at(end)
    facts = ledger.do(ClosePeriod(subscription="sub_a", period_end=at(end)))
    return of_type(facts, InvoiceDrafted)[0][1]


def brief(lines: tuple[DraftLine, ...]) -> list[tuple[str, str | None, str, str]]:
    return [
        (line.kind, line.price, f"{line.period.start:%m-%d}", f"{line.period.end:%m-%d}")
        for line in lines
    ]


def test_more_seats_are_charged_and_the_old_ones_given_back_by_the_second(
    ledger: BillingLedger,
) -> None:
    ledger.subscribe("price_seat")
    ledger.now = at("2026-01-11")
    facts = change(ledger, ItemChange(id="si_price_seat", quantity=3))
    rest = Period(at("2026-01-11"), at("2026-02-01"))
    assert prorations(facts) == [
        (True, "price_seat", "1", rest),
        (False, "price_seat", "3", rest),
    ]
    assert of_type(facts, InvoiceDrafted) == []
    lines = close(ledger).lines
    assert brief(lines) == [
        ("licensed", "price_seat", "02-01", "03-01"),
        ("invoice_item", "price_seat", "01-11", "02-01"),
        ("invoice_item", "price_seat", "01-11", "02-01"),
    ]
    assert [line.quantity for line in lines] == ["3", "1", "3"]


def test_a_proration_date_says_from_when(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    ledger.now = at("2026-01-20")
    upgrade = ItemChange(id="si_price_seat", price="price_seat_2")
    facts = change(ledger, upgrade, proration_date=at("2026-01-11"))
    rest = Period(at("2026-01-11"), at("2026-02-01"))
    assert prorations(facts) == [
        (True, "price_seat", "1", rest),
        (False, "price_seat_2", "1", rest),
    ]


def test_an_invoice_at_once_where_that_is_asked_for(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    ledger.now = at("2026-01-11")
    upgrade = ItemChange(id="si_price_seat", price="price_seat_2")
    facts = change(ledger, upgrade, proration_behavior="always_invoice")
    [(_, draft)] = of_type(facts, InvoiceDrafted)
    [(_, final)] = of_type(facts, InvoiceFinalized)
    assert draft.billing_reason == "subscription_update"
    assert [line.amount for line in final.lines] == [-2100, 4200]
    assert final.total == 2100
    assert brief(close(ledger).lines) == [("licensed", "price_seat_2", "02-01", "03-01")]


def test_without_prorations_only_the_next_period_changes(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    ledger.now = at("2026-01-11")
    facts = change(ledger, ItemChange(id="si_price_seat", quantity=3), proration_behavior="none")
    assert prorations(facts) == []
    assert [(line.kind, line.quantity) for line in close(ledger).lines] == [("licensed", "3")]


@pytest.mark.parametrize(("mode", "given_back"), [("flexible", "1"), ("classic", "3")])
def test_what_was_charged_is_given_back_or_in_classic_mode_what_is_in_force(
    ledger: BillingLedger, mode: str, given_back: str
) -> None:
    ledger.subscribe("price_seat", billing_mode=mode)
    ledger.now = at("2026-01-11")
    change(ledger, ItemChange(id="si_price_seat", quantity=3), proration_behavior="none")
    facts = change(ledger, ItemChange(id="si_price_seat", quantity=5))
    assert [(p[0], p[2]) for p in prorations(facts)] == [(True, given_back), (False, "5")]


def test_a_seat_that_is_added_is_charged_and_one_removed_given_back(
    ledger: BillingLedger,
) -> None:
    ledger.subscribe("price_tokens")
    ledger.now = at("2026-01-11")
    added = change(ledger, ItemChange(id="si_new", added=True, price="price_seat", quantity=2))
    rest = Period(at("2026-01-11"), at("2026-02-01"))
    assert prorations(added) == [(False, "price_seat", "2", rest)]
    ledger.now = at("2026-01-21")
    removed = change(ledger, ItemChange(id="si_new", deleted=True))
    assert prorations(removed) == [
        (True, "price_seat", "2", Period(at("2026-01-21"), at("2026-02-01")))
    ]


def test_usage_is_rated_at_the_price_in_force_at_its_time(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens")
    ledger.use("2026-01-05", "250")
    ledger.use("2026-01-20", "30")
    ledger.now = at("2026-01-11")
    change(ledger, ItemChange(id="si_price_tokens", price="price_tokens_2"))
    draft = close(ledger)
    assert brief(draft.lines) == [
        ("metered", "price_tokens", "01-01", "01-11"),
        ("metered", "price_tokens_2", "01-11", "02-01"),
    ]
    assert [line.prorated_of for line in draft.lines] == [JANUARY, JANUARY]
    assert brief(close(ledger, "2026-03-01").lines) == [
        ("metered", "price_tokens_2", "02-01", "03-01")
    ]


def test_a_classic_subscription_bills_usage_since_the_price_was_set(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", billing_mode="classic")
    ledger.now = at("2026-01-11")
    facts = change(ledger, ItemChange(id="si_price_tokens", price="price_tokens_2"))
    [(_, changed)] = of_type(facts, ItemsChanged)
    assert changed.dropped == (dropped("classic_price_change", "2026-01-01", "2026-01-11"),)
    assert brief(close(ledger).lines) == [("metered", "price_tokens_2", "01-11", "02-01")]


def dropped(reason: Any, start: str, end: str) -> DroppedUsage:
    return DroppedUsage(
        item="si_price_tokens",
        price="price_tokens",
        meter="mtr_tokens",
        period=Period(at(start), at(end)),
        reason=reason,
    )


@pytest.mark.parametrize(
    ("mode", "fields", "clear", "reason"),
    [
        ("flexible", {}, False, None),
        ("flexible", {"proration_behavior": "none"}, False, "item_removed"),
        ("flexible", {}, True, "usage_cleared"),
        ("classic", {}, False, "item_removed"),
        ("classic", {}, True, "usage_cleared"),
    ],
)
def test_usage_of_an_item_that_is_removed(
    ledger: BillingLedger, mode: str, fields: dict[str, Any], clear: bool, reason: str | None
) -> None:
    ledger.subscribe("price_tokens", "price_seat", billing_mode=mode)
    ledger.now = at("2026-01-11")
    removal = ItemChange(id="si_price_tokens", deleted=True, clear_usage=clear)
    [(_, changed)] = of_type(change(ledger, removal, **fields), ItemsChanged)
    expected = () if reason is None else (dropped(reason, "2026-01-01", "2026-01-11"),)
    assert changed.dropped == expected
    billed = [line for line in brief(close(ledger).lines) if line[0] == "metered"]
    kept = [("metered", "price_tokens", "01-01", "01-11")]
    assert billed == (kept if reason is None else [])


def test_cleared_usage_includes_what_waits_of_earlier_prices(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens")
    ledger.now = at("2026-01-11")
    change(ledger, ItemChange(id="si_price_tokens", price="price_tokens_2"))
    ledger.now = at("2026-01-21")
    facts = change(ledger, ItemChange(id="si_price_tokens", clear_usage=True))
    [(_, changed)] = of_type(facts, ItemsChanged)
    assert [part.period for part in changed.dropped] == [
        Period(at("2026-01-01"), at("2026-01-11")),
        Period(at("2026-01-11"), at("2026-01-21")),
    ]
    assert brief(close(ledger).lines) == [("metered", "price_tokens_2", "01-21", "02-01")]


def test_segments_are_billed_by_an_invoice_at_once(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens")
    ledger.use("2026-01-05", "250")
    ledger.now = at("2026-01-11")
    facts = change(
        ledger,
        ItemChange(id="si_price_tokens", price="price_tokens_2"),
        proration_behavior="always_invoice",
    )
    [(_, final)] = of_type(facts, InvoiceFinalized)
    assert [(line.quantity, line.amount) for line in final.lines] == [("250", 12)]
    assert brief(close(ledger).lines) == [("metered", "price_tokens_2", "01-11", "02-01")]


def test_items_of_two_intervals_have_periods_of_their_own(ledger: BillingLedger) -> None:
    ledger.subscribe("price_yearly", "price_tokens")
    ledger.now = at("2026-01-11")
    change(ledger, ItemChange(id="si_new", added=True, price="price_seat"))
    draft = close(ledger)
    assert brief(draft.lines) == [
        ("metered", "price_tokens", "01-01", "02-01"),
        ("licensed", "price_seat", "02-01", "03-01"),
        ("invoice_item", "price_seat", "01-11", "02-01"),
    ]
    assert state(ledger).periods[("year", 1)] == Period(at("2026-01-01"), at("2027-01-01"))
    for month in range(3, 13):
        close(ledger, f"2026-{month:02d}-01")
    last = close(ledger, "2027-01-01")
    assert [line.price for line in last.lines] == ["price_yearly", "price_tokens", "price_seat"]


def test_a_classic_subscription_starts_anew_with_another_interval(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat", billing_mode="classic")
    ledger.now = at("2026-01-11")
    facts = change(ledger, ItemChange(id="si_price_seat", price="price_yearly"))
    [(_, draft)] = of_type(facts, InvoiceDrafted)
    assert draft.billing_reason == "subscription_update"
    assert brief(draft.lines) == [
        ("licensed", "price_yearly", "01-11", "01-11"),
        ("invoice_item", "price_seat", "01-11", "02-01"),
    ]
    assert state(ledger).anchor == at("2026-01-11")


def test_a_flexible_subscription_keeps_its_anchor_with_another_interval(
    ledger: BillingLedger,
) -> None:
    ledger.subscribe("price_seat")
    ledger.now = at("2026-01-11")
    facts = change(ledger, ItemChange(id="si_price_seat", price="price_yearly"))
    charges = [event.charge for _, event in of_type(facts, InvoiceItemCreated)]
    year = Period(at("2026-01-01"), at("2027-01-01"))
    assert [(charge.credit, charge.prorated_of) for charge in charges] == [
        (True, JANUARY),
        (False, year),
    ]
    assert state(ledger).anchor == at("2026-01-01")
    assert list(state(ledger).periods.values()) == [year]


def test_one_price_takes_the_place_of_another(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    ledger.now = at("2026-01-11")
    removal = ItemChange(id="si_price_seat", deleted=True)
    change(ledger, removal, ItemChange(id="si_new", added=True, price="price_seat"))
    assert [item.id for item in state(ledger).items] == ["si_new"]


def test_a_change_to_what_is_so_already_is_no_fact(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    ledger.now = at("2026-01-11")
    same = ItemChange(id="si_price_seat", price="price_seat", quantity=1)
    assert change(ledger, same) == []
