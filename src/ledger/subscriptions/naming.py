"""What requests on subscriptions name: prices, coupons and tax rates, looked up and redeemed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ledger.coupons.commands import DiscountRequest
from ledger.coupons.discounts import Discount, DiscountSource
from ledger.coupons.redeeming import DiscountHolder, give_discounts
from ledger.kernel.errors import InvalidRequest
from ledger.meters import aggregate as meters
from ledger.prices.aggregate import Price
from ledger.prices.commands import CreatePrice
from ledger.prices.handlers import create_price, require_price
from ledger.store.work import Work
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.commands import CreateSubscription, UpdateSubscription
from ledger.subscriptions.events import SubscriptionStarted
from ledger.subscriptions.item_effects import Named
from ledger.subscriptions.items import check_count
from ledger.tax_rates.handlers import applicable_tax_rates


def priced(work: Work, price_id: str, data: CreatePrice | None, param: str) -> Price:
    """A price that is named, or defined and then appended.

    Raises NotFound, and InvalidRequest for one of an inactive meter.
    """
    if data is not None:
        create_price(work, data)
    price = require_price(work, price_id, param=param)
    recurring = price.terms.recurring
    if recurring is not None and recurring.meter is not None:
        meter = work.require(meters.evolve, recurring.meter, "billing meter")
        if meter.status != "active":
            raise InvalidRequest(
                "The meter of this price is inactive. Reactivate it, or choose another price.",
                param=param,
            )
    return price


def prices_to_start(work: Work, command: CreateSubscription) -> list[Price]:
    """The prices of a new subscription, in the order of its items. Raises LedgerError."""
    check_count(len(command.items))
    return [
        priced(work, item.price, item.price_data, f"items[{i}][price]")
        for i, item in enumerate(command.items)
    ]


class _Holder(NamedTuple):
    """Whose discounts are given."""

    work: Work
    customer: str
    currency: str
    now: datetime

    def give(
        self,
        asked: Sequence[DiscountRequest],
        source: DiscountSource,
        holder: str,
        kept: Iterable[Discount],
        param: str,
    ) -> tuple[Discount, ...]:
        if not asked:
            return ()
        to = DiscountHolder(source, holder, self.customer, self.currency, self.now)
        return give_discounts(self.work, asked, to, kept, param=param)


def with_deductions(
    work: Work, command: CreateSubscription, started: SubscriptionStarted
) -> SubscriptionStarted:
    """The start with the discounts that it asks for. Raises LedgerError for those, and for tax
    rates, that cannot be applied."""
    holder = _Holder(work, started.customer, started.currency, started.created)
    applicable_tax_rates(work, command.default_tax_rates, param="default_tax_rates")
    items = list(started.items)
    for i, asked in enumerate(command.items):
        applicable_tax_rates(work, asked.tax_rates or (), param=f"items[{i}][tax_rates]")
        param = f"items[{i}][discounts]"
        given = holder.give(asked.discounts, "subscription_item", asked.id, (), param)
        items[i] = items[i].model_copy(update={"discounts": given})
    discounts = holder.give(
        command.discounts, "subscription", command.subscription, (), "discounts"
    )
    return started.model_copy(update={"items": tuple(items), "discounts": discounts})


def named_in_change(
    work: Work, subscription: Subscription, command: UpdateSubscription, now: datetime
) -> Named:
    """What a change names. Raises LedgerError where that cannot be applied."""
    kept = command.default_tax_rates and subscription.default_tax_rates
    applicable_tax_rates(work, command.default_tax_rates, param="default_tax_rates", kept=kept)
    return Named(
        _prices_in_change(work, subscription, command),
        _discounts_in_change(work, subscription, command, now),
    )


def _prices_in_change(
    work: Work, subscription: Subscription, command: UpdateSubscription
) -> Mapping[str, Price]:
    """Those that items are to have, and those that they keep."""
    kept = {item.id: item for item in subscription.items}
    prices: dict[str, Price] = {}
    for i, change in enumerate(command.items):
        old = kept.get(change.id)
        rates = change.tax_rates or ()
        had = () if old is None else old.tax_rates or ()
        applicable_tax_rates(work, rates, param=command.param(i, "tax_rates"), kept=had)
        if change.deleted:
            continue
        if change.price is not None and (old is None or change.price != old.price):
            param = command.param(i, "price")
            prices[change.price] = priced(work, change.price, change.price_data, param)
        elif old is not None:
            prices[old.price] = require_price(work, old.price)
    return prices


def _discounts_in_change(
    work: Work, subscription: Subscription, command: UpdateSubscription, now: datetime
) -> Mapping[str, tuple[Discount, ...]]:
    holder = _Holder(work, subscription.customer, subscription.started.currency, now)
    kept = {item.id: item.discounts for item in subscription.items}
    found = {
        change.id: holder.give(
            change.discounts,
            "subscription_item",
            change.id,
            (*kept.get(change.id, ()), *subscription.discounts),
            command.param(i, "discounts"),
        )
        for i, change in enumerate(command.items)
    }
    found[""] = holder.give(
        command.discounts,
        "subscription",
        command.subscription,
        subscription.discounts,
        "discounts",
    )
    return found
