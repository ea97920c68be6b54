"""A ledger whose subscriptions are all due to be billed: customers, prices, and a month's usage."""

import functools
import os
import secrets
import signal
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from api.services import Services
from benchmarks.built import Fill, Scene
from benchmarks.filling import Filling, Shape
from benchmarks.installation import Installation
from ledger.customers.commands import CreateCustomer
from ledger.kernel.clock import to_epoch
from ledger.kernel.commands import Circumstances, Command
from ledger.kernel.ids import new_id
from ledger.meters.commands import CreateMeter
from ledger.prices.commands import CreatePrice
from ledger.prices.terms import PriceTerms, Recurring
from ledger.products.commands import CreateProduct
from ledger.products.events import ProductDetails
from ledger.subscriptions.commands import CreateSubscription, ItemRequest
from tests.support.served import TEST_LEDGER

PRODUCT = "prod_benchmark"
_BATCH = 200


def fill(metered: int, subscriptions: int) -> Fill:
    """Fills an installation with subscriptions whose first month is over, and their usage."""
    return functools.wraps(_fill)(functools.partial(_fill, metered, subscriptions))


def _fill(metered: int, subscriptions: int, installation: Installation, events: int) -> Scene:
    [scheduler] = installation.served.process_ids("scheduler")
    os.kill(scheduler, signal.SIGSTOP)  # nothing is closed here, whatever is due
    start, end = last_month()
    services = Services(installation.app_url, pool_size=2)
    try:
        selling = Selling(services, start)
        meters = [f"mtr_test_{secrets.token_hex(12)}" for _ in range(metered)]
        prices = [selling.metered_price(meter) for meter in meters]
        if metered > 1:
            prices.append(selling.licensed_price())
        customers = [f"cus_test_{secrets.token_hex(12)}" for _ in range(subscriptions)]
        shape = Shape(meters, customers[0], 0, to_epoch(start), int((end - start).total_seconds()))
        _Usage(installation.app_url, shape, customers).fill(events)
        selling.subscribe(customers, prices)
    finally:
        services.close()
    return {}


def last_month() -> tuple[datetime, datetime]:
    """The calendar month before the current one, in UTC."""
    end = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (end - timedelta(days=1)).replace(day=1), end


class Selling:
    """Sells in the test ledger, at a time of its own."""

    def __init__(self, services: Services, at: datetime) -> None:
        self._application = services.application(services.identity(TEST_LEDGER))
        self._at = at
        self._do([CreateProduct(product=PRODUCT, details=ProductDetails(name="Tokens"))])

    def metered_price(self, meter: str, **terms: Any) -> str:
        """A price of a hundredth of a cent a unit, on a meter that is created with it."""
        created = CreateMeter(meter=meter, display_name=meter, event_name=meter, formula="sum")
        self._do([created])
        recurring = Recurring(interval="month", usage_type="metered", meter=meter)
        return self._price({"unit_amount_decimal": "0.01"} | terms, recurring)

    def licensed_price(self) -> str:
        """A price of nine dollars a month."""
        terms = {"unit_amount": 900, "unit_amount_decimal": "900"}
        return self._price(terms, Recurring(interval="month"))

    def subscribe(self, customers: Sequence[str], prices: Sequence[str]) -> list[str]:
        """Create the customers, and a subscription of each to all prices; their ids."""
        self._do(CreateCustomer(customer=customer) for customer in customers)
        subscriptions = [self._subscription(customer, prices) for customer in customers]
        self._do(subscriptions)
        return [created.subscription for created in subscriptions]

    def _subscription(self, customer: str, prices: Sequence[str]) -> CreateSubscription:
        items = [ItemRequest(id=new_id("si"), price=price) for price in prices]
        return CreateSubscription(
            subscription=new_id("sub"),
            customer=customer,
            items=tuple(items),
            billing_mode="flexible",
        )

    def _price(self, terms: dict[str, Any], recurring: Recurring) -> str:
        price = new_id("price")
        whole = PriceTerms(currency="usd", recurring=recurring, **terms)
        self._do([CreatePrice(price=price, product=PRODUCT, terms=whole)])
        return price

    def _do(self, commands: Iterable[Command]) -> None:
        circumstances = Circumstances(self._at, "system:benchmark", new_id("run"))
        coming = iter(commands)
        while asked := [(command, circumstances) for command in islice(coming, _BATCH)]:
            for outcome in self._application.execute_together(asked):
                assert not isinstance(outcome, Exception), outcome


class _Usage(Filling):
    """Usage that is evenly of these customers, in no order."""

    def __init__(self, database_url: str, shape: Shape, customers: list[str]) -> None:
        super().__init__(database_url, shape)
        self._others = customers
