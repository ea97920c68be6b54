"""From the parameters of a new subscription to the command that asks for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue

from api.coupons.params import discount_requests
from api.http.call import Call
from api.http.errors import ApiError
from api.http.params import missing
from api.http.versions import default_billing_mode
from api.products.price_terms import AmountParams, PriceShape, terms_of, within
from api.subscriptions.params_common import (
    AddedItemParams,
    AddedPeriodParams,
    ItemPriceData,
    OneTimePriceData,
    PeriodBoundParams,
    SubscriptionFields,
    ThresholdsParams,
    UsageThresholdParams,
)
from api.subscriptions.params_create import (
    AnchorConfigParams,
    BillingModeParams,
    ItemCreate,
    SubscriptionCreate,
)
from ledger.kernel.ids import new_id
from ledger.prices.commands import CreatePrice
from ledger.prices.terms import Recurring
from ledger.subscriptions.commands import (
    AddedCharge,
    AddedPeriod,
    CreateSubscription,
    ItemRequest,
)
from ledger.subscriptions.parts import AnchorConfig, Thresholds

_KEPT: Final = (
    "default_source",
    "off_session",
    "payment_behavior",
    "payment_settings",
    "trial_settings",
)
COMMON: Final = (
    "cancel_at",
    "cancel_at_period_end",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "description",
)
_ONLY_NEW: Final = (
    "backdate_start_date",
    "billing_cycle_anchor",
    "currency",
    "trial_period_days",
)


def creation(call: Call[SubscriptionCreate]) -> CreateSubscription:
    """Raises ApiError where the customer or a price is not named."""
    asked = call.params
    if asked.customer is None:
        raise missing("customer")
    mode = asked.billing_mode
    given = {name: getattr(asked, name) for name in (*COMMON, *_ONLY_NEW) if asked.given(name)}
    if asked.proration_behavior is not None:
        given["proration_behavior"] = asked.proration_behavior
    return CreateSubscription(
        subscription=new_id("sub"),
        customer=asked.customer,
        items=item_requests(asked.items, "items"),
        billing_mode=mode.type if mode else default_billing_mode(call.version),
        anchor_config=_anchor_config(asked.billing_cycle_anchor_config),
        trial_end=asked.trial_end if isinstance(asked.trial_end, datetime) else None,
        default_tax_rates=tuple(asked.default_tax_rates or ()),
        discounts=discount_requests(asked.discounts),
        thresholds=thresholds_of(asked.billing_thresholds),
        add_invoice_items=added_charges(asked.add_invoice_items),
        metadata=asked.metadata or {},
        settings=kept_settings(asked, mode),
        **given,
    )


def item_requests(items: Sequence[ItemCreate], param: str) -> tuple[ItemRequest, ...]:
    """The prices to subscribe to, each as a new item. Raises ApiError for one without a price."""
    return tuple(_item(item, f"{param}[{i}]") for i, item in enumerate(items))


def _item(item: ItemCreate, param: str) -> ItemRequest:
    price_data = recurring_price(item.price_data, f"{param}[price_data]")
    price = price_data.price if price_data else item.price or item.plan
    if price is None:
        raise missing(f"{param}[price]")
    return ItemRequest(
        id=new_id("si", 14),
        price=price,
        price_data=price_data,
        quantity=item.quantity,
        metadata=item.metadata or {},
        tax_rates=tax_rates_of(item.tax_rates),
        discounts=discount_requests(item.discounts, param=f"{param}[discounts]"),
        usage_gte=usage_threshold(item.billing_thresholds),
    )


def recurring_price(asked: ItemPriceData | None, param: str) -> CreatePrice | None:
    """The price that an item brings along. Raises InvalidRequest for its terms."""
    if asked is None:
        return None
    recurring = asked.recurring
    shape = PriceShape(
        currency=asked.currency,
        recurring=Recurring(interval=recurring.interval, interval_count=recurring.interval_count),
        included_units=asked.included_units,
        percentage_fee=asked.fee(),
    )
    return _price(asked.product, shape, asked, param)


def one_time_price(asked: OneTimePriceData | None, param: str) -> CreatePrice | None:
    """The price that a charge brings along. Raises InvalidRequest for its terms."""
    if asked is None:
        return None
    return _price(asked.product, PriceShape(currency=asked.currency), asked, param)


def _price(product: str, shape: PriceShape, asked: AmountParams, param: str) -> CreatePrice:
    with within(param):
        terms = terms_of(shape, asked)
    return CreatePrice(price=new_id("price"), product=product, terms=terms)


def added_charges(asked: Sequence[AddedItemParams]) -> tuple[AddedCharge, ...]:
    """What `add_invoice_items` bills. Raises ApiError for one without a price."""
    return tuple(_added(one, f"add_invoice_items[{i}]") for i, one in enumerate(asked))


def _added(asked: AddedItemParams, param: str) -> AddedCharge:
    price_data = one_time_price(asked.price_data, f"{param}[price_data]")
    price = price_data.price if price_data else asked.price
    if price is None:
        raise missing(f"{param}[price]")
    return AddedCharge(
        id=new_id("ii"),
        price=price,
        price_data=price_data,
        quantity=asked.quantity,
        period=_added_period(asked.period, param),
        discountable=asked.discountable,
        discounts=discount_requests(asked.discounts, param=f"{param}[discounts]"),
        tax_rates=tax_rates_of(asked.tax_rates),
        metadata=asked.metadata or {},
    )


def _added_period(asked: AddedPeriodParams | None, param: str) -> AddedPeriod | None:
    if asked is None:
        return None
    start = _bound(asked.start, f"{param}[period][start]")
    end = _bound(asked.end, f"{param}[period][end]")
    if isinstance(start, datetime) and isinstance(end, datetime) and end < start:
        raise ApiError(
            "The end of a period cannot be before its start.", param=f"{param}[period][end]"
        )
    return AddedPeriod(start=start, end=end)


def _bound(asked: PeriodBoundParams, param: str) -> Any:
    if asked.type != "timestamp":
        return asked.type
    if asked.timestamp is None:
        raise missing(f"{param}[timestamp]")
    return asked.timestamp


def tax_rates_of(asked: list[str] | None) -> tuple[str, ...] | None:
    """None where the default ones apply, also where an empty value asks for no others."""
    return tuple(asked) if asked else None


def usage_threshold(asked: UsageThresholdParams | None) -> int | None:
    return None if asked is None else asked.usage_gte


def thresholds_of(asked: ThresholdsParams | None) -> Thresholds | None:
    return None if asked is None else Thresholds(**asked.model_dump())


def _anchor_config(asked: AnchorConfigParams | None) -> AnchorConfig | None:
    return None if asked is None else AnchorConfig(**asked.model_dump())


def kept_settings(
    asked: SubscriptionFields, mode: BillingModeParams | None
) -> dict[str, JsonValue]:
    """Payment parameters to keep as they came, without what was left out."""
    given: dict[str, Any] = asked.model_dump(mode="json", include=set(_KEPT), exclude_unset=True)
    if mode is not None and mode.flexible is not None and mode.flexible.proration_discounts:
        given["proration_discounts"] = mode.flexible.proration_discounts
    return given
