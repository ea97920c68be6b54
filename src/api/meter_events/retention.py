"""Letting go of the single meter events of earlier months: decided, recorded and carried out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from api.services import Services
from ledger.kernel.clock import from_epoch
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.months import Month
from ledger.meter_events.commands import ChangeUsageRetention
from projections.invoices.unbilled import unbilled_since
from projections.meter_events.retention import first_month_kept
from projections.meter_events.rows import METER_EVENTS
from projections.runtime.partitions import partitions_of
from projections.runtime.sweeping import sweep


@dataclass(frozen=True, slots=True)
class Retention:
    """From which month on single events are kept, None for all of them, and what the months take
    in all ledgers, in bytes; what has no partition of its own is under None."""

    kept_from: Month | None
    sizes: dict[Month | None, int]
    deleted: int = 0
    dropped: list[str] = field(default_factory=list[str])

    def document(self) -> dict[str, Any]:
        return {
            "kept_from": None if self.kept_from is None else str(self.kept_from),
            "deleted": self.deleted,
            "dropped": self.dropped,
            "partitions": [
                {"month": None if month is None else str(month), "bytes": size}
                for month, size in self.sizes.items()
            ],
        }


def retention_of(services: Services, ledger: LedgerIdentity) -> Retention:
    """What is kept of a ledger."""
    kept_from = first_month_kept(services.reader(ledger.ledger_id))
    with services.datastore.get_connection() as conn:
        sizes = {
            partition.month: conn.execute(
                "SELECT pg_total_relation_size(to_regclass(%s)) AS size", (partition.relation,)
            ).fetchall()[0]["size"]
            for partition in partitions_of(conn, METER_EVENTS)
        }
    return Retention(kept_from, sizes)


def change_retention(
    services: Services,
    ledger: LedgerIdentity,
    wanted: Month,
    circumstances: Circumstances,
    *,
    even_unbilled: bool,
) -> None:
    """Record from which month on single events are kept.

    Raises InvalidRequest where that month is yet to come or earlier ones were let go before, and,
    unless `even_unbilled`, where usage of earlier months is still to be billed.
    """
    reader = services.reader(ledger.ledger_id)
    unbilled = None if even_unbilled else unbilled_since(reader)
    if unbilled is not None and unbilled.since < wanted.first_microsecond // 1_000_000:
        month = Month.of(from_epoch(unbilled.since))
        raise InvalidRequest(
            f"Usage since {month} is still to be billed ({unbilled.id}). Keep events from {month} "
            "on, or give --even-unbilled: its previews and its invoice will come from the log, "
            "the same to the cent, and take longer.",
            param="kept_from",
        )
    command = ChangeUsageRetention(kept_from=wanted)
    services.application(ledger).execute(command, circumstances)
    services.projector.catch_up()


def let_go(services: Services, ledger: LedgerIdentity, progress: Callable[[int], None]) -> int:
    """Delete the rows of single events that are kept in the log alone; how many there were."""
    services.reader(ledger.ledger_id).wait_for(METER_EVENTS)
    return sweep(services.datastore, ledger.ledger_id, METER_EVENTS, progress)
