"""The finalized metered lines of a ledger, and what was added to each after that."""

from dataclasses import dataclass, field

from ledger.invoices.events import DraftLine, InvoiceDrafted, InvoiceFinalized
from ledger.late_usage.billed_lines import final_line
from ledger.late_usage.events import LateUsageAdjusted


@dataclass(slots=True)
class MeteredLine:
    """A finalized metered line with its adjustments, as far as the log was read.

    `settled` is the position through which its usage is accounted for, `digest` that of the meter
    events that it rests on. `provisional` is a line of a threshold, which a later one replaces.
    """

    id: str
    invoice: str
    customer: str
    currency: str
    drafted: DraftLine
    meter: str
    price: str
    price_version: int | None
    engine_version: int
    billed: int
    through_position: int
    settled: int
    digest: str
    adjustments: list[LateUsageAdjusted] = field(default_factory=list[LateUsageAdjusted])
    provisional: bool = False

    @property
    def accounted(self) -> int:
        """Billed, adjusted and reported, in minor units."""
        return self.billed + sum(adjusted.amount for adjusted in self.adjustments)

    def adjust(self, event: LateUsageAdjusted) -> None:
        self.adjustments.append(event)
        self.digest = event.evidence.digest
        self.settled = max(self.settled, event.through_position)


def metered_lines(
    invoice: str, draft: InvoiceDrafted, final: InvoiceFinalized
) -> list[MeteredLine]:
    """The metered lines of an invoice that was finalized; also those left out at 0."""
    found: list[MeteredLine] = []
    for drafted in draft.lines:
        if drafted.kind != "metered" or drafted.price is None or drafted.meter is None:
            continue
        line = final_line(drafted, final)
        found.append(
            MeteredLine(
                id=line.id,
                invoice=invoice,
                customer=draft.customer,
                currency=draft.currency,
                drafted=drafted,
                meter=drafted.meter,
                price=drafted.price,
                price_version=line.price_version,
                engine_version=final.engine_version,
                billed=line.amount,
                through_position=final.through_position,
                settled=final.through_position,
                digest=line.evidence.digest if line.evidence else "",
            )
        )
    return found
