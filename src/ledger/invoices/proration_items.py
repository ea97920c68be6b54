"""Invoice items that a subscription makes: prorations, and one-time prices billed along with it."""

from collections.abc import Sequence
from datetime import datetime

from ledger.coupons.discounts import Discount
from ledger.coupons.redeeming import DiscountHolder, give_discounts
from ledger.invoice_items.aggregate import waiting_items
from ledger.invoice_items.charges import Charge
from ledger.invoice_items.events import InvoiceItemCreated, ItemsTaken, ItemsWaiting, WaitingItem
from ledger.invoice_items.pending import create_item, pending_stream
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.ids import derived_id
from ledger.kernel.metadata import merge_metadata
from ledger.kernel.periods import Period
from ledger.prices.handlers import create_price, require_price
from ledger.store.work import Work
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.commands import AddedCharge, AddedPeriod
from ledger.subscriptions.items import check_currency
from ledger.subscriptions.prorating import Proration
from ledger.tax_rates.handlers import applicable_tax_rates


def add_prorations(
    work: Work,
    subscription_id: str,
    subscription: Subscription,
    prorations: Sequence[Proration],
    at: datetime,
) -> None:
    """Each as an item that waits for the subscription's next invoice, in their order."""
    waiting = work.version(pending_stream(subscription.customer))
    for i, one in enumerate(prorations):
        item_id = derived_id("ii", subscription_id, subscription.revision, waiting, i)
        charge = Charge(
            price=one.price,
            product=one.product,
            period=one.period,
            quantity=str(one.quantity),
            prorated_of=None if one.period == one.whole else one.whole,
            credit=one.credit,
            proration=True,
            subscription=subscription_id,
            discountable=True,
            discounts=one.discounts,
            tax_rates=one.tax_rates,
        )
        _create(work, item_id, subscription, charge, at, one.item)


def add_charges(
    work: Work,
    subscription_id: str,
    subscription: Subscription,
    charges: Sequence[AddedCharge],
    at: datetime,
) -> None:
    """Each as an item that waits for the subscription's next invoice.

    Raises InvalidRequest for a price that is archived, recurring or in another currency, and for a
    quantity below 0.
    """
    for i, one in enumerate(charges):
        product = _one_time(work, subscription, one, f"add_invoice_items[{i}]")
        charge = Charge(
            price=one.price,
            product=product,
            period=_period(subscription, one.period, at),
            quantity=str(one.quantity),
            subscription=subscription_id,
            discountable=one.discountable,
            discounts=_discounts(work, subscription, one, at, f"add_invoice_items[{i}]"),
            tax_rates=one.tax_rates,
            metadata=merge_metadata({}, one.metadata, param=f"add_invoice_items[{i}][metadata]"),
        )
        _create(work, one.id, subscription, charge, at, None)


def _one_time(work: Work, subscription: Subscription, one: AddedCharge, param: str) -> str:
    """The product of a price that is billed once."""
    if one.price_data is not None:
        create_price(work, one.price_data)
    price = require_price(work, one.price, param=f"{param}[price]")
    if not price.active:
        raise InvalidRequest(
            "The price specified is inactive. This field only accepts active prices.",
            param=f"{param}[price]",
        )
    if price.terms.recurring is not None:
        raise InvalidRequest(
            "The price specified is set to `type=recurring` but this field only accepts prices "
            "with `type=one_time`.",
            param=f"{param}[price]",
        )
    check_currency(price, subscription.started.currency, f"{param}[price]")
    if one.quantity < 0:
        raise InvalidRequest(
            "This value must be greater than or equal to 0.", param=f"{param}[quantity]"
        )
    return price.product


def _discounts(
    work: Work, subscription: Subscription, one: AddedCharge, at: datetime, param: str
) -> tuple[Discount, ...]:
    applicable_tax_rates(work, one.tax_rates or (), param=f"{param}[tax_rates]")
    holder = DiscountHolder(
        "invoice_item", one.id, subscription.customer, subscription.started.currency, at
    )
    return give_discounts(work, one.discounts, holder, param=f"{param}[discounts]")


def _period(subscription: Subscription, asked: AddedPeriod | None, at: datetime) -> Period:
    """The time in which the current periods of all items lie, unless other bounds are asked for."""
    periods = subscription.periods.values()
    bounds = {
        "now": at,
        "max_item_period_start": max(period.start for period in periods),
        "min_item_period_end": min(period.end for period in periods),
    }
    asked = asked or AddedPeriod(start="max_item_period_start", end="min_item_period_end")
    start = asked.start if isinstance(asked.start, datetime) else bounds[asked.start]
    end = asked.end if isinstance(asked.end, datetime) else bounds[asked.end]
    return Period(start, max(start, end))


def release_items(work: Work, subscription_id: str, subscription: Subscription) -> None:
    """What waits for an invoice of a subscription that is over waits for the customer's next."""
    stream = pending_stream(subscription.customer)
    waiting = work.load(waiting_items, stream) or ()
    left = [one for one in waiting if one.subscription == subscription_id]
    if left:
        work.append(stream, ItemsTaken(items=tuple(one.id for one in left)))
        free = (WaitingItem(id=one.id, currency=one.currency, subscription=None) for one in left)
        work.append(stream, ItemsWaiting(items=tuple(free)))


def _create(
    work: Work,
    item_id: str,
    subscription: Subscription,
    charge: Charge,
    at: datetime,
    subscription_item: str | None,
) -> None:
    started = subscription.started
    create_item(
        work,
        item_id,
        InvoiceItemCreated(
            customer=started.customer,
            currency=started.currency,
            charge=charge,
            invoice=None,
            subscription_item=subscription_item,
            created=at,
            test_clock=started.test_clock,
            livemode=started.livemode,
        ),
    )
