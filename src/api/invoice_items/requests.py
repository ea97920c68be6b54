"""From the parameters of a request to what is to be billed."""

from typing import Any, Final

from api.coupons.params import discount_requests
from api.http.params import missing
from api.invoice_items.params import (
    ChargeParams,
    InlineProductParams,
    InvoiceItemCreate,
    InvoiceItemUpdate,
    ItemChargeParams,
    PriceDataParams,
)
from api.products.price_terms import PriceShape, terms_of, within
from ledger.invoice_items.commands import ChargeRequest, CreateInvoiceItem, UpdateInvoiceItem
from ledger.kernel.ids import new_id
from ledger.kernel.periods import Period
from ledger.kernel.quantities import decimal_text
from ledger.prices.commands import CreatePrice
from ledger.prices.events import PriceDetails
from ledger.products.commands import CreateProduct
from ledger.products.events import ProductDetails, TaxDetails

_AS_GIVEN: Final = ("amount", "description", "metadata")


def creation(asked: InvoiceItemCreate) -> CreateInvoiceItem:
    """Raises ApiError and InvalidRequest."""
    return CreateInvoiceItem(
        item=new_id("ii"),
        charge=charge_request(asked),
        customer=asked.customer,
        currency=asked.currency,
        invoice=asked.invoice,
        subscription=asked.subscription,
    )


def change(item: str, asked: InvoiceItemUpdate) -> UpdateInvoiceItem:
    """Raises ApiError and InvalidRequest."""
    return UpdateInvoiceItem(item=item, charge=charge_request(asked))


def charge_request(asked: ChargeParams, inside: str = "") -> ChargeRequest:
    """What is to be billed; `inside` is the field that the parameters stand in, such as `lines[0]`.

    Raises ApiError and InvalidRequest, naming the field.
    """
    given: dict[str, Any] = {name: getattr(asked, name) for name in _AS_GIVEN if asked.given(name)}
    if asked.discountable is not None:
        given["discountable"] = asked.discountable
    if asked.period is not None:
        given["period"] = Period(asked.period.start, asked.period.end)
    given |= _money(asked, inside)
    if asked.given("discounts"):
        place = _place(inside, "discounts")
        given["discounts"] = discount_requests(asked.discounts, param=place)
    if asked.given("tax_rates"):
        rates = asked.tax_rates
        given["tax_rates"] = None if rates is None else tuple(rates)
    return ChargeRequest(**given)


def _money(asked: ChargeParams, inside: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if asked.quantity is not None:
        given["quantity"] = str(asked.quantity)
    if asked.quantity_decimal is not None:
        given["quantity"] = decimal_text(asked.quantity_decimal)
    if isinstance(asked, ItemChargeParams) and asked.unit_amount_decimal is not None:
        given["unit_amount_decimal"] = decimal_text(asked.unit_amount_decimal)
    if asked.pricing is not None and asked.pricing.price is not None:
        given["price"] = asked.pricing.price
    if asked.price_data is not None:
        given["price"] = _inline_price(asked.price_data, _place(inside, "price_data"))
    return given


def _place(inside: str, name: str) -> str:
    return f"{inside}[{name}]" if inside else name


def _inline_price(asked: PriceDataParams, param: str) -> CreatePrice:
    """A price that nobody else can use, with its product where the request describes one."""
    product = _product(asked, param)
    with within(param):
        terms = terms_of(PriceShape(currency=asked.currency), asked)
    inactive = PriceDetails(active=False)
    return CreatePrice(price=new_id("price"), product=product, terms=terms, details=inactive)


def _product(asked: PriceDataParams, param: str) -> str | CreateProduct:
    if asked.product is not None:
        return asked.product
    if asked.product_data is None:
        raise missing(f"{param}[product]")
    return CreateProduct(product=new_id("prod", 14), details=_details(asked.product_data))


def _details(data: InlineProductParams) -> ProductDetails:
    return ProductDetails(
        name=data.name,
        description=data.description,
        images=tuple(data.images or ()),
        metadata=data.metadata or {},
        tax_code=data.tax_code,
        tax_details=TaxDetails(**data.tax_details.model_dump()) if data.tax_details else None,
        unit_label=data.unit_label,
    )
