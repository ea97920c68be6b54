"""Rows of invoice items. Times are epoch seconds."""

from typing import Any

import msgspec

from ledger.invoice_items.charges import Charge
from projections.runtime.tables import Table


class InvoiceItemRow(msgspec.Struct, frozen=True, kw_only=True):
    """An item that waits for an invoice (`pending`) or is on one, as its line `line`.

    `stated_charge` is what it bills, in the stored form.
    """

    id: str
    sequence: int
    created: int
    livemode: bool
    customer: str
    currency: str
    stated_charge: dict[str, Any]
    subscription_item: str | None
    test_clock: str | None
    pending: bool = True
    invoice: str | None = None
    line: str | None = None

    @property
    def charge(self) -> Charge:
        """What the item bills."""
        return Charge.model_validate(self.stated_charge)


INVOICE_ITEMS = Table(
    "invoice_items",
    InvoiceItemRow,
    columns={
        "sequence": "bigint",
        "created": "bigint",
        "customer": "text",
        "invoice": "text",
        "pending": "boolean",
    },
    indexes=(("sequence",), ("customer", "sequence"), ("invoice",)),
)
