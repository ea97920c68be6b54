"""Invoice numbers: a customer's prefix and a count without gaps or repeats (contract §9).

The numbers of a customer are a stream of their own, whose versions are the count.
"""

from typing import Final

from ledger.invoices.events import InvoiceNumberAssigned
from ledger.kernel.events import DomainEvent

_STREAM: Final = "invoice_numbers:"


def numbers_stream(customer_id: str) -> str:
    return f"{_STREAM}{customer_id}"


def customer_of(stream: str) -> str:
    """Whose numbers a stream holds."""
    return stream.removeprefix(_STREAM)


def last_sequence(sequence: int | None, event: DomainEvent) -> int:
    """The last number given after a fact of the stream."""
    return event.sequence if isinstance(event, InvoiceNumberAssigned) else sequence or 0


def assign_number(last: int | None, prefix: str, invoice_id: str) -> InvoiceNumberAssigned:
    """The number after the last one: `TALLY123-0001` is the first."""
    sequence = (last or 0) + 1
    return InvoiceNumberAssigned(
        sequence=sequence, number=f"{prefix}-{sequence:04d}", invoice=invoice_id
    )
