"""What must hold after a race, read from the log and from the invoices. Each check says what does
not hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from api.services import Services
from ledger.application import LedgerApplication
from ledger.audit.recompute import recompute
from ledger.invoices.events import InvoiceFinalized
from ledger.kernel.commands import LedgerIdentity
from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.usage import LogUsageReader, PlacedRecord, Positions
from tests.faults.checks import numbers_without_gap, one_invoice_a_period
from tests.races.billing_race import MONTHS, Business, Race
from tests.support.served import Served


@dataclass
class Findings:
    """What was counted, and what does not hold."""

    invoices: int
    credit_notes: int
    billed: int
    late: int
    problems: list[str]


def check(served: Served, race: Race, business: Business) -> Findings:
    """Everything, for every customer."""
    invoices, notes = race.invoices(), race.credit_notes()
    findings = Findings(len(invoices), len(notes), 0, 0, [])
    for customer in business.customers:
        own = [invoice for invoice in invoices if invoice["customer"] == customer]
        findings.problems += numbers_without_gap(own)
        for subscription in (business.tokens[customer], business.seats[customer]):
            findings.problems += one_invoice_a_period(own, subscription)
    findings.problems += _credits(business, invoices, notes)
    services = Services(served.database_url, pool_size=2)
    try:
        identity = services.identity(race.ledger_id)
        findings.problems += _replays(services, identity, invoices)
        log = _Log(services.application(identity), invoices)
        for customer in business.customers:
            findings.problems += _usage(log, business, customer, findings)
    finally:
        services.close()
    return findings


def _credits(
    business: Business, invoices: Sequence[dict[str, Any]], notes: Sequence[dict[str, Any]]
) -> Iterator[str]:
    """What was credited is what was acknowledged, and lowers what remains to be paid."""
    if (there := {note["id"]: note["total"] for note in notes}) != business.credited:
        yield f"credit notes {business.credited} acknowledged, but {there} there"
    for invoice in invoices:
        own = [one for one in notes if one["invoice"] == invoice["id"]]
        issued = [one for one in own if one["status"] == "issued"]
        if invoice["status"] == "void" and issued:
            yield f"{invoice['id']} is void, but {len(issued)} of its credit notes stand"
        sums = {
            "pre_payment_credit_notes_amount": sum(one["pre_payment_amount"] for one in issued),
            "post_payment_credit_notes_amount": sum(one["post_payment_amount"] for one in issued),
        }
        told = {name: invoice[name] for name in sums}
        if told != sums:
            yield f"{invoice['id']}: {sums} credited, but the invoice says {told}"


def _replays(
    services: Services, identity: LedgerIdentity, invoices: Sequence[dict[str, Any]]
) -> Iterator[str]:
    for invoice in invoices:
        again = recompute(services.application(identity), invoice["id"])
        if not again.equal:
            yield f"{invoice['id']}: {again.differences}"


@dataclass(frozen=True, slots=True)
class _Log:
    ledger: LedgerApplication
    invoices: Sequence[dict[str, Any]]

    def records(self, customer: str, meter: str) -> list[PlacedRecord]:
        """Every meter event of a customer."""
        ledger = self.ledger
        reader = LogUsageReader(ledger.recorder, ledger.mapper)
        return list(reader.recorded(customer, {meter}, Positions(1, ledger.recorder.head()[0])))

    def finals(self, subscription: str) -> dict[int, InvoiceFinalized]:
        """The final invoices of a subscription by the start of their period."""
        found: dict[int, InvoiceFinalized] = {}
        for invoice in self.invoices:
            if invoice["parent"]["subscription_details"]["subscription"] != subscription:
                continue
            for stored in self.ledger.recorder.select_events(invoice["id"]):
                event = self.ledger.mapper.to_domain_event(stored).event
                if isinstance(event, InvoiceFinalized):
                    found[invoice["period_start"]] = event
        return found


def _usage(log: _Log, business: Business, customer: str, findings: Findings) -> Iterator[str]:
    """Each meter event is billed on one line, or came after its period's invoice was final."""
    records = log.records(customer, business.meter)
    finals = log.finals(business.tokens[customer])
    for month, (start, end) in enumerate(pairwise(MONTHS)):
        recorded = [r for r in records if start <= r.record.timestamp // MICROSECONDS < end]
        acknowledged = business.events[customer, month], business.used[customer, month]
        if _amount(recorded) != acknowledged:
            yield f"{customer}, {month}: {acknowledged} acknowledged, {_amount(recorded)} recorded"
        final = finals.get(start)
        if final is None:
            continue
        in_time = [one for one in recorded if one.position <= final.through_position]
        lines = [line for line in final.lines if line.evidence]
        events = sum(line.evidence.meter_events for line in lines if line.evidence)
        billed = events, sum(int(line.quantity) for line in lines)
        if billed != _amount(in_time):
            yield f"{customer}, {month}: {_amount(in_time)} in time, but {billed} billed"
        findings.billed += events
        findings.late += len(recorded) - len(in_time)


def _amount(records: Sequence[PlacedRecord]) -> tuple[int, int]:
    """How many meter events, and what they add up to."""
    return len(records), sum(int(one.record.value or 0) for one in records)
