"""Many invoices recomputed together: what they share is read once, and usage in a single pass."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final, TypeAlias, TypeVar

from eventsourcing.persistence import PersistenceError

from ledger.audit.history import PastStreams
from ledger.audit.recomputing import History, Recomputation, Recomputing
from ledger.invoices.events import InvoiceDrafted
from ledger.invoices.redrafting import UnexplainedInvoice
from ledger.kernel.errors import LedgerError
from ledger.meter_events.sweeping import Swept, sweep
from ledger.meter_events.usage import Asked, Positions, UsageAsOf, UsageQuestion
from ledger.meter_events.usage_in_log import UnreadableUsage, UsageInLog
from ledger.store.event_sourcing import EventSourcedLedger

__all__ = ["Recomputation", "recompute", "recompute_all"]

MOST_TOGETHER: Final = 5_000
"""Invoices whose usage is counted in one pass: what is known of them is held meanwhile."""

_BATCH: Final = 250

T = TypeVar("T")
Outcome: TypeAlias = Recomputation | UnexplainedInvoice | LedgerError
Chosen: TypeAlias = Callable[[InvoiceDrafted], bool]


def recompute(ledger: EventSourcedLedger, invoice_id: str) -> Recomputation:
    """Compute a finalized invoice once more and compare.

    Raises NotFound, InvalidRequest for a draft, and UnexplainedInvoice where the log lacks what
    the invoice rests on.
    """
    [(_, outcome)] = recompute_all(ledger, [invoice_id])
    if isinstance(outcome, Recomputation):
        return outcome
    raise outcome


def recompute_all(
    ledger: EventSourcedLedger,
    invoice_ids: Iterable[str],
    *,
    chosen: Chosen = lambda _: True,
    swept: Swept | None = None,
) -> Iterator[tuple[str, Outcome]]:
    """Compute finalized invoices once more; what cannot be, or is none, is its own outcome.

    Only those are, and come back, whose recorded draft is `chosen`. `swept` is told how far each
    pass over the usage has come; there is one for every `MOST_TOGETHER` invoices.
    """
    coming = iter(invoice_ids)
    while some := list(islice(coming, MOST_TOGETHER)):
        yield from _Together(ledger, swept).outcomes(some, chosen)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Usage that was counted before, as a reader; `unreadable` if it could not be."""

    usage: dict[UsageQuestion, UsageAsOf]
    unreadable: UnreadableUsage | None = None

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:
        """See `UsageReader`. Raises UnexplainedInvoice where usage could not be read."""
        if not asked:
            return UsageAsOf(through_position, [])
        if self.unreadable is not None:
            raise UnexplainedInvoice(str(self.unreadable))
        return self.usage[UsageQuestion(customer, tuple(asked), through_position)]


class _Together:
    """Invoices of one pass."""

    def __init__(self, ledger: EventSourcedLedger, swept: Swept | None) -> None:
        self._ledger = ledger
        self._streams = PastStreams(ledger)
        self._swept = swept

    def outcomes(self, invoice_ids: Sequence[str], chosen: Chosen) -> Iterator[tuple[str, Outcome]]:
        begun: list[tuple[str, Recomputing]] = []
        for start in range(0, len(invoice_ids), _BATCH):
            for invoice_id, one in self._begin(invoice_ids[start : start + _BATCH], chosen):
                if isinstance(one, Recomputing):
                    begun.append((invoice_id, one))
                else:
                    yield invoice_id, one
        usage = self._counted(list(dict.fromkeys(one.question for _, one in begun)))
        for invoice_id, one in begun:
            yield invoice_id, _attempt(invoice_id, partial(one.finish, usage))

    def _begin(
        self, invoice_ids: Sequence[str], chosen: Chosen
    ) -> Iterator[tuple[str, Recomputing | UnexplainedInvoice | LedgerError]]:
        """The invoices of a batch; their own streams are read for all, and let go after it."""
        self._streams.read(invoice_ids)
        histories: dict[str, History] = {}
        for invoice_id in invoice_ids:
            history = _attempt(invoice_id, partial(_history, self._streams, invoice_id))
            if not isinstance(history, History):
                yield invoice_id, history
            elif chosen(history.recorded_draft):
                histories[invoice_id] = history
        own = {name for history in histories.values() for name in history.streams}
        self._streams.read(own)
        for invoice_id, history in histories.items():
            begin = partial(Recomputing.of, self._streams, history)
            yield invoice_id, _attempt(invoice_id, begin)
        self._streams.forget([*invoice_ids, *own])

    def _counted(self, questions: Sequence[UsageQuestion]) -> _Counted:
        log = UsageInLog(self._ledger.recorder, self._ledger.mapper)
        last = max((one.through_position for one in questions), default=0)
        try:
            found = sweep(log, questions, Positions(1, last), self._swept)
        except UnreadableUsage as error:
            return _Counted({}, error)
        return _Counted(dict(zip(questions, found, strict=True)))


def _history(streams: PastStreams, invoice_id: str) -> History | LedgerError:
    try:
        return History.of(streams, invoice_id)
    except LedgerError as error:
        return error


def _attempt(invoice_id: str, step: Callable[[], T]) -> T | UnexplainedInvoice:
    """What a step gives, or why the log does not explain the invoice: whatever is wrong with its
    facts concerns this invoice alone."""
    try:
        return step()
    except PersistenceError:
        raise
    except UnexplainedInvoice as error:
        return UnexplainedInvoice(f"{invoice_id}: {error}")
    except Exception as error:  # noqa: BLE001 - the facts may have been altered in any way
        return UnexplainedInvoice(f"{invoice_id}: {type(error).__name__}: {error}")
