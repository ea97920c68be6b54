"""Facts about tax rates. Streams are named by the tax rate's id (`txr_…`)."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from ledger.kernel.events import DomainEvent, Fact
from ledger.tax_rates.terms import TaxRateTerms

TaxType = Literal[
    "admissions_tax",
    "amusement_tax",
    "attendance_tax",
    "communications_tax",
    "digital_excise_tax",
    "entertainment_tax",
    "get_fund",
    "gross_receipts_tax",
    "gst",
    "hospitality_tax",
    "hst",
    "igst",
    "jct",
    "lease_tax",
    "luxury_tax",
    "mass_transit_parking_tax",
    "nhil",
    "parking_tax",
    "pst",
    "qst",
    "resort_tax",
    "retail_delivery_fee",
    "rst",
    "sales_tax",
    "service_tax",
    "tourism_tax",
    "utility_users_tax",
    "vat",
]


class TaxRateDetails(Fact):
    """How a tax rate is named and found. An inactive one cannot be applied to anything new."""

    display_name: str
    active: bool = True
    country: str | None = None
    description: str | None = None
    jurisdiction: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])
    state: str | None = None
    tax_type: TaxType | None = None


class TaxRateCreated(DomainEvent):
    TOPIC: ClassVar[str] = "tax_rate.created.v1"

    terms: TaxRateTerms
    details: TaxRateDetails
    created: AwareDatetime
    livemode: bool


class TaxRateDetailsChanged(DomainEvent):
    """`details` holds the whole new values."""

    TOPIC: ClassVar[str] = "tax_rate.details_changed.v1"

    details: TaxRateDetails
    changed_at: AwareDatetime


EVENTS: tuple[type[DomainEvent], ...] = (TaxRateCreated, TaxRateDetailsChanged)
