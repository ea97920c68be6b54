"""What customers and those who sell to them ask for in a year."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ledger.credit_notes.commands import CreditLine, IssueCreditNote, VoidCreditNote
from ledger.invoice_items.commands import ChargeRequest, CreateInvoiceItem
from ledger.invoices.commands import (
    AddedLine,
    AddInvoiceLines,
    CreateInvoice,
    DetailsRequest,
    FinalizeInvoice,
    MarkInvoiceUncollectible,
    PayInvoice,
    VoidInvoice,
)
from ledger.kernel.clock import to_microseconds
from ledger.late_usage.commands import ChangeLateUsagePolicy
from ledger.late_usage.events import Policy
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.validation import UsageReport
from ledger.prices.commands import UpdatePrice
from ledger.subscriptions.commands import (
    CancelSubscription,
    ItemChange,
    PauseSubscription,
    ResumeSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.parts import ProrationBehavior
from tests.audit.years.offers import (
    EVENT_NAMES,
    PEAK,
    TOKENS,
    Customer,
    is_licensed,
    prices_of,
    subscribe,
)

if TYPE_CHECKING:
    from tests.audit.years.year import Year

_LATEST = timedelta(days=34)


@dataclass(frozen=True)
class Asking:
    """One thing for one customer."""

    year: "Year"
    customer: Customer

    def ask(self) -> None:
        """Something at random."""
        kinds = {
            self._use: 14,
            self._use_late: 6,
            self._correct: 3,
            self._reprice: 5,
            self._add_or_remove: 2,
            self._change_price: 1,
            self._pause_or_resume: 1,
            self._begin_anew: 1,
            self._credit: 5,
            self._void_credit: 1,
            self._settle: 5,
            self._charge: 2,
            self._edit: 2,
            self._bill_by_hand: 1,
            self._change_policy: 1,
        }
        [chosen] = self.year.chance.choices(list(kinds), weights=list(kinds.values()))
        chosen()

    # -- usage ---------------------------------------------------------------------------------

    def _use(self) -> None:
        self._report(self.year.chance.randint(1, 25), timedelta(days=3))

    def _use_late(self) -> None:
        self._report(self.year.chance.randint(1, 6), _LATEST)

    def _report(self, number: int, back: timedelta) -> None:
        self.year.report([self._meter_event(back) for _ in range(number)])

    def _meter_event(self, back: timedelta) -> UsageReport:
        chance = self.year.chance
        moment = self.year.now - chance.random() * back
        value = chance.choice([str(chance.randint(0, 400)), f"{chance.uniform(-9, 90):.3f}"])
        return UsageReport(
            EVENT_NAMES[chance.choice([TOKENS, TOKENS, PEAK])],
            self.year.name("e"),
            {"stripe_customer_id": self.customer.id, "value": value},
            to_microseconds(moment),
            None,
        )

    def _correct(self) -> None:
        """Report a meter event, and cancel it once it may have been billed."""
        chance = self.year.chance
        wrong = self._meter_event(_LATEST if chance.random() < 0.5 else timedelta(hours=2))
        self.year.report([wrong])
        if self.year.wrong:
            gone = self.year.wrong.pop(chance.randrange(len(self.year.wrong)))
            self.year.accepts(CancelMeterEvent(identifier=gone, reason="wrong", at_any_time=True))
        self.year.wrong.append(wrong.identifier)

    def _change_policy(self) -> None:
        policies: list[Policy] = ["next_invoice", "immediate", "report_only"]
        chance = self.year.chance
        of = chance.choice([None, self.customer.id])
        self.year.accepts(ChangeLateUsagePolicy(customer=of, policy=chance.choice(policies)))

    # -- subscriptions -------------------------------------------------------------------------

    def _reprice(self) -> None:
        """Another price of the same kind, or another quantity."""
        chance, items = self.year.chance, self.year.subscription(self.customer).items
        item = chance.choice(list(items))
        if is_licensed(item.price):
            change = ItemChange(id=item.id, quantity=chance.randint(0, 12))
        elif item.meter == TOKENS:
            tiers, packages, *_ = prices_of(self.customer.currency)
            change = ItemChange(id=item.id, price=packages if item.price == tiers else tiers)
        else:
            return
        self._update(change)

    def _add_or_remove(self) -> None:
        chance, items = self.year.chance, self.year.subscription(self.customer).items
        if len(items) > 2:
            self._update(ItemChange(id=chance.choice(list(items)).id, deleted=True))
            return
        price = chance.choice(prices_of(self.customer.currency))
        added = ItemChange(id=self.year.name("si"), added=True, price=price)
        if is_licensed(price):
            added = added.model_copy(update={"quantity": chance.randint(1, 5)})
        self._update(added)

    def _update(self, change: ItemChange) -> None:
        behaviors: list[ProrationBehavior] = ["create_prorations", "none", "always_invoice"]
        command = UpdateSubscription(
            subscription=self.customer.subscription,
            items=(change,),
            proration_behavior=self.year.chance.choice(behaviors),
        )
        self.year.accepts(command)

    def _change_price(self) -> None:
        """A new version of a price, with the same terms."""
        price = self.year.chance.choice(prices_of(self.customer.currency))
        self.year.accepts(UpdatePrice(price=price, changes={"nickname": self.year.name("n")}))

    def _pause_or_resume(self) -> None:
        name = self.customer.subscription
        if self.year.subscription(self.customer).status == "paused":
            self.year.accepts(ResumeSubscription(subscription=name))
        else:
            bills = self.year.chance.random() < 0.5
            self.year.accepts(PauseSubscription(subscription=name, bill_usage=bills))

    def _begin_anew(self) -> None:
        chance = self.year.chance
        command = CancelSubscription(
            subscription=self.customer.subscription,
            invoice_now=chance.random() < 0.7,
            prorate=chance.random() < 0.5,
        )
        if self.year.accepts(command):
            subscribe(self.year, self.customer)

    # -- invoices ------------------------------------------------------------------------------

    def _credit(self) -> None:
        """Some of an invoice, or of one of its lines."""
        found = self.year.invoice(self.customer, "open", "paid")
        if found is None or (final := found[1].final) is None:
            return
        chance = self.year.chance
        command = IssueCreditNote(
            credit_note=self.year.name("cn"),
            invoice=found[0],
            excess_to_balance=True,
            amount=chance.randint(1, max(1, final.total // 2)),
        )
        positive = [line for line in final.lines if line.amount > 0]
        if positive and chance.random() < 0.5:
            line = chance.choice(positive)
            amount = chance.randint(1, line.amount)
            of = CreditLine(kind="invoice_line_item", invoice_line_item=line.id, amount=amount)
            command = command.model_copy(update={"amount": None, "lines": (of,)})
        if self.year.accepts(command):
            self.year.notes.append(command.credit_note)

    def _void_credit(self) -> None:
        if self.year.notes:
            self.year.accepts(VoidCreditNote(credit_note=self.year.chance.choice(self.year.notes)))

    def _settle(self) -> None:
        """Pay an invoice, or give it up."""
        found = self.year.invoice(self.customer, "open", "uncollectible")
        if found is not None:
            pay = PayInvoice(invoice=found[0], paid_out_of_band=True)
            uncollectible = MarkInvoiceUncollectible(invoice=found[0])
            void = VoidInvoice(invoice=found[0])
            [command] = self.year.chance.choices([pay, uncollectible, void], weights=[6, 1, 2])
            self.year.accepts(command)

    def _charge(self) -> None:
        command = CreateInvoiceItem(
            item=self.year.name("ii"),
            charge=self._amount(),
            customer=self.customer.id,
            currency=self.customer.currency,
        )
        self.year.accepts(command)

    def _edit(self) -> None:
        """A line more on a draft, which may be finalized before its time."""
        found = self.year.invoice(self.customer, "draft")
        if found is None:
            return
        line = AddedLine(item=self.year.name("ii"), charge=self._amount())
        self.year.accepts(AddInvoiceLines(invoice=found[0], lines=(line,)))
        if self.year.chance.random() < 0.3:
            self.year.accepts(FinalizeInvoice(invoice=found[0]))

    def _bill_by_hand(self) -> None:
        name = self.year.name("in")
        command = CreateInvoice(
            invoice=name,
            details=DetailsRequest(),
            customer=self.customer.id,
            currency=self.customer.currency,
            include_pending=True,
        )
        if self.year.accepts(command):
            line = AddedLine(item=self.year.name("ii"), charge=self._amount())
            self.year.accepts(AddInvoiceLines(invoice=name, lines=(line,)))
            self.year.accepts(FinalizeInvoice(invoice=name))

    def _amount(self) -> ChargeRequest:
        return ChargeRequest(amount=self.year.chance.randint(-800, 4_000))
