"""What may change about an invoice beside its lines, decided by pure functions (contract §9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ledger.coupons.discounts import Discount
from ledger.invoices.commands import DetailsRequest
from ledger.invoices.events import InvoiceDetails
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.metadata import merge_metadata

LONGEST_DUE: Final = 3650
"""Days; a bound against slips of the hand."""

_LATEST_FINALIZATION: Final = timedelta(days=5 * 366)
_CARRIED: Final = frozenset(
    {
        "custom_fields",
        "default_payment_method",
        "default_tax_rates",
        "description",
        "footer",
    }
)
_AFTER_FINALIZATION: Final = frozenset(
    {"auto_advance", "default_payment_method", "metadata", "settings"}
)
_PARAM_OF: Final = {"settings": "payment_settings"}


@dataclass(frozen=True, slots=True)
class Timing:
    """The customer's time, and how long a draft waits before it finalizes itself."""

    now: datetime
    grace: timedelta

    @property
    def finalizes_at(self) -> datetime:
        """When a draft that advances from now on is finalized, at a whole second."""
        return (self.now + self.grace).replace(microsecond=0)


def first_details(
    asked: DetailsRequest, timing: Timing, discounts: tuple[Discount, ...]
) -> InvoiceDetails:
    """The details of a new draft, which nothing finalizes unless that was asked for.

    Raises InvalidRequest.
    """
    blank = InvoiceDetails(
        collection_method="charge_automatically",
        days_until_due=None,
        auto_advance=False,
        automatically_finalizes_at=None,
    )
    return changed_details(blank, asked, timing, discounts)


def changed_details(
    details: InvoiceDetails,
    asked: DetailsRequest,
    timing: Timing,
    discounts: tuple[Discount, ...],
) -> InvoiceDetails:
    """The details of a draft after a change, with these discounts. Raises InvalidRequest."""
    carried = {name: getattr(asked, name) for name in _CARRIED & asked.model_fields_set}
    return details.model_copy(
        update={
            **carried,
            **_collection(details, asked, timing.now),
            **_advance(details, asked, timing),
            "discounts": discounts,
            "metadata": merge_metadata(details.metadata, asked.metadata),
            "settings": {**details.settings, **asked.settings},
        }
    )


def issued_details(details: InvoiceDetails, asked: DetailsRequest) -> InvoiceDetails:
    """The details of a finalized invoice after a change: of notes, and of how it is paid.

    Raises InvalidRequest for anything that the invoice says.
    """
    for name in sorted(asked.model_fields_set - _AFTER_FINALIZATION):
        raise InvalidRequest(
            "Finalized invoices can't be updated in this way.",
            param=_PARAM_OF.get(name, name),
            code="invoice_not_editable",
        )
    named = (_AFTER_FINALIZATION - {"metadata", "settings"}) & asked.model_fields_set
    return details.model_copy(
        update={
            **{name: getattr(asked, name) for name in named},
            "metadata": merge_metadata(details.metadata, asked.metadata),
            "settings": {**details.settings, **asked.settings},
        }
    )


def _collection(details: InvoiceDetails, asked: DetailsRequest, now: datetime) -> dict[str, Any]:
    """How and until when the invoice is to be paid."""
    method = asked.collection_method or details.collection_method
    days, due_date = asked.days_until_due, asked.due_date
    if method == "charge_automatically":
        for name in ("days_until_due", "due_date"):
            if getattr(asked, name) is not None:
                raise InvalidRequest(
                    f"{name} can only be given with collection_method=send_invoice.", param=name
                )
        return {"collection_method": method, "days_until_due": None, "due_date": None}
    if days is not None and due_date is not None:
        raise InvalidRequest(
            "You may only specify one of these parameters: days_until_due, due_date.",
            param="due_date",
            code="parameters_exclusive",
        )
    if days is None and due_date is None:
        days, due_date = details.days_until_due, details.due_date
    _check_due(days, due_date if asked.due_date else None, now)
    if days is None and due_date is None:
        raise InvalidRequest(
            "Missing required param: days_until_due. An invoice that is sent needs days_until_due "
            "or due_date.",
            param="days_until_due",
            code="parameter_missing",
        )
    return {"collection_method": method, "days_until_due": days, "due_date": due_date}


def _check_due(days: int | None, due_date: datetime | None, now: datetime) -> None:
    if days is not None and not 0 <= days <= LONGEST_DUE:
        raise InvalidRequest(
            f"Invalid days_until_due: must be from 0 to {LONGEST_DUE}.",
            param="days_until_due",
            code="parameter_invalid_integer",
        )
    if due_date is not None and due_date <= now:
        raise InvalidRequest("The due_date must be in the future.", param="due_date")


def _advance(details: InvoiceDetails, asked: DetailsRequest, timing: Timing) -> dict[str, Any]:
    """Whether and when the draft is finalized by itself. A time alone says that it is."""
    at = asked.automatically_finalizes_at
    if at is None:
        if asked.auto_advance is None or asked.auto_advance == details.auto_advance:
            return {}
        later = timing.finalizes_at if asked.auto_advance else None
        return {"auto_advance": asked.auto_advance, "automatically_finalizes_at": later}
    param = "automatically_finalizes_at"
    if asked.auto_advance is False:
        raise InvalidRequest(f"{param} needs auto_advance=true.", param=param)
    if not timing.now < at <= timing.now + _LATEST_FINALIZATION:
        raise InvalidRequest(
            f"The {param} must be in the future, at most five years from now.", param=param
        )
    return {"auto_advance": True, "automatically_finalizes_at": at}
