"""What a life is played on: a ledger in memory, or one on PostgreSQL."""

from datetime import datetime
from typing import Protocol

from ledger.kernel.commands import Command
from ledger.store.work import Work
from tests.support.billing_ledger import Fact


class LedgerOfLife(Protocol):
    """A ledger that is told what time it is."""

    now: datetime

    def do(self, command: Command) -> list[Fact]:
        """Execute a command; its facts with their streams. Raises LedgerError."""
        ...

    def use(self, day: str, value: str, *, meter: str, who: str) -> None:
        """Usage at a time of day, recorded now. The meter's event name is its id."""
        ...

    def work(self) -> Work:
        """A view of the log that appends nothing."""
        ...

    def head(self) -> tuple[int, int]:
        """The last position, and how many facts there are or at least were."""
        ...
