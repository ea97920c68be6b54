"""Replaying many invoices, in this process or shared out among several."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from api.audit.replay import replay_of
from ledger.audit.finalized import is_of_month
from ledger.audit.recompute import recompute_all
from ledger.event_types import EVENT_CATALOGUE
from ledger.invoices.events import InvoiceDrafted
from ledger.kernel.months import Month
from ledger.store.datastore import Datastore
from ledger.store.event_sourcing import EventSourcedLedger


@dataclass(frozen=True, slots=True)
class Share:
    """Invoices for one process. With a month, only those whose period began in it."""

    url: str
    ledger_id: int
    invoices: Sequence[str]
    month: Month | None


class News(NamedTuple):
    """What a process has to say.

    `swept` comes with the position reached and the last one, `replayed` with the document of an
    invoice, `passed` for an invoice of another month, `ended` with seconds of processor time.
    """

    kind: Literal["swept", "replayed", "passed", "ended"]
    told: Any = None


Tell: TypeAlias = Callable[[int, News], None]
"""Called with the number of the process, from 0, and its news."""


class WorkerEnded(RuntimeError):
    """A process ended before its share was done."""


def replay_shares(shares: Sequence[Share], tell: Tell) -> None:
    """Replay them all; what becomes of each invoice is told as it comes.

    One share is replayed here, several in a process each. Raises WorkerEnded.
    """
    if len(shares) == 1:
        _replay(shares[0], lambda news: tell(0, news))
        return
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        numbers: dict[Connection, int] = {}
        for number, share in enumerate(shares):
            heard, said = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(share, said), daemon=True)
            process.start()
            said.close()
            stack.callback(process.join)
            stack.callback(process.terminate)
            numbers[heard] = number
        while numbers:
            for ready in cast("list[Connection]", wait(list(numbers))):
                _hear(ready, numbers, tell)


def _hear(ready: Connection, numbers: dict[Connection, int], tell: Tell) -> None:
    try:
        news: News = ready.recv()
    except EOFError:
        raise WorkerEnded("A process that replayed invoices ended early.") from None
    tell(numbers[ready], news)
    if news.kind == "ended":
        del numbers[ready]


def _work(share: Share, said: Connection) -> None:
    """One process. It is interrupted by whoever started it, not by the terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _replay(share, said.send)
    said.close()


def _replay(share: Share, tell: Callable[[News], None]) -> None:
    def chosen(drafted: InvoiceDrafted) -> bool:
        if share.month is None or is_of_month(drafted, share.month):
            return True
        tell(News("passed"))
        return False

    def swept(reached: int, last: int) -> None:
        tell(News("swept", (reached, last)))

    begun = time.process_time()
    datastore = Datastore(share.url, pool_size=2)
    try:
        ledger = EventSourcedLedger(datastore, share.ledger_id, EVENT_CATALOGUE)
        outcomes = recompute_all(ledger, share.invoices, chosen=chosen, swept=swept)
        for invoice_id, outcome in outcomes:
            tell(News("replayed", replay_of(invoice_id, outcome).document()))
    finally:
        datastore.close()
    tell(News("ended", time.process_time() - begun))
