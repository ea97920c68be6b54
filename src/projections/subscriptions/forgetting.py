"""What is left of a forgotten customer's subscriptions: everything but the free text."""

import msgspec

from ledger.kernel.events import RecordedEvent
from projections.runtime.forgetting import rows_of_forgotten
from projections.runtime.rows import Rows
from projections.subscriptions.rows import SUBSCRIPTIONS


def forget_texts(rows: Rows, forgotten: RecordedEvent) -> None:
    """Take away what someone wrote about a customer's subscriptions."""
    for row in rows_of_forgotten(rows, SUBSCRIPTIONS, forgotten):
        items = tuple(msgspec.structs.replace(item, metadata={}) for item in row.items)
        blank = msgspec.structs.replace(
            row,
            description=None,
            metadata={},
            items=items,
            cancellation=msgspec.structs.replace(row.cancellation, comment=None),
        )
        rows.put(SUBSCRIPTIONS, blank)
