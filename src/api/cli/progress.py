"""A progress bar on a terminal; a log line every ten seconds elsewhere. Always standard error."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from api.cli.output import note
from ledger.kernel.clock import monotonic

_LINE_SECONDS = 10.0

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is."""


@contextmanager
def progress_of(what: str) -> Generator[Progress]:
    """Show the progress of one piece of work while the block runs."""
    if sys.stderr.isatty():
        with _bar(what) as progress:
            yield progress
        return
    lines = _Lines(what)
    try:
        yield lines.show
    finally:
        lines.end()


@contextmanager
def _bar(what: str) -> Generator[Progress]:
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.fields[rate]}"),
        rich.TimeRemainingColumn(),
    )
    started = monotonic()
    with rich.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None, rate="")

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, rate=_rate(done, started))

        yield show


class _Lines:
    """A line every ten seconds, and one for where it ended."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._started = self._shown = monotonic()
        self._unsaid: tuple[int, int] | None = None

    def show(self, done: int, total: int) -> None:
        self._unsaid = done, total
        if monotonic() - self._shown >= _LINE_SECONDS:
            self.end()

    def end(self) -> None:
        """Say what was not said yet."""
        if self._unsaid is None:
            return
        done, total = self._unsaid
        self._unsaid, self._shown = None, monotonic()
        rate, left = _rate(done, self._started), _left(done, total, self._started)
        note(f"{self._what}: {done} of {total}, {rate}, {left}")


def _rate(done: int, started: float) -> str:
    return f"{done / max(monotonic() - started, 0.001):,.0f}/s"


def _left(done: int, total: int, started: float) -> str:
    seconds = (monotonic() - started) * (total - done) / done if done else 0
    return f"{seconds:.0f} s left"
