"""A meter event as a client has it, whatever door it sends it to."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MICROSECONDS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Use(NamedTuple):
    """`time` is in epoch microseconds; `dimensions` are further keys of the payload."""

    event_name: str
    identifier: str
    customer: str
    time: int
    value: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @property
    def payload(self) -> dict[str, str]:
        return {"stripe_customer_id": self.customer, "value": self.value, **dict(self.dimensions)}

    @property
    def rfc_3339(self) -> str:
        return (_EPOCH + timedelta(microseconds=self.time)).isoformat().replace("+00:00", "Z")

    @property
    def seconds_or_rfc_3339(self) -> int | str:
        """Epoch seconds where they say it all."""
        seconds, rest = divmod(self.time, MICROSECONDS)
        return self.rfc_3339 if rest else seconds


def cut(uses: list[Use], most: int) -> Iterator[list[Use]]:
    """All of them in order, at most so many at a time."""
    for start in range(0, len(uses), most):
        yield uses[start : start + most]
