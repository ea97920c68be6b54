"""Whatever is done, the ledger bills what an independent biller bills that was told the same.

The commands that the ledger accepted are fed to `tests.support.reference_biller` in the order in
which they were recorded. Summaries are compared on the way, previews and invoices at the end.
Where the reference's last invoice has nothing to say, because nothing follows that could be billed
in advance, the ledger makes none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import event, given

from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from ledger.kernel.clock import from_epoch
from ledger.kernel.ids import new_id
from ledger.late_usage.commands import ChangeLateUsagePolicy
from ledger.meter_events.aggregation import MeterDefinition
from ledger.meter_events.commands import CancelMeterEvent
from ledger.prices.commands import CreatePrice
from ledger.products.commands import CreateProduct
from ledger.products.events import ProductDetails
from ledger.subscriptions.commands import (
    CancelSubscription,
    CreateSubscription,
    ItemRequest,
    UpdateSubscription,
)
from tests.properties.comparable import (
    head,
    head_of_reference,
    in_order,
    issued_invoice,
    of_reference,
    rated_lines,
)
from tests.properties.ledger_in_process import (
    BESIDE_A_POOL,
    LedgerInProcess,
    fewer_examples,
    usage,
)
from tests.properties.lives import (
    Advance,
    Cancel,
    CancelUsage,
    Life,
    PriceAsked,
    Schedule,
    Step,
    Subscribe,
    Use,
    lives,
)
from tests.support.reference_biller import ReferenceBiller

pytestmark = BESIDE_A_POOL

DAY = 86_400
CUSTOMERS = 2


@dataclass
class Story:
    """A life as it is lived by the ledger and by the reference at once."""

    ledger: LedgerInProcess
    life: Life
    reference: ReferenceBiller = field(default_factory=ReferenceBiller)
    meters: list[MeterDefinition] = field(default_factory=list[MeterDefinition])
    prices: list[str] = field(default_factory=list[str])
    subscriptions: list[str] = field(default_factory=list[str])
    ending: set[str] = field(default_factory=set[str])
    identifiers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __post_init__(self) -> None:
        self.beginning = self.ledger.services.log(self.ledger.identity.ledger_id).head()
        self.now = self.life.start
        self.clock = self.ledger.create_clock(self.now)
        for meter in self.life.meters:
            name = new_id("use")
            self.meters.append(self.ledger.create_meter(name, meter.formula, meter.window))
            self._tell("create_meter", id=name, formula=meter.formula, window=meter.window)
        for price in self.life.prices:
            self._create_price(price)
        self.customers = [self.ledger.create_customer(self.clock) for _ in range(CUSTOMERS)]
        for customer in self.customers:
            # The reference bills no late usage; the lives in tests/lives do.
            self.ledger.execute(ChangeLateUsagePolicy(customer=customer, policy="report_only"))
            self._tell("create_customer", id=customer)

    def take(self, step: Step) -> None:
        """Do one step, and tell the reference what of it was accepted."""
        match step:
            case Subscribe():
                self._subscribe(step)
            case Use():
                self._use(step)
            case CancelUsage():
                self._cancel_usage(step)
            case Schedule():
                self._schedule(step)
            case Cancel():
                self._cancel(step)
            case Advance():
                time = self.now + step.seconds
                if self.ledger.advance(self.clock, time):
                    self.now = time
                    self._tell("advance", to=time)

    def _tell(self, what: str, **details: Any) -> None:
        event(f"accepted: {what}")
        self.reference.play([{"do": what, **details}])

    def _create_price(self, asked: PriceAsked) -> None:
        price = new_id("price")
        meter = None if asked.meter is None else self.meters[asked.meter % len(self.meters)]
        product = CreateProduct(product=new_id("prod"), details=ProductDetails(name="P"))
        terms = asked.terms(self.life.interval, self.life.interval_count, meter and meter.id)
        self.ledger.execute(CreatePrice(price=price, product=product, terms=terms))
        self.prices.append(price)
        about = asked.for_reference(self.life.interval, self.life.interval_count)
        named = {} if meter is None else {"meter": meter.id.removeprefix("mtr_test_")}
        self._tell("create_price", id=price, **about, **named)

    def _subscribe(self, step: Subscribe) -> None:
        chosen = sorted({self.prices[n % len(self.prices)] for n in step.prices})
        metered = [self.reference.prices[price].get("meter") is not None for price in chosen]
        items = tuple(
            ItemRequest(id=new_id("si"), price=price, quantity=None if used else step.quantity)
            for price, used in zip(chosen, metered, strict=True)
        )
        start = self.now - step.backdated
        command = CreateSubscription(
            subscription=new_id("sub"),
            customer=self.customers[step.customer],
            items=items,
            billing_mode=step.billing_mode,
            billing_cycle_anchor=_moment(self.now, step.anchor_in),
            backdate_start_date=from_epoch(start) if step.backdated else None,
            cancel_at=_moment(self.now, step.cancel_in),
        )
        if not self.ledger.accepts(command):
            return
        natural = start if step.billing_mode == "flexible" else self.now
        anchor = natural if step.anchor_in is None else self.now + step.anchor_in
        self.subscriptions.append(command.subscription)
        if command.cancel_at is not None:
            self.ending.add(command.subscription)
        self._tell(
            "create_subscription",
            id=command.subscription,
            customer=command.customer,
            at=self.now,
            start=start,
            anchor=anchor,
            items=[{"id": i.id, "price": i.price, "quantity": i.quantity} for i in items],
            billing_mode=step.billing_mode,
            cancel_at=None if step.cancel_in is None else self.now + step.cancel_in,
        )

    def _use(self, step: Use) -> None:
        meter, customer = self.meters[step.meter % len(self.meters)], self.customers[step.customer]
        name = meter.id.removeprefix("mtr_test_")
        told = [(new_id("e"), self.now - ago, value) for ago, value in step.events]
        reports = [usage(name, i, customer, at, value) for i, at, value in told]
        results = self.ledger.record(reports + reports[: step.repeated])
        assert results == ["accepted"] * len(told) + ["duplicate"] * len(reports[: step.repeated])
        for identifier, at, value in told:
            self.identifiers.append((identifier, name))
            about = {"identifier": identifier, "meter": name, "customer": customer}
            self._tell("record_usage", ts=at, value=value, **about)

    def _cancel_usage(self, step: CancelUsage) -> None:
        if not self.identifiers:
            return
        identifier, name = self.identifiers[step.which % len(self.identifiers)]
        if self.ledger.accepts(CancelMeterEvent(identifier=identifier, event_name=name)):
            self._tell("cancel_usage", identifier=identifier)

    def _schedule(self, step: Schedule) -> None:
        if not self.subscriptions:
            return
        subscription = self.subscriptions[step.which % len(self.subscriptions)]
        # The reference gives nothing back of what was billed in advance, and bills no more of a
        # period that it billed up to an end.
        if subscription in self.ending:
            return
        end = None if step.end_in is None else self.now + step.end_in
        command = UpdateSubscription(
            subscription=subscription,
            cancel_at=None if end is None else from_epoch(end),
            proration_behavior="none",
        )
        if self.ledger.accepts(command):
            self._tell("schedule_cancellation", id=subscription, cancel_at=end)

    def _cancel(self, step: Cancel) -> None:
        if not self.subscriptions:
            return
        subscription = self.subscriptions[step.which % len(self.subscriptions)]
        command = CancelSubscription(subscription=subscription, invoice_now=step.invoice_now)
        if self.ledger.accepts(command):
            details = {"at": self.now, "invoice_now": step.invoice_now}
            self._tell("cancel_subscription", id=subscription, **details)

    def check_summaries(self) -> None:
        """Each meter, each customer: 40 days up to now as one, by hour and by day."""
        end = (self.now // DAY + 1) * DAY
        start = end - 40 * DAY
        window = (from_epoch(start), from_epoch(end))
        for meter in self.meters:
            name = meter.id.removeprefix("mtr_test_")
            for customer in self.customers:
                whole = self.reference.summary(name, customer, start, end)
                expected = [] if whole is None else [(start, end, whole)]
                assert _exact(self.ledger.summaries(meter, customer, *window)) == expected
                for grouping in ("hour", "day"):
                    found = self.ledger.summaries(meter, customer, *window, grouping)
                    expected = self.reference.summaries(name, customer, start, end, grouping)
                    assert _exact(found) == expected

    def check_invoices(self) -> None:
        """Finalized invoices, and drafts that wait."""
        issued, waiting = self._recorded_invoices()
        reference = self.reference
        assert issued == in_order(of_reference(i) for i in reference.invoices if i["lines"])
        assert waiting == in_order(head_of_reference(d) for d in reference.drafts if d["lines"])
        event(f"invoices: {min(len(issued), 5)}")

    def check_previews(self) -> None:
        """The upcoming invoice of every subscription, refused where there is none."""
        for subscription in self.subscriptions:
            expected = self.reference.preview(subscription)
            bill = self.ledger.preview(subscription)
            if expected is None or not expected["lines"]:
                assert bill is None
            else:
                assert bill is not None
                lines, total = rated_lines(bill.draft, bill.lines), bill.totals.total
                assert (*head(bill.draft), lines, total) == of_reference(expected)

    def _recorded_invoices(self) -> tuple[list[Any], list[Any]]:
        drafts: dict[str, InvoiceDrafted] = {}
        issued: list[Any] = []
        for recorded in self.ledger.events_since(self.beginning):
            if isinstance(recorded.event, InvoiceDrafted):
                drafts[recorded.originator_id] = recorded.event
            elif isinstance(recorded.event, InvoiceFinalized):
                issued.append(issued_invoice(drafts.pop(recorded.originator_id), recorded.event))
        return in_order(issued), in_order(head(draft) for draft in drafts.values())


def _moment(now: int, seconds: int | None) -> Any:
    return None if seconds is None else from_epoch(now + seconds)


def _exact(found: Sequence[tuple[int, int, Decimal]]) -> list[tuple[int, int, Fraction]]:
    return [(start, end, Fraction(value)) for start, end, value in found]


@fewer_examples(4)
@given(life=lives())
def test_summaries_previews_and_invoices_equal_those_of_the_reference(
    ledger: LedgerInProcess, life: Life
) -> None:
    story = Story(ledger, life)
    for step in life.steps:
        story.take(step)
        if isinstance(step, Use):
            story.check_summaries()
    story.check_previews()
    story.check_invoices()
