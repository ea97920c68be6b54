"""Tasks of a verification, one after the other or in processes of their own."""

import gc
import multiprocessing
import os
import secrets
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple

from ledger.audit.verifying.moment import Moment, moment
from ledger.audit.verifying.walk import Stretch
from projections.audit.verifying.finer import finer_stretches
from projections.audit.verifying.tasks import Slice, StretchTotals, Verifying
from projections.audit.verifying.usage_rows import Known

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is."""

_LOOK_SECONDS: Final = 1
_HASH_SEED: Final = "PYTHONHASHSEED"


class Outcome(NamedTuple):
    """What the tasks came to: the stretches of the log in order, and the sum of each side."""

    stretches: list[StretchTotals]
    sums: dict[str, int]


class Tasks(NamedTuple):
    """What there is to do for a ledger whose log ends at `head`."""

    stretches: list[Stretch]
    slices: list[Slice]
    head: int


def run_here(verifying: Verifying, tasks: Tasks, progress: Progress) -> Outcome:
    """One task after the other."""
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        progress(done, tasks.head)

    stretches = [verifying.stretch(one, advance) for one in tasks.stretches]
    sums: dict[str, int] = {}
    for one in tasks.slices:
        sums[one.side] = sums.get(one.side, 0) + verifying.slice_sum(one)
    return Outcome(stretches, sums)


def run_in_processes(
    there: Moment, ledger_id: int, known: Known, tasks: Tasks, processes: int, progress: Progress
) -> Outcome:
    """The same in several processes, which look at the same moment."""
    context = multiprocessing.get_context("spawn")
    walked = context.Value("q", 0)
    begin = (there.url, there.snapshot, ledger_id, known, walked)
    with (
        _one_hash_seed(),
        ProcessPoolExecutor(
            min(processes, len(tasks.stretches)), context, _begin, begin
        ) as executor,
    ):
        parts = {executor.submit(_stretch, one): one for one in tasks.stretches}
        slices = {executor.submit(_slice_sum, one): one for one in tasks.slices}
        left: set[Future[Any]] = {*parts, *slices}
        shown = 0
        while left:
            _, left = wait(left, _LOOK_SECONDS, FIRST_COMPLETED)
            if walked.value > shown:
                shown = walked.value
                progress(shown, tasks.head)
    sums: dict[str, int] = {}
    for future, one in slices.items():
        sums[one.side] = sums.get(one.side, 0) + future.result()
    return Outcome([future.result() for future in parts], sums)


@contextmanager
def _one_hash_seed() -> Generator[None]:
    """Let the processes that are started hash alike, in a way that nobody can know before."""
    before = os.environ.get(_HASH_SEED)
    os.environ[_HASH_SEED] = str(secrets.randbelow(2**32 - 1) + 1)
    try:
        yield
    finally:
        del os.environ[_HASH_SEED]
        if before is not None:
            os.environ[_HASH_SEED] = before


@contextmanager
def without_collector() -> Generator[None]:
    """Let the collector of cycles rest: looking at millions of records for the few cycles that
    there are takes a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Process:
    """What a process of its own holds."""

    ending = ExitStack()
    verifying: Verifying
    walked: Any


def _begin(url: str, snapshot: str, ledger_id: int, known: Known, walked: Any) -> None:
    gc.disable()
    there = _Process.ending.enter_context(moment(url, snapshot))
    finer = finer_stretches(there, ledger_id)
    _Process.verifying = Verifying(there, ledger_id, known, finer)
    _Process.walked = walked


def _stretch(stretch: Stretch) -> StretchTotals:
    return _Process.verifying.stretch(stretch, _advance)


def _slice_sum(part: Slice) -> int:
    return _Process.verifying.slice_sum(part)


def _advance(positions: int) -> None:
    with _Process.walked.get_lock():
        _Process.walked.value += positions
