"""The rows of a customer who is forgotten."""

from typing import TypeVar

import msgspec

from ledger.kernel.events import RecordedEvent
from projections.runtime.rows import Rows, Within
from projections.runtime.tables import Table

R = TypeVar("R", bound=msgspec.Struct)


def rows_of_forgotten(rows: Rows, table: Table[R], forgotten: RecordedEvent) -> list[R]:
    """The rows of a table that are the customer's who was forgotten by an event of their stream.

    The table has the columns `customer` and `sequence`.
    """
    so_far = Within("sequence", 0, forgotten.position)
    customer = forgotten.originator_id
    return rows.greatest(table, so_far, ("sequence",), None, customer=customer)
