"""What must hold after a door run. Each check says what does not hold, shortly."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from ledger.meter_events.events import UsageRecord
from tests.doors.uses import Use

VALUE_KEY = "value"

SHOWN = 5
"""Findings of one kind that are named; the others are counted."""


class Place(NamedTuple):
    """A record with its place in the log."""

    position: int
    ordinal: int
    record: UsageRecord


def counted_once(uses: Sequence[Use], log: Sequence[Place], meters: Mapping[str, str]) -> list[str]:
    """Every record that was sent is in the log once as it was sent, and no other is.

    `meters` gives the id of the meter of an event name.
    """
    times = Counter(place.record.identifier for place in log)
    sent = {use.identifier: use for use in uses}
    found = len(log), len(times)
    problems = [] if found == (len(sent), len(sent)) else [f"counted: {found} of {len(sent)} sent"]
    problems += _named("recorded twice", (name for name, n in times.items() if n > 1))
    problems += _named("lost", (name for name in sent if name not in times))
    changed = (
        place.record.identifier
        for place in log
        if not _same(sent.get(place.record.identifier), place.record, meters)
    )
    return problems + _named("recorded otherwise than it was sent", changed)


def _same(use: Use | None, record: UsageRecord, meters: Mapping[str, str]) -> bool:
    """Where a meter counts distinct texts, the record keeps the value among the payload."""
    others = dict(record.payload)
    value = record.value if record.value is not None else others.pop(VALUE_KEY, None)
    if use is None or value is None:
        return False
    return (
        record.meter,
        record.customer,
        record.timestamp,
        Decimal(value),
        others,
    ) == (meters[use.event_name], use.customer, use.time, Decimal(use.value), dict(use.dimensions))


def contiguous(positions: Iterable[int], head: int) -> list[str]:
    """The positions of the log, in order, are 1, 2, 3 and so on to its head."""
    expected = 0
    for position in positions:
        expected += 1
        if position != expected:
            return [f"position {position} stands where {expected} should"]
    return [] if expected == head else [f"{expected} events, but the head is {head}"]


def keys_lead_to_records(
    keys: Mapping[bytes, tuple[int, int]], log: Sequence[Place], key_of: Callable[[str], bytes]
) -> list[str]:
    """There is one usage key a record, and it names the record's place."""
    expected = {key_of(place.record.identifier): place[:2] for place in log}
    problems = [] if len(keys) == len(log) else [f"{len(keys)} usage keys, {len(log)} records"]
    wrong = (key.hex() for key, place in keys.items() if expected.get(key) != place)
    return problems + _named("usage key of no record or another one", wrong)


def _named(what: str, which: Iterable[str]) -> list[str]:
    names = iter(which)
    shown = list(islice(names, SHOWN))
    rest = sum(1 for _ in names)
    return [f"{what}: {name}" for name in shown] + ([f"{what}: {rest} more"] if rest else [])
