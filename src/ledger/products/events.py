"""Facts about products."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from ledger.kernel.events import DomainEvent, Fact

ProductType = Literal["good", "service"]


class PackageDimensions(Fact):
    """Inches and ounces, as canonical decimal text."""

    height: str
    length: str
    weight: str
    width: str


class TaxDetails(Fact):
    performance_location: str | None = None
    tax_code: str | None = None


class ProductDetails(Fact):
    """All that a caller can say about a product."""

    name: str
    active: bool = True
    type: ProductType = "service"
    description: str | None = None
    images: tuple[str, ...] = ()
    marketing_features: tuple[str, ...] = ()
    metadata: dict[str, str] = Field(default_factory=dict[str, str])
    package_dimensions: PackageDimensions | None = None
    shippable: bool | None = None
    statement_descriptor: str | None = None
    tax_code: str | None = None
    tax_details: TaxDetails | None = None
    unit_label: str | None = None
    url: str | None = None


class ProductCreated(DomainEvent):
    TOPIC: ClassVar[str] = "product.created.v1"

    product: str
    details: ProductDetails
    created: AwareDatetime
    livemode: bool


class ProductDetailsChanged(DomainEvent):
    """`details` holds the whole new values."""

    TOPIC: ClassVar[str] = "product.details_changed.v1"

    product: str
    details: ProductDetails
    changed_at: AwareDatetime


class PriceAttached(DomainEvent):
    """A price of this product was created; the product cannot be deleted any more."""

    TOPIC: ClassVar[str] = "product.price_attached.v1"

    product: str
    price: str


class DefaultPriceChanged(DomainEvent):
    """The product is sold at this one of its prices by default, or has no default if None."""

    TOPIC: ClassVar[str] = "product.default_price_changed.v1"

    product: str
    price: str | None
    changed_at: AwareDatetime


class ProductDeleted(DomainEvent):
    TOPIC: ClassVar[str] = "product.deleted.v1"

    product: str
    deleted_at: AwareDatetime


EVENTS: tuple[type[DomainEvent], ...] = (
    ProductCreated,
    ProductDetailsChanged,
    PriceAttached,
    DefaultPriceChanged,
    ProductDeleted,
)
