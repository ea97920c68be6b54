"""The read model of usage that was refused: samples of it, as the log holds them."""

import msgspec

from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.events import UsageRejected
from projections.runtime.reader import Reader
from projections.runtime.rows import Rows
from projections.runtime.tables import Table

_SHOWN = 20


class UsageRejectionRow(msgspec.Struct, frozen=True):
    """A meter event that was refused. `rejected_at` is in epoch seconds."""

    position: int
    ordinal: int
    identifier: str | None
    event_name: str | None
    code: str
    reason: str
    line: int
    door: str
    rejected_at: int
    request_id: str | None


USAGE_REJECTIONS = Table(
    "usage_rejections",
    UsageRejectionRow,
    key=("position", "ordinal"),
    columns={"position": "bigint", "ordinal": "integer", "identifier": "text"},
    indexes=(("identifier", "position"),),
)


class UsageRejectionsProjection:
    name = "usage_rejections"
    version = 1
    tables = (USAGE_REJECTIONS,)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        if not isinstance(recorded.event, UsageRejected):
            return
        rejected = recorded.event
        rows.insert_many(
            USAGE_REJECTIONS,
            (
                UsageRejectionRow(
                    recorded.position,
                    ordinal,
                    sample.identifier,
                    sample.event_name,
                    sample.code,
                    sample.reason,
                    sample.line,
                    rejected.door,
                    to_epoch(recorded.recorded_at),
                    recorded.metadata.request_id,
                )
                for ordinal, sample in enumerate(rejected.samples)
            ),
        )


def rejections_of(
    reader: Reader, identifier: str, through: int | None = None
) -> list[UsageRejectionRow]:
    """The last refusals of an identifier that were kept, newest first, up to a position."""
    return reader.fetch_rows(
        USAGE_REJECTIONS,
        "ledger_id = %(ledger_id)s AND identifier = %(identifier)s "
        "AND (%(through)s::bigint IS NULL OR position <= %(through)s) "
        "ORDER BY position DESC, ordinal DESC LIMIT %(shown)s",
        {"identifier": identifier, "shown": _SHOWN, "through": through},
    )
