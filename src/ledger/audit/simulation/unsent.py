"""Usage that was never sent, rated under old prices and new: nothing is recorded."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from ledger.audit.simulation.changes import Changes
from ledger.audit.simulation.comparing import SimulatedLine, Simulation
from ledger.kernel.commands import Circumstances
from ledger.kernel.errors import InvalidRequest, LedgerError
from ledger.kernel.months import Month
from ledger.kernel.periods import Period
from ledger.kernel.quantities import decimal_text
from ledger.meter_events.aggregation import MeterDefinition, Tally
from ledger.meter_events.directory import Directory
from ledger.meter_events.formulas import MeteredEvent
from ledger.meter_events.ingestion import UsageIngestion, Verdict
from ledger.meter_events.validation import UsageReport, Validation
from ledger.prices.aggregate import Price
from ledger.rating.rate import rate
from ledger.store.event_sourcing import EventSourcedLedger

_REASON = "simulated"


class _Counted(NamedTuple):
    """What usage is counted by."""

    customer: str
    meter: str
    month: Month


class UnsentUsage(UsageIngestion):
    """Takes reports as a ledger does, with the same refusals, and only counts them.

    Any time is allowed. Of reports with one identifier the first counts; whether an identifier was
    recorded before is not looked up.
    """

    def __init__(self, ledger: EventSourcedLedger) -> None:
        super().__init__(ledger.recorder, ledger.mapper, Directory(ledger.recorder, ledger.mapper))
        self._seen: set[str] = set()
        self._tallies: dict[_Counted, Tally] = {}
        self._position = self.directory.catch_up()

    def record(
        self,
        reports: Sequence[UsageReport],
        circumstances: Circumstances,
        *,
        backfill: str | None = None,
        look_first: bool = False,  # noqa: ARG002 - nothing is looked up
    ) -> list[Verdict]:
        """See `UsageIngestion`; what is accepted is counted and stands nowhere."""
        reason = backfill or _REASON
        validation = Validation(self.directory, circumstances.now, self._position, reason)
        return [self._taken(validation, report) for report in reports]

    def _taken(self, validation: Validation, report: UsageReport) -> Verdict:
        try:
            record = validation.record_of(report)
        except LedgerError as error:
            return Verdict("rejected", error=error)
        if record.identifier in self._seen:
            return Verdict("duplicate", record)
        self._seen.add(record.identifier)
        named = self.directory.active_meter(report.event_name)
        if named is None:
            raise LookupError(f"{report.event_name} has no meter any more")
        meter = MeterDefinition.of(named.id, named.meter)
        counted = _Counted(record.customer, named.id, Month.of_microseconds(record.timestamp))
        tally = self._tallies.get(counted)
        if tally is None:
            start, end = counted.month.first_microsecond, counted.month.plus(1).first_microsecond
            tally = self._tallies[counted] = Tally(meter, start, end)
        # Of events of one position the later ones have the higher ordinals.
        place = len(self._seen)
        tally.add(
            MeteredEvent(0, place, record.timestamp, _counted_value(meter, report, record.value))
        )
        return Verdict("accepted", record, 0, place)

    def quantities(self) -> Iterator[tuple[str, str, Month, str]]:
        """Customer, meter, month and quantity. Asked for once, at the end."""
        for counted in sorted(self._tallies):
            usage = self._tallies[counted].result()
            yield counted.customer, counted.meter, counted.month, decimal_text(usage.quantity)


def _counted_value(meter: MeterDefinition, report: UsageReport, value: str | None) -> str | None:
    return report.payload.get(meter.value_key) if meter.formula == "unique_count" else value


def simulate_unsent(
    usage: UnsentUsage, changes: Changes, prices: Mapping[str, Price], currency: str | None = None
) -> Simulation:
    """What the usage costs under each replaced price and under what takes its place: a line for
    every customer, calendar month (UTC) and price on the meter, each month rated as a whole.

    `prices` are the replaced ones, `currency` theirs by default. Raises InvalidRequest for one that
    is not metered.
    """
    simulation = Simulation(changes)
    of_meter: dict[str, list[str]] = {}
    for price_id, price in prices.items():
        recurring = price.terms.recurring
        if recurring is None or recurring.meter is None:
            raise InvalidRequest(
                f"{price_id} is not metered: usage has no part in it.", param="changes"
            )
        of_meter.setdefault(recurring.meter, []).append(price_id)
    for customer, meter, month, quantity in usage.quantities():
        for price_id in of_meter.get(meter, ()):
            line = _line(customer, month, quantity, price_id, prices[price_id], changes, currency)
            simulation.take_line(line)
    return simulation


def _line(
    customer: str,
    month: Month,
    quantity: str,
    price_id: str,
    price: Price,
    changes: Changes,
    currency: str | None,
) -> SimulatedLine:
    currency = currency or price.terms.currency
    before = rate(price.terms_in(currency), Decimal(quantity))
    after = rate(changes[price_id].terms_in(currency), Decimal(quantity))
    return SimulatedLine(
        customer=customer,
        currency=currency,
        invoice="",
        line="",
        period=Period(month.start, month.plus(1).start),
        price=price_id,
        replaced_by=changes[price_id].name,
        quantity=quantity,
        before=before.amount,
        after=after.amount,
    )
