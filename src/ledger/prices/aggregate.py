"""A price's state and the pure decisions about it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.kernel.metadata import merge_metadata
from ledger.meters.aggregate import Meter
from ledger.prices.commands import CreatePrice, UpdatePrice
from ledger.prices.events import (
    LookupKeyClaimed,
    PriceCreated,
    PriceDetails,
    PriceDetailsChanged,
)
from ledger.prices.terms import PriceTerms
from ledger.products.aggregate import Product


@dataclass(frozen=True, slots=True)
class Price:
    product: str
    terms: PriceTerms
    details: PriceDetails

    @property
    def active(self) -> bool:
        """Whether new subscriptions may use it."""
        return self.details.active

    def terms_in(self, currency: str, *, param: str | None = None) -> PriceTerms:
        """The terms in a currency: the price's own, or one of its options.

        Raises InvalidRequest, naming `param`, for a currency that the price is not sold in.
        """
        if currency == self.terms.currency:
            return self.terms
        option = self.details.currency_options.get(currency)
        if option is None:
            sold = ", ".join([self.terms.currency, *sorted(self.details.currency_options)])
            raise InvalidRequest(
                f"The price specified only supports {sold}. This doesn't match the expected "
                f"currency: {currency}.",
                param=param,
            )
        return option


def evolve(price: Price | None, event: DomainEvent) -> Price:
    """The price after a fact."""
    match event:
        case PriceCreated():
            return Price(event.product, event.terms, event.details)
        case PriceDetailsChanged():
            terms = _known(price).terms.with_tax_behavior(event.details.tax_behavior)
            return replace(_known(price), terms=terms, details=event.details)
        case _:
            return _known(price)


def _known(price: Price | None) -> Price:
    if price is None:
        raise ValueError("a price's first event must be its creation")
    return price


def holder_of_key(_: str | None, event: DomainEvent) -> str:
    """Which price holds a lookup key after a fact in the key's stream; empty if none does."""
    return event.price if isinstance(event, LookupKeyClaimed) else ""


def create(command: CreatePrice, product_id: str, *, now: datetime, livemode: bool) -> PriceCreated:
    """Raises InvalidRequest for too much metadata."""
    update = {
        "metadata": merge_metadata({}, command.details.metadata),
        "tax_behavior": command.terms.tax_behavior,
    }
    return PriceCreated(
        product=product_id,
        terms=command.terms,
        details=command.details.model_copy(update=update),
        trial_period_days=command.trial_period_days,
        created=now,
        livemode=livemode,
    )


def check_meter(meter: Meter) -> None:
    """Raises InvalidRequest for an inactive meter, which no price can use (contract §6)."""
    if meter.status != "active":
        raise InvalidRequest(
            "This meter is inactive. Reactivate it, or choose an active meter, to use it in a "
            "price.",
            param="recurring[meter]",
        )


def update(
    price: Price, command: UpdatePrice, product: Product, now: datetime
) -> PriceDetailsChanged | None:
    """The fact of a change, None where everything stays as it is.

    Raises InvalidRequest for a tax behaviour that is set already, for too much metadata, and for
    the archiving of its product's default price.
    """
    merged: dict[str, Any] = {
        "metadata": merge_metadata(price.details.metadata, command.metadata),
        "currency_options": _merge_options(price, command.currency_options),
    }
    details = PriceDetails.model_validate({**dict(price.details), **command.changes, **merged})
    price.terms.with_tax_behavior(details.tax_behavior)
    if details == price.details:
        return None
    if price.active and not details.active and product.default_price == command.price:
        raise InvalidRequest(
            "This price cannot be archived because it is the default price of its product.",
            param="active",
        )
    return PriceDetailsChanged(details=details, changed_at=now)


def _merge_options(price: Price, change: dict[str, PriceTerms] | None) -> dict[str, PriceTerms]:
    return {} if change is None else {**price.details.currency_options, **change}


def lose_lookup_key(price: Price, now: datetime) -> PriceDetailsChanged:
    """The price gives up its lookup key to another one."""
    details = price.details.model_copy(update={"lookup_key": None})
    return PriceDetailsChanged(details=details, changed_at=now)


def key_is_taken(lookup_key: str) -> InvalidRequest:
    """The refusal of a second price with the same lookup key."""
    return InvalidRequest(
        f"A price already uses the lookup key '{lookup_key}'. Pass transfer_lookup_key=true to "
        "move it to this price.",
        param="lookup_key",
    )
