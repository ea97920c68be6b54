"""Whatever is used, cancelled, billed and settled in whatever order: the ledger's sums hold."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.audit.ledger_check import checked
from api.services import Services
from ledger.invoices.commands import ClosePeriod, FinalizeDueInvoice, VoidInvoice
from ledger.kernel.commands import Command, LedgerIdentity
from ledger.kernel.errors import LedgerError
from ledger.late_usage.events import Policy
from ledger.prices.terms import Recurring, Tier
from ledger.subscriptions import aggregate as subscriptions
from ledger.subscriptions.commands import (
    ItemChange,
    PauseSubscription,
    ResumeSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.cycle import boundary
from projections.invoices.rows import INVOICES
from tests.support.billing_ledger import at
from tests.support.late_ledger import LateLedger, broken
from tests.support.postgres import Database

_ledger_ids = itertools.count(1)

ITEM = "si_price_tiers"
MONTHS = ("2026-02-01", "2026-03-01", "2026-04-01")
DAYS = st.integers(1, 31)
POLICIES: st.SearchStrategy[Policy | None] = st.sampled_from(
    ["next_invoice", "immediate", "report_only", None]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("use"), DAYS, st.integers(-50, 900)),
        st.tuples(st.just("cancel"), st.integers(0, 20), st.none()),
        st.tuples(st.just("settle"), st.none(), st.none()),
        st.tuples(st.just("policy"), POLICIES, st.booleans()),
        st.tuples(st.just("void"), st.integers(0, 2), st.none()),
        st.tuples(st.just("price"), st.sampled_from(["price_tiers", "price_tokens"]), DAYS),
        st.tuples(st.just("clear"), st.none(), DAYS),
        st.tuples(st.just("pause"), DAYS, st.booleans()),
        st.tuples(st.just("resume"), DAYS, st.none()),
    ),
    max_size=14,
)


@pytest.fixture(scope="module")
def services(shared_database: Database) -> Iterator[Services]:
    made = Services(shared_database.app_url, pool_size=4, follow_inline=True)
    yield made
    made.close()


class Life:
    """Three months of a customer, in which each step may be late by a month."""

    def __init__(self, services: Services) -> None:
        self.ledger = LateLedger(services, next(_ledger_ids))
        self.ledger.sell()
        self.ledger.stored.price(
            "price_tiers",
            billing_scheme="tiered",
            tiers_mode="graduated",
            tiers=(
                Tier(up_to=100, unit_amount_decimal="0.35", flat_amount_decimal="3"),
                Tier(up_to=None, unit_amount_decimal="0.125"),
            ),
            recurring=Recurring(interval="month", usage_type="metered", meter="mtr_test_a"),
        )
        self.ledger.stored.subscribe("price_tiers", "price_seat")
        self.used: list[str] = []
        self.invoices: list[str] = []

    def do(self, what: str, one: object, other: object) -> None:
        match what, one, other:
            case "use", int(day), value:
                self.use(day, str(value))
            case "cancel", int(number), _ if number < len(self.used):
                self.cancel(self.used[number])
            case "policy", policy, of_customer:
                self.ledger.policy(
                    policy or "next_invoice" if not of_customer else policy,  # type: ignore[arg-type]
                    customer="cus_a" if of_customer else None,
                )
            case "void", int(number), _ if number < len(self.invoices):
                self.void(self.invoices[number])
            case "settle", _, _:
                self.ledger.settle()
            case "price", str(price), int(day):
                self.change(day, ItemChange(id=ITEM, price=price))
            case "clear", _, int(day):
                self.change(day, ItemChange(id=ITEM, deleted=True, clear_usage=True))
            case "pause", int(day), bool(bills):
                self.ask(day, PauseSubscription(subscription="sub_a", bill_usage=bills))
            case "resume", int(day), _:
                self.ask(day, ResumeSubscription(subscription="sub_a"))
            case _:
                pass

    def change(self, day: int, *items: ItemChange) -> None:
        """Change items on a day of the running month."""
        self.ask(day, UpdateSubscription(subscription="sub_a", items=items))

    def ask(self, day: int, command: Command) -> None:
        """Ask for something on a day of the running month; it may be refused."""
        stored = self.ledger.stored
        self.go_to(max(stored.now, stored.now.replace(day=min(day, 28), hour=12)))
        with suppress(LedgerError):
            stored.do(command)

    def go_to(self, moment: datetime) -> None:
        """Let time pass: periods that end are closed, drafts that are due finalized."""
        stored = self.ledger.stored
        while (end := self.next_end()) is not None and end <= moment:
            stored.now = max(stored.now, end)
            stored.do(ClosePeriod(subscription="sub_a", period_end=end))
        stored.now = max(stored.now, moment)
        reader = self.ledger.services.reader(self.ledger.ledger_id)
        for row in reader.fetch_rows(INVOICES, "ledger_id = %(ledger_id)s ORDER BY sequence", {}):
            if row.status == "draft":
                with suppress(LedgerError):
                    stored.do(FinalizeDueInvoice(invoice=row.id))
            if row.id not in self.invoices:
                self.invoices.append(row.id)

    def next_end(self) -> datetime | None:
        """When the next period of the subscription ends."""
        work = self.ledger.stored.application.work(self.ledger.stored.circumstances())
        found = work.require(subscriptions.evolve, "sub_a", "subscription")
        return None if found.status == "canceled" else boundary(found)

    def use(self, day: int, value: str) -> None:
        """Usage of the running month or, where that day is yet to come, of the one before."""
        stored = self.ledger.stored
        moment = stored.now.replace(day=1) + timedelta(days=day - 1, hours=5)
        if moment > stored.now:
            moment -= timedelta(days=31)
        identifier = f"e-{len(self.used)}"
        self.ledger.use(identifier, moment.replace(tzinfo=None).isoformat(), value)
        self.used.append(identifier)

    def cancel(self, identifier: str) -> None:
        with suppress(LedgerError):
            self.ledger.cancel(identifier)

    def void(self, invoice: str) -> None:
        with suppress(LedgerError):
            self.ledger.stored.do(VoidInvoice(invoice=invoice))


@settings(
    max_examples=max(1, settings().max_examples // 4),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(months=st.tuples(STEPS, STEPS, STEPS, STEPS), settles=st.booleans())
def test_every_identity_holds(
    services: Services, months: tuple[list[tuple[str, object, object]], ...], settles: bool
) -> None:
    life = Life(services)
    life.ledger.stored.now = at("2026-01-15")
    for number, steps in enumerate(months):
        for step in steps:
            life.do(*step)
        if number < len(MONTHS):
            life.go_to(at(MONTHS[number]))
            life.go_to(at(f"{MONTHS[number]}T02:00"))
    if settles:
        life.ledger.settle()
        assert life.ledger.late() == []
    found = checked(services, LedgerIdentity(life.ledger.ledger_id, "acct_1", False))
    assert broken(found) == [], [one.offenders for one in found.identities]
