"""A finalized invoice rated once more under other prices.

Quantities, parts of periods, discounts, taxes and the rating engine are those of the invoice; the
terms of the replaced prices alone are others. Lines of a fixed amount stay as they were billed,
but for what a threshold invoice billed early, which is given back as that would have billed it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from ledger.audit.history import PastStreams, work_at
from ledger.audit.simulation.changes import Changes
from ledger.customers import aggregate as customers
from ledger.invoices import aggregate as invoices
from ledger.invoices.bill import Bill, make_bill
from ledger.invoices.events import DraftLine, FinalLine, InvoiceDrafted, InvoiceFinalized
from ledger.invoices.ingredients import gather
from ledger.invoices.lines import Priced
from ledger.invoices.subscription_lines import given_back_id
from ledger.meter_events.aggregation import Usage
from ledger.meter_events.usage import Asked, UsageAsOf


class NotIssued(LookupError):
    """No bill: a draft, or an invoice that was voided."""


@dataclass(frozen=True, slots=True)
class Rerated:
    """An invoice as it was billed and as it would have been.

    `fixed` are the lines of a replaced price whose amounts are facts and stayed.
    """

    invoice: str
    draft: InvoiceDrafted
    billed: InvoiceFinalized
    lines: tuple[FinalLine, ...]
    bill: Bill | None
    fixed: frozenset[str]


class _Early(NamedTuple):
    """How much more a line of a threshold invoice comes to than it did."""

    line: DraftLine
    more: int


class Rerating:
    """Rates invoices of a ledger again, a customer's in the order in which they were issued; they
    are as of now, or as of the position `through`."""

    def __init__(self, streams: PastStreams, changes: Changes, through: int | None = None) -> None:
        self._streams = streams
        self._changes = changes
        self._through = through
        self._early: dict[str, list[_Early]] = {}

    def rerate(self, invoice_id: str) -> Rerated:
        """Raises NotIssued, and InvalidRequest where a price has no terms in the currency."""
        facts = [
            fact.event
            for fact in self._streams.stream(invoice_id).facts
            if self._through is None or fact.position <= self._through
        ]
        issued: invoices.Invoice | None = None
        for fact in facts:
            issued = invoices.evolve(issued, fact)
        if issued is None or issued.final is None or issued.status == "void":
            raise NotIssued(invoice_id)
        draft, final = issued.draft, issued.final
        changed = {line.id for line in draft.lines if line.price in self._changes}
        fixed = frozenset(
            line.id for line in draft.lines if line.id in changed and line.amount is not None
        )
        again, given_back = self._given_back(invoice_id, draft)
        if not changed - fixed and not given_back:
            return Rerated(invoice_id, draft, final, final.lines, None, frozenset())
        bill = self._bill(again, final)
        if draft.billing_reason == "subscription_threshold":
            self._remember(invoice_id, draft, final.lines, bill.lines)
        return Rerated(invoice_id, draft, final, bill.lines, bill, fixed - given_back)

    def _bill(self, draft: InvoiceDrafted, final: InvoiceFinalized) -> Bill:
        work = work_at(self._streams, final.through_position, now=final.finalized_at)
        customer = work.require(customers.evolve, draft.customer, "customer")
        usage = _RecordedUsage(draft, final)
        ingredients = gather(work, lambda _: usage, draft, customer)
        prices = {
            price: self._priced(price, priced, draft.currency)
            for price, priced in ingredients.prices.items()
        }
        return make_bill(
            draft,
            replace(ingredients, prices=prices, balance=final.starting_balance),
            final.engine_version,
        )

    def _priced(self, price: str, priced: Priced, currency: str) -> Priced:
        change = self._changes.get(price)
        return priced if change is None else Priced(change.terms_in(currency), priced.version)

    def _remember(
        self,
        invoice_id: str,
        draft: InvoiceDrafted,
        before: Iterable[FinalLine],
        after: Iterable[FinalLine],
    ) -> None:
        billed = {line.id: line.amount for line in before}
        drafted = {line.id: line for line in draft.lines}
        self._early[invoice_id] = [
            _Early(drafted[line.id], line.amount - billed.get(line.id, 0)) for line in after
        ]

    def _given_back(
        self, invoice_id: str, draft: InvoiceDrafted
    ) -> tuple[InvoiceDrafted, frozenset[str]]:
        """The draft that gives back what threshold invoices would have billed, and its lines that
        do."""
        lines: list[DraftLine] = []
        changed: set[str] = set()
        for line in draft.lines:
            more = self._billed_early(invoice_id, line)
            if more and line.amount is not None:
                changed.add(line.id)
                lines.append(line.model_copy(update={"amount": line.amount - more}))
            else:
                lines.append(line)
        return draft.model_copy(update={"lines": tuple(lines)}), frozenset(changed)

    def _billed_early(self, invoice_id: str, line: DraftLine) -> int:
        item = line.subscription_item
        if item is None or line.amount is None:
            return 0
        for early, parts in self._early.items():
            if line.id == given_back_id(invoice_id, item, early):
                return sum(part.more for part in parts if _is_within(part.line, line))
        return 0


def _is_within(early: DraftLine, given_back: DraftLine) -> bool:
    """Whether a line of a threshold invoice is among those that another line gives back."""
    return (
        early.subscription_item == given_back.subscription_item
        and early.price == given_back.price
        and given_back.period.start <= early.period.start
        and early.period.end <= given_back.period.end
    )


class _RecordedUsage:
    """The usage that an invoice was billed for. What billed to nothing and was left out is 0."""

    def __init__(self, draft: InvoiceDrafted, final: InvoiceFinalized) -> None:
        billed = {line.id: line for line in final.lines}
        metered = [line.id for line in draft.lines if line.kind == "metered"]
        self._usages = [_usage(billed.get(line)) for line in metered]

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:  # noqa: ARG002
        """See `UsageReader`."""
        return UsageAsOf(through_position, self._usages)


def _usage(line: FinalLine | None) -> Usage:
    if line is None:
        return Usage(Decimal(0), 0, None, None, "")
    evidence = line.evidence
    return Usage(
        Decimal(line.quantity),
        evidence.meter_events if evidence else 0,
        evidence.first_position if evidence else None,
        evidence.last_position if evidence else None,
        evidence.digest if evidence else "",
    )
