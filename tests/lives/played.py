"""A life as the ledger lives it, and as the independent biller is told of it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledger.customers.commands import CreateCustomer
from ledger.invoice_items.commands import ChargeRequest, CreateInvoiceItem
from ledger.invoices.commands import ClosePeriod, FinalizeDueInvoice
from ledger.kernel.clock import from_epoch
from ledger.kernel.commands import Command
from ledger.kernel.errors import LedgerError
from ledger.late_usage.commands import AdjustLateUsage, ChangeLateUsagePolicy
from ledger.store.work import Work
from ledger.subscriptions import aggregate as subscriptions
from ledger.subscriptions.commands import (
    CancelSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.cycle import boundary
from tests.lives.asked import create_subscription, credit_note, credited_part, item_change
from tests.lives.biller import Biller
from tests.lives.catalog import (
    coupon_told,
    levy_taxes,
    measure,
    offer_coupons,
    sell,
    tax_rate_told,
)
from tests.lives.comparing import credited_by_biller, of_biller
from tests.lives.journal import Journal
from tests.lives.ledgers import LedgerOfLife
from tests.lives.stories import (
    AddItem,
    Advance,
    Cancel,
    Change,
    Credit,
    Life,
    Step,
    Subscribe,
    Use,
)
from tests.support.billing_ledger import BillingLedger


def prove(played: "Played") -> None:
    """Every invoice and every credit note is that of the biller."""
    assert played.journal.comparable() == played.expected()
    assert played.journal.credits() == played.expected_credits()


def played_in_memory(life: Life) -> "Played":
    """A life on a ledger in memory, in which every invoice is that of the biller."""
    played = Played(life)
    played.play()
    prove(played)
    return played


@dataclass
class Played:
    """Both are given the same; what the ledger refuses, the biller is not told."""

    life: Life
    ledger: LedgerOfLife = field(default_factory=BillingLedger)
    biller: Biller = field(init=False)
    accepted: list[str] = field(default_factory=list[str])
    journal: Journal = field(default_factory=Journal)
    _running: dict[int, str] = field(default_factory=dict[int, str])
    _count: int = 0

    def __post_init__(self) -> None:
        self.now = self.life.start
        self.biller = Biller(self.life.currency, self.life.policy)
        self.ledger.now = from_epoch(self.now)
        measure(self.ledger)
        for i, asked in enumerate(self.life.prices):
            self.biller.prices[f"price_{i}"] = sell(self.ledger, self.life, f"price_{i}", asked)
        self.ledger.do(ChangeLateUsagePolicy(policy=self.life.policy))
        for i, balance in enumerate(self.life.balances):
            self.ledger.do(CreateCustomer(customer=f"cus_{i}", balance=balance))
            self.biller.customer(f"cus_{i}", balance)
        offer_coupons(self.ledger, self.life)
        levy_taxes(self.ledger, self.life)

    def play(self) -> None:
        for step in self.life.steps:
            self.take(step)

    def take(self, step: Step) -> None:
        self._count += 1
        match step:
            case Advance():
                self._advance(self.now + step.seconds)
            case Subscribe():
                self._subscribe(step)
            case Use():
                self._use(step)
            case Change():
                self._change(step)
            case Cancel():
                self._cancel(step)
            case AddItem():
                self._add_item(step)
            case Credit():
                self._credit(step)

    # -- what happens --------------------------------------------------------------------------

    def _accepts(self, what: str, command: Command) -> bool:
        try:
            self.journal.note(self.ledger.do(command))
        except LedgerError:
            return False
        self.accepted.append(what)
        return True

    def _advance(self, to: int) -> None:
        while (due := min(self._due(), default=None)) is not None and due[0] <= from_epoch(to):
            at, kind, _, name = due
            self.ledger.now = at
            command: Command = (
                ClosePeriod(subscription=name, period_end=at)
                if kind == 0
                else FinalizeDueInvoice(invoice=name)
            )
            self.journal.note(self.ledger.do(command))
        self.now = to
        self.ledger.now = from_epoch(to)
        self.biller.advance(to)

    def _due(self) -> list[tuple[datetime, int, int, str]]:
        """When, what, and in which order if at once: that of subscribing, that of drafting."""
        work = self.ledger.work()
        ends = ((name, boundary(self._state(work, name))) for name in self.biller.subscriptions)
        return [
            *((end, 0, i, name) for i, (name, end) in enumerate(ends) if end is not None),
            *((due, 1, i, name) for i, (name, due) in enumerate(self.journal.waiting.items())),
        ]

    def _state(self, work: Work, name: str) -> subscriptions.Subscription:
        return work.require(subscriptions.evolve, name, "subscription")

    def _subscribe(self, step: Subscribe) -> None:
        if step.customer in self._running:
            return
        command = create_subscription(self.life, self._count, step, self.now)
        if not self._accepts("subscribe", command):
            return
        name = command.subscription
        self._running[step.customer] = name
        start = self.now - step.backdated
        trial_end = self.now + step.trial_days * 86_400 if step.trial_days else None
        natural = trial_end or (start if step.mode == "flexible" else self.now)
        self.biller.subscribe(
            id=name,
            customer=command.customer,
            at=self.now,
            start=start,
            anchor=natural if step.anchor_in is None else self.now + step.anchor_in,
            mode=step.mode,
            items={i.id: {"price": i.price, "quantity": i.quantity} for i in command.items},
            trial_end=trial_end,
            coupons=[
                coupon_told(self.life, n, f"di_{self._count}_{n}", self.now) for n in step.coupons
            ],
            tax_rates=[tax_rate_told(self.life, n) for n in step.tax_rates],
        )

    def _use(self, step: Use) -> None:
        for ago, value in step.events:
            customer, meter, ts = f"cus_{step.customer}", f"mtr_{step.meter}", self.now - ago
            day = from_epoch(ts).replace(tzinfo=None).isoformat()
            self.ledger.use(day, value, meter=meter, who=customer)
            self.biller.use(customer=customer, meter=meter, ts=ts, value=value)
        times = [self.now - ago for ago, _ in step.events]
        self._settle_late(f"cus_{step.customer}", f"mtr_{step.meter}", times)

    def _settle_late(self, customer: str, meter: str, times: list[int]) -> None:
        """What the scheduler does once usage has come for invoices that are final."""
        recorded_at = self.ledger.head()[0]
        for name in self.journal.of(customer):
            for line in self.journal.drafted[name].lines:
                late = any(from_epoch(ts) in line.period for ts in times)
                if late and (line.kind, line.meter) == ("metered", meter):
                    command = AdjustLateUsage(invoice=name, line=line.id, recorded_at=recorded_at)
                    self._accepts("late usage", command)
        self.biller.settle(customer, meter, times)

    def _change(self, step: Change) -> None:
        name = self._running.get(step.customer)
        told = None if name is None else self.biller.subscriptions[name]
        if name is None or told is None or told["ended"] or told["cancel_at"] is not None:
            return
        if told["trial_end"] and self.now < told["trial_end"]:
            return
        change = item_change(self.life, self._count, step, told)
        if change is None:
            return
        command = UpdateSubscription(
            subscription=name, items=(change,), proration_behavior=step.behavior
        )
        if not self._accepts(f"{step.kind}, {step.behavior}", command):
            return
        price = change.price or told["items"][change.id]["price"]
        asked = self.life.prices[int(price.removeprefix("price_"))]
        quantity = None if asked.meter is not None else step.quantity
        about = {"item": change.id, "price": price, "quantity": quantity}
        if change.deleted:
            about["removed"] = True
        self.biller.change(name, self.now, step.behavior, [about])

    def _cancel(self, step: Cancel) -> None:
        name = self._running.get(step.customer)
        if name is None or self.biller.subscriptions[name]["ended"]:
            return
        if step.kind == "now":
            command: Command = CancelSubscription(
                subscription=name, invoice_now=step.invoice_now, prorate=step.prorate
            )
            if self._accepts("cancel", command):
                self.biller.cancel(
                    name, self.now, invoice_now=step.invoice_now, prorate=step.prorate
                )
                del self._running[step.customer]
        elif step.kind == "period_end":
            command = UpdateSubscription(subscription=name, cancel_at_period_end=True)
            if self._accepts("cancel at period end", command):
                self.biller.cancel_at_period_end(name)
        elif self.biller.subscriptions[name]["cancel_at"] is not None:
            command = UpdateSubscription(subscription=name, cancel_at_period_end=False)
            if self._accepts("go on", command):
                self.biller.go_on(name)

    def _add_item(self, step: AddItem) -> None:
        command = CreateInvoiceItem(
            item=f"ii_{self._count}",
            charge=ChargeRequest(amount=step.amount, discountable=True),
            customer=f"cus_{step.customer}",
            currency=self.life.currency,
        )
        if self._accepts("item by hand", command):
            self.biller.add_item(f"cus_{step.customer}", step.amount)

    def _credit(self, step: Credit) -> None:
        """Both know how much of it there is left to credit."""
        customer = f"cus_{step.customer}"
        names = self.journal.of(customer)
        if not names:
            return
        place = -1 - step.invoice % len(names)
        name, final = names[place], self.journal.issued[names[place]]
        told = [one for one in self.biller.invoices if one["customer"] == customer][place]
        line, amount = credited_part(step, final)
        command = credit_note(f"cn_{self._count}", name, final, line, amount)
        accepted = self._accepts("credit note", command)
        assert accepted == self.biller.credit(told, amount=amount, line=line)

    # -- what came of it -----------------------------------------------------------------------

    def counted(self) -> Counter[str]:
        """How often what happened."""
        counted = Counter(self.accepted) + self.journal.settled
        counted.update({"lives": 1, "invoices": len(self.journal.issued)})
        return counted

    def expected(self) -> dict[str, list[tuple[Any, ...]]]:
        """The biller's invoices by customer."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        for invoice in self.biller.invoices:
            found.setdefault(invoice["customer"], []).append(of_biller(invoice))
        return found

    def expected_credits(self) -> list[tuple[Any, ...]]:
        """The biller's credit notes."""
        return list(map(credited_by_biller, self.biller.credits))
