"""Packs of invoices of all kinds hold: with discounts, taxes, limits, windows, by older engines."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger.audit.evidence import verify
from ledger.coupons.commands import CreateCoupon, DiscountRequest
from ledger.coupons.terms import CouponTerms
from ledger.customers.commands import UpdateCustomer
from ledger.invoices.commands import ClosePeriod
from ledger.meters.commands import CreateMeter
from ledger.prices.terms import PercentageFee, Recurring, Tier
from ledger.store.datastore import Datastore
from ledger.store.mapper import deflate
from ledger.subscriptions.commands import ItemChange, UpdateSubscription
from ledger.tax_rates.commands import CreateTaxRate
from ledger.tax_rates.events import TaxRateDetails
from ledger.tax_rates.terms import TaxRateTerms
from tests.audit.evidence.conftest import shop_of_two
from tests.support.billing_ledger import at
from tests.support.evidence import packed, report, verdict
from tests.support.postgres import Database
from tests.support.stored_ledger import StoredLedger, drafts

LOG_OF_ENGINE_1 = Path(__file__).parents[1] / "log_of_engine_1.jsonl"


@pytest.fixture
def ledger(datastore: Datastore) -> StoredLedger:
    return shop_of_two(datastore)


def finish(ledger: StoredLedger, end: str) -> str:
    invoice = ledger.close(end)
    ledger.finalize(invoice, f"{end}T01:00")
    return invoice


def checked(ledger: StoredLedger, invoice: str) -> dict[str, Any]:
    """The document of an invoice whose pack holds."""
    files = packed(ledger.application, invoice)
    assert verdict(files) == []
    document: dict[str, Any] = json.loads(files[verify.INVOICE])
    return document


def test_with_discounts_taxes_and_credit(ledger: StoredLedger) -> None:
    for tax_rate, percentage, inclusive in (("txr_in", "7", True), ("txr_on", "19", False)):
        ledger.do(
            CreateTaxRate(
                tax_rate=tax_rate,
                terms=TaxRateTerms(percentage=percentage, inclusive=inclusive),
                details=TaxRateDetails(display_name="VAT"),
            )
        )
    ledger.do(
        CreateCoupon(coupon="half", terms=CouponTerms(percent_off="33.3", duration="forever"))
    )
    ledger.do(
        UpdateSubscription(
            subscription="sub_a",
            default_tax_rates=("txr_in", "txr_on"),
            discounts=(DiscountRequest(id="di_a", coupon="half"),),
        )
    )
    ledger.do(UpdateCustomer(customer="cus_a", balance=-500))
    document = checked(ledger, finish(ledger, "2026-02-01"))
    assert document["discount_total"] != "0"
    assert document["tax_inclusive"] != "0"
    assert document["tax_exclusive"] != "0"
    assert document["starting_balance"] == "-500"


@pytest.mark.parametrize(
    "terms",
    [
        {
            "billing_scheme": "tiered",
            "tiers_mode": mode,
            "tiers": (
                Tier(up_to=100, unit_amount=3, unit_amount_decimal="3", flat_amount_decimal="10"),
                Tier(up_to=None, unit_amount_decimal="0.5"),
            ),
        }
        for mode in ("graduated", "volume")
    ]
    + [
        {"unit_amount_decimal": "0.333", "included_units": "100"},
        {"unit_amount_decimal": "2", "percentage_fee": PercentageFee(percent="2.9", of="amount")},
        {"unit_amount_decimal": "0.01", "minimum_charge": 999},
        {"unit_amount_decimal": "50", "maximum_charge": 999},
    ],
)
def test_rated_by_every_kind_of_terms(ledger: StoredLedger, terms: dict[str, Any]) -> None:
    metered = Recurring(interval="month", usage_type="metered", meter="mtr_test_a")
    ledger.price("price_other", recurring=metered, **terms)
    ledger.do(
        UpdateSubscription(
            subscription="sub_a",
            items=(ItemChange(id="si_price_tokens", price="price_other"),),
        )
    )
    ledger.record(report("a-9", "2026-01-31", "17"))
    document = checked(ledger, finish(ledger, "2026-02-01"))
    assert "price_other" in {line["price"] for line in document["lines"]}


@pytest.mark.parametrize("formula", ["count", "last", "max", "min", "average", "unique_count"])
@pytest.mark.parametrize("window", [None, "day"])
def test_metered_by_every_formula(ledger: StoredLedger, formula: Any, window: Any) -> None:
    meter = CreateMeter(
        meter="mtr_test_b",
        display_name="Other",
        event_name="other",
        formula=formula,
        event_time_window=window,
    )
    ledger.do(meter)
    metered = Recurring(interval="month", usage_type="metered", meter="mtr_test_b")
    ledger.price("price_other", unit_amount_decimal="100", recurring=metered)
    ledger.do(
        UpdateSubscription(
            subscription="sub_a", items=(ItemChange(id="si_b", added=True, price="price_other"),)
        )
    )
    ledger.now = at("2026-01-31T18:00")
    ledger.record(
        *(
            report(f"o-{n}", f"2026-01-31T{hour}", value, customer, "other")
            for n, (hour, value, customer) in enumerate(
                [
                    ("13:00", "7", "cus_a"),
                    ("14:00", "5", "cus_b"),
                    ("15:30", "3", "cus_a"),
                    ("15:10", "8", "cus_a"),
                ]
            )
        )
    )
    document = checked(ledger, finish(ledger, "2026-02-01"))
    [line] = [line for line in document["lines"] if line["meter"] == "mtr_test_b"]
    assert line["evidence"]["meter_events"] == (1 if window else 3)


def test_an_event_that_another_one_overwrote_after_the_period(ledger: StoredLedger) -> None:
    """The day of a cut: what counts on one side of it was decided on the other."""
    ledger.do(
        CreateMeter(
            meter="mtr_test_b",
            display_name="Daily",
            event_name="daily",
            formula="sum",
            event_time_window="day",
        )
    )
    metered = Recurring(interval="month", usage_type="metered", meter="mtr_test_b")
    for price in ("price_b1", "price_b2"):
        ledger.price(price, unit_amount_decimal="100", recurring=metered)
    ledger.subscribe("price_b1", subscription="sub_b")
    ledger.now = at("2026-01-31T13:30")
    ledger.record(report("d-0", "2026-01-31T13:00", "7", meter="daily"))
    ledger.now = at("2026-01-31T14:00")
    change = ItemChange(id="si_price_b1", price="price_b2")
    ledger.do(UpdateSubscription(subscription="sub_b", items=(change,)))
    ledger.now = at("2026-01-31T17:00")
    ledger.record(report("d-1", "2026-01-31T16:00", "5", meter="daily"))
    for invoice in _finalized_of(ledger, "sub_b", "2026-02-28T12:00"):
        checked(ledger, invoice)


def _finalized_of(ledger: StoredLedger, subscription: str, end: str) -> list[str]:
    ledger.now = at(end)
    found = drafts(ledger.do(ClosePeriod(subscription=subscription, period_end=ledger.now)))
    for invoice in found:
        ledger.finalize(invoice, f"{end[:10]}T14:00")
    assert found
    return found


def test_of_the_first_engine(datastore: Datastore, shared_database: Database) -> None:
    told, *events = (json.loads(line) for line in LOG_OF_ENGINE_1.read_text().splitlines())
    old = StoredLedger(datastore, 7_001)
    with psycopg.connect(shared_database.owner_url) as connection:
        for position, (stream, version, topic, state) in enumerate(events, start=1):
            connection.execute(
                "INSERT INTO ledger.events VALUES (%s, %s, %s, %s, %s, %s)",
                (7_001, stream, version, topic, position, deflate(state.encode())),
            )
    for invoice in told["invoices"]:
        assert checked(old, invoice)["engine_version"] == 1
