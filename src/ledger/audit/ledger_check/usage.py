"""Identities of usage: what is billed is what was recorded, and all of it is somewhere."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ledger.audit.ledger_check.books import Books
from ledger.audit.ledger_check.identities import Identity
from ledger.audit.ledger_check.metered_lines import MeteredLine
from ledger.audit.ledger_check.stretches import Coverage, Stretch
from ledger.invoices.events import DraftLine
from ledger.invoices.lines import ENGINES, Priced, rate_line
from ledger.meter_events.aggregation import Usage
from ledger.meter_events.usage import Asked, PlacedRecord, UsageReader
from ledger.rating.rate import RATING_ENGINE_VERSION

_EVENTS: Final = (
    "usage_events",
    "each meter event counts in one place, or is not billed for one reason",
    "meter events",
)
_LINES: Final = (
    "finalized_lines",
    "billed + adjusted + reported + pending = the rating of a line's usage",
    "finalized metered lines",
)
_EVIDENCE: Final = (
    "evidence",
    "a finalized line rests on exactly the meter events recorded by its position",
    "finalized metered lines",
)
_ALL_USAGE: Final = (
    "all_usage",
    "unbilled + billed + adjusted + reported = the rating of all usage",
    "prices of customers",
)


@dataclass(slots=True)
class UsageChecks:
    """Compares what was billed and what will be with one rating of the usage of each stretch."""

    books: Books
    coverage: Coverage
    reader: UsageReader
    position: int
    events: Identity = field(default_factory=lambda: Identity(*_EVENTS))
    lines: Identity = field(default_factory=lambda: Identity(*_LINES))
    evidence: Identity = field(default_factory=lambda: Identity(*_EVIDENCE))
    all_usage: Identity = field(default_factory=lambda: Identity(*_ALL_USAGE))
    late: dict[str, int] = field(default_factory=dict[str, int])

    def count(self, placed: PlacedRecord) -> None:
        """The next meter event of the log."""
        cancelled_at = self.books.cancelled.get((placed.position, placed.ordinal))
        stretch = self.coverage.take(placed, cancelled_at)
        self.events.checked += 1
        place = _place_of(stretch, placed.position, cancelled=cancelled_at is not None)
        self.events.counts[place] += 1

    def close(self) -> None:
        """After the last meter event."""
        self.coverage.check_overlaps(self.events)
        groups: dict[_Group, _Worth] = {}
        for stretch in self.coverage.all():
            drafted = stretch.drafted
            if stretch.tally is None or drafted is None or stretch.kind == "provisional":
                continue
            usage, line = stretch.tally.result(), stretch.line
            worth = self._unbilled(stretch, drafted, usage)
            if line is not None:
                worth = self._finalized(stretch, line, usage)
            group = stretch.customer, drafted.price or "", stretch.currency
            groups[group] = groups.get(group, _Worth(0, 0)) + worth
        for (customer, price, currency), worth in groups.items():
            self.all_usage.checked += 1
            subject = f"{customer} {price}"
            self.all_usage.compare(subject, currency, worth.rated, worth.accounted, "all together")

    def _finalized(self, stretch: Stretch, line: MeteredLine, usage: Usage) -> "_Worth":
        """What the usage of a finalized line is worth, and what is accounted for of it.

        Usage that came after the line was last settled is pending: the line has to be settled
        once more.
        """
        subject = f"{line.invoice} {line.id}"
        self.evidence.checked += 1
        known = usage.digest == line.digest
        self.evidence.require(subject, known, "it was rated over other meter events")
        self.lines.checked += 1
        settled = self._rate(stretch, line.drafted, usage)
        self.lines.compare(subject, line.currency, settled, line.accounted, "accounted for")
        void = line.invoice in self.books.void
        self._count("billed on void invoices" if void else "billed", line.currency, line.billed)
        if not stretch.later:
            return _Worth(settled, line.accounted)
        self.late[line.id] = stretch.later
        now = self._rate(stretch, line.drafted, self._usage_now(stretch))
        self._count("to be settled", line.currency, now - settled)
        return _Worth(now, line.accounted + now - settled)

    def _unbilled(self, stretch: Stretch, drafted: DraftLine, usage: Usage) -> "_Worth":
        """What is yet to be billed, by the log and as a preview would say."""
        if stretch.line is not None:
            return _Worth(0, 0)
        rated = self._rate(stretch, drafted, usage)
        previewed = self._rate(stretch, drafted, self._usage_now(stretch))
        self._count(f"unbilled, {stretch.kind}", stretch.currency, previewed)
        return _Worth(rated, previewed)

    def _rate(self, stretch: Stretch, drafted: DraftLine, usage: Usage) -> int:
        line = stretch.line
        version = None if line is None else line.price_version
        engine = RATING_ENGINE_VERSION if line is None else line.engine_version
        price_id = drafted.price or ""
        terms = self.books.price(price_id, version).terms_in(stretch.currency)
        priced = {price_id: Priced(terms, version or 0)}
        return rate_line(drafted, stretch.currency, priced, lambda _: usage, ENGINES[engine]).amount

    def _usage_now(self, stretch: Stretch) -> Usage:
        asked = Asked(stretch.meter, stretch.period.start, stretch.period.end)
        return self.reader.usages(stretch.customer, [asked], self.position).usages[0]

    def _count(self, what: str, currency: str, amount: int) -> None:
        if amount:
            self.all_usage.counts[f"{what}, {currency}"] += amount


_Group = tuple[str, str, str]
"""A customer, a price and a currency."""


class _Worth(NamedTuple):
    """What usage is worth by the log, and what is accounted for of it, in minor units."""

    rated: int
    accounted: int

    def __add__(self, other: object) -> "_Worth":
        if not isinstance(other, _Worth):
            return NotImplemented
        return _Worth(self.rated + other.rated, self.accounted + other.accounted)


def _place_of(stretch: Stretch | None, position: int, *, cancelled: bool) -> str:
    """Where a meter event counts, or why it does not."""
    if cancelled:
        return "cancelled"
    if stretch is None:
        return "not billed: no subscription"
    line = stretch.line
    if line is None:
        return f"not billed: {stretch.reason}" if stretch.reason else stretch.kind
    if position <= line.through_position:
        return stretch.kind
    return "adjusted" if position <= line.settled else "to be settled"
