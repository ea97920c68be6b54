"""Builds prices from their events."""

from typing import Any

import msgspec

from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.prices.events import PriceCreated, PriceDetails, PriceDetailsChanged
from projections.prices.rows import PRICES, PriceRow
from projections.runtime.rows import Rows


class PricesProjection:
    name = "prices"
    version = 2
    tables = (PRICES,)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case PriceCreated() as event:
                rows.put(PRICES, _created(recorded, event))
            case PriceDetailsChanged() as event:
                row = rows.get(PRICES, recorded.originator_id)
                if row is None:
                    raise LookupError(f"price {recorded.originator_id} was never created")
                rows.put(PRICES, msgspec.structs.replace(row, **_details(event.details)))
            case _:
                pass


def _created(recorded: RecordedEvent, event: PriceCreated) -> PriceRow:
    recurring = event.terms.recurring
    return PriceRow(
        id=recorded.originator_id,
        sequence=recorded.position,
        created=to_epoch(event.created),
        livemode=event.livemode,
        product=event.product,
        stated_terms=event.terms.model_dump(mode="json"),
        currency=event.terms.currency,
        type="one_time" if recurring is None else "recurring",
        billed_every=recurring.interval if recurring else None,
        usage_type=recurring.usage_type if recurring else None,
        meter=recurring.meter if recurring else None,
        trial_period_days=event.trial_period_days,
        **_details(event.details),
    )


def _details(details: PriceDetails) -> dict[str, Any]:
    return details.model_dump(mode="json")
