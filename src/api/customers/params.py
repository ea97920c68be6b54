"""Parameters of the customer routes (contract §7)."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from api.http.lists import CreatedListParams
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams
from api.http.unsupported import Unsupported
from api.http.wire_types import (
    ArrayOf,
    Clearable,
    Currency,
    Id,
    WireBool,
    WireInt,
    refusal,
    shown,
    text,
)
from ledger.customers.events import TaxExempt

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_PREFIX: Final = re.compile(r"[A-Z0-9]{1,12}")


def _email(value: str) -> str:
    if _EMAIL.fullmatch(value) is None:
        raise refusal(f"Invalid email address: {shown(value)}", code="email_invalid")
    return value


def _prefix(value: str) -> str:
    if _PREFIX.fullmatch(value) is None:
        raise refusal("Invalid {param}: must be 1 to 12 uppercase letters or digits.")
    return value


CashBalance = Annotated[None, Unsupported("no money moves, so there is no cash to keep.")]
InvoiceSequence = Annotated[None, Unsupported("invoice numbers count from 1, without gaps.")]
Tax = Annotated[None, Unsupported("no taxes are computed.")]
LongText = Annotated[str, text(5000)]
Email = Annotated[str, text(512), AfterValidator(_email)]


class AddressParams(Params):
    city: Clearable[LongText] = None
    country: Clearable[LongText] = None
    line1: Clearable[LongText] = None
    line2: Clearable[LongText] = None
    postal_code: Clearable[LongText] = None
    state: Clearable[LongText] = None


class ShippingParams(Params):
    address: AddressParams
    name: LongText
    phone: Clearable[LongText] = None


class CustomFieldParams(Params):
    name: Annotated[str, text(40)]
    value: Annotated[str, text(140)]


class RenderingParams(Params):
    amount_tax_display: Clearable[Literal["exclude_tax", "include_inclusive_tax"]] = None
    template: Clearable[Id] = None


class InvoiceSettingsParams(Params):
    custom_fields: Clearable[Annotated[ArrayOf[CustomFieldParams], Field(max_length=4)]] = None
    default_payment_method: Clearable[Id] = None
    footer: Clearable[LongText] = None
    rendering_options: Clearable[RenderingParams] = None


class CustomerFields(RequestParams):
    """What creation and update have in common. An empty value unsets a field."""

    address: Clearable[AddressParams] = None
    balance: WireInt | None = None
    business_name: Clearable[Annotated[str, text(150)]] = None
    cash_balance: CashBalance = None
    description: Clearable[LongText] = None
    email: Clearable[Email] = None
    individual_name: Clearable[Annotated[str, text(150)]] = None
    invoice_prefix: Annotated[str, text(12), AfterValidator(_prefix)] | None = None
    invoice_settings: InvoiceSettingsParams | None = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    name: Clearable[Annotated[str, text(256)]] = None
    next_invoice_sequence: InvoiceSequence = None
    phone: Clearable[Annotated[str, text(20)]] = None
    preferred_locales: Clearable[ArrayOf[Annotated[str, text(35)]]] = None
    shipping: Clearable[ShippingParams] = None
    source: Clearable[Id] = None
    tax: Tax = None
    tax_exempt: Clearable[TaxExempt] = None
    validate_: WireBool = Field(default=False, alias="validate")


class CustomerCreate(CustomerFields):
    payment_method: Id | None = None
    tax_id_data: Tax = None
    test_clock: Id | None = None


class CustomerUpdate(CustomerFields):
    default_source: Clearable[Id] = None


class CustomerList(CreatedListParams):
    email: Annotated[str, text(512)] | None = None
    test_clock: Id | None = None


class BalanceTransactionCreate(RequestParams):
    amount: WireInt
    currency: Currency
    description: Clearable[Annotated[str, text(350)]] = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])


class BalanceTransactionUpdate(RequestParams):
    description: Clearable[Annotated[str, text(350)]] = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])


class BalanceTransactionList(CreatedListParams):
    invoice: Id | None = None


class PaymentMethodAttach(RequestParams):
    customer: Id
