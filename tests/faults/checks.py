"""What must hold after a fault run, whatever was killed. Each check says what does not hold."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.faults.journal import Journal


@dataclass(frozen=True)
class Logged:
    """A meter event as the log holds it. `timestamp` is in epoch seconds."""

    identifier: str
    customer: str
    value: str
    timestamp: int


def exactly_once(journal: Journal, log: Sequence[Logged]) -> list[str]:
    """Every acknowledged event is in the log once, none twice, and none that nobody sent."""
    times = Counter(event.identifier for event in log)
    lost = sorted(journal.acknowledged - times.keys())
    doubled = sorted(identifier for identifier, n in times.items() if n > 1)
    changed = [
        event.identifier
        for event in log
        if (sent := journal.sent.get(event.identifier)) is None
        or (sent.customer, str(sent.value)) != (event.customer, event.value)
    ]
    return [
        *(f"acknowledged and lost: {identifier}" for identifier in lost),
        *(f"recorded twice: {identifier}" for identifier in doubled),
        *(f"recorded otherwise than it was sent: {identifier}" for identifier in changed),
    ]


def summaries_equal(
    log: Sequence[Logged], summaries: dict[str, dict[int, int]], width: int
) -> list[str]:
    """Each customer's summaries, by the start of their stretch, are what the log adds up to."""
    expected: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for event in log:
        expected[event.customer][event.timestamp // width * width] += int(event.value)
    return [
        f"summaries of {customer}: {found}, but the log says {dict(expected[customer])}"
        for customer, found in summaries.items()
        if found != dict(expected[customer])
    ]


def one_invoice_a_period(invoices: Iterable[dict[str, Any]], subscription: str) -> list[str]:
    """The periods billed follow each other without gap and overlap, and are all finalized."""
    billed = sorted(
        (invoice["period_start"], invoice["period_end"], invoice["status"])
        for invoice in invoices
        if invoice["parent"]["subscription_details"]["subscription"] == subscription
    )
    problems = [
        f"{subscription}: after {one} comes {other}"
        for one, other in pairwise(billed)
        if one[1] != other[0]
    ]
    drafts = [period for period in billed if period[2] == "draft"]
    return problems + [f"{subscription}: not finalized: {period}" for period in drafts]


def numbers_without_gap(invoices: Iterable[dict[str, Any]]) -> list[str]:
    """The numbers of one customer's invoices are 1, 2, 3 and so on."""
    numbers = sorted(
        int(invoice["number"].rpartition("-")[2]) for invoice in invoices if invoice["number"]
    )
    return [] if numbers == list(range(1, len(numbers) + 1)) else [f"invoice numbers: {numbers}"]
