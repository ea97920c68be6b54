"""A run over many invoices: which ones, how far it has come, and what came of it."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from api.audit.replay_workers import News, Share, replay_shares
from api.cli.progress import Progress, progress_of
from api.services import Services
from ledger.audit.finalized import finalized_invoices, finalized_invoices_of
from ledger.kernel.clock import monotonic, system_now
from ledger.kernel.commands import LedgerIdentity
from ledger.kernel.errors import NotFound
from ledger.kernel.months import Month

Written = Callable[[dict[str, Any]], None]
"""Called with the document of each invoice."""

_MOST_NAMED: Final = 50


@dataclass(frozen=True, slots=True)
class Selection:
    """Finalized invoices of a ledger: all, or a customer's, or those whose period began in a
    month in UTC; with `through` those that were finalized by that position."""

    identity: LedgerIdentity
    customer: str | None = None
    month: Month | None = None
    through: int | None = None

    def invoices(self, services: Services) -> list[str]:
        """Their ids from the log alone, those of every month. Raises NotFound for an unknown
        customer."""
        ledger = services.application(self.identity)
        if self.customer is None:
            return [place.stream for place in finalized_invoices(ledger, through=self.through)]
        places = finalized_invoices_of(ledger, self.customer, through=self.through)
        return [place.stream for place in places]

    def __str__(self) -> str:
        said = "finalized invoices"
        if self.customer is not None:
            said += f" of {self.customer}"
        if self.month is not None:
            said += f" whose period began in {self.month}"
        if self.through is not None:
            said += f" as of position {self.through}"
        return said


class NothingToReplay(NotFound):
    """A selection has no invoices: nothing was found equal."""

    def __init__(self, selection: Selection) -> None:
        super().__init__("invoice", "")
        self.message = f"There is nothing to replay: there are no {selection}."
        if selection.month is not None and selection.month.start > system_now():
            self.message += " That month is yet to come."


@dataclass(slots=True)
class Run:
    """What came of many invoices. Those that differ are kept, the first `_MOST_NAMED` of them."""

    selection: Selection
    invoices: int = 0
    equal: int = 0
    differing: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    engines: dict[str, int] = field(default_factory=dict[str, int])
    events: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0

    def take(self, replayed: dict[str, Any]) -> None:
        """Count one invoice."""
        self.invoices += 1
        self.equal += replayed["equal"]
        self.events += replayed.get("events", 0)
        if "engine_version" in replayed:
            engine = str(replayed["engine_version"])
            self.engines[engine] = self.engines.get(engine, 0) + 1
        if not replayed["equal"] and len(self.differing) < _MOST_NAMED:
            self.differing.append(replayed)

    @property
    def different(self) -> int:
        return self.invoices - self.equal

    @property
    def rate(self) -> float:
        """Invoices a second."""
        return self.invoices / self.seconds if self.seconds else 0.0

    def document(self) -> dict[str, Any]:
        """The run as JSON. `events` are facts and meter events; seconds are rounded to
        milliseconds."""
        selection = self.selection
        return {
            "object": "replay_run",
            "livemode": selection.identity.livemode,
            "customer": selection.customer,
            "period": None if selection.month is None else str(selection.month),
            "as_of_position": selection.through,
            "invoices": self.invoices,
            "equal": self.equal,
            "different": self.different,
            "engine_versions": dict(sorted(self.engines.items())),
            "events": self.events,
            "seconds": round(self.seconds, 3),
            "processor_seconds": round(self.processor_seconds, 3),
            "differing": self.differing,
        }


def run(services: Services, selection: Selection, processes: int, written: Written) -> Run:
    """Replay a selection with progress on standard error.

    Raises NothingToReplay, and WorkerEnded.
    """
    done, begun = Run(selection), monotonic()
    invoices = selection.invoices(services)
    url, ledger_id = services.datastore.url, selection.identity.ledger_id
    processes = max(1, min(processes, len(invoices)))
    shares = [
        Share(url, ledger_id, list(islice(invoices, n, None, processes)), selection.month)
        for n in range(processes)
    ]
    with _Watch(done, len(invoices), written) as watch:
        replay_shares(shares, watch.hear)
    done.seconds = monotonic() - begun
    if not done.invoices:
        raise NothingToReplay(selection)
    return done


class _Watch(ExitStack):
    """Follows a run: first how much of the usage is read, then how many invoices are done."""

    def __init__(self, run: Run, total: int, written: Written) -> None:
        super().__init__()
        self._run, self._total, self._written = run, total, written
        self._done = 0
        self._swept: dict[int, tuple[int, int]] = {}
        self._reading: Progress | None = None
        self._replaying: Progress | None = None

    def hear(self, process: int, news: News) -> None:
        """Take the news of a process."""
        match news.kind:
            case "swept":
                self._swept[process] = news.told
                self._show_reading()
            case "replayed":
                self._run.take(news.told)
                self._written(news.told)
                self._show_replaying()
            case "passed":
                self._done += 1
            case "ended":
                self._run.processor_seconds += news.told

    def _show_reading(self) -> None:
        if self._replaying is None:
            if self._reading is None:
                self._reading = self.enter_context(progress_of("Positions of usage read"))
            self._reading(*map(sum, zip(*self._swept.values(), strict=True)))

    def _show_replaying(self) -> None:
        if self._replaying is None:
            self.close()
            self._replaying = self.enter_context(progress_of("Invoices replayed"))
        self._replaying(self._done + self._run.invoices, self._total)
