"""Whatever the door, the same usage is recorded, and read the same."""

import itertools
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.clock import system_now, to_epoch
from ledger.kernel.ids import new_id
from tests.doors.every_door import EVERY_DOOR, AnyDoor, EveryDoor
from tests.doors.recomputed import Window, expected_summaries, surviving
from tests.doors.summarized import DAY, HOUR, MINUTE, summarized
from tests.doors.uses import MICROSECONDS, Use
from tests.properties.ledger_in_process import BESIDE_A_POOL, fewer_examples
from tests.support.served import Served

pytestmark = BESIDE_A_POOL

TODAY = to_epoch(system_now()) // DAY * DAY
FORMULAS = ("sum", "count", "last", "max", "min", "average", "unique_count")
EVENT_WINDOWS = {None: None, "hour": HOUR, "day": DAY}
WINDOWS = (
    Window(TODAY - 3 * DAY, TODAY),
    Window(TODAY - 3 * DAY, TODAY, HOUR),
    Window(TODAY - 3 * DAY, TODAY, DAY),
    Window(TODAY - 2 * DAY - 90 * MINUTE, TODAY - DAY + 7 * MINUTE),
)


class Books:
    """The doors, a meter for each way to aggregate, and a new customer whenever one is asked."""

    def __init__(self, served: Served) -> None:
        self.doors = EveryDoor(served)
        self._meters: dict[tuple[str, str | None], tuple[str, str]] = {}

    def meter(self, formula: str, event_window: str | None = None) -> tuple[str, str]:
        """Id and event name."""
        found = self._meters.get((formula, event_window))
        if found is None:
            name = new_id("use")
            fields = {"display_name": name, "event_name": name}
            fields["default_aggregation[formula]"] = formula
            if event_window:
                fields["event_time_window"] = event_window
            found = self.doors.create("/v1/billing/meters", **fields), name
            self._meters[formula, event_window] = found
        return found

    def customer(self) -> str:
        return self.doors.create("/v1/customers")

    def summaries(self, meter: str, customer: str) -> list[dict[int, Decimal]]:
        return [summarized(self.doors.http, meter, customer, window) for window in WINDOWS]


@pytest.fixture(scope="module")
def books(served: Served) -> Iterator[Books]:
    opened = Books(served)
    yield opened
    opened.doors.close()


class Made(NamedTuple):
    """A meter event: whole seconds before today, and its value."""

    ago: int
    value: str


VALUES = st.decimals(
    min_value=-(10**6), max_value=10**6, places=3, allow_nan=False, allow_infinity=False
).map(str)
MADE = st.lists(
    st.builds(Made, st.integers(1, 3 * DAY), VALUES),
    min_size=1,
    max_size=12,
    unique_by=lambda made: made.ago,
)


def sent_somehow(uses: list[Use], seed: int) -> Iterator[tuple[AnyDoor, list[Use], bool]]:
    """All of them, some more than once, in any order, cut anywhere, each piece to any door."""
    chance = random.Random(seed)
    order = uses + chance.choices(uses, k=chance.randrange(6))
    chance.shuffle(order)
    edges = sorted({0, len(order), *(chance.randrange(len(order) + 1) for _ in range(4))})
    for start, end in itertools.pairwise(edges):
        yield chance.choice(EVERY_DOOR), order[start:end], chance.random() < 0.5


@fewer_examples(3)
@given(formula=st.sampled_from(FORMULAS), made=MADE, seeds=st.tuples(st.integers(), st.integers()))
def test_any_split_order_repetition_and_door_gives_the_same(
    books: Books, formula: str, made: list[Made], seeds: tuple[int, int]
) -> None:
    meter, event_name = books.meter(formula)
    for seed in seeds:
        customer = books.customer()
        uses = [
            Use(event_name, f"{customer}-{n}", customer, (TODAY - ago) * MICROSECONDS, value)
            for n, (ago, value) in enumerate(made)
        ]
        accepted = [
            outcome.accepted
            for door, piece, keyed in sent_somehow(uses, seed)
            if (outcome := books.doors.send(door, piece, keyed=keyed))
        ]
        assert sum(accepted) <= len(uses)
        expected = [expected_summaries(uses, formula, window) for window in WINDOWS]
        assert books.summaries(meter, customer) == expected


class Tangled(NamedTuple):
    """A meter event out of few, so that identifiers, times and values come again."""

    identifier: int
    time: int
    value: str


TANGLED = st.builds(
    Tangled,
    st.integers(0, 7),
    st.sampled_from([0, 30, 600, HOUR, HOUR + 600, 23 * HOUR, DAY]),
    st.sampled_from(["1", "-2", "2.5", "10"]),
)
SENT = st.lists(
    st.tuples(st.sampled_from(EVERY_DOOR), st.lists(TANGLED, min_size=1, max_size=6)),
    min_size=1,
    max_size=6,
)


@fewer_examples(3)
@given(
    formula=st.sampled_from(FORMULAS),
    event_window=st.sampled_from([None, "hour", "day"]),
    sent=SENT,
)
def test_ties_windows_and_conflicts_follow_the_recorded_order(
    books: Books,
    formula: str,
    event_window: str | None,
    sent: list[tuple[AnyDoor, list[Tangled]]],
) -> None:
    """One client that waits for each answer knows the order in which its usage was recorded."""
    meter, event_name = books.meter(formula, event_window)
    customer = books.customer()
    recorded: list[Use] = []
    for door, piece in sent:
        uses = [
            Use(
                event_name,
                f"{customer}-{one.identifier}",
                customer,
                (TODAY - 2 * DAY + one.time) * MICROSECONDS,
                one.value,
            )
            for one in piece
        ]
        outcome = books.doors.send(door, uses)
        expected = _recorded(recorded, uses)
        if outcome is not None:
            assert outcome[:2] == expected[:2]
            assert outcome.conflicts in {None, expected[2]}
    counting = surviving(recorded, EVENT_WINDOWS[event_window])
    assert books.summaries(meter, customer) == [
        expected_summaries(counting, formula, window) for window in WINDOWS
    ]


def _recorded(recorded: list[Use], uses: list[Use]) -> tuple[int, int, int]:
    """Take uses into the model; how many are new, not new, and in conflict with what is there."""
    new = conflicts = 0
    for use in uses:
        first = next((one for one in recorded if one.identifier == use.identifier), None)
        if first is None:
            recorded.append(use)
            new += 1
        else:
            conflicts += first != use
    return new, len(uses) - new, conflicts
