"""What a projection is: a pure function from events to rows."""

from typing import Any, Protocol

from ledger.kernel.events import RecordedEvent
from projections.runtime.rows import Rows
from projections.runtime.tables import Table


class Projection(Protocol):
    """Builds the rows of its tables from events alone.

    `apply` sees every event of a ledger in the order of positions, once. A new `version` means
    new tables and a rebuild.
    """

    name: str
    version: int
    tables: tuple[Table[Any], ...]

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None: ...


def checkpoint_name(projection: Projection) -> str:
    """The name under which a projection's progress is kept."""
    return f"{projection.name}_v{projection.version}"
