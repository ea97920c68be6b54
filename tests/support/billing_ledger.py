"""A ledger in memory in which subscriptions are billed, with usage at positions of its own."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from ledger.command_handlers import command_handlers
from ledger.customers.aggregate import derived_invoice_prefix
from ledger.customers.events import BillingFields, CustomerCreated, PersonalFields
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from ledger.invoices.handlers import subscription_handlers
from ledger.kernel.clock import to_microseconds
from ledger.kernel.commands import Command
from ledger.kernel.errors import LedgerError
from ledger.kernel.events import DomainEvent
from ledger.kernel.periods import Interval
from ledger.meter_events.aggregation import (
    MeteredEvent,
    tally,
)
from ledger.meter_events.usage import Asked, UsageAsOf
from ledger.meters.events import Formula, MeterCreated
from ledger.prices.events import PriceCreated, PriceDetails
from ledger.prices.terms import PriceTerms, Recurring
from ledger.store.work import Work
from ledger.subscriptions.commands import CreateSubscription, ItemRequest
from ledger.test_clocks.events import TestClockAdvanced, TestClockCreated
from tests.support.given_when_then import LedgerInMemory

GRACE = timedelta(hours=1)
Fact = tuple[str, DomainEvent]
E = TypeVar("E", bound=DomainEvent)


def at(text: str) -> datetime:
    """`2026-02-01` or `2026-02-01T12:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class BillingLedger(LedgerInMemory):
    """Knows the customer `cus_a`; `now` is the system's time and moves when it is told to."""

    def __init__(self, now: str = "2026-01-01") -> None:
        super().__init__()
        self.now = at(now)
        self._usage: list[tuple[str, str, MeteredEvent]] = []
        self.subscriptions = subscription_handlers(self.reader, GRACE)
        self._handlers = command_handlers(self.reader, GRACE)
        self.customer("cus_a")

    # -- what exists ---------------------------------------------------------------------------

    def customer(self, customer: str, *, clock: str | None = None, balance: int = 0) -> None:
        billing = BillingFields(invoice_prefix=derived_invoice_prefix(customer))
        self.given(
            customer,
            CustomerCreated(
                personal=PersonalFields(),
                billing=billing,
                balance=balance,
                test_clock=clock,
                created=self.now,
                livemode=False,
            ),
        )

    def clock(self, clock: str, frozen_time: str) -> None:
        time = at(frozen_time)
        self.given(
            clock,
            TestClockCreated(
                frozen_time=time, name=None, created=time, deletes_after=time, livemode=False
            ),
        )

    def advance_clock(self, clock: str, to: str) -> None:
        self.given(clock, TestClockAdvanced(frozen_time=at(to)))

    def meter(self, meter: str = "mtr_tokens", formula: Formula = "sum") -> None:
        self.given(
            meter,
            MeterCreated(
                display_name=meter,
                event_name=meter,
                formula=formula,
                customer_key="stripe_customer_id",
                value_key="value",
                event_time_window=None,
                dimension_payload_keys=(),
                livemode=False,
                created=self.now,
            ),
        )

    def price(
        self,
        price: str,
        amount: str = "100",
        *,
        meter: str | None = None,
        interval: Interval = "month",
        count: int = 1,
        active: bool = True,
        **terms: Any,
    ) -> None:
        """A recurring price in cents, metered where it has a meter."""
        usage_type: Literal["metered", "licensed"] = "metered" if meter else "licensed"
        fields: dict[str, Any] = {
            "currency": "usd",
            "unit_amount_decimal": amount,
            "recurring": Recurring(
                interval=interval, interval_count=count, usage_type=usage_type, meter=meter
            ),
            **terms,
        }
        self.given(
            price,
            PriceCreated(
                product="prod_a",
                terms=PriceTerms(**fields),
                details=PriceDetails(active=active),
                trial_period_days=None,
                created=self.now,
                livemode=False,
            ),
        )

    def sell(self) -> None:
        """Tokens at 4 cents per hundred begun, seats at US$31 a month."""
        self.meter()
        packages = {"divide_by": 100, "round": "up"}
        self.price("price_tokens", "4", meter="mtr_tokens", transform_quantity=packages)
        self.price("price_seat", "3100")

    def use(self, day: str, value: str, *, meter: str = "mtr_tokens", who: str = "cus_a") -> None:
        """Usage at a time of day, recorded now."""
        place = self.head()[0] + 1
        event = MeteredEvent(place, 0, to_microseconds(at(day)), value)
        self._usage.append((meter, who, event))

    # -- what happens --------------------------------------------------------------------------

    def do(self, command: Command) -> list[Fact]:
        """Execute a command; its facts with their streams."""
        return self.when(self._handlers[type(command)], command, now=self.now)

    def refused(self, command: Command) -> LedgerError:
        """The refusal of a command, which leaves nothing behind."""
        return self.refusal(self._handlers[type(command)], command, now=self.now)

    def subscribe(self, *prices: str, **fields: Any) -> list[Fact]:
        """Create `sub_a` with an item for each price, flexible unless told otherwise."""
        return self.do(subscription_request(*prices, **fields))

    def work(self, now: datetime | None = None) -> Work:
        """A view of the log, of which nothing is kept, now or at another time."""
        return super().work(now or self.now)

    def reader(self, _: Work) -> "InMemoryUsage":
        """The reader of usage that commands are given."""
        return InMemoryUsage(self._usage)

    def head(self) -> tuple[int, int]:
        """The last position: facts are numbered together with usage."""
        recorded = sum(len(events) for events in self._streams.values())
        return recorded + len(self._usage), recorded

    # -- what came of it -----------------------------------------------------------------------

    def invoice(self, invoice_id: str) -> tuple[InvoiceDrafted, InvoiceFinalized | None]:
        """The draft and, where there is one, the final invoice."""
        draft, final = None, None
        for event in self.stream(invoice_id):
            draft = event if isinstance(event, InvoiceDrafted) else draft
            final = event if isinstance(event, InvoiceFinalized) else final
        assert draft is not None
        return draft, final


class InMemoryUsage:
    """Reads usage as every reader of usage does: it tallies."""

    def __init__(self, usage: list[tuple[str, str, MeteredEvent]]) -> None:
        self._usage = usage

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:
        return UsageAsOf(
            through_position,
            [
                tally(
                    one.meter,
                    to_microseconds(one.start),
                    to_microseconds(one.end),
                    (
                        event
                        for of, who, event in self._usage
                        if (of, who) == (one.meter.id, customer)
                        and event.position <= through_position
                    ),
                )
                for one in asked
            ],
        )


def subscription_request(*prices: str, **fields: Any) -> CreateSubscription:
    """A request for `sub_a` of `cus_a`, with an item `si_<price>` for each price."""
    items = tuple(ItemRequest(id=f"si_{price}", price=price) for price in prices)
    details: dict[str, Any] = {
        "subscription": "sub_a",
        "customer": "cus_a",
        "items": items,
        "billing_mode": "flexible",
        **fields,
    }
    return CreateSubscription(**details)


def of_type(facts: list[Fact], kind: type[E]) -> list[tuple[str, E]]:
    """The facts of one kind, with their streams."""
    return [(stream, event) for stream, event in facts if isinstance(event, kind)]
