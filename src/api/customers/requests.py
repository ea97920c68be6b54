"""From the parameters of a customer request to what is asked of the ledger."""

from typing import Any

from api.customers.params import CustomerFields, CustomerUpdate, InvoiceSettingsParams
from ledger.customers.commands import BillingChange
from ledger.customers.events import (
    Address,
    CustomField,
    InvoiceRendering,
    PersonalFields,
    Shipping,
)

_PLAIN = ("name", "email", "phone", "description", "business_name", "individual_name")


def personal_fields(asked: CustomerFields) -> PersonalFields:
    """The personal fields that the request gives, and no others, but for metadata."""
    given: dict[str, Any] = {name: getattr(asked, name) for name in _PLAIN if asked.given(name)}
    if asked.given("address"):
        given["address"] = Address(**asked.address.model_dump()) if asked.address else None
    if asked.given("shipping"):
        given["shipping"] = Shipping(**asked.shipping.model_dump()) if asked.shipping else None
    if asked.given("preferred_locales"):
        given["preferred_locales"] = tuple(asked.preferred_locales or ())
    settings = asked.invoice_settings or InvoiceSettingsParams()
    if settings.given("custom_fields"):
        fields = [CustomField(name=f.name, value=f.value) for f in settings.custom_fields or ()]
        given["invoice_custom_fields"] = tuple(fields) or None
    if settings.given("footer"):
        given["invoice_footer"] = settings.footer
    return PersonalFields(**given)


def billing_change(asked: CustomerFields) -> BillingChange:
    """The billing fields that the request gives, and no others."""
    names = ("invoice_prefix", "tax_exempt")
    given: dict[str, Any] = {name: getattr(asked, name) for name in names if asked.given(name)}
    if asked.given("source"):
        given["default_source"] = asked.source
    if isinstance(asked, CustomerUpdate) and asked.given("default_source"):
        given["default_source"] = asked.default_source
    settings = asked.invoice_settings or InvoiceSettingsParams()
    if settings.given("default_payment_method"):
        given["default_payment_method"] = settings.default_payment_method
    if settings.given("rendering_options"):
        options = settings.rendering_options
        given["rendering"] = InvoiceRendering(**options.model_dump()) if options else None
    return BillingChange(**given)
