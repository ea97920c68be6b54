"""Calendar months in UTC, by which usage is kept and let go."""

import re
from datetime import UTC, datetime
from typing import NamedTuple, Self

from ledger.kernel.clock import from_microseconds, to_microseconds


class Month(NamedTuple):
    """A calendar month in UTC; months are in the order of time."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """The month in which an aware time lies."""
        moment = moment.astimezone(UTC)
        return cls(moment.year, moment.month)

    @classmethod
    def of_microseconds(cls, microseconds: int) -> Self:
        """The month in which a time in epoch microseconds lies."""
        return cls.of(from_microseconds(microseconds))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The month that `2026-01` stands for. Raises ValueError for any other text."""
        found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text)
        if found is None or found[1] == "0000":
            raise ValueError(f"{text!r} is no month such as 2026-01")
        return cls(int(found[1]), int(found[2]))

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def first_microsecond(self) -> int:
        """Its first instant, in epoch microseconds."""
        return to_microseconds(self.start)

    def plus(self, months: int) -> "Month":
        """The month so many later, or earlier."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(year, month + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"
