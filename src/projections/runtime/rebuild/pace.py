"""How fast a build may go, so that it leaves the machine to those who work on it."""

import re
import time
from dataclasses import dataclass
from typing import Final

from ledger.kernel.clock import monotonic
from ledger.kernel.errors import InvalidRequest

_WRITTEN: Final = re.compile(r"(?:(\d{1,9})|(\d{1,2}|100)%)")
_LONGEST_PAUSE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Throttle:
    """At most so many records a second, or so many hundredths of the time; None for no limit.

    A record is a meter event, or an event of another kind. Each process of a build keeps to it by
    itself.
    """

    records_a_second: int | None = None
    percent: int | None = None

    @classmethod
    def of(cls, text: str | None) -> "Throttle":
        """From `50000` or `25%`. Raises InvalidRequest for anything else."""
        if text is None:
            return cls()
        found = _WRITTEN.fullmatch(text.strip())
        rate, percent = found.groups() if found else (None, None)
        if int(rate or percent or 0) == 0:
            raise InvalidRequest(
                f"A throttle is a number of records a second, or a share of the time such as 25%: "
                f"'{text}' is neither.",
                param="throttle",
            )
        return cls(int(rate) if rate else None, int(percent) if percent else None)


@dataclass(slots=True)
class Pace:
    """Keeps one process to a throttle: called after each page."""

    throttle: Throttle
    _since: float = 0.0

    def begin(self) -> None:
        """A page begins."""
        self._since = monotonic()

    def rest(self, records: int) -> None:
        """Sleep for as long as a page of so many records was too quick."""
        took, pause = monotonic() - self._since, 0.0
        if self.throttle.records_a_second:
            pause = records / self.throttle.records_a_second - took
        if self.throttle.percent:
            pause = took * (100 - self.throttle.percent) / self.throttle.percent
        while pause > 0:
            part = min(pause, _LONGEST_PAUSE_SECONDS)
            time.sleep(part)
            pause -= part
