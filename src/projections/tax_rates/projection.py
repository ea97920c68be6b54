"""Builds tax rates from their events."""

import msgspec

from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.tax_rates.events import TaxRateCreated, TaxRateDetailsChanged
from projections.runtime.rows import Rows
from projections.tax_rates.rows import TAX_RATES, TaxRateRow


class TaxRatesProjection:
    name = "tax_rates"
    version = 1
    tables = (TAX_RATES,)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case TaxRateCreated() as event:
                rows.put(TAX_RATES, _created(recorded, event))
            case TaxRateDetailsChanged() as event:
                _change(rows, recorded.originator_id, event)
            case _:
                pass


def _created(recorded: RecordedEvent, event: TaxRateCreated) -> TaxRateRow:
    return TaxRateRow(
        id=recorded.originator_id,
        sequence=recorded.position,
        created=to_epoch(event.created),
        livemode=event.livemode,
        percentage=event.terms.percentage,
        inclusive=event.terms.inclusive,
        **event.details.model_dump(mode="python"),
    )


def _change(rows: Rows, tax_rate: str, event: TaxRateDetailsChanged) -> None:
    row = rows.get(TAX_RATES, tax_rate)
    if row is None:
        raise LookupError(f"tax rate {tax_rate} was never created")
    details = event.details.model_dump(mode="python")
    rows.put(TAX_RATES, msgspec.structs.replace(row, **details))
