"""History under other prices: amounts worked out by hand, and nothing where nothing changes."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.audit.history import PastStreams
from ledger.audit.simulation.changes import Changes, KnownPrices, changes_of
from ledger.audit.simulation.comparing import Simulation
from ledger.audit.simulation.history import Past, simulate
from ledger.customers.commands import CreateCustomer
from ledger.invoices.commands import VoidInvoice
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.months import Month
from ledger.prices.definition import TermsRequest, TierRequest, define_terms
from ledger.prices.terms import PriceTerms, Recurring, TransformQuantity
from ledger.subscriptions.commands import (
    CheckThresholds,
    ItemChange,
    UpdateSubscription,
)
from ledger.subscriptions.parts import Thresholds
from tests.audit.conftest import next_ledger
from tests.support.billing_ledger import at
from tests.support.stored_ledger import StoredLedger

EVERYTHING = Past()
METERED: Any = Recurring(interval="month", usage_type="metered", meter="mtr_test_a")


def terms(unit_amount_decimal: str, **more: Any) -> PriceTerms:
    return define_terms(
        TermsRequest(currency="usd", unit_amount_decimal=unit_amount_decimal, **more)
    )


def replaced(ledger: StoredLedger, **by: PriceTerms | str) -> Changes:
    """Changes of prices, by other prices or by terms."""
    prices = KnownPrices(PastStreams(ledger.application))
    return changes_of(
        prices.replaced_by(old, new, old_param="old", new_param="new")
        if isinstance(new, str)
        else prices.replaced_by_terms(old, "new terms", [new], param="price")
        for old, new in by.items()
    )


def simulated(ledger: StoredLedger, past: Past = EVERYTHING, **by: PriceTerms | str) -> Simulation:
    return simulate(ledger.application, past, replaced(ledger, **by))


def month(ledger: StoredLedger, day: str, value: str, end: str) -> str:
    ledger.now = at(day)
    ledger.use(f"e-{day}", day, value)
    closed = ledger.close(end)
    ledger.finalize(closed, f"{end}T01:00")
    return closed


@pytest.fixture
def billed(ledger: StoredLedger) -> StoredLedger:
    """January's seat, then 250 tokens in January and 1,000 in February, each with a seat."""
    ledger.subscribe("price_tokens", "price_seat")
    month(ledger, "2026-01-10", "250", "2026-02-01")
    month(ledger, "2026-02-10", "1000", "2026-03-01")
    return ledger


def test_a_dearer_price_is_told_line_by_line_and_in_all(billed: StoredLedger) -> None:
    found = simulated(billed, price_tokens=terms("1"))
    assert [(line.quantity, line.before, line.after) for line in found.lines] == [
        ("250", 12, 250),
        ("1000", 40, 1000),
    ]
    assert (found.invoices, found.affected) == (3, 2)
    total = found.totals()["usd"]
    assert (total.before.total, total.after.total) == (3 * 3100 + 52, 3 * 3100 + 1250)
    assert found.movers("usd") == [("cus_a", total)]
    assert total.difference == 1198


def test_tiers_take_the_place_of_a_price(billed: StoredLedger) -> None:
    tiered = define_terms(
        TermsRequest(
            currency="usd",
            billing_scheme="tiered",
            tiers_mode="graduated",
            tiers=(
                TierRequest(up_to=300, unit_amount_decimal="2"),
                TierRequest(up_to="inf", unit_amount_decimal="0.5", flat_amount=7),
            ),
        )
    )
    found = simulated(billed, price_tokens=tiered)
    assert [line.after for line in found.lines] == [500, 600 + 350 + 7]


def test_another_price_takes_the_place_of_one(billed: StoredLedger) -> None:
    billed.price("price_big", unit_amount_decimal="9900", recurring=Recurring(interval="month"))
    found = simulated(billed, price_seat="price_big")
    assert {(line.before, line.after, line.replaced_by) for line in found.lines} == {
        (3100, 9900, "price_big")
    }
    assert found.totals()["usd"].difference == 3 * 6800


def test_only_the_asked_months_and_customers_count(billed: StoredLedger) -> None:
    billed.do(CreateCustomer(customer="cus_b"))
    january = Past(first=Month(2026, 1), last=Month(2026, 1))
    assert simulated(billed, january, price_tokens=terms("1")).invoices == 2
    assert simulated(billed, Past(("cus_b",)), price_tokens=terms("1")).invoices == 0
    one = simulated(billed, Past(("cus_a", "cus_a")), price_tokens=terms("1"))
    assert one.invoices == 3
    with pytest.raises(NotFound, match="cus_c"):
        simulated(billed, Past(("cus_c",)), price_tokens=terms("1"))


def test_voided_invoices_have_no_part_in_it(billed: StoredLedger) -> None:
    last = month(billed, "2026-03-10", "100", "2026-04-01")
    before = simulated(billed, price_tokens=terms("1"))
    billed.do(VoidInvoice(invoice=last))
    after = simulated(billed, price_tokens=terms("1"))
    assert (before.invoices, after.invoices) == (4, 3)
    assert [line.invoice for line in after.lines] == [line.invoice for line in before.lines[:2]]


def test_nothing_is_written(billed: StoredLedger) -> None:
    recorder = billed.application.recorder
    head = recorder.head()
    simulated(billed, price_tokens=terms("1"), price_seat=terms("5"))
    assert recorder.head() == head


def test_what_cannot_be_simulated_is_refused(billed: StoredLedger) -> None:
    with pytest.raises(InvalidRequest, match="metered"):
        replaced(billed, price_tokens="price_seat")
    with pytest.raises(NotFound, match="price_unknown"):
        replaced(billed, price_unknown="price_seat")
    with pytest.raises(InvalidRequest, match="which price"):
        changes_of([])
    [change] = replaced(billed, price_seat="price_seat").values()
    with pytest.raises(InvalidRequest, match="more than once"):
        changes_of([change, change])
    euros = define_terms(TermsRequest(currency="eur", unit_amount=1))
    with pytest.raises(InvalidRequest, match="no terms in usd"):
        simulated(billed, price_seat=euros)
    with pytest.raises(InvalidRequest, match="at most 2"):
        simulate(billed.application, Past(), replaced(billed, price_seat=terms("1")), most=2)


def test_changes_in_a_period_and_thresholds_are_rated_as_they_were(ledger: StoredLedger) -> None:
    """Segments, parts of periods, and usage that a threshold billed early and gave back."""
    ledger.price("price_tokens_2", unit_amount_decimal="3", recurring=METERED)
    ledger.subscribe("price_tokens_2", "price_seat")
    ledger.now = at("2026-01-16")
    ledger.use("a", "2026-01-05", "100")
    change = ItemChange(id="si_price_seat", price="price_seat", quantity=3)
    ledger.do(UpdateSubscription(subscription="sub_a", items=(change,)))
    ledger.do(UpdateSubscription(subscription="sub_a", thresholds=Thresholds(amount_gte=100)))
    ledger.do(CheckThresholds(subscription="sub_a"))
    month(ledger, "2026-01-20", "50", "2026-02-01")
    same = simulated(ledger, price_tokens_2="price_tokens_2", price_seat="price_seat")
    assert {line.difference for line in same.lines} == {0}
    assert same.totals()["usd"].before == same.totals()["usd"].after
    double = simulated(ledger, price_tokens_2=terms("6"))
    assert sorted((line.before, line.after) for line in double.lines) == [
        (-300, -600),
        (300, 600),
        (450, 900),
    ]
    assert double.totals()["usd"].difference == 450
    assert double.fixed == []


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(st.decimals(0, 10_000, places=3), min_size=1, max_size=3),
    unit=st.decimals(0, 50, places=6),
    packages=st.one_of(st.none(), st.integers(1, 50)),
    minimum=st.one_of(st.none(), st.integers(0, 5_000)),
)
def test_the_same_terms_give_what_was_billed(
    ledger: StoredLedger, values: list[Any], unit: Any, packages: int | None, minimum: int | None
) -> None:
    fresh = StoredLedger(ledger.datastore, next_ledger())
    fresh.sell()
    more: dict[str, Any] = {"minimum_charge": minimum}
    if packages is not None:
        more["transform_quantity"] = TransformQuantity(divide_by=packages, round="up")
    asked = terms(f"{unit:f}", **more)
    stated = asked.model_dump(exclude={"currency", "recurring"})
    fresh.price("price_random", recurring=METERED, **stated)
    fresh.subscribe("price_random", "price_seat", billing_cycle_anchor=at("2026-01-12"))
    fresh.now = at("2026-01-05")
    for number, value in enumerate(values):
        fresh.use(f"e-{number}", "2026-01-04", f"{value:f}")
    fresh.finalize(fresh.close("2026-01-12"), "2026-01-12T01:00")
    for by in ("price_random", asked):
        found = simulated(fresh, price_random=by, price_seat="price_seat")
        assert found.lines
        assert {line.difference for line in found.lines} == {0}
        assert {compared.difference for compared in found.accounts.values()} == {0}
