"""From the parameters of a product request to what is asked of the ledger."""

from typing import Any, Final

from api.products.params import ProductCreate, ProductFields, ProductUpdate
from api.products.price_terms import default_terms
from ledger.kernel.ids import new_id
from ledger.kernel.quantities import decimal_text
from ledger.prices.commands import CreatePrice
from ledger.prices.events import PriceDetails
from ledger.products.commands import CreateProduct, UpdateProduct
from ledger.products.events import PackageDimensions, ProductDetails, TaxDetails

_PLAIN: Final = (
    "name",
    "active",
    "type",
    "description",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "unit_label",
    "url",
)
_NEVER_UNSET: Final = frozenset({"name", "active", "type", "shippable"})


def creation(asked: ProductCreate) -> CreateProduct | CreatePrice:
    """A product, with its default price where the request states one. Raises InvalidRequest."""
    product = CreateProduct(
        product=asked.id or new_id("prod", 14),
        details=ProductDetails(**_given(asked), metadata=asked.metadata or {}),
    )
    price = asked.default_price_data
    if price is None:
        return product
    terms, options = default_terms(price)
    return CreatePrice(
        price=new_id("price"),
        product=product,
        terms=terms,
        details=PriceDetails(metadata=price.metadata or {}, currency_options=options),
        as_default=True,
    )


def change(product: str, asked: ProductUpdate) -> UpdateProduct:
    return UpdateProduct(
        product=product,
        changes=_given(asked),
        metadata=asked.metadata,
        default_price=asked.default_price,
    )


def _given(asked: ProductFields) -> dict[str, Any]:
    given = {name: getattr(asked, name) for name in _PLAIN if asked.given(name)}
    given = {k: v for k, v in given.items() if v is not None or k not in _NEVER_UNSET}
    if asked.given("images"):
        given["images"] = tuple(asked.images or ())
    if asked.given("marketing_features"):
        given["marketing_features"] = tuple(f.name for f in asked.marketing_features or ())
    if asked.given("package_dimensions"):
        size = asked.package_dimensions
        given["package_dimensions"] = size and PackageDimensions(
            height=decimal_text(size.height),
            length=decimal_text(size.length),
            weight=decimal_text(size.weight),
            width=decimal_text(size.width),
        )
    if asked.given("tax_details"):
        tax = asked.tax_details
        given["tax_details"] = tax and TaxDetails(**tax.model_dump())
    return given
