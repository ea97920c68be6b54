"""The facts of a ledger other than usage, folded in one pass into what its identities compare."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from ledger.audit.ledger_check.adjustments import Adjustments
from ledger.audit.ledger_check.documents import (
    AmountsDue,
    CustomerBalances,
    InvoiceNumbers,
    InvoiceTotals,
)
from ledger.audit.ledger_check.metered_lines import MeteredLine, metered_lines
from ledger.credit_notes.events import CreditNoteIssued
from ledger.customers.events import CustomerBalanceChanged, CustomerCreated
from ledger.invoices import aggregate as invoices
from ledger.invoices.aggregate import Invoice
from ledger.invoices.events import (
    DraftLine,
    InvoiceCredited,
    InvoiceCreditVoided,
    InvoiceDeleted,
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceLinesChanged,
    InvoiceNumberAssigned,
    InvoicePaid,
    InvoiceVoided,
)
from ledger.invoices.numbering import customer_of
from ledger.kernel.events import DomainEvent, RecordedEvent
from ledger.late_usage.events import LateUsageAdjusted, LateUsageChecked
from ledger.meter_events.aggregation import MeterDefinition
from ledger.meter_events.events import MeterEventCancelled
from ledger.meters import aggregate as meters
from ledger.meters.events import MeterCreated
from ledger.prices import aggregate as prices
from ledger.prices.aggregate import Price
from ledger.subscriptions import aggregate as subscriptions
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.events import (
    BillingCycleReset,
    ItemsChanged,
    PeriodClosed,
    SubscriptionCanceled,
    SubscriptionPaused,
    SubscriptionResumed,
    ThresholdReached,
)
from ledger.subscriptions.parts import DroppedUsage


@dataclass(slots=True)
class Removed:
    """A metered line that someone took off a draft: its usage is not billed."""

    customer: str
    line: DraftLine


class Dropped(NamedTuple):
    """Usage that a subscription does not bill."""

    subscription: str
    customer: str
    usage: DroppedUsage


@dataclass(slots=True)
class Books:
    """What a ledger's facts amount to so far. `early` are the lines of thresholds."""

    facts: int = 0
    totals: InvoiceTotals = field(default_factory=InvoiceTotals)
    dues: AmountsDue = field(default_factory=AmountsDue)
    numbers: InvoiceNumbers = field(default_factory=InvoiceNumbers)
    balances: CustomerBalances = field(default_factory=CustomerBalances)
    adjustments: Adjustments = field(default_factory=Adjustments)
    drafts: dict[str, Invoice] = field(default_factory=dict[str, Invoice])
    lines: dict[str, MeteredLine] = field(default_factory=dict[str, MeteredLine])
    early: set[str] = field(default_factory=set[str])
    void: set[str] = field(default_factory=set[str])
    removed: list[Removed] = field(default_factory=list[Removed])
    dropped: list[Dropped] = field(default_factory=list[Dropped])
    meters: dict[str, MeterDefinition] = field(default_factory=dict[str, MeterDefinition])
    prices: defaultdict[str, list[Price]] = field(
        default_factory=lambda: defaultdict[str, list[Price]](list)
    )
    subscriptions: dict[str, Subscription] = field(default_factory=dict[str, Subscription])
    cancelled: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])

    def take(self, recorded: RecordedEvent) -> None:
        """The next fact."""
        self.facts += 1
        follow = self._by_kind.get(recorded.event.TOPIC.partition(".")[0])
        if follow is not None:
            follow(self, recorded.originator_id, recorded.event, recorded.position)

    def _customer(self, customer: str, event: DomainEvent, _: int) -> None:
        match event:
            case CustomerCreated(balance=balance):
                self.balances.create(customer, balance)
            case CustomerBalanceChanged():
                self.balances.change(customer, event)
            case _:
                pass

    def _invoice(self, invoice: str, event: DomainEvent, _: int) -> None:
        match event:
            case InvoiceFinalized():
                self._finalize(invoice, self.drafts.pop(invoice).draft, event)
            case InvoicePaid(amount=amount):
                self.dues.pay(invoice, amount)
            case InvoiceCredited(pre_payment=amount):
                self.dues.credit(invoice, amount)
            case InvoiceCreditVoided(pre_payment=amount):
                self.dues.credit(invoice, -amount)
                self.adjustments.void(event.credit_note)
            case InvoiceVoided():
                self.void.add(invoice)
                self.adjustments.void(invoice)
            case InvoiceDeleted():
                del self.drafts[invoice]
            case _ if isinstance(event, InvoiceDrafted) or invoice in self.drafts:
                if isinstance(event, InvoiceLinesChanged):
                    self._remove(self.drafts[invoice], event)
                self.drafts[invoice] = invoices.evolve(self.drafts.get(invoice), event)
            case _:
                pass

    def _finalize(self, invoice: str, draft: InvoiceDrafted, final: InvoiceFinalized) -> None:
        self.totals.take(invoice, draft.currency, final)
        self.dues.take(invoice, draft.currency, final)
        self.numbers.finalize(invoice, final.number)
        self.balances.finalize(draft.customer, invoice, draft.currency, final)
        self.adjustments.finalize(invoice, draft, final)
        for line in metered_lines(invoice, draft, final):
            line.provisional = line.id in self.early
            self.lines[line.id] = line

    def _remove(self, invoice: Invoice, event: InvoiceLinesChanged) -> None:
        self.removed += [
            Removed(invoice.draft.customer, line)
            for line in invoice.draft.lines
            if line.id in event.removed and line.kind == "metered"
        ]

    def _number(self, stream: str, event: DomainEvent, _: int) -> None:
        if isinstance(event, InvoiceNumberAssigned):
            self.numbers.assign(customer_of(stream), event)

    def _item(self, item: str, event: DomainEvent, _: int) -> None:
        self.adjustments.follow_item(item, event)

    def _note(self, note: str, event: DomainEvent, _: int) -> None:
        if isinstance(event, CreditNoteIssued):
            self.adjustments.credit(note, event)

    def _late(self, _: str, event: DomainEvent, __: int) -> None:
        match event:
            case LateUsageAdjusted():
                self.adjustments.adjust(event)
                self.lines[event.line].adjust(event)
            case LateUsageChecked():
                line = self.lines[event.line]
                line.settled = max(line.settled, event.through_position)
            case _:
                pass

    def _subscription(self, subscription: str, event: DomainEvent, _: int) -> None:
        before = self.subscriptions.get(subscription)
        after = subscriptions.evolve(before, event)
        self.subscriptions[subscription] = after
        match event:
            case ThresholdReached(billed=billed):
                self.early |= {line for one in billed for line in one.lines}
            case (
                ItemsChanged(dropped=dropped)
                | BillingCycleReset(dropped=dropped)
                | PeriodClosed(dropped=dropped)
                | SubscriptionPaused(dropped=dropped)
                | SubscriptionResumed(dropped=dropped)
                | SubscriptionCanceled(dropped=dropped)
            ):
                self.dropped += [Dropped(subscription, after.customer, one) for one in dropped]
            case _:
                pass

    def _price(self, price: str, event: DomainEvent, _: int) -> None:
        known = self.prices[price]
        known.append(prices.evolve(known[-1] if known else None, event))

    def _meter(self, meter: str, event: DomainEvent, _: int) -> None:
        if isinstance(event, MeterCreated):
            self.meters[meter] = MeterDefinition.of(meter, meters.evolve(None, event))

    def _cancellation(self, _: str, event: DomainEvent, position: int) -> None:
        if isinstance(event, MeterEventCancelled):
            self.cancelled[event.position, event.ordinal] = position

    _by_kind: ClassVar[Mapping[str, Callable[..., None]]] = {
        "customer": _customer,
        "invoice": _invoice,
        "invoice_number": _number,
        "invoice_item": _item,
        "credit_note": _note,
        "late_usage": _late,
        "subscription": _subscription,
        "price": _price,
        "meter": _meter,
        "meter_event": _cancellation,
    }
    """What follows the facts whose topics begin with this."""

    def close(self) -> None:
        """After the last fact."""
        self.dues.close()
        self.balances.close()
        self.adjustments.close()

    def price(self, price_id: str, version: int | None) -> Price:
        """A price as of a version of its stream, the last one if None."""
        return self.prices[price_id][-1 if version is None else version - 1]
