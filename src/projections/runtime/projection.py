"""What a projection is: a pure function from events to rows."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

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


@runtime_checkable
class PageProjection(Protocol):
    """A projection that does less for a page of events than for each of them apart.

    The rows are the same, however the log is cut into pages.
    """

    def apply_page(self, page: Sequence[RecordedEvent], rows: Rows) -> None: ...


@runtime_checkable
class PreparedProjection(Protocol):
    """A projection of which part of the work on a page needs no rows: it may be done ahead, by
    another thread or process, while the page before is applied. `apply_page` does both."""

    def prepare(self, page: Sequence[RecordedEvent]) -> Any:
        """What `apply_prepared` of the same page takes, small when pickled; None where it needs the
        page as it is. Otherwise usage events of the page may come without their records."""
        ...

    def apply_prepared(self, page: Sequence[RecordedEvent], prepared: Any, rows: Rows) -> None: ...


@runtime_checkable
class UsageProjection(Protocol):
    """A projection that looks at the events which hold meter events. Any other may be given the
    log without them; its rows are the same."""

    takes_usage: bool


def takes_usage(projection: Projection) -> bool:
    """Whether a projection has to be given every event of the log."""
    return isinstance(projection, UsageProjection) and projection.takes_usage


def apply_page(projection: Projection, page: Sequence[RecordedEvent], rows: Rows) -> None:
    """Let a projection see the next events of a ledger, in the order of positions."""
    if isinstance(projection, PageProjection):
        projection.apply_page(page, rows)
        return
    for recorded in page:
        projection.apply(recorded, rows)


def checkpoint_name(projection: Projection) -> str:
    """The name under which a projection's progress is kept."""
    return f"{projection.name}_v{projection.version}"
