"""Processes that issue ledger commands at the same moment over one database."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import Any

from api.scheduler import Scheduler
from api.services import Services
from ledger.invoices.commands import ClosePeriod, FinalizeDueInvoice
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances, Command
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import new_id

_RACERS_SECONDS = 60

Racer = Callable[[Services, int], str]


def race(database_url: str, ledger_id: int, racers: Sequence[tuple[Any, ...]]) -> list[str]:
    """Run `(function, *arguments)` each in a process of its own, all at once; their answers."""
    context = get_context("spawn")
    barrier, answers = context.Barrier(len(racers)), context.Queue()
    processes = [
        context.Process(target=_run, args=(database_url, ledger_id, barrier, answers, racer))
        for racer in racers
    ]
    for process in processes:
        process.start()
    try:
        return [answers.get(timeout=_RACERS_SECONDS) for _ in racers]
    finally:
        for process in processes:
            process.join(_RACERS_SECONDS)
            process.close()
        answers.close()
        answers.join_thread()


def _run(
    database_url: str, ledger_id: int, barrier: Barrier, answers: Any, racer: tuple[Any, ...]
) -> None:
    services = Services(database_url, pool_size=2)
    try:
        services.identity(ledger_id)
        services.reader(ledger_id)
        barrier.wait(_RACERS_SECONDS)
        answers.put(racer[0](services, ledger_id, *racer[1:]))
    finally:
        services.close()


def close_period(services: Services, ledger_id: int, subscription: str, end: datetime) -> str:
    """Close a period; the invoice that this very command drafted, if it did."""
    return _execute(services, ledger_id, ClosePeriod(subscription=subscription, period_end=end))


def finalize(services: Services, ledger_id: int, invoice: str) -> str:
    """Finalize an invoice that is due."""
    return _execute(services, ledger_id, FinalizeDueInvoice(invoice=invoice))


def schedule(services: Services, ledger_id: int) -> str:
    """Do whatever is due, as a scheduler process without a lease would."""
    return str(Scheduler(services).step())


def _execute(services: Services, ledger_id: int, command: Command) -> str:
    circumstances = Circumstances(system_now(), "system:race", new_id("run"))
    application = services.application(services.identity(ledger_id))
    try:
        outcome = application.execute(command, circumstances)
    except LedgerError as refusal:
        return f"refused: {refusal.message}"
    return " ".join(recorded.event.TOPIC for recorded in outcome.events)


def together(*actions: Callable[[], Any]) -> list[Any]:
    """Results of actions begun at once in threads, in order; an exception is its own result."""
    barrier = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def act(place: int) -> None:
        barrier.wait()
        try:
            results[place] = actions[place]()
        except Exception as error:  # noqa: BLE001 - what an action raises is its result
            results[place] = error

    threads = [threading.Thread(target=act, args=(place,)) for place in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
