"""From the parameters of a price request to what is asked of the ledger."""

from typing import Any

from api.http.params import missing
from api.prices.params import PriceCreate, PriceUpdate, ProductData
from api.products.price_terms import PriceShape, options_of, terms_of
from ledger.kernel.ids import new_id
from ledger.prices.commands import CreatePrice, UpdatePrice
from ledger.prices.events import PriceDetails
from ledger.prices.terms import PriceTerms, Recurring, TransformQuantity
from ledger.products.commands import CreateProduct
from ledger.products.events import ProductDetails, TaxDetails


def creation(asked: PriceCreate) -> CreatePrice:
    """A price, with its product where the request describes one. Raises InvalidRequest."""
    shape = _shape(asked)
    return CreatePrice(
        price=new_id("price"),
        product=_product(asked),
        terms=terms_of(shape, asked),
        details=PriceDetails(
            active=asked.active,
            nickname=asked.nickname,
            lookup_key=asked.lookup_key,
            metadata=asked.metadata or {},
            currency_options=options_of(shape, asked.currency_options),
        ),
        trial_period_days=asked.recurring.trial_period_days if asked.recurring else None,
        transfer_lookup_key=asked.transfer_lookup_key,
    )


def all_terms(asked: PriceCreate) -> list[PriceTerms]:
    """The terms in every currency that a request states. Raises InvalidRequest."""
    shape = _shape(asked)
    return [terms_of(shape, asked), *options_of(shape, asked.currency_options).values()]


def change(price: str, asked: PriceUpdate, terms: PriceTerms) -> UpdatePrice:
    """A change of a price that has these terms. Raises InvalidRequest."""
    given: dict[str, Any] = {
        name: getattr(asked, name) for name in ("lookup_key", "nickname") if asked.given(name)
    }
    for name in ("active", "tax_behavior"):
        if getattr(asked, name) is not None:
            given[name] = getattr(asked, name)
    options = asked.currency_options
    return UpdatePrice(
        price=price,
        changes=given,
        metadata=asked.metadata,
        currency_options=None if options is None else options_of(_shape_of(terms), options),
        transfer_lookup_key=asked.transfer_lookup_key,
    )


def _shape(asked: PriceCreate) -> PriceShape:
    recurring, transform = asked.recurring, asked.transform_quantity
    return PriceShape(
        currency=asked.currency,
        billing_scheme=asked.billing_scheme,
        tiers_mode=asked.tiers_mode,
        transform_quantity=(
            TransformQuantity(divide_by=transform.divide_by, round=transform.round)
            if transform
            else None
        ),
        recurring=(
            Recurring(
                interval=recurring.interval,
                interval_count=recurring.interval_count,
                usage_type=recurring.usage_type,
                meter=recurring.meter,
            )
            if recurring
            else None
        ),
        included_units=asked.included_units,
        percentage_fee=asked.fee(),
    )


def _shape_of(terms: PriceTerms) -> PriceShape:
    return PriceShape(
        currency=terms.currency,
        billing_scheme=terms.billing_scheme,
        tiers_mode=terms.tiers_mode,
        transform_quantity=terms.transform_quantity,
        recurring=terms.recurring,
        included_units=terms.included_units,
        percentage_fee=terms.percentage_fee,
    )


def _product(asked: PriceCreate) -> str | CreateProduct:
    if asked.product is not None:
        return asked.product
    data = asked.product_data
    if data is None:
        raise missing("product")
    return CreateProduct(product=data.id or new_id("prod", 14), details=_details(data))


def _details(data: ProductData) -> ProductDetails:
    return ProductDetails(
        name=data.name,
        active=data.active,
        metadata=data.metadata or {},
        statement_descriptor=data.statement_descriptor,
        tax_code=data.tax_code,
        tax_details=TaxDetails(**data.tax_details.model_dump()) if data.tax_details else None,
        unit_label=data.unit_label,
    )
