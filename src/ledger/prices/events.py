"""Facts about prices. Streams are named by the price's id (`price_…`)."""

from typing import Any, ClassVar

from pydantic import AwareDatetime, Field

from ledger.kernel.events import DomainEvent, Fact
from ledger.prices.terms import PriceTerms, TaxBehavior


class PriceDetails(Fact):
    """What may change about a price. Its terms never do, but for the tax behaviour, once.

    `currency_options` are the terms in further currencies, by currency.
    """

    active: bool = True
    nickname: str | None = None
    lookup_key: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])
    tax_behavior: TaxBehavior = "unspecified"
    currency_options: dict[str, PriceTerms] = Field(default_factory=dict[str, PriceTerms])


class PriceCreated(DomainEvent):
    """`trial_period_days` is kept as given; it takes no effect on subscriptions."""

    TOPIC: ClassVar[str] = "price.created.v2"

    product: str
    terms: PriceTerms
    details: PriceDetails
    trial_period_days: int | None
    created: AwareDatetime
    livemode: bool


class PriceDetailsChanged(DomainEvent):
    """`details` holds the whole new values."""

    TOPIC: ClassVar[str] = "price.details_changed.v2"

    details: PriceDetails
    changed_at: AwareDatetime


class LookupKeyClaimed(DomainEvent):
    """A lookup key belongs to this price from now on. Its stream is named after the key."""

    TOPIC: ClassVar[str] = "price.lookup_key_claimed.v1"

    price: str


class LookupKeyReleased(DomainEvent):
    """A lookup key is free again."""

    TOPIC: ClassVar[str] = "price.lookup_key_released.v1"


_EXTENSIONS = ("included_units", "percentage_fee", "minimum_charge", "maximum_charge")


def created_without_extensions(payload: dict[str, Any]) -> dict[str, Any]:
    """`price.created.v1`, from before prices had extensions, as v2."""
    details = _details_without_extensions(payload["details"])
    return {**payload, "terms": _terms_without_extensions(payload["terms"]), "details": details}


def changed_without_extensions(payload: dict[str, Any]) -> dict[str, Any]:
    """`price.details_changed.v1`, from before prices had extensions, as v2."""
    return {**payload, "details": _details_without_extensions(payload["details"])}


def _details_without_extensions(details: dict[str, Any]) -> dict[str, Any]:
    options = details["currency_options"]
    return {
        **details,
        "currency_options": {
            currency: _terms_without_extensions(terms) for currency, terms in options.items()
        },
    }


def _terms_without_extensions(terms: dict[str, Any]) -> dict[str, Any]:
    return {**terms, **dict.fromkeys(_EXTENSIONS)}


EVENTS: tuple[type[DomainEvent], ...] = (
    PriceCreated,
    PriceDetailsChanged,
    LookupKeyClaimed,
    LookupKeyReleased,
)
